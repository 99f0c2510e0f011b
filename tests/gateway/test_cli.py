"""The commands as people type them: what they print, how they refuse, and how they end."""

from __future__ import annotations

import socket
import subprocess
import sys
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson
import pytest

import gateway
from gateway.demo.run import configuration_path, demo_secrets

ROOT = Path(gateway.__file__).parents[1]


def bizgraph(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command with these arguments, in an environment of these variables and nothing of ours."""
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "NO_COLOR": "1", "COLUMNS": "200", **variables},
        check=False,
    )


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of loopback that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def refused(ended: subprocess.CompletedProcess[str]) -> str:
    """What a refusal says; it ends with 2, prints nothing to standard output and shows no traceback."""
    assert (ended.returncode, ended.stdout) == (2, ""), ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["serve", "--config", "nowhere.toml"], "nowhere.toml: there is no such file"),
        (["serve", "--port", "70000"], "--port"),
        (["demo", "--port", "70000"], "--port"),
        (["demo", "--host", "no.such.host.invalid"], "cannot listen on no.such.host.invalid:8000"),
        (["explain", "nowhere.graphql"], "nowhere.graphql"),
        (["explain", "schema/schema.graphql", "--config", "nowhere.toml"], "nowhere.toml: there is no such file"),
        (["check", "--config", "nowhere.toml"], "nowhere.toml: there is no such file"),
        (["token", "--config", "nowhere.toml"], "nowhere.toml: there is no such file"),
        (["token", "--expires", "never"], "not a duration"),
        (["journal", "--customer", "c7", "--config", "nowhere.toml"], "nowhere.toml: there is no such file"),
        (["journal", "--customer", "c7", "--file", "nowhere.jsonl"], "nowhere.jsonl"),
        (["init"], "--openapi"),
        (["nonsense"], "nonsense"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(arguments: list[str], reason: str) -> None:
    """Every command refuses wrong arguments and files by name, and never with a traceback."""
    assert reason in refused(bizgraph(*arguments))


def test_missing_secrets_are_named_with_file_and_key() -> None:
    """A configuration whose secrets are not in the environment is refused before anything listens."""
    told = refused(bizgraph("serve", "--config", str(configuration_path())))
    for name in demo_secrets():
        assert name in told
    lines = told.splitlines()[1:]
    assert len(lines) == len(demo_secrets())
    assert all(line.startswith(f"  {configuration_path()}: ") for line in lines)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_taken_port_is_named(taken: int, workers: str) -> None:
    """A gateway whose port is taken says so and ends, before it has asked any backend for anything."""
    arguments = ["serve", "--config", str(configuration_path()), "--port", str(taken), "--workers", workers]
    told = refused(bizgraph(*arguments, **demo_secrets()))
    assert f"cannot listen on 127.0.0.1:{taken}: address already in use" in told
    assert "backend.wsdl" not in told


def test_a_taken_port_of_the_demo_is_named(taken: int) -> None:
    """The demo names the port that it cannot have, and how to choose another."""
    told = refused(bizgraph("demo", "--port", str(taken)))
    assert f"cannot listen on 127.0.0.1:{taken}: address already in use; --port chooses another" in told


def test_a_wrong_variable_of_the_demo_is_named() -> None:
    """Variables override the demo's keys too; one that cannot be used is refused by its name."""
    told = refused(bizgraph("demo", "--port", "0", BIZGRAPH_SERVER__PROT="1", BIZGRAPH_LIMITS__MAX_PAGE="0"))
    assert "  BIZGRAPH_SERVER__PROT: server.prot: this key is unknown" in told
    assert "  BIZGRAPH_LIMITS__MAX_PAGE: limits.max_page: " in told


@pytest.mark.parametrize("name", ["schema", "resolvers"])
def test_a_package_in_the_way_of_ours_is_named(tmp_path: Path, name: str) -> None:
    """PyPI has a package named schema: when that is imported in place of ours, the command says where it lies."""
    other = tmp_path / name
    other.mkdir()
    (other / "__init__.py").write_text("")
    command = "import sys; sys.path.insert(0, sys.argv.pop(1)); from gateway.cli import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", command, str(tmp_path), "schema"],
        capture_output=True,
        text=True,
        timeout=50,
        cwd=ROOT,
        check=False,
    )
    assert f"another package named {name} is in the way of bizgraph's own" in refused(ended)
    assert str(other) in ended.stderr


def test_help_names_every_command_and_every_option_is_described() -> None:
    """`--help` tells of all commands; each command's help says what its options do."""
    told = bizgraph("--help")
    assert told.returncode == 0
    for command in ("serve", "demo", "check", "init", "explain", "journal", "schema", "token"):
        assert command in told.stdout
        assert bizgraph(command, "--help").returncode == 0


def test_the_version_is_that_of_the_package() -> None:
    """`--version` prints name and version, for reports of faults."""
    told = bizgraph("--version")
    assert told.returncode == 0
    assert told.stdout.split()[0] == "bizgraph"
    assert told.stdout.split()[1][0].isdigit()


def test_the_schema_is_printed_as_kept() -> None:
    """`bizgraph schema` prints schema/schema.graphql, byte for byte; `--config` the JSON Schema of the file."""
    assert bizgraph("schema").stdout == (ROOT / "schema" / "schema.graphql").read_text("utf-8")
    assert "properties" in orjson.loads(bizgraph("schema", "--config").stdout)


def test_a_minted_token_holds_what_was_asked_for(tmp_path: Path) -> None:
    """`bizgraph token` signs scopes for a customer or for staff, with the demo's key or a configuration's."""
    claims = claims_of(bizgraph("token", "-s", "orders:read", "-s", "customers:read", "--customer", "c7").stdout)
    assert (claims["scope"], claims["customer"]) == ("customers:read orders:read", "c7")
    staff = claims_of(bizgraph("token", "-s", "orders:read").stdout)
    assert staff["scope"] == "customers:all orders:read"
    assert "customer" not in staff
    own = tmp_path / "own.toml"
    own.write_text(
        configuration_path().read_text("utf-8").replace('audience = "bizgraph"', 'audience = "shop"'), "utf-8"
    )
    assert claims_of(bizgraph("token", "--config", str(own), **demo_secrets()).stdout)["aud"] == "shop"


def claims_of(token: str) -> Mapping[str, object]:
    claims: Mapping[str, object] = orjson.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
    return claims
