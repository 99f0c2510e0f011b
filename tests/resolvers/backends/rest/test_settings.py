"""Settings of REST backends and operations: what does not fit together is refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from resolvers.backends.rest import RestOperationSettings, RestSettings


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"path": "customers"}, "starts with /"),
        ({"path": "/c?x=1"}, "write parameters under query"),
        ({"path": "/c", "querry": {}}, "Extra inputs"),
        ({"path": "/c", "query": {"q": "{keys}"}}, "needs a form"),
        ({"path": "/c/{key}", "query": {"q": "{keys|csv}"}}, "exclude each other"),
        ({"path": "/c/{key}", "max_batch": 5}, "carries one key"),
        ({"path": "/c", "body": {"a": 1}}, 'write method = "POST"'),
        ({"path": "/c", "method": "POST", "body": {}, "form": {}}, "body and form exclude"),
        ({"path": "/c", "query": {"l": "{limit}"}}, "needs paging"),
        ({"path": "/c", "paging": "offset"}, "needs the placeholder {offset}"),
        ({"path": "/c", "paging": "page", "query": {"p": "{offset}"}}, "needs the placeholder {page}"),
        ({"path": "/c", "paging": {"type": "cursor"}, "query": {"c": "{cursor}"}}, "next"),
        ({"path": "/c", "paging": "link", "query": {"c": "{cursor}"}}, "parameter"),
        (
            {"path": "/c", "paging": {"type": "offset"}, "query": {"o": "{offset}", "p": "{page}"}},
            "{page} does not belong",
        ),
        ({"path": "/c", "query": {"k": "{keys|csv}", "l": "{limit}"}}, "would cut the answer"),
        ({"path": "/c", "arguments": {"status": {"A": "1"}}}, "used by no placeholder {status}"),
        (
            {"path": "/c", "query": {"s": "{s}"}, "arguments": {"s": {"values": {"A": "1"}, "zone": "Europe/Paris"}}},
            "either values, or a format and zone",
        ),
        ({"path": "/c", "items": "a..b"}, "path"),
        ({"path": "/c", "total": "[x"}, "path"),
        ({"path": "/c", "errors": {"path": "[x"}}, "path"),
        ({"path": "/c", "absent": [99]}, "200"),
        ({"path": "/c/{key}", "key_pattern": "("}, "regular expression"),
        ({"path": "/c", "query": {"s": "{s}"}, "arguments": {"s": {"zone": "Europe/Atlantis"}}}, "time zone"),
        ({"path": "/c", "headers": {"Host": "x"}}, "gateway's own"),
        ({"path": "/c", "headers": {"X A": "x"}}, "not the name of a header"),
    ],
)
def test_operations_that_do_not_fit_are_refused(settings: dict[str, Any], told: str) -> None:
    """Each contradiction is told at start, with what to write instead."""
    with pytest.raises(ValidationError) as caught:
        RestOperationSettings(**settings)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"url": "crm.internal/api"}, "starts with http"),
        ({"url": "ftp://crm/"}, "starts with http"),
        ({"url": "https://jane:s3cret@crm/"}, "write them under auth"),
        ({"url": "https://crm/?key=s3cret"}, "write parameters under query"),
        ({"url": "https://crm", "connect_timeout": 2}, "ms, s, m, h, d"),
        ({"url": "https://crm", "max_answer": "0B"}, "greater than 0"),
        ({"url": "https://crm", "headers": {"Connection": "close"}}, "gateway's own"),
        ({"url": "https://crm", "forward": {"claims": {"X\nY": "sub"}}}, "not the name of a header"),
    ],
)
def test_backends_that_do_not_fit_are_refused(settings: dict[str, Any], told: str) -> None:
    """A url holds no credentials and no parameters; the refusal does not repeat them."""
    with pytest.raises(ValidationError) as caught:
        RestSettings(**settings)
    assert told in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_what_the_reader_takes_from_an_answer() -> None:
    """Total, next page and outcome are taken where they are paths; headers are not the reader's."""
    operation = RestOperationSettings(
        path="/c",
        query={"c": "{cursor}"},
        total="meta.total",
        paging={"type": "cursor", "next": "meta.next", "more": "meta.more"},
        errors={"path": "result.code"},
    )
    assert operation.extract == {
        "total": "meta.total",
        "next": "meta.next",
        "more": "meta.more",
        "outcome": "result.code",
    }
    assert RestOperationSettings(path="/c", total="header:X-Total-Count").extract == {}


def test_settings_have_a_schema_for_editors() -> None:
    """Every key is described, short forms included."""
    schema = RestOperationSettings.model_json_schema()
    assert "absent" in schema["properties"]
    assert RestSettings.model_json_schema()["properties"]["auth"]["discriminator"]["propertyName"] == "type"
