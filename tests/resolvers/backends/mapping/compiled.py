"""Mappings written as `bizgraph.toml` writes them, compiled for one test."""

from __future__ import annotations

import tomllib
from typing import Any

from resolvers.backends.mapping import MappingSettings, Reader, compile_reader
from resolvers.errors import BackendContract

CUSTOMER = 'id = "id"\nname = "name"\n'
ORDER = 'id = "id"\n'
INVOICE = 'id = "id"\n'


def settings(fields: str, where: str = "") -> MappingSettings:
    """The mapping with the lines of its `fields` table, and the value of `where`."""
    written = (f"where = {where}\n" if where else "") + f"[fields]\n{fields}"
    return MappingSettings.model_validate(tomllib.loads(written))


def reader(record: type[Any], fields: str, where: str = "", **options: Any) -> Reader[Any]:
    """The compiled mapping."""
    return compile_reader(record, settings(fields, where), backend="erp", operation="things.by_ids", **options)


def read(record: type[Any], fields: str, item: Any) -> Any:
    """The record made of one item. Fails unless the generated and the exact way agree on it."""
    compiled = reader(record, fields)
    (outcome,) = compiled.read([item])
    for name, value in compiled.examine(item).items():
        if not isinstance(outcome, BackendContract):
            assert getattr(outcome, name) == value
    return outcome


def refused(record: type[Any], fields: str, item: Any) -> BackendContract:
    """The error made of one item."""
    outcome = read(record, fields, item)
    assert isinstance(outcome, BackendContract), outcome
    return outcome
