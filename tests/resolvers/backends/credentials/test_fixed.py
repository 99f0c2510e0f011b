"""Credentials that never change, over the wire."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from resolvers.backends.credentials import Secrets, UsernameToken, username_token
from resolvers.backends.ports import Call
from resolvers.errors import BackendRejected, BackendUnavailable
from tests.resolvers.backends.credentials.conftest import AUTH, ENVIRONMENT, SECRET, Office, made
from tests.resolvers.backends.http.certificates import Authority
from tests.resolvers.backends.http.wire import Wire, json_answer
from tests.resolvers.backends.rest.clock import FakeClock

ONE = Call(keys=("1",))
BASIC = b64encode(f"jané:{SECRET}".encode()).decode()


@pytest.mark.parametrize(
    ("auth", "header", "value", "target"),
    [
        ({"type": "none"}, "authorization", None, "/c?ids=1"),
        ({"type": "api-key", "key": "env:CRM_SECRET"}, "x-api-key", SECRET, "/c?ids=1"),
        ({"type": "api-key", "key": "env:CRM_SECRET", "header": "DOLAPIKEY"}, "dolapikey", SECRET, "/c?ids=1"),
        ({"type": "api-key", "key": "env:CRM_SECRET", "query": "key"}, "x-api-key", None, f"/c?ids=1&key={SECRET}"),
        (
            {"type": "basic", "username": "jané", "password": "env:CRM_SECRET"},
            "authorization",
            f"Basic {BASIC}",
            "/c?ids=1",
        ),
        ({"type": "bearer", "token": "env:CRM_SECRET"}, "authorization", f"Bearer {SECRET}", "/c?ids=1"),
    ],
    ids=lambda value: value.get("type") if isinstance(value, dict) else None,
)
async def test_fixed_credentials_go_with_every_request(
    office: Office, auth: dict[str, Any], header: str, value: str | None, target: str
) -> None:
    """API key, basic and bearer arrive where and as the backend expects them, and nothing arrives without them."""
    async with Wire(respond=json_answer([])) as wire:
        endpoint = await office.endpoint(wire, auth)
        await endpoint.attempt(ONE)
        await endpoint.attempt(ONE)
    for seen in wire.seen:
        assert seen.headers.get(header) == value
        assert seen.target == target


async def test_a_key_with_reserved_signs_stays_one_parameter(office: Office) -> None:
    """A secret in the query is percent-encoded like every value."""
    async with Wire(respond=json_answer([])) as wire:
        auth = {"type": "api-key", "key": "env:K", "query": "k"}
        endpoint = await office.endpoint(wire, auth, environment={"K": "a&b=c d"})
        await endpoint.attempt(ONE)
    assert wire.seen[0].target == "/c?ids=1&k=a%26b%3Dc%20d"


async def test_a_wrong_secret_is_not_tried_twice(office: Office) -> None:
    """A 401 to credentials that cannot be renewed is an error at once: nobody's account gets locked."""
    async with Wire(respond=json_answer({}, 401)) as wire:
        endpoint = await office.endpoint(wire, {"type": "bearer", "token": "env:CRM_SECRET"})
        with pytest.raises(BackendRejected) as caught:
            await endpoint.attempt(ONE)
    assert caught.value.cause == "credentials"
    assert len(wire.seen) == 1


async def test_a_client_certificate_is_shown(office: Office, tmp_path: Path) -> None:
    """With mtls the backend sees the certificate; without it there is no connection."""
    authority = Authority(tmp_path)
    certificate, key = authority.issue("gateway")
    async with Wire(respond=json_answer([]), tls=authority.server(asks_for_certificate=True)) as wire:
        auth = {"type": "mtls", "certificate": certificate, "key": key}
        endpoint = await office.endpoint(wire, auth, backend={"ca": authority.ca})
        assert list((await endpoint.attempt(ONE)).records) == []
        without = await office.endpoint(wire, {"type": "none"}, backend={"ca": authority.ca})
        with pytest.raises(BackendUnavailable):
            await without.attempt(ONE)
    assert len(wire.seen) == 1


async def test_a_locked_private_key_is_opened_with_its_password(office: Office, tmp_path: Path) -> None:
    """The key's password is a secret like others; without it the connector does not open, and asks nobody."""
    authority = Authority(tmp_path)
    certificate, key = authority.issue("gateway", SECRET.encode())
    async with Wire(respond=json_answer([]), tls=authority.server(asks_for_certificate=True)) as wire:
        auth = {"type": "mtls", "certificate": certificate, "key": key, "password": "env:CRM_SECRET"}
        endpoint = await office.endpoint(wire, auth, backend={"ca": authority.ca})
        await endpoint.attempt(ONE)
        with pytest.raises(OSError):
            await office.endpoint(wire, {"type": "mtls", "certificate": certificate, "key": key})


def test_a_username_token_is_handed_to_the_soap_connector() -> None:
    """wss-username resolves to what goes into the envelope; other types are none of its business."""
    secrets = Secrets(ENVIRONMENT)
    auth = AUTH.validate_python(
        {"type": "wss-username", "username": "jane", "password": "env:CRM_SECRET", "digest": True}
    )
    token = username_token("erp", auth, secrets)
    assert isinstance(token, UsernameToken)
    assert (token.username, token.password.get_secret_value(), token.digest) == ("jane", SECRET, True)
    assert SECRET not in repr(token)
    assert username_token("erp", AUTH.validate_python({"type": "none"}), secrets) is None
    assert made({"type": "wss-username", "username": "j", "password": "env:CRM_SECRET"}, FakeClock()).fixed == ()


@pytest.mark.parametrize(
    "auth",
    [
        {"type": "magic"},
        {"type": "bearer"},
        {"type": "bearer", "token": "env:T", "tokn": "x"},
        {"token": "env:T"},
        {"type": "api-key", "key": "env:K", "header": "X\r\nY"},
        {"type": "oauth2", "client_id": "x", "client_secret": "env:S"},
        {"type": "hmac", "secret": "env:S", "canonical": "{methd}"},
        {"type": "hmac", "secret": "env:S", "canonical": "{signature}"},
        {"type": "hmac", "secret": "env:S", "headers": {"X-Sig": "{nonce}"}},
        {"type": "hmac", "secret": "env:S", "headers": {}},
        {"type": "hmac", "secret": "env:S", "headers": {"X-Sig": "{signature}{body}"}},
    ],
)
def test_settings_that_do_not_fit_are_refused(auth: dict[str, Any]) -> None:
    """Unknown types, keys and placeholders, and missing ones, are errors of the configuration."""
    with pytest.raises(ValidationError):
        AUTH.validate_python(auth)
