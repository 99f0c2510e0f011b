"""Personal data: every read of it is journalled, exactly, and none of it gets into logs and errors."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog
from typer.testing import CliRunner

from gateway.app import Gateway
from gateway.cli import app as command_line
from gateway.demo.company import DemoCompany
from gateway.demo.switches import Switch
from gateway.settings import ConfigurationError
from gateway.telemetry.logs import configure_logging
from schema.access import PERSONAL
from schema.binding import ATTRIBUTE, BATCH
from tests.client import Client
from tests.conftest import MakeToken
from tests.patience import demo_settings

Read = list[tuple[list[str], list[str]]]


class Journalled:
    """A gateway with a journal in a file."""

    def __init__(self, company: DemoCompany, path: Path, **more: str) -> None:
        self.path = path
        variables = {f"BIZGRAPH_{name.upper()}": value for name, value in more.items()}
        self._settings = demo_settings(company, {"BIZGRAPH_PRIVACY__JOURNAL": f"file:{path}", **variables})
        self.house = self.new_house()

    def new_house(self) -> Gateway:
        return Gateway(*self._settings)

    def lines(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.path.read_bytes().splitlines()]

    async def read(self, token: str | None, query: str, variables: dict[str, Any] | None = None) -> Read:
        """Which fields the journal says were read, and of whom, by one operation."""
        before = len(self.lines()) if self.path.exists() else 0
        house = self.new_house()
        async with house.running():
            answer = await Client(house.entrance, token).ask(query, variables)
        assert answer.status == 200
        return [(line["fields"], line["customers"]) for line in self.lines()[before:]]


@pytest.fixture
def journalled(company: DemoCompany, tmp_path: Path) -> Journalled:
    return Journalled(company, tmp_path / "access.jsonl")


READS: dict[str, tuple[str, Read]] = {
    "one field": ('{ customer(id: "c7") { name } }', [(["name"], ["c7"])]),
    "nothing personal": ('{ customer(id: "c7") { id number status orders { totalCount } } }', []),
    "of whom it was asked, not of whom it could have been": (
        '{ a: customer(id: "c7") { id } b: customer(id: "c8") { name } }',
        [(["name"], ["c8"])],
    ),
    "different fields of different customers": (
        '{ a: customer(id: "c7") { name email } b: customer(id: "c8") { n: name } }',
        [(["email", "name"], ["c7"]), (["name"], ["c8"])],
    ),
    "twice the same": ('{ a: customer(id: "c7") { name } b: customer(id: "c7") { name } }', [(["name"], ["c7"])]),
    "nobody": ('{ customer(id: "c99999") { name } }', []),
    "left out": ('{ customer(id: "c7") { id name @skip(if: true) ... @include(if: false) { email } } }', []),
    "by the interface": ('{ node(id: "Customer:c7") { id ... on Customer { phone } } }', [(["phone"], ["c7"])]),
    "of another type by the interface": ('{ node(id: "Product:SKU-0042") { ... on Product { name } } }', []),
    "through an order": ('{ order(id: "o70") { customer { addresses { city } } } }', [(["addresses"], ["c7"])]),
    "in fragments": (
        '{ customer(id: "c7") { ...A ...B } } fragment A on Customer { name } fragment B on Customer { name phone }',
        [(["name", "phone"], ["c7"])],
    ),
}


@pytest.mark.parametrize("name", list(READS))
async def test_reads_are_journalled_exactly(journalled: Journalled, token: MakeToken, name: str) -> None:
    """The journal names the fields that an answer holds and the customers that they are of: not one more or less."""
    query, expected = READS[name]
    assert await journalled.read(token(), query) == expected


async def test_lists_are_journalled(journalled: Journalled, token: MakeToken) -> None:
    """A page's customers are named, each once, by nodes and by edges, and again when it came from the cache."""
    for query in (
        "{ customers(first: 3) { nodes { name } } }",
        "{ customers(first: 3) { edges { node { name } } nodes { id } } }",
    ):
        ((fields, customers),) = await journalled.read(token(), query)
        assert fields == ["name"]
        assert len(set(customers)) == len(customers) == 3


async def test_what_is_refused_is_not_read(journalled: Journalled, token: MakeToken) -> None:
    """A field without its scope is not answered, and stands in no entry."""
    read = await journalled.read(token("customers:read"), '{ customer(id: "c7") { name email phone } }')
    assert read == [(["name"], ["c7"])]


async def test_who_asked_is_told(journalled: Journalled, token: MakeToken) -> None:
    """An entry tells issuer, subject, whom the token is limited to, the operation and its correlation id."""
    text = token(customer="c7", subject="portal-7")
    async with journalled.house.running():
        client = Client(journalled.house.entrance, text)
        await client.ask("query Mine { me { name } }", x_request_id="my-request")
    (line,) = journalled.lines()
    assert line["subject"] == "portal-7"
    assert line["issuer"] == journalled.house.settings.auth.issuers[0].issuer
    assert line["limitedTo"] == "c7"
    assert line["operation"] == "Mine"
    assert line["correlationId"] == "my-request"
    assert len(line["document"]) == 64


