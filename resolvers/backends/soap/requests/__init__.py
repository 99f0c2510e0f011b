"""From an operation's `arguments` in the configuration to the bytes of each call.

request.py     one operation's envelopes: headers, WS-Security, HTTP headers
encode.py      arguments + types → a program that writes the elements of Body, in the order of the schema
program.py     constant pieces, and functions for the gaps between them
templates.py   what stands in the gaps: placeholders and secrets
writing.py     values → texts of XSD types, refused where they do not fit
"""
