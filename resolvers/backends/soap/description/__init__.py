"""From the place of a WSDL to the `Service` that it describes (types.py).

loader.py       loads it at start, and again in the background for as long as it is missing
prefetch.py     fetches it with all that it imports, from allowed places and within limits
wsdl.py         documents → Service, read by zeep
zeep_types.py   zeep's types → ours
"""
