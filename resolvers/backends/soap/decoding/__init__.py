"""From elements to values, by the types of the service.

    grammar.py      the types of a service with what reads them
    reading.py      texts of XSD types → values; strict
    wanted.py       which part of an answer is wanted at all
    decode.py       chooses, once per type, how elements of it are decoded:
      by_column.py    lists of flat items, one XPath per field
      in_order.py     elements exactly as the schema says, by generated code
      by_name.py      children in any order, with unknown fields
      interpret.py    repeated groups, xsd:any, SOAP encoding, and what no schema describes
    references.py   `href` and `id` of SOAP encoding, within a budget

The stricter the form, the faster; each gives up where its form ends, and the next one starts over. All give the same.
"""
