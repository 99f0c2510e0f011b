"""`bizgraph check` finds what does not fit: each fault is planted, and told by name."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from gateway.check.report import Report
from gateway.check.run import slowness
from gateway.check.table import show
from gateway.commands.check import CannotCheck, check, samples_of, usual_file
from gateway.demo.company import DemoCompany
from gateway.demo.run import configuration_path, demo_environment
from gateway.demo.switches import Switch, Trouble
from gateway.settings import load, parse
from tests.gateway.check.conftest import CheckCrm
from tests.gateway.check.crm import CONFIGURATION, Crm
from tests.patience import demo_settings

ROOT = Path(__file__).resolve().parents[3]


def problems(report: Report) -> list[str]:
    return [f"{found.kind} {found.place}: {found.text}" for found in report.findings if found.weight == "problem"]


async def test_the_demo_company_fits(company: DemoCompany) -> None:
    """Over four real systems every operation is asked, every batch and page verified, and nothing is wrong."""
    report = await check(*demo_settings(company))
    assert problems(report) == []
    assert report.ok
    assert {backend.name: (backend.reachable, backend.authenticated) for backend in report.backends} == dict.fromkeys(
        ("crm", "shop", "warehouse", "accounting"), (True, True)
    )
    assert len(report.operations) == 11
    for operation in report.operations:
        assert operation.outcome == "ok"
        assert (operation.records, operation.bytes, operation.seconds) > (0, 0, 0)
        assert "as" in (operation.batch or operation.paging), operation.name
    products = next(operation for operation in report.operations if operation.name == "products.list")
    assert products.unmapped == ["unit"]


async def test_coverage_counts_filled_and_empty_fields(check_crm: CheckCrm) -> None:
    """Each field tells how often it is there, in lists over all their entries; what nobody maps is named."""
    report = await check_crm()
    assert report.ok
    by_ids = next(operation for operation in report.operations if operation.name == "customers.by_ids")
    fields = {field.name: (field.filled, field.empty, field.failed) for field in by_ids.fields}
    assert fields["phone"] == (20, 20, 0)
    assert fields["addresses.city"] == (40, 0, 0)
    assert by_ids.unmapped == ["contact.fax", "addresses[].zip"]
    assert by_ids.batch == "40 keys as 3 alone"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [("name", "full_name", "name"), ("state", "status_code", "status")],
)
async def test_a_renamed_field_is_found(crm: Crm, check_crm: CheckCrm, old: str, new: str, place: str) -> None:
    """A field that is nowhere any more is a problem, and the new name is offered."""
    crm.change = lambda row: {(new if key == old else key): value for key, value in row.items()}
    report = await check_crm()
    text = f"nothing is at {old} in any of 50 items; {new} comes and is not mapped: was it renamed?"
    assert f"field customers.list.{place}: {text}" in problems(report)


async def test_a_renamed_field_below_another_is_found(crm: Crm, check_crm: CheckCrm) -> None:
    """The same inside of objects, and inside of lists."""
    crm.change = lambda row: {**row, "contact": {"tel": "1"}, "addresses": [{"town": "Bonn"}]}
    report = await check_crm()
    told = problems(report)
    assert any("nothing is at contact.phone" in text and "contact.tel comes" in text for text in told)
    assert any("nothing is at addresses[].city" in text and "addresses[].town comes" in text for text in told)


async def test_a_field_that_may_be_missing_can_be_said_to_be_optional(crm: Crm, check_crm: CheckCrm) -> None:
    """`required = false` says that a backend leaves empty fields out."""
    crm.change = lambda row: {**row, "contact": {"fax": None}}
    assert any("contact.phone" in text for text in problems(await check_crm()))
    optional = ('phone = "contact.phone"', 'phone = { path = "contact.phone", required = false }')
    assert (await check_crm(optional)).ok


async def test_a_wrong_password_is_found(crm: Crm, check_crm: CheckCrm) -> None:
    """The backend is reachable, and does not know us; the password is nowhere in the report."""
    report = await check_crm(token="planted-secret")
    (backend,) = report.backends
    assert (backend.reachable, backend.authenticated) == (True, False)
    assert "BACKEND_REJECTED" in problems(report)[0]
    assert "does not accept the gateway's credentials" in problems(report)[0]
    assert b"planted-secret" not in msgspec.json.encode(report)


async def test_wrong_passwords_of_soap_backends_are_found(company: DemoCompany) -> None:
    """HTTP basic and WS-Security alike."""
    wrong = {"DEMO_WAREHOUSE_PASSWORD": "x", "DEMO_ACCOUNTING_PASSWORD": "y"}
    settings, environment = demo_settings(company)
    report = await check(settings, {**environment, **wrong})
    known = {backend.name: backend.authenticated for backend in report.backends}
    assert (known["crm"], known["accounting"]) == (True, False)
    assert not known["warehouse"]
    assert not report.ok


async def test_backends_that_see_callers_need_a_token(check_crm: CheckCrm) -> None:
    """Without `--as` nothing is asked of them, and the check says so."""
    report = await check_crm(("timeout =", "forward = { claims = { X-User = 'sub' } }\ntimeout ="))
    (backend,) = report.backends
    assert (backend.reachable, backend.authenticated) == (None, None)
    assert problems(report)[0].endswith("give --as TOKEN")


async def test_a_backend_that_is_down_is_found(crm: Crm, check_crm: CheckCrm) -> None:
    """Nobody listens: not reachable, and whether we are known cannot be told."""
    await crm.server.close()
    report = await check_crm()
    (backend,) = report.backends
    assert (backend.reachable, backend.authenticated) == (False, None)
    assert not report.ok


async def test_a_changed_enum_is_found(crm: Crm, check_crm: CheckCrm) -> None:
    """A value that the table lacks fails its field, with the value as the example."""
    crm.change = lambda row: {**row, "state": "ARCHIVED" if row["id"] == 7 else row["state"]}
    report = await check_crm()
    text = next(text for text in problems(report) if text.startswith("field customers.list.status"))
    assert "1 failed" in text
    assert "text 'ARCHIVED' (record 7)" in text


async def test_a_changed_enum_is_found_where_the_mapping_passes_over_it(crm: Crm, check_crm: CheckCrm) -> None:
    """With `unknown = "null"` nothing fails, and the new value is a warning."""
    crm.change = lambda row: {**row, "state": "ARCHIVED" if row["id"] == 7 else row["state"]}
    lenient = ('B = "BLOCKED" }', 'B = "BLOCKED" }, unknown = "null"')
    report = await check_crm(lenient)
    assert report.ok
    (first, *_) = [found.text for found in report.findings if found.kind == "values"]
    assert first == "the table lacks values that come: ARCHIVED"


async def test_personal_values_are_in_no_example(crm: Crm, check_crm: CheckCrm) -> None:
    """A name that fails is told by its kind only."""
    crm.change = lambda row: {**row, "name": {"first": "Ada", "last": "Lovelace"}}
    report = await check_crm()
    assert not report.ok
    assert b"Lovelace" not in msgspec.json.encode(report)


LIST = CONFIGURATION[CONFIGURATION.index("[customers.list]") :].format()
ONLY_BY_IDS = (LIST, "")
BATCHES = {
    "only the first": lambda crm: lambda keys: crm.named(keys[:1]),
    "capped": lambda crm: lambda keys: crm.named(keys)[:25],
    "ignored": lambda crm: lambda keys: crm.rows if len(keys) > 1 else crm.named(keys),
    "shortened": lambda crm: (
        lambda keys: [{**row, "addresses": []} for row in crm.named(keys)] if len(keys) > 1 else crm.named(keys)
    ),
}


@pytest.mark.parametrize("fault", BATCHES)
async def test_a_broken_batch_is_found(crm: Crm, check_crm: CheckCrm, fault: str) -> None:
    """Many keys in one call have to bring what they bring one at a time."""
    crm.choose = BATCHES[fault](crm)
    report = await check_crm()
    told = problems(report)
    assert told
    assert all(text.startswith("batch customers.by_ids") for text in told), told
    by_ids = next(operation for operation in report.operations if operation.name == "customers.by_ids")
    assert by_ids.batch == "differs"


PAGES = {
    "the offset is ignored": lambda crm: lambda offset, limit: crm.rows[:limit],
    "pages instead of records": lambda crm: lambda offset, limit: crm.rows[offset * limit :][:limit],
    "another order each time": lambda crm: (
        lambda offset, limit: crm.rows[offset:][:limit] if limit > 30 else list(reversed(crm.rows))[offset:][:limit]
    ),
}


@pytest.mark.parametrize("fault", PAGES)
async def test_broken_paging_is_found(crm: Crm, check_crm: CheckCrm, fault: str) -> None:
    """Two small pages have to hold what one large page holds, and a page as many as configured."""
    crm.page = PAGES[fault](crm)
    report = await check_crm()
    assert any(text.startswith("paging customers.list") for text in problems(report)), problems(report)


async def test_a_page_smaller_than_configured_is_found(crm: Crm, check_crm: CheckCrm) -> None:
    """A backend that caps its pages below `page_size`, and tells no total, would seem to end there."""
    crm.page = lambda offset, limit: crm.rows[offset:][: min(limit, 60)]
    report = await check_crm(('total = "total"\n', ""))
    (told,) = problems(report)
    assert "a page of 100 (page_size) cannot be read" in told
    assert "page_size is more than it gives" in told


async def test_broken_paging_of_soap_is_found(company: DemoCompany, tmp_path: Path) -> None:
    """The same over SOAP: here the configuration sends the offset as something else."""
    right = 'offset = "{offset}", limit = "{limit}", text = "{text}"'
    text = configuration_path().read_text(encoding="utf-8")
    assert right in text
    file = tmp_path / "bizgraph.toml"
    file.write_text(text.replace(right, 'limit = "{limit}", text = "{offset}"'), encoding="utf-8")
    environment = demo_environment(company)
    overlay = {name: value for name, value in environment.items() if name != "BIZGRAPH_DEMO_KEY"}
    report = await check(load(file, overlay), environment)
    assert any(text.startswith("paging products.list") for text in problems(report))


async def test_what_changed_since_last_time_is_told(crm: Crm, check_crm: CheckCrm, tmp_path: Path) -> None:
    """New, gone and retyped fields and new words of a table show against the file that was saved."""
    file = tmp_path / "shapes.json"
    assert (await check_crm(save_to=file)).ok
    assert b"Customer" not in file.read_bytes()
    assert (await check_crm(compare=file)).ok

    def changed(row: dict[str, Any]) -> dict[str, Any]:
        contact = {"phone": row["contact"]["phone"]}
        return {**row, "id": str(row["id"]), "contact": contact, "vat": "DE1", "state": "C" if row["id"] == 3 else "A"}

    crm.change = changed
    report = await check_crm(('B = "BLOCKED" }', 'B = "BLOCKED", C = "CLOSED" }'), compare=file)
    drift = {(found.weight, found.place, found.text) for found in report.findings if found.kind == "drift"}
    assert {
        ("problem", "customers.list: contact.fax", "gone"),
        ("problem", "customers.list: id", "was number, is now text"),
        ("problem", "customers.list: state", "new values: C"),
        ("note", "customers.list: vat", "new (text)"),
    } <= drift
    assert report.compared_with == str(file)


async def test_a_file_of_something_else_is_refused(check_crm: CheckCrm, tmp_path: Path) -> None:
    """A file that `--save` did not write is told as such."""
    file = tmp_path / "other.json"
    file.write_text("[]")
    with pytest.raises(CannotCheck, match="no file of `bizgraph check --save`"):
        await check_crm(compare=file)


async def test_keys_can_be_given_where_no_list_tells_them(check_crm: CheckCrm) -> None:
    """Without a list and without `--sample` an operation is not asked, and the check says what would help."""
    assert samples_of(["customers=1,2", "customers=3"]) == {"customers": ["1", "2", "3"]}
    report = await check_crm(samples={"customers": ["5", "6"]})
    by_ids = next(operation for operation in report.operations if operation.name == "customers.by_ids")
    assert by_ids.records == 2
    report = await check_crm(ONLY_BY_IDS)
    assert [(found.weight, found.kind) for found in report.findings] == [("warning", "keys")]
    assert "--sample customers=KEY" in report.findings[0].text
    for wrong in ("customers", "customers=", "people=1"):
        with pytest.raises(CannotCheck, match="DOMAIN=KEY"):
            samples_of([wrong])


async def test_broken_answers_are_told_and_stop_nothing(company: DemoCompany) -> None:
    """One backend in trouble leaves the report about the others whole."""
    await company.shop.script([Trouble(name=Switch.HTML)])
    await company.accounting.script([Trouble(name=Switch.SOAP_FAULT, operation="ListInvoices")])
    report = await check(*demo_settings(company))
    outcomes = {operation.name: operation.outcome for operation in report.operations}
    assert outcomes["orders.list"] == outcomes["invoices.list"] == "failed"
    assert outcomes["customers.by_ids"] == outcomes["products.list"] == outcomes["invoices.by_customers"] == "ok"


async def test_soap_records_that_cannot_be_decoded_are_told(company: DemoCompany) -> None:
    """A value that is not of its declared type never comes to the mapping, and is a problem all the same."""
    await company.warehouse.script([Trouble(name=Switch.WRONG_TYPE)])
    report = await check(*demo_settings(company))
    assert any(text.startswith("record products.list: BACKEND_CONTRACT") for text in problems(report))


async def test_keys_that_are_data_are_neither_told_nor_kept(crm: Crm, check_crm: CheckCrm, tmp_path: Path) -> None:
    """The keys of a map may be people's addresses: they count as one path."""
    crm.change = lambda row: {**row, "logins": {f"ada{row['id']}@a.example": 1}, "by_year": {"2026": 2}}
    report = await check_crm(save_to=tmp_path / "shapes.json")
    (operation, *_) = report.operations
    assert {"logins.*", "by_year.*"} <= set(operation.unmapped)
    assert b"@a.example" not in msgspec.json.encode(report) + (tmp_path / "shapes.json").read_bytes()


