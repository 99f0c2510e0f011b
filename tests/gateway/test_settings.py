"""The configuration is taken as written, or refused with everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.demo.run import configuration_path
from gateway.settings import ConfigurationError, load

CRM = """
[backends.crm]
kind = "rest"
url = "http://crm.example"

[customers]
backend = "crm"
fields = { id = "id", name = "name" }

[customers.by_ids]
path = "/customers"
query = { ids = "{keys|csv}" }
"""


def refusal(tmp_path: Path, toml: str, **variables: str) -> set[str]:
    """The mistakes that loading tells, with the file's name as `file`."""
    path = tmp_path / "bizgraph.toml"
    path.write_text(toml, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load(path, variables)
    told = [mistake.replace(str(path), "file") for mistake in refused.value.mistakes]
    assert len(told) == len(set(told)), "a mistake is told twice"
    return set(told)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Mistakes of the gateway, of a backend, of an operation and of a mapping are told together, each with its key."""
    toml = """
[server]
prt = 8000
deadline = "soon"

[backends.crm]
kind = "rest"
url = "http://crm.example"
colour = "red"

[backends.shop]
kind = "rset"

[customers]
backend = "crm"
fields = { id = "id", name = "name", nam = "x" }

[customers.by_ids]
pth = "/customers"

[orders]
backend = "shop"
[orders.by_ids]
path = "/orders"

[ordres]
"""
    told = refusal(tmp_path, toml)
    assert {line.split(": ")[1] for line in told} == {
        "server.prt",
        "server.deadline",
        "backends.crm.colour",
        "backends.shop",
        "customers.by_ids.pth",
        "customers.by_ids.path",
        "customers.fields.nam",
        "ordres",
    }
    assert "file: backends.shop: 'kind' is 'rset'; it may be 'rest', 'soap', 'python'" in told


def test_a_backend_that_lacks_a_key_is_told_once(tmp_path: Path) -> None:
    """The operations of a backend whose own table is wrong are still checked, and do not say that it is missing."""
    toml = CRM.replace('url = "http://crm.example"', "").replace("path", "pth")
    assert refusal(tmp_path, toml) == {
        "file: backends.crm.url: this key is needed",
        "file: customers.by_ids.pth: this key is unknown",
        "file: customers.by_ids.path: this key is needed",
    }


def test_keys_are_told_as_they_are_written(tmp_path: Path) -> None:
    """A mistake in a backend or its credential is named by the keys of the file alone."""
    toml = CRM.replace('kind = "rest"', 'kind = "rest"\nauth = { type = "bearer", tokn = "env:CRM_TOKEN" }')
    assert {line.split(": ")[1] for line in refusal(tmp_path, toml)} == {
        "backends.crm.auth.tokn",
        "backends.crm.auth.token",
    }


def test_a_wrong_variable_is_told_by_its_name(tmp_path: Path) -> None:
    """Whoever set a variable that cannot be used reads its name, whatever is wrong with it."""
    told = refusal(
        tmp_path,
        CRM,
        BIZGRAPH_SERVER__PORT="http",
        BIZGRAPH_SERVER__PROT="1",
        BIZGRAPH_SERVR__PORT="1",
        BIZGRAPH_SERVER_PORT="1",
        BIZGRAPH_BACKENDS__CRM__TIMEOUT="long",
        BIZGRAPH_BACKENDS__CRM__URL__HOST="crm",
    )
    assert {line.split(": ")[0] for line in told} == {
        "BIZGRAPH_SERVER__PORT",
        "BIZGRAPH_SERVER__PROT",
        "BIZGRAPH_SERVR__PORT",
        "BIZGRAPH_SERVER_PORT",
        "BIZGRAPH_BACKENDS__CRM__TIMEOUT",
        "BIZGRAPH_BACKENDS__CRM__URL__HOST",
    }


def test_a_mistake_beside_a_variable_is_the_files(tmp_path: Path) -> None:
    """A variable that sets one key of a table is not blamed for another."""
    told = refusal(tmp_path, "[server]\nports = 1\n" + CRM, BIZGRAPH_SERVER__PORT="8000")
    assert told == {"file: server.ports: this key is unknown"}


def test_variables_go_over_the_file() -> None:
    """The demo's file is right as it stands, and a variable sets the key that it names."""
    assert load(configuration_path(), {}).server.port == 8000
    assert load(configuration_path(), {"BIZGRAPH_SERVER__PORT": "8080"}).server.port == 8080
    assert load(configuration_path(), {"OTHER_SERVER__PORT": "x"}).server.port == 8000


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "no such file"), (b"server = [", "not TOML"), (b"\xff", "cannot be read")]
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, reason: str) -> None:
    """A file that is missing, broken or no text is refused by its name."""
    path = tmp_path / "missing.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=reason) as refused:
        load(path, {})
    assert refused.value.mistakes[0].startswith(f"{path}: ")
