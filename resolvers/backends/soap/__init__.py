"""The SOAP connector: from a WSDL and a few lines of configuration to records.

    settings.py                    what `bizgraph.toml` may say
    description/                   WSDL → Service (types.py)
    setup.py                       what all operations of a backend share once its Service is there
    requests/                      Service + arguments → bytes
    security.py, vault.py          WS-Security, and the secrets that nothing may show
    channel.py                     bytes out, bytes in
    answers/, xml.py               bytes → items, or a fault, or what it is instead
    decoding/                      elements → values
    endpoint.py, paging.py         one call, from keys and arguments to records
    outcome.py, problems.py        what can go wrong, in our words and in those of `resolvers.errors`
    connector.py                   all of it, for one backend

zeep reads descriptions and nothing else; an answer that does not fit is told as what it is, and never mended.
"""

from resolvers.backends.soap.connector import SoapConnector
from resolvers.backends.soap.description.loader import WsdlState
from resolvers.backends.soap.problems import ConfigurationProblem
from resolvers.backends.soap.settings import SoapOperationSettings, SoapSettings

__all__ = ["ConfigurationProblem", "SoapConnector", "SoapOperationSettings", "SoapSettings", "WsdlState"]
