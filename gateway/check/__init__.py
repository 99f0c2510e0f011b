"""`bizgraph check`: asks every configured operation and tells what does not fit.

asking.py      one operation at a time: what came, how large, how long it took
samples.py     which keys to ask with
raw.py         what items hold, path by path
coverage.py    which fields are filled, which fail, and what nobody maps
agreement.py   batches and pages: asked two ways, and compared
shapes.py      what was observed, kept in a file and compared with later
run.py         all of it, for a configuration
leaks.py       two customers, and what they see of each other; everything.py is what they ask
report.py, table.py   what is told, to machines and to people
"""
