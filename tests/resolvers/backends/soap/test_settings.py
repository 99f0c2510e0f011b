"""What `bizgraph.toml` may say about SOAP, and what it is refused for."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from resolvers.backends.soap import SoapOperationSettings, SoapSettings

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"arguments": {"a": "{key}", "b": "{keys}"}}, "exclude each other"),
    ({"arguments": {"a": "{key}"}, "max_batch": 5}, "{key} carries one key"),
    ({"arguments": {"p": "{page}"}}, "{page} needs {limit}"),
    ({"arguments": {"p": "{page}", "o": "{offset}", "l": "{limit}"}}, "{page} and {offset} exclude each other"),
    ({"arguments": {"o": "{offset}"}}, "{offset} needs {limit}"),
    ({"arguments": {"a": "{keys}", "l": "{limit}"}}, "write {per_key}"),
    ({"arguments": {"a": "{status|json}"}}, "only |csv"),
    ({"values": {"status": {"A": "1"}}}, "values.status is used by no placeholder"),
    ({"key_pattern": "["}, "not a regular expression"),
    ({"max_batch": 0}, "max_batch"),
    ({"item": "x"}, "item"),
    ({"errors": {"path": "code", "okay": []}}, "okay"),
    ({"types": "any"}, "types"),
]


@pytest.mark.parametrize(("said", "told"), WRONG, ids=[told for _, told in WRONG])
def test_operations_that_contradict_themselves_are_refused(said: dict[str, Any], told: str) -> None:
    """The message names what is wrong before anything is started."""
    with pytest.raises(ValidationError) as caught:
        SoapOperationSettings.model_validate({"operation": "Get", **said})
    assert told in str(caught.value)


def test_placeholders_are_found_at_any_depth() -> None:
    """In tables, lists, directives and headers; paging fills its own in lists."""
    settings = SoapOperationSettings.model_validate(
        {
            "operation": "Get",
            "arguments": {
                "f": [{"a": "{status}", "b": ["x-{kind}"]}],
                "l": "{limit}",
                "o": {"value": "{offset}", "absent": "nil"},
            },
            "headers": {"h": {"trace": "{trace}"}},
        }
    )
    assert settings.accepts == {"status", "kind", "trace"}
    assert not settings.keyed
    grouped = SoapOperationSettings.model_validate({"operation": "Get", "arguments": {"i": "{keys}", "n": "{per_key}"}})
    assert (grouped.keyed, grouped.accepts) == (True, {"per_key"})


def test_backends_are_checked_too() -> None:
    """An unknown zone or key is refused by name, and a secret that was written here by mistake is shown nowhere."""
    with pytest.raises(ValidationError, match="Mars/Olympus"):
        SoapSettings.model_validate({"wsdl": "x.wsdl", "zone": "Mars/Olympus"})
    with pytest.raises(ValidationError, match="wsdl_host"):
        SoapSettings.model_validate({"wsdl": "x.wsdl", "wsdl_host": []})
    wss = {"type": "username", "username": "u", "password": "hunter2"}
    told = SoapSettings.model_validate({"wsdl": "x.wsdl", "wss": wss})
    assert "hunter2" not in repr(told) + str(told)
