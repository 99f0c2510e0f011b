"""Adapters in Python at work: resolvers/backends/adapter.py says what they are.

settings.py    the keys of `[backends.NAME] kind = "python"` and of the operations
connector.py   one adapter: its life, and its endpoints
endpoint.py    one method: a call in, records out
fields.py      what an adapter gives → items that a mapping reads
"""
