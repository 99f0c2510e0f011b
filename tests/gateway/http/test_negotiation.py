"""Which media type an answer has, and which bodies count as JSON."""

from __future__ import annotations

import pytest

from gateway.http.negotiation import GRAPHQL_RESPONSE, JSON, MediaType, is_json, negotiate

NEW, OLD = "application/graphql-response+json", "application/json"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("  ", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (OLD, JSON),
        (NEW, GRAPHQL_RESPONSE),
        (f"{NEW}, {OLD}", GRAPHQL_RESPONSE),
        (f"{OLD}, {NEW}", JSON),
        (f"{NEW};q=0.5, {OLD}", JSON),
        (f"{OLD};q=0.9, {NEW}", GRAPHQL_RESPONSE),
        (f"{NEW}; charset=utf-8, {OLD}; charset=utf-8", GRAPHQL_RESPONSE),
        (f'{NEW};charset="UTF-8"', GRAPHQL_RESPONSE),
        ("APPLICATION/GraphQL-Response+JSON", GRAPHQL_RESPONSE),
        (f"*/*;q=0.1, {NEW}", GRAPHQL_RESPONSE),
        (f"*/*, {NEW}", GRAPHQL_RESPONSE),
        (f"application/*, {OLD}", JSON),
        (f"*/*;q=0.5, {OLD};q=0.5", JSON),
        (f"*/*, {OLD};q=0.5", GRAPHQL_RESPONSE),
        (f"{OLD};q=0, */*", GRAPHQL_RESPONSE),
        (f"{NEW};q=0, */*", JSON),
        (f"application/*;q=0.2, {OLD};q=0.1", GRAPHQL_RESPONSE),
        ("text/html, application/xhtml+xml, */*;q=0.8", JSON),
        (f"{NEW}, application/graphql+json, {OLD}, text/event-stream, multipart/mixed", GRAPHQL_RESPONSE),
        (f"text/event-stream, {OLD}", JSON),
        (f'text/x;note="a, {NEW}", {OLD}', JSON),
        (f"nonsense, {OLD}", JSON),
        (f",, {OLD},", JSON),
        (f"{NEW};q=1.5, {OLD};q=0.1", JSON),
        (f"{NEW};q=, {OLD}", JSON),
        (f"{NEW} {OLD}", None),
        ("text/html", None),
        ("text/event-stream", None),
        ("multipart/mixed", None),
        ("application/jsonx", None),
        (f"{OLD};q=0", None),
        (f"{OLD};q=0.000", None),
        (f"{OLD};charset=iso-8859-1", None),
        ("nonsense", None),
        ("*/json", None),
    ],
)
def test_accept_is_obeyed(accept: str | None, expected: MediaType | None) -> None:
    """A type has the weight of its most specific range; the highest wins, then a named one, then the client's order."""
    assert negotiate(None if accept is None else accept.encode("latin-1")) is expected


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF8",
        'application/json ; charset="utf-8"',
        "application/json; profile=x; charset=utf-8",
        "application/json;",
    ],
)
def test_json_is_json_however_it_is_written(content_type: str) -> None:
    """Case, blanks, quotes and further parameters do not matter."""
    assert is_json(content_type.encode())


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/jsonx",
        "application/json, application/json",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8 x",
        "application/graphql",
        "text/json",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json\xe4",
    ],
)
def test_nothing_else_is_json(content_type: str) -> None:
    """What only contains the name of the type is not the type."""
    assert not is_json(content_type.encode("latin-1"))
