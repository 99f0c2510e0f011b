"""`bizgraph init`: a `bizgraph.toml` to start from, guessed from what systems say about themselves.

model.py                 an API without its protocol: operations, parameters, types
openapi.py, wsdl.py      files → model
words.py                 the words by which domains, fields and parameters are known
operations.py            which operation answers which domain, and how
fields.py                where each field of a record probably is
write.py                 all of it as TOML, every guess marked
"""
