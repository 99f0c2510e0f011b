"""How backends page their lists, hidden behind positions: `first` records after any of them, whatever came before.

    none     the whole list in one answer          whole.py
    offset   so many records from the n-th on      offset.py
    page     the n-th page of some size            numbered.py
    cursor   a mark that the last answer told      cursors.py (in the body, a header, or the next URL)
    link     the same from a Link header           cursors.py
    keyset   the records after a key               keyset.py

A position is a text that says where the record after its record is found. It comes back from clients, so every pager
reads it with suspicion.
"""
