"""`bizgraph check --leaks` finds what one customer sees of another: each leak is planted, and told by name."""

from __future__ import annotations

import asyncio

import pytest
from typer.testing import CliRunner

from gateway.check.everything import everything
from gateway.check.report import Report
from gateway.cli import app
from gateway.commands.check import check_leaks
from gateway.demo.company import DemoCompany
from gateway.demo.run import configuration_path, demo_environment
from schema.build import build_schema, graphql_schema
from tests.patience import demo_settings

TWO = {"customers": ["c7", "c8"]}
WRONG_OWNER = {"BIZGRAPH_ORDERS__FIELDS__CUSTOMER_ID": '{path = "customer_no", default = "c7"}'}
"""A path that no order has, and what somebody wrote so that the errors about it would stop."""


def problems(report: Report) -> list[str]:
    return [f"{found.place}: {found.text}" for found in report.findings if found.weight == "problem"]


async def test_the_demo_company_keeps_its_customers_apart(company: DemoCompany) -> None:
    """Two customers with orders and invoices are found by themselves, compared, and nothing leaks."""
    report = await check_leaks(*demo_settings(company))
    assert problems(report) == []
    assert report.ok
    (told,) = [found.text for found in report.findings if found.weight == "note"]
    assert told.startswith("compared c")


async def test_the_customers_can_be_chosen(company: DemoCompany) -> None:
    """The samples of the domain say which two are compared."""
    report = await check_leaks(*demo_settings(company), samples=TWO)
    (told,) = [found.text for found in report.findings if found.weight == "note"]
    assert told.startswith("compared c7 with ")
    assert " and c8 with " in told


async def test_an_owner_read_from_the_wrong_place(company: DemoCompany) -> None:
    """Where `customer_id` is the same for every order, one customer sees everybody's: told where, and what."""
    settings, environment = demo_settings(company, WRONG_OWNER)
    found = problems(await check_leaks(settings, environment, samples=TWO))
    theirs = next(order.id for order in company.books.orders.values() if order.customer_id == "c8")
    assert any(text.startswith("orders.by_customers: asked for customer c8 alone, shop answers") for text in found)
    assert f"Query.order: customer c7 is not told that Order {theirs} of customer c8 does not exist" in found
    assert f"Query.node: customer c7 is not told that Order {theirs} of customer c8 does not exist" in found


async def test_a_filter_that_lets_others_through(company: DemoCompany) -> None:
    """Where a system answers with another's orders as well, and tells no owner, the same orders belong to two."""
    planted = {
        "BIZGRAPH_ORDERS__FIELDS__CUSTOMER_ID": "customer_no",
        "BIZGRAPH_ORDERS__BY_CUSTOMERS__QUERY": '{ customer_ids = "c7,{keys|csv}", limit = "{per_key}" }',
    }
    found = problems(await check_leaks(*demo_settings(company, planted), samples=TWO))
    assert any("the backend gives it to customer c7 and to customer c8" in text for text in found)


async def test_two_customers_are_needed(company: DemoCompany) -> None:
    """With one customer nothing can be compared, and the report says so instead of being content."""
    settings, environment = demo_settings(company)
    alone = settings.model_copy(
        update={"data": settings.data.model_copy(update={"orders": None, "invoices": None, "customers": None})}
    )
    report = await check_leaks(alone, environment, samples={"customers": ["c7"]})
    assert [found.weight for found in report.findings] == ["warning"]
    assert "two customers are needed" in report.findings[0].text


def test_everything_is_asked() -> None:
    """The operation holds every field of every type of the graph that needs no argument."""
    schema = graphql_schema(build_schema())
    text = everything(schema)
    for name in ("Customer", "Order", "Invoice", "Product", "OrderLine", "StockLevel", "PageInfo"):
        found = schema.type_map[name]
        assert all(f" {field}" in text for field in found.fields)  # type: ignore[attr-defined] # they are objects


@pytest.mark.parametrize(("planted", "status"), [(False, 0), (True, 1)])
async def test_the_command_ends_with_its_verdict(
    company: DemoCompany, monkeypatch: pytest.MonkeyPatch, planted: bool, status: int
) -> None:
    """`bizgraph check --leaks` ends with 0 when nothing leaks and with 1 when something does."""
    for name, value in demo_environment(company).items():
        monkeypatch.setenv(name, value)
    if planted:
        for name, value in WRONG_OWNER.items():
            monkeypatch.setenv(name, value)
    arguments = ["check", "--leaks", "--sample", "customers=c7,c8", "--config", str(configuration_path())]
    found = await asyncio.to_thread(CliRunner().invoke, app, arguments)
    assert found.exit_code == status, found.output
    assert ("does not exist" in " ".join(found.output.split())) is planted