async def test_what_cannot_be_journalled_is_not_told(company: DemoCompany, token: MakeToken) -> None:
    """When the disk is full and the queue too, personal data is refused with 503; everything else is answered."""
    short = {"privacy__queue": "1", "server__deadline": "300ms", "server__shutdown": "10ms"}
    full = Journalled(company, Path("/dev/full"), **short)
    async with full.house.running():
        client = Client(full.house.entrance, token())
        assert (await client.ask('{ customer(id: "c7") { name } }')).status == 200
        refused = await client.ask('{ customer(id: "c8") { name } }')
        assert (refused.status, refused.codes) == (503, ["BACKEND_UNAVAILABLE"])
        assert refused.errors[0]["extensions"]["backend"] == "journal"
        assert company.books.customers["c8"].name.encode() not in refused.body
        assert (await client.ask('{ customer(id: "c8") { id } }')).status == 200
        journal = full.house.journal
        assert journal is not None
        assert len(journal) == 1


def test_a_journal_that_cannot_be_opened_is_refused_at_start(company: DemoCompany, tmp_path: Path) -> None:
    """Nobody finds out later that nothing was written."""
    with pytest.raises(ConfigurationError, match=r"privacy\.journal: .*No such file"):
        Journalled(company, tmp_path / "nowhere" / "access.jsonl")


def test_without_a_journal_nothing_is_paid(house: Gateway) -> None:
    """Where reads are not journalled personal fields are plain attributes, as all the others are."""
    customer: Any = house.schema.type_map["Customer"]
    personal = [field for field in customer.fields.values() if PERSONAL in field.extensions]
    assert len(personal) == 4
    assert all(ATTRIBUTE in field.extensions and BATCH not in field.extensions for field in personal)


async def test_the_command_tells_who_read(company: DemoCompany, token: MakeToken, tmp_path: Path) -> None:
    """`bizgraph journal --customer c7` answers from the configured file who read this customer's data."""
    journalled = Journalled(company, tmp_path / "access.jsonl")
    await journalled.read(token(subject="clerk"), 'query Look { customer(id: "c7") { name email } }')
    await journalled.read(token(subject="other"), '{ customer(id: "c8") { name } }')
    config = tmp_path / "bizgraph.toml"
    config.write_text(f'[privacy]\njournal = "file:{journalled.path}"\n')
    runner = CliRunner()
    found = await asyncio.to_thread(
        runner.invoke, command_line, ["journal", "--customer", "c7", "--since", "1h", "--config", str(config)]
    )
    assert found.exit_code == 0, found.output
    assert "clerk" in found.output
    assert "email, name" in found.output
    assert "Look" in found.output
    assert "other" not in found.output
    as_json = runner.invoke(command_line, ["journal", "--customer", "c8", "--json", "--file", str(journalled.path)])
    assert orjson.loads(as_json.output.strip())["subject"] == "other"
    assert runner.invoke(command_line, ["journal", "--customer", "c9", "--config", str(config)]).output == ""


def test_the_command_refuses_nonsense(tmp_path: Path) -> None:
    """A journal that is off, a file that is not there or a time that is none is told, and scripts see it."""
    runner = CliRunner()
    off = tmp_path / "off.toml"
    off.write_text("")
    for arguments, problem in (
        (["--config", str(off)], "privacy.journal"),
        (["--file", str(tmp_path / "missing")], "No such file"),
        (["--file", str(off), "--since", "yesterday"], "yesterday"),
    ):
        refused = runner.invoke(command_line, ["journal", "--customer", "c7", *arguments])
        assert refused.exit_code == 2
        assert problem in refused.output


@pytest.fixture
def log() -> Iterator[io.BytesIO]:
    """Everything that is logged."""
    before = structlog.get_config()
    stream = io.BytesIO()
    configure_logging("debug", "json", stream)
    yield stream
    structlog.configure(**before)


async def test_no_personal_data_in_logs_and_errors(client: Client, company: DemoCompany, log: io.BytesIO) -> None:
    """Name, e-mail, phone and address of a customer are in no error and no log line, whatever the CRM does."""
    person = company.books.customers["c7"]
    secrets = [person.name, person.email, person.phone, person.addresses[0].city if person.addresses else None]
    told = [secret.encode() for secret in secrets if secret]
    assert len(told) >= 3
    query = 'query Q($text: String!) { customers(filter: { text: $text }) { nodes { id } } customer(id: "c7") { id } }'
    for switch in (None, Switch.WRONG_TYPE, Switch.MALFORMED, Switch.ERROR_500, Switch.TRUNCATED, Switch.HTML):
        if switch is not None:
            await company.crm.switch(switch)
        answer = await client.ask(query, {"text": person.name}, cache_control="no-cache")
        for secret in told:
            assert secret not in answer.body
            assert secret not in log.getvalue()
    assert b'"event":"operation"' in log.getvalue()
