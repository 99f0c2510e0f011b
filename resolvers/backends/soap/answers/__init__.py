"""From the bytes of an answer to the items in it, or to what it is instead.

answer.py   bytes → the Body of an envelope; pages, JSON and halves are told as what they are
mime.py     answers in several parts (MTOM)
faults.py   faults of both versions
reply.py    Body → items, total and business code of one operation
"""
