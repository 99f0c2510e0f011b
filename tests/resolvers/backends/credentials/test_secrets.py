"""Secrets: where they come from, and that they go nowhere else."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from resolvers.backends.credentials import MissingSecrets, Secrets, credentials_of
from resolvers.backends.ports import Call
from resolvers.backends.rest import RestSettings
from resolvers.errors import GatewayError
from tests.resolvers.backends.credentials.conftest import AUTH, ENVIRONMENT, SECRET, Office, made
from tests.resolvers.backends.http.wire import Reply, Wire, answer, close, hang, json_answer
from tests.resolvers.backends.rest.clock import FakeClock

KINDS: dict[str, dict[str, Any]] = {
    "api-key": {"type": "api-key", "key": "env:CRM_SECRET"},
    "api-key in query": {"type": "api-key", "key": "env:CRM_SECRET", "query": "key"},
    "basic": {"type": "basic", "username": "jane", "password": "env:CRM_SECRET"},
    "bearer": {"type": "bearer", "token": "env:CRM_SECRET"},
    "hmac": {"type": "hmac", "secret": "env:CRM_SECRET"},
    "oauth2": {
        "type": "oauth2",
        "token_url": "http://127.0.0.1:9/t",
        "client_id": "gw",
        "client_secret": "env:CRM_SECRET",
    },
    "oauth2 post": {
        "type": "oauth2",
        "token_url": "http://127.0.0.1:9/t",
        "client_id": "gw",
        "client_secret": "env:CRM_SECRET",
        "client_auth": "post",
    },
    "wss-username": {"type": "wss-username", "username": "jane", "password": "env:CRM_SECRET"},
}


def test_secrets_come_from_environment_and_files(tmp_path: Path) -> None:
    """`env:` and `file:` are read as they are, a file without its final line break."""
    path = tmp_path / "token"
    path.write_text("from file\n", "utf-8")
    secrets = Secrets({"A": "from env"})
    assert secrets.read(SecretStr("env:A"), "a").get_secret_value() == "from env"
    assert secrets.read(SecretStr(f"file:{path}"), "b").get_secret_value() == "from file"
    secrets.check()


def test_everything_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    """One start tells every secret that is not there, each by its place, and no value of any."""
    (tmp_path / "empty").write_text("\n", "utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    secrets = Secrets({"EMPTY": "", "BROKEN": f"{SECRET}\nX-Admin: 1"})
    for name, auth in {
        "crm": {"type": "bearer", "token": "env:CRM_TOKEN"},
        "shop": {"type": "basic", "username": "x", "password": "file:/nowhere/pw"},
        "erp": {"type": "api-key", "key": SECRET},
        "books": {"type": "bearer", "token": "env:EMPTY"},
        "a": {"type": "bearer", "token": f"file:{tmp_path}/empty"},
        "b": {"type": "bearer", "token": f"file:{tmp_path}/binary"},
        "c": {"type": "bearer", "token": "env:BROKEN"},
        "d": {"type": "hmac", "secret": "env:BROKEN", "key_encoding": "hex"},
    }.items():
        credentials_of(name, AUTH.validate_python(auth), secrets, clock=FakeClock())
    with pytest.raises(MissingSecrets) as caught:
        secrets.check()
    told = str(caught.value)
    assert "backends.crm.auth.token: the environment variable CRM_TOKEN is not set" in told
    assert "backends.shop.auth.password: the file /nowhere/pw cannot be read (No such file or directory)" in told
    assert "backends.erp.auth.key: write env:NAME or file:PATH, never the secret itself" in told
    assert "backends.books.auth.token" in told
    assert "is empty" in told
    assert "not UTF-8" in told
    assert "backends.c.auth.token: the secret holds control characters" in told
    assert "backends.d.auth.secret: the secret is not hex" in told
    assert SECRET not in told


@pytest.mark.parametrize("kind", KINDS)
def test_no_repr_shows_a_secret(kind: str) -> None:
    """Settings, credentials and everything in them can be printed without harm."""
    credentials = made(KINDS[kind], FakeClock())
    settings = RestSettings(url="http://crm", auth=AUTH.validate_python({**KINDS[kind]}))
    shown = f"{credentials!r} {credentials} {settings!r} {settings.model_dump_json()} {Secrets(ENVIRONMENT)!r}"
    assert SECRET not in shown


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "wss-username"])
@pytest.mark.parametrize(
    "reply",
    [json_answer({}, 401), json_answer({}, 500), answer("<html>", 403, "text/html"), answer("no json"), close, hang],
    ids=["401", "500", "403", "not json", "closed", "silent"],
)
async def test_no_error_shows_a_secret(office: Office, kind: str, reply: Reply) -> None:
    """Whatever goes wrong, neither the error nor the traceback behind it, which is logged, holds the secret."""
    async with Wire(respond=reply) as wire:
        auth = dict(KINDS[kind])
        if auth["type"] == "oauth2":
            auth["token_url"] = wire.url
        endpoint = await office.endpoint(wire, auth)
        with pytest.raises(GatewayError) as caught:
            await endpoint.attempt(Call(keys=("1",), timeout=0.1))
    told = f"{caught.value!r} {caught.value.extensions} " + "".join(traceback.format_exception(caught.value))
    assert SECRET not in told


def test_a_misplaced_secret_is_not_repeated_by_a_refusal() -> None:
    """A secret written where something else belongs does not come back in the error about it."""
    with pytest.raises(ValueError, match="auth") as caught:
        RestSettings(url="http://crm", auth={"type": "bearer", "token": "env:T", "secret": SECRET})
    assert SECRET not in str(caught.value)
