"""The SOAP connector: from a WSDL and a few lines of configuration to records.

    settings.py                                           what `bizgraph.toml` may say
    loader.py, prefetch.py, wsdl.py, zeep_types.py        WSDL → Service (types.py)
    setup.py, request.py, encode.py, program.py           Service + arguments → a program that writes requests
    templates.py, writing.py                              what stands in its gaps, typed
    security.py, vault.py                                 WS-Security, and the secrets that nothing may show
    channel.py                                            bytes out, bytes in
    answer.py, xml.py, mime.py, faults.py                 bytes → envelope, fault, or what it is instead
    reply.py, wanted.py                                   envelope → the items, and only what is wanted of them
    columns.py, straight.py, loose.py, interpret.py       four ways of reading: the stricter the form, the faster
    endpoint.py, paging.py, outcome.py                    items → records, or the error that tells what happened
    connector.py                                          all of it, for one backend

zeep reads descriptions and nothing else; an answer that does not fit is told as what it is, and never mended.
"""

from resolvers.backends.soap.connector import SoapConnector
from resolvers.backends.soap.loader import WsdlState
from resolvers.backends.soap.problems import ConfigurationProblem
from resolvers.backends.soap.settings import SoapOperationSettings, SoapSettings

__all__ = ["ConfigurationProblem", "SoapConnector", "SoapOperationSettings", "SoapSettings", "WsdlState"]
