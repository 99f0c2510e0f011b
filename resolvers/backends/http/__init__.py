"""HTTP towards backends, shared by REST and SOAP: connections, caps and the classification of what goes wrong."""

from resolvers.backends.http.client import Answer, Headers, HttpClient, Origin, header_lines, wire_form
from resolvers.backends.http.failures import NEVER_SENT
from resolvers.backends.http.settings import HttpSettings

__all__ = ["NEVER_SENT", "Answer", "Headers", "HttpClient", "HttpSettings", "Origin", "header_lines", "wire_form"]
