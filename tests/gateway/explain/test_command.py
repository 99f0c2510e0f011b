"""`bizgraph explain`: the plan of an operation from a shell."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from gateway.auth.mint import mint
from gateway.cli import app
from gateway.demo.run import configuration_path
from gateway.demo.tokens import DEMO_KEY
from gateway.settings import load

QUERY = '{ customer(id: "c7") { name email } }'


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def explain(*arguments: str, given: str | bytes = QUERY) -> Result:
    return CliRunner().invoke(app, ["explain", "-", *arguments], input=given)


def test_a_file_is_explained() -> None:
    """Calls, cost, scopes and personal fields of the operation in a file, for the demo where nothing is configured."""
    Path("query.graphql").write_text(QUERY, encoding="utf-8")
    told = CliRunner().invoke(app, ["explain", "query.graphql"])
    assert told.exit_code == 0
    assert told.stdout.startswith(
        "Calls    at most 1\nCost     1 of 50,000\nScopes   customers:contact customers:read\n"
    )
    assert "  customer.email\n" in told.stdout


def test_as_json() -> None:
    """Machines get what `extensions.explain` holds."""
    told = json.loads(explain("--json").stdout)
    assert told["calls"] == {"most": 1, "about": 1}
    assert told["cost"] == {"value": 1, "limit": 50_000}
    assert told["levels"][0]["operations"][0]["name"] == "customers.by_ids"


def test_for_a_token() -> None:
    """With a token the plan is its holder's: scopes that it lacks are named, with what they cost."""
    issuer = load(configuration_path(), {}).auth.issuers[0]

    def told_to(*scopes: str) -> str:
        lasting = {"now": time.time(), "expires_in": 60.0}
        return explain("--as", mint(issuer, SecretStr(DEMO_KEY), subject="x", scopes=scopes, **lasting)).stdout

    poor = told_to("customers:all", "customers:read")
    assert "Missing  customers:contact\n" in poor
    assert "  customer.email (needs customers:contact)\n" in poor
    assert "  customer (needs a customer, or a scope for all of them)\n" in told_to("customers:read")


def test_what_would_be_refused_says_so() -> None:
    """A cost beyond the limit is not just a number."""
    many = (
        "{ customers(first: 200) { nodes { orders(first: 200) { nodes { invoices(first: 9) { nodes { id } } } } } } }"
    )
    assert "of 50,000: too large, it would be refused\n" in explain(given=many).stdout


def test_one_of_several_operations() -> None:
    """The name chooses, and without it nothing is guessed."""
    both = "query One { me { id } } query Other { products { nodes { sku } } }"
    assert "products.list" in explain("--operation", "Other", given=both).stdout
    refused = explain(given=both)
    assert refused.exit_code == 2
    assert "several operations" in refused.stderr


def test_the_configuration_of_the_folder(tmp_path: Path) -> None:
    """Where there is a bizgraph.toml, the plan is for it and not for the demo."""
    (tmp_path / "bizgraph.toml").write_text("[backends\n", encoding="utf-8")
    refused = explain()
    assert refused.exit_code == 2
    assert "bizgraph.toml" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "given", "complaint"),
    [
        ((), "{\n  nope\n}", "Cannot query field 'nope' on type 'Query'. (line 2, column 3)"),
        ((), "", "Syntax Error"),
        ((), b"\xff\xfe", "is not text in UTF-8"),
        ((), "query ($id: ID!) { order(id: $id) { id } }", "Variable '$id'"),
        (("-v", "{id"), QUERY, "--variables is not JSON"),
        (("-v", "[]"), QUERY, "--variables has to be a JSON object"),
        (("--as", "garbage"), QUERY, "token"),
        (("--config", "none.toml"), QUERY, "none.toml: there is no such file"),
    ],
)
def test_what_cannot_be_explained(arguments: tuple[str, ...], given: str | bytes, complaint: str) -> None:
    """Every mistake is told in a line, with exit code 2 and nothing on standard output."""
    refused = explain(*arguments, given=given)
    assert refused.exit_code == 2
    assert complaint in refused.stderr
    assert refused.stdout == ""


def test_a_file_that_is_not_there() -> None:
    """A wrong name is a mistake of the command line, not a fault."""
    refused = CliRunner().invoke(app, ["explain", "none.graphql"])
    assert refused.exit_code == 2
    assert "none.graphql" in refused.stderr
