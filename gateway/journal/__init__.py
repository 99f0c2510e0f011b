"""The access journal: who read whose personal data, and when. Append-only, off the request's way, never silently lost.

settings.py   `[privacy]`
entries.py    what a request has read → lines
journal.py    the queue and the thread that writes
sinks.py      a file, or syslog
search.py     "who read customer c7's data"
"""
