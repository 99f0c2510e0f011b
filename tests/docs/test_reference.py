"""What the documents say is what the code does."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from gateway.demo.run import configuration_path
from gateway.reference import json_schema, markdown
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


def keys_of(table: dict[str, Any], schema: dict[str, Any], definitions: dict[str, Any]) -> list[str]:
    """Keys of the table that the JSON Schema does not know."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    properties = schema.get("properties", {})
    return [key for key in table if key not in properties]


def test_the_json_schema_knows_what_the_demo_writes() -> None:
    """The demo's file fits the schema that editors complete from."""
    schema = json_schema()
    content = tomllib.loads(configuration_path().read_text(encoding="utf-8"))
    assert keys_of(content, schema, schema["$defs"]) == []
    for name, table in content.items():
        if name not in ("auth", "backends"):
            assert keys_of(table, schema["properties"][name], schema["$defs"]) == [], name
