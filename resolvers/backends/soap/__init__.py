"""The SOAP connector: from a WSDL and a few lines of configuration to records.

settings.py                                      what `bizgraph.toml` may say
loader.py, prefetch.py, wsdl.py, zeep_types.py   WSDL → Service (types.py)
setup.py, request.py, encode.py, templates.py    Service + arguments → a program that writes requests
security.py                                      WS-Security in requests
channel.py                                       bytes out, bytes in
answer.py, xml.py, mime.py, faults.py            bytes → envelope, fault, or what it is instead
reply.py, decode.py, interpret.py, wanted.py     envelope → items
endpoint.py, paging.py, outcome.py               items → records, or the error that tells what happened
connector.py                                     all of it, for one backend
"""

from resolvers.backends.soap.connector import SoapConnector
from resolvers.backends.soap.loader import WsdlState
from resolvers.backends.soap.problems import ConfigurationProblem
from resolvers.backends.soap.settings import SoapOperationSettings, SoapSettings

__all__ = ["ConfigurationProblem", "SoapConnector", "SoapOperationSettings", "SoapSettings", "WsdlState"]
