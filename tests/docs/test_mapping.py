"""docs/mapping.md: every line of its tables does what it says, and every file on it is one that can be used."""

from __future__ import annotations

import json
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from resolvers.backends.mapping import MappingSettings, compile_reader
from resolvers.backends.mapping.kinds import kinds_of
from resolvers.backends.mapping.paths import parse_path, walk
from resolvers.backends.operation import ARGUMENTS
from resolvers.backends.rest import RestOperationSettings
from resolvers.backends.rest.templates import RequestTemplate
from resolvers.backends.settings import DOMAINS, read_backends
from resolvers.records import Money

PAGE = (Path(__file__).resolve().parents[2] / "docs/mapping.md").read_text(encoding="utf-8")
FILES = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
PRELUDE = '[backends.crm]\nkind = "rest"\nurl = "http://crm.example"\n'
REQUIRED = {"id": "1", "name": "n", "sku": "s", "quantity": 1}


def table(*headings: str) -> list[list[str]]:
    """The rows of the table with these headings, cells without their marks."""
    _, _, rest = PAGE.partition(f"| {' | '.join(headings)} |\n")
    assert rest, headings
    rows = []
    for line in rest.splitlines()[1:]:
        if not line.startswith("|"):
            break
        cells = re.split(r" (?<!\\)\| ", line.strip("| "))
        rows.append([cell.replace("\\|", "|").strip("`") if "`, `" not in cell else cell for cell in cells])
    return rows


@pytest.mark.parametrize(("item", "path", "value"), table("item", "path", "value"))
def test_paths_lead_where_the_page_says(item: str, path: str, value: str) -> None:
    """Each way of writing a path finds the value that is shown."""
    found = walk(json.loads(item), parse_path(path).steps)
    assert ("null" if found is None else found) == value


@pytest.mark.parametrize(("field", "item", "settings", "value"), table("field", "comes", "written as", "becomes"))
def test_conversions_give_what_the_page_says(field: str, item: str, settings: str, value: str) -> None:
    """Each way of writing a field makes the value that is shown of the one that comes."""
    domain, _, name = field.partition(".")
    record = DOMAINS[domain]
    fields = {key: {"const": REQUIRED[key]} for key, kind in kinds_of(record).items() if kind.required}
    mapping = MappingSettings.model_validate({"fields": fields | tomllib.loads(f"{name} = {settings}")})
    (outcome,) = compile_reader(record, mapping, backend="crm", operation=domain).read([json.loads(item)])
    assert not isinstance(outcome, Exception), outcome
    assert shown(getattr(outcome, name)) == value


def shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, Money):
        return f"{value.amount} {value.currency}"
    return str(value) if isinstance(value, (str, Decimal)) else value.isoformat()  # type: ignore[no-any-return]


@pytest.mark.parametrize(("template", "values", "sent"), table("template", "values", "is sent"))
def test_requests_carry_what_the_page_says(template: str, values: str, sent: str) -> None:
    """Each form writes the keys, or the argument, as it is shown."""
    keys = tuple(value.strip("`") for value in values.split(", "))
    operation = RestOperationSettings(path="/x", query={"x": template})
    given = {"key": keys, "keys": keys, "text": keys}
    target = RequestTemplate("customers.list", operation).target(given)
    written = target.removeprefix("/x?x=")
    assert sent in (written, unquote(written))


def test_the_words_are_those_of_the_records() -> None:
    """The table has every field that holds words of the graph, and all of them."""
    told = {field: tuple(words.split(", ")) for field, words in table("field", "words")}
    assert told == {
        f"{domain}.{name}": kind.words
        for domain, record in DOMAINS.items()
        for name, kind in kinds_of(record).items()
        if kind.words
    }


def test_the_arguments_are_those_that_operations_take() -> None:
    """The table has every operation with arguments, and all of them."""
    told = {
        operation.strip("`"): set(arguments.split(", "))
        for operations, arguments in table("operation", "arguments")
        for operation in operations.split(", ")
    }
    assert told == {operation: set(names) for operation, names in ARGUMENTS.items() if names}


@pytest.mark.parametrize("written", [row[1] for row in table("what comes", "written as", "is")])
def test_outcomes_are_written_so(written: str) -> None:
    """Each key is one that an operation has."""
    RestOperationSettings.model_validate({"path": "/x"} | tomllib.loads(written))


@pytest.mark.parametrize("file", FILES)
def test_every_file_can_be_used(file: str) -> None:
    """What the page shows is taken, with a backend and what it leaves out around it."""
    content = tomllib.loads(PRELUDE + file)
    for name, domain in DOMAINS.items():
        if name in content:
            fields = {key: key for key, kind in kinds_of(domain).items() if kind.required}
            method = "by_skus" if name == "products" else "by_ids"
            added = {"backend": "crm", "fields": fields, method: {"path": "/{key}"}}
            content[name] = added | content[name]
    assert read_backends(content)[1] == []
