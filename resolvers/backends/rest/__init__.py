"""REST backends: JSON over HTTP, as `bizgraph.toml` describes it.

settings.py, placeholders.py      what the file may say
templates.py, writing.py          values → request, with everything user-made kept a value
arguments.py, forward.py          arguments of the graph, and what of the caller goes along
sending.py                        request → answer, with credentials
answers.py, reading.py            answer → records, or the error that it is
paging/                           positions over every way of paging
endpoint.py, connector.py         all of it as `Endpoint` and `Connector`
"""

from resolvers.backends.rest.connector import RestConnector
from resolvers.backends.rest.endpoint import RestEndpoint
from resolvers.backends.rest.forward import ForwardSettings
from resolvers.backends.rest.settings import RestOperationSettings, RestSettings

__all__ = ["ForwardSettings", "RestConnector", "RestEndpoint", "RestOperationSettings", "RestSettings"]
