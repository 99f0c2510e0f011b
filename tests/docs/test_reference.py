"""What the documents say is what the code does."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from gateway.demo.run import configuration_path
from gateway.reference import json_schema, markdown
from resolvers.backends.settings import read_backends
from schema.build import sdl

ROOT = Path(__file__).resolve().parents[2]


def test_the_configuration_page_is_the_one_made_from_the_models() -> None:
    """Every key is documented, with the default that it has; `make reference` writes the page anew."""
    assert (ROOT / "docs/configuration.md").read_text(encoding="utf-8") == markdown()


def test_every_key_says_what_it_is_for() -> None:
    """No key of the reference stands without a sentence."""
    silent = [
        line
        for line in markdown().splitlines()
        if line.startswith("| `") and not line.rsplit("|", 2)[1].strip() and "`type`" not in line
    ]
    assert silent == []


def test_the_printed_schema_is_the_one_that_is_served() -> None:
    """A change of the graph shows in `schema/schema.graphql`; `make schema` writes it anew."""
    assert (ROOT / "schema/schema.graphql").read_text(encoding="utf-8") == sdl()


@pytest.fixture(scope="module")
def editor() -> Draft202012Validator:
    """What an editor does with the schema."""
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def underlined(editor: Draft202012Validator, text: str) -> set[str]:
    """The places that an editor marks in this text, each with the words that name what is wrong there."""
    found = editor.iter_errors(tomllib.loads(text))
    return {f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in found}


@pytest.mark.parametrize(
    "file",
    [configuration_path(), *sorted((ROOT / "examples").glob("*/bizgraph.toml"))],
    ids=lambda file: file.parent.name,
)
def test_the_json_schema_takes_what_the_gateway_takes(editor: Draft202012Validator, file: Path) -> None:
    """The files of the demo and of the examples fit the schema that editors check and complete by."""
    assert underlined(editor, file.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("max_batch =", "max_bacth =", "customers.by_ids: Additional properties are not allowed ('max_bacth' was"),
        ("max_batch = 50", 'max_batch = "50"', "customers.by_ids.max_batch: '50' is not"),
        ("[customers.list]", "[customers.lst]", "customers: Additional properties are not allowed ('lst' was"),
        ("email =", "emial =", "customers.fields: Additional properties are not allowed ('emial' was"),
        ('as = "epoch-seconds"', 'as = "epoch"', "customers.fields.created_at.as: 'epoch' is not"),
        ('type = "offset"', 'type = "ofset"', "customers.list.paging: {'type': 'ofset'"),
        ('timeout = "2s"', "timeout = 2", "backends.crm.timeout: 2 is not of type 'string'"),
        ('type = "bearer"', 'type = "baerer"', "backends.crm.auth: {'type': 'baerer'"),
    ],
)
def test_an_editor_underlines_a_slip(editor: Draft202012Validator, right: str, wrong: str, told: str) -> None:
    """A misspelt key, field, operation or word and a value of another type are marked where they stand."""
    text = SMALL.replace(right, wrong)
    assert text != SMALL
    assert any(place.startswith(told) for place in underlined(editor, text)), underlined(editor, text)


SMALL = """
[backends.crm]
kind = "rest"
url = "https://crm.example"
auth = { type = "bearer", token = "env:CRM_TOKEN" }
timeout = "2s"

[customers]
backend = "crm"
where = { path = "gone", not_in = [true] }

[customers.fields]
id = "id"
name = "name"
email = { first_of = ["mail", "contact.mail"] }
created_at = { path = "since", as = "epoch-seconds" }

[customers.by_ids]
path = "/customers"
query = { ids = "{keys|csv}" }
max_batch = 50

[customers.list]
path = "/customers"
query = { at = "{offset}", state = "{status|csv}" }
arguments = { status = { ACTIVE = "1", BLOCKED = ["2", "3"] } }
paging = { type = "offset" }
"""


def test_the_small_file_is_right(editor: Draft202012Validator) -> None:
    """Without a slip nothing is underlined, and the gateway takes the file."""
    assert underlined(editor, SMALL) == set()
    assert read_backends(tomllib.loads(SMALL))[1] == []
