"""`bizgraph init` writes a file to start from: it loads, and every guess in it is marked."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.commands.check import check
from gateway.commands.init import configuration
from gateway.demo.company import DemoCompany
from gateway.demo.run import demo_secrets
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


async def guessed(tmp_path: Path, document: str | dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The file that is written for a description, which has to load, and what it holds."""
    description = tmp_path / "api.yaml"
    description.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    text = await configuration([description], [])
    file = tmp_path / "bizgraph.toml"
    file.write_text(text, encoding="utf-8")
    load(file, {})
    return text, tomllib.loads(text)


async def test_openapi_2_in_yaml(tmp_path: Path) -> None:
    """Host and base path, inline parameters, commas as the usual list, definitions and their security are read."""
    text, found = await guessed(tmp_path, SWAGGER)
    assert found["backends"]["shop"]["url"] == "https://shop.example/rest"
    assert found["backends"]["shop"]["auth"] == {"type": "api-key", "header": "X-Key", "key": "env:SHOP_KEY"}
    assert found["orders"]["by_ids"] | {"max_batch": 0} == {
        "path": "/orders",
        "query": {"ids": "{keys|csv}"},
        "items": "orders",
        "max_batch": 0,
    }
    assert found["orders"]["list"]["paging"] == {"type": "page", "page_size": 50}
    assert found["orders"]["fields"]["placed_at"] == "createdAt"
    assert found["orders"]["fields"]["number"] == "orderNumber"
    assert "# Needed as well, says the file: region" in text


SWAGGER = """
swagger: "2.0"
info: {title: Shop API v2, version: 2020-01-01}
host: shop.example
basePath: /rest
securityDefinitions:
  key: {type: apiKey, in: header, name: X-Key}
parameters:
  page: {name: page, in: query, type: integer}
paths:
  /orders:
    get:
      parameters:
        - {$ref: "#/parameters/page"}
        - {name: region, in: query, type: string, required: true}
        - {name: ids, in: query, type: array, items: {type: string}}
      responses:
        200:
          description: ok
          schema: {properties: {orders: {type: array, items: {$ref: "#/definitions/Order"}}}}
definitions:
  Base: {properties: {id: {type: integer}, createdAt: {type: string, format: date-time}}}
  Dated: {allOf: [{$ref: "#/definitions/Base"}]}
  Order: {allOf: [{$ref: "#/definitions/Dated"}, {properties: {orderNumber: {type: string}}}]}
"""


def response(schema: dict[str, Any]) -> dict[str, Any]:
    return {"responses": {"200": {"content": {"application/hal+json": {"schema": schema}}}}}


async def test_types_of_openapi_31(tmp_path: Path) -> None:
    """Null as a type, one of several types, constants, server variables and path parameters that are not listed."""
    person = {"type": "object", "properties": {"id": {"type": "string"}, "fullName": {"type": ["string", "null"]}}}
    address = {"type": "object", "properties": {"zip": {"type": "string"}}}
    company = {
        "allOf": [{"oneOf": [person, {"type": "object"}]}],
        "properties": {"address": {"anyOf": [{"type": "null"}, address]}, "state": {"const": "active"}},
    }
    page = {"type": "object", "properties": {"items": {"type": "array", "items": company}, "next": {"type": "string"}}}
    listed = response(page) | {"parameters": [{"name": "cursor", "in": "query", "schema": {"type": "string"}}]}
    _, found = await guessed(
        tmp_path,
        {
            "openapi": "3.1.0",
            "info": {"title": "CRM"},
            "servers": [{"url": "https://{who}.crm.example", "variables": {"who": {"default": "acme"}}}],
            "paths": {"/companies": {"get": listed}, "/companies/{id}": {"get": response(company)}},
        },
    )
    assert found["backends"]["crm"]["url"] == "https://acme.crm.example"
    assert found["customers"]["by_ids"]["path"] == "/companies/{key}"
    assert found["customers"]["list"]["paging"] == {"type": "cursor", "next": "next", "page_size": 50}
    assert found["customers"]["fields"]["name"] == "fullName"
    assert found["customers"]["fields"]["status"]["values"] == {"active": "ACTIVE"}
    assert found["customers"]["fields"]["addresses"]["fields"] == {"postal_code": "zip"}


async def test_types_that_refer_to_each_other_are_read_once(tmp_path: Path) -> None:
    """Forty types that all refer to all are no more work than forty types."""
    names = [f"Type{number}" for number in range(40)]
    refers = {name: {"$ref": f"#/components/schemas/{name}"} for name in names}
    own = {"id": {"type": "string"}, "name": {"type": "string"}}
    schemas = {name: {"type": "object", "properties": own | refers} for name in names}
    text, found = await guessed(
        tmp_path,
        {
            "openapi": "3.0.3",
            "info": {"title": "Net"},
            "components": {"schemas": schemas},
            "paths": {
                "/customers/{id}": {"get": response(refers["Type0"])},
                "/customers/{id}/orders/{order}": {"get": response(refers["Type1"])},
                "/orders/{id}": {"get": response({"$ref": "orders.yaml#/Order"})},
                "/invoices": {"get": response({})},
            },
        },
    )
    assert found["customers"]["fields"] == {"id": "id", "name": "name"}
    assert "orders" not in found
    assert "invoices" not in found
    assert "# Lacking: orders.yaml: the file refers to it; bundle them into one first" in text


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("api.json", "{a: b: c", "is neither JSON nor YAML"),
        ("api.json", "&a [*a]", "is neither JSON nor YAML"),
        ("api.json", '{"swagger": "1.2"}', "is not OpenAPI 2 or 3"),
        ("api.json", "some words", "is not OpenAPI 2 or 3"),
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