async def test_people_get_tables(check_crm: CheckCrm) -> None:
    """The tables name backends, operations, fields and what is not mapped."""
    out = io.StringIO()
    show(await check_crm(), Console(file=out, width=160))
    for text in ("crm", "customers.by_ids", "2 x 25 as 50", "addresses.city", "Not mapped: contact.fax", "everything"):
        assert text in out.getvalue()


def test_the_usual_file_is_beside_the_configuration() -> None:
    """`bizgraph.shapes.json` is compared with whenever it is there."""
    assert usual_file(Path("etc/bizgraph.toml")) == Path("etc/bizgraph.shapes.json")


def test_the_command_tells_machines_and_ends_with_one_for_a_problem(tmp_path: Path) -> None:
    """`--json` prints the report, and the exit code fails a CI job; a wrong option ends with two."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        file = tmp_path / "bizgraph.toml"
        file.write_text(CONFIGURATION.format(url=f"http://127.0.0.1:{taken.getsockname()[1]}"), encoding="utf-8")
        command = [sys.executable, "-m", "gateway", "check", "--config", str(file)]
        environment = {**os.environ, "TOKEN": "planted-secret", "PYTHONPATH": str(ROOT)}
        done = subprocess.run([*command, "--json"], env=environment, capture_output=True, check=False)
        refused = subprocess.run([*command, "--sample", "people=1"], env=environment, capture_output=True, check=False)
    assert (done.returncode, refused.returncode) == (1, 2)
    report = msgspec.json.decode(done.stdout)
    assert report["ok"] is False
    assert report["backends"] == [{"name": "crm", "kind": "rest", "reachable": False, "authenticated": None}]
    assert b"planted-secret" not in done.stdout + done.stderr


async def test_an_empty_list_as_404_is_told_with_what_to_write(crm: Crm, check_crm: CheckCrm) -> None:
    """Where a system answers 404 for nothing, the check names the key that says so; keys are known nevertheless."""
    crm.rows = crm.rows[:50]
    crm.missing = 404
    told = [text for text in problems(await check_crm(("total =", "# total ="))) if not text.startswith("absent")]
    hint = "; if that is how it says that no more follow, write empty = [404]"
    why = f"BACKEND_REJECTED: crm rejected the call (HTTP 404){hint}"
    assert told == [f"paging customers.list: the page after the last cannot be read: {why}"]
    report = await check_crm(("total =", "empty = [404]\n# total ="))
    assert not any(text.startswith("paging") for text in problems(report))


async def test_dates_of_another_unit_are_noticed(crm: Crm, check_crm: CheckCrm) -> None:
    """Seconds that are taken for milliseconds give dates, only all of them in January 1970."""
    crm.change = lambda row: {**row, "since": 1_760_000_000 + row["id"]}
    wrong = ("phone =", 'created_at = { path = "since", as = "epoch-milliseconds" }\nphone =')
    findings = [found.text for found in (await check_crm(wrong)).findings if found.place.endswith("created_at")]
    assert (
        findings == ["all its dates are of the first days of 1970: is it another unit, or a date that means none?"] * 2
    )
    right = ("phone =", 'created_at = { path = "since", as = "epoch-seconds" }\nphone =')
    assert not any(found.place.endswith("created_at") for found in (await check_crm(right)).findings)


async def test_the_table_is_readable_at_eighty_columns(company: DemoCompany) -> None:
    """No name of an operation or a field is broken into pieces, and no line is longer than the terminal."""
    report = await check(*demo_settings(company))
    out = io.StringIO()
    show(report, Console(file=out, width=80))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    for operation in report.operations:
        assert any(line.startswith(f" {operation.name} ") for line in lines)
        for field in operation.fields:
            assert any(line.startswith(f" {field.name} ") for line in lines)


async def test_a_key_that_nobody_has_is_asked_for(crm: Crm, check_crm: CheckCrm) -> None:
    """Where a system answers an unknown key with 404, the check says so before the first caller meets it."""
    crm.missing = 404
    told = problems(await check_crm())
    why = "BACKEND_REJECTED: crm rejected the call (HTTP 404)"
    hint = "if that is how it says that there are none, write absent = [404]; else look at the path"
    assert f"absent customers.by_ids: a key that nobody has (999999999) is an error: {why}; {hint}" in told
    right = ("max_batch = 40", "max_batch = 40\nabsent = [404]")
    assert not any(text.startswith("absent") for text in problems(await check_crm(right)))


def test_an_answer_close_to_its_timeout_is_told() -> None:
    """Half of the patience used up by one sample is a warning; less is not."""
    assert slowness(0.9, 2.0) is None
    assert slowness(1.25, 2.0) == "took 1.2 s of the 2 s that timeout allows; a smaller page or batch is quicker"


FILTERED = (
    'limit = "{limit}" }',
    'limit = "{limit}", state = "{status}", since = "{created_from}", sort = "{sort}" }\n'
    'arguments.status = { ACTIVE = "A", BLOCKED = "B" }\n'
    'arguments.created_from = { as = "epoch-seconds" }\n'
    'arguments.sort = { "created_at:asc" = "id", "created_at:desc" = "-id" }\n'
    'fields = { created_at = { path = "id", as = "epoch-seconds" } }',
)


async def test_filters_and_orders_are_asked_for(crm: Crm, check_crm: CheckCrm) -> None:
    """A system that does what the configuration promises brings no finding."""
    assert problems(await check_crm(FILTERED)) == []


async def test_a_filter_that_the_system_ignores_is_found(crm: Crm, check_crm: CheckCrm) -> None:
    """Records that do not match the filter, and an order that is none, are told with the argument."""
    crm.narrow = lambda query: crm.rows
    told = problems(await check_crm(FILTERED))
    assert told == [
        "filter customers.list: created_from = 1970-01-01 00:00:26+00:00 brings 25 others, such as 1: is it ignored?",
        "filter customers.list: status = ACTIVE brings 16 others, such as 3: is it ignored?",
        "sort customers.list: sort = created_at:desc brings records in another order",
    ]


async def test_a_filter_that_finds_nothing_is_found(crm: Crm, check_crm: CheckCrm) -> None:
    """A filter that leaves out what it should keep is told with a record that it should have brought."""
    crm.narrow = lambda query: []
    told = problems(await check_crm(FILTERED))
    assert told[1] == "filter customers.list: status = ACTIVE brings nothing, not even 1"


@pytest.mark.parametrize(
    ("adapter", "told"),
    [
        ("Orders", []),
        (
            "OrdersCutOff",
            ["filter orders.by_customers: per_key = 1 leaves 2 of 3 keys without records, such as 1: is it per batch?"],
        ),
    ],
)
async def test_a_limit_of_each_key_is_none_of_the_batch(adapter: str, told: list[str]) -> None:
    """`per_key` that cuts the answer for several customers would leave some of them without their orders."""
    settings = parse(tomllib.loads(f'[orders]\nadapter = "tests.gateway.check.adapters:{adapter}"'), "test")
    assert problems(await check(settings, {})) == told


async def test_a_batch_larger_than_the_system_gives_is_found(crm: Crm, check_crm: CheckCrm) -> None:
    """Batches are tried as large as `max_batch` says: one that is cut off would make records look absent."""
    crm.choose = lambda keys: crm.named(keys)[:60]
    assert (await check_crm()).ok
    (told,) = problems(await check_crm(("max_batch = 40", "max_batch = 100")))
    assert told == (
        "batch customers.by_ids: 40 of 100 keys have no record in a batch; 61 differs in a batch and alone: "
        "0 records and 1"
    )
