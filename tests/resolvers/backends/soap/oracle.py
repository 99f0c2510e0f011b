"""zeep, as the oracle of the tests: what it makes of the same description, where it is right."""

from __future__ import annotations

from typing import Any

from lxml import etree
from zeep.helpers import serialize_object
from zeep.settings import Settings
from zeep.wsdl import Document

from resolvers.backends.soap.description.prefetch import BUNDLED
from resolvers.backends.soap.description.wsdl import OfflineTransport
from tests.resolvers.backends.soap.wsdls import START


class _Client:
    settings = Settings()
    wsse = None
    plugins: tuple[Any, ...] = ()


class _Response:
    status_code = 200
    encoding = "utf-8"

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.headers = {"Content-Type": "text/xml"}


class Oracle:
    """One description, read by zeep."""

    def __init__(self, description: bytes) -> None:
        documents = {url: path.read_bytes() for url, path in BUNDLED.items()}
        document = Document(START, OfflineTransport({**documents, START: description}), settings=Settings())
        self._binding = next(iter(next(iter(document.services.values())).ports.values())).binding

    def request(self, operation: str, **arguments: Any) -> Any:
        """The envelope that zeep would send, as a tree."""
        return self._binding.get(operation).create(**arguments).content

    def process(self, operation: str, body: bytes) -> Any:
        """What zeep's decoder makes of an answer."""
        return self._binding.process_reply(_Client, self._binding.get(operation), _Response(body))

    def answer(self, operation: str, body: bytes) -> Any:
        """The same as plain dicts and lists."""
        return serialize_object(self.process(operation, body), dict)


def tree(element: Any) -> Any:
    """An element as nested tuples, so that prefixes do not count."""
    return (
        element.tag,
        (element.text or "").strip(),
        sorted((name, _value(element, text)) for name, text in element.attrib.items()),
        [tree(child) for child in element],
    )


def _value(element: Any, text: str) -> str:
    prefix, _, local = text.partition(":")
    return f"{{{element.nsmap[prefix]}}}{local}" if local and prefix in element.nsmap else text


def parsed(message: bytes) -> Any:
    return tree(etree.fromstring(message))
