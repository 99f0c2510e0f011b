"""`bizgraph init` writes a file to start from: it loads, and every guess in it is marked."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from typer.testing import CliRunner

from gateway.check.command import check
from gateway.cli import app
from gateway.demo.company import DemoCompany
from gateway.demo.run import demo_secrets
from gateway.init.command import configuration
from gateway.init.model import Unreadable
from gateway.settings import ConfigurationError, load

COMPANY = Path(__file__).with_name("company.json")


async def test_an_openapi_file_becomes_a_file_that_loads(tmp_path: Path) -> None:
    """Domains, operations, paging and fields are guessed by name and type; the file loads as it is."""
    text = await configuration([COMPANY], [])
    file = tmp_path / "bizgraph.toml"
    file.write_text(text, encoding="utf-8")
    load(file, {})
    found = tomllib.loads(text)
    assert found["backends"]["demo-crm"]["auth"] == {"type": "bearer", "token": "env:DEMO_CRM_TOKEN"}
    customers, orders = found["customers"], found["orders"]
    assert customers["fields"]["name"] == "display_name"
    assert customers["fields"]["email"] == "contact.email"
    assert customers["fields"]["created_at"] == {"path": "created", "as": "epoch-seconds"}
    assert customers["fields"]["addresses"]["fields"]["postal_code"] == "zip"
    assert customers["by_ids"]["query"] == {"ids": "{keys|csv}"}
    assert customers["list"]["paging"]["type"] == "offset"
    assert orders["by_customers"]["query"] == {"customer_ids": "{keys|csv}"}
    assert orders["list"]["total"] == "meta.total"
    assert orders["fields"]["lines"]["fields"]["quantity"] == "qty"
    assert orders["fields"]["total"] == {"path": "total.value", "as": "minor-units", "currency_path": "total.currency"}
    assert orders["fields"]["status"]["values"] == {
        "shipped": "SHIPPED",
        "delivered": "DELIVERED",
        "cancelled": "CANCELLED",
    }


async def test_every_guess_is_marked() -> None:
    """A line that says something about the backend ends with its guess, but for what the file states itself."""
    text = await configuration([COMPANY], [])
    sure = ("[", "#", "kind = ", "url = ", "timeout = ", "backend = ", "path = ")
    bare = [line for line in text.splitlines() if line and "# guess: " not in line and not line.startswith(sure)]
    assert bare == []
    assert '# status = { path = "state"' in text
    assert "# Not used: /customers/{id} of demo-crm" in text
    assert "# Not connected: invoices" in text


async def test_the_guesses_for_a_rest_system_hold(company: DemoCompany, tmp_path: Path) -> None:
    """For the demo's CRM the file works without a change: the check finds nothing wrong."""
    document = json.loads(COMPANY.read_text(encoding="utf-8"))
    del document["paths"]["/orders"]
    document["servers"] = [{"url": company.crm.url}]
    description = tmp_path / "crm.json"
    description.write_text(json.dumps(document), encoding="utf-8")
    file = tmp_path / "bizgraph.toml"
    file.write_text(await configuration([description], []), encoding="utf-8")
    report = await check(load(file, {}), demo_secrets())
    assert report.ok, report.findings
    assert {operation.name for operation in report.operations} == {"customers.by_ids", "customers.list"}


async def test_the_guesses_for_soap_systems_hold(company: DemoCompany, tmp_path: Path) -> None:
    """For the demo's WSDLs only the credentials have to be written, since no WSDL tells them."""
    files = []
    async with aiohttp.ClientSession() as session:
        for server in (company.warehouse, company.accounting):
            answer = await session.get(f"{server.url}/soap?wsdl")
            file = tmp_path / f"{server.name}.wsdl"
            file.write_bytes(await answer.read())
            files.append(file)
    text = await configuration([], files)
    head, warehouse, accounting = text.split('auth = { type = "none" }')
    basic = 'auth = { type = "basic", username = "warehouse", password = "env:DEMO_WAREHOUSE_PASSWORD" }'
    wss = 'auth = { type = "wss-username", username = "accounting", password = "env:DEMO_ACCOUNTING_PASSWORD" }'
    file = tmp_path / "bizgraph.toml"
    file.write_text(head + basic + warehouse + wss + accounting, encoding="utf-8")
    report = await check(load(file, {}), demo_secrets())
    assert report.ok, report.findings
    assert {operation.name for operation in report.operations} == {
        "products.by_skus",
        "products.list",
        "invoices.by_customers",
        "invoices.by_ids",
        "invoices.by_orders",
        "invoices.list",
    }


async def test_what_is_lacking_is_said_and_is_all_that_is_refused(tmp_path: Path) -> None:
    """A record without anything like an id is written as far as it goes; loading tells the same as the file."""
    item = {"type": "object", "properties": {"name": {"type": "string"}}}
    content = {"application/json": {"schema": {"type": "array", "items": item}}}
    paths = {"/clients": {"get": {"responses": {"200": {"content": content}}}}}
    document: dict[str, Any] = {"openapi": "3.0.3", "info": {"title": "Old"}, "paths": paths}
    description = tmp_path / "old.json"
    description.write_text(json.dumps(document), encoding="utf-8")
    text = await configuration([description], [])
    assert "# Lacking: backends.old.url: the file names no server" in text
    assert "# Lacking: customers.fields.id: every record needs it" in text
    file = tmp_path / "bizgraph.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load(file, {})
    assert [mistake.split(": ", 1)[1] for mistake in refused.value.mistakes] == [
        "customers.fields.id: is missing: every Customer needs it"
    ]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("api.json", "openapi: 3.0.0", "save an OpenAPI file in YAML as JSON"),
        ("api.json", '{"swagger": "2.0"}', "is not OpenAPI 3"),
        ("api.wsdl", "<html/>", "the WSDL has no port"),
    ],
)
async def test_what_cannot_be_read_is_told(tmp_path: Path, name: str, content: str, why: str) -> None:
    """A file of another kind is refused with its name and the reason."""
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    with pytest.raises(Unreadable, match=why):
        await configuration(*([file], []) if name.endswith("json") else ([], [file]))


def test_the_command_overwrites_nothing(tmp_path: Path) -> None:
    """The file is written once; a second time it is refused."""
    out = tmp_path / "bizgraph.toml"
    arguments = ["init", "--openapi", str(COMPANY), "--out", str(out)]
    first, second = CliRunner().invoke(app, arguments), CliRunner().invoke(app, arguments)
    assert (first.exit_code, second.exit_code) == (0, 2)
    assert "guesses to look at" in first.output
    assert "is there already" in second.output
    assert CliRunner().invoke(app, ["init"]).exit_code == 2
