"""The parameters of a GraphQL request, from the body of a POST or the query string of a GET."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from gateway.http.body import decode_object
from gateway.http.refusal import Refused

_MOST_PARAMETERS = 20


class Parameters:
    """`query`, `operationName`, `variables` and `extensions` (GraphQL over HTTP, Request Parameters), and the id that
    names a persisted document instead of `query`. Empty texts count as absent."""

    __slots__ = ("document_id", "extensions", "operation_name", "query", "variables")

    def __init__(self, values: dict[str, Any]) -> None:
        self.query = _text(values, "query")
        self.operation_name = _text(values, "operationName")
        self.variables = _object(values, "variables")
        self.extensions = _object(values, "extensions")
        # Relay's documentation sends the id as doc_id.
        self.document_id = _text(values, "documentId") or _text(values, "doc_id")


def from_body(body: bytes) -> Parameters:
    """The parameters of a POST. Raises Refused when one is malformed or given twice; other names are ignored."""
    return Parameters(decode_object(body, "The body"))


def from_query_string(query_string: bytes) -> Parameters:
    """The parameters of a GET, where `variables` and `extensions` are JSON. Raises Refused as above."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except UnicodeError as error:
        raise Refused("The query string is not percent-encoded UTF-8.") from error
    except ValueError as error:
        raise Refused(f"The query string has more than {_MOST_PARAMETERS} parameters.") from error
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise Refused("A parameter is given twice.")
        values[name] = value
    for name in ("variables", "extensions"):
        encoded = values.get(name)
        values[name] = decode_object(encoded.encode(), name) if encoded and encoded != "null" else None
    return Parameters(values)


def _text(values: dict[str, Any], name: str) -> str | None:
    value = values.get(name)
    if value is None or value.__class__ is str:
        return value or None
    raise Refused(f"{name} has to be a string.")


def _object(values: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = values.get(name)
    if value is None or value.__class__ is dict:
        return value
    raise Refused(f"{name} has to be an object.")
