"""What an adapter gives, as items that a mapping reads: every field under its own name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from resolvers.backends.mapping import FieldSettings, MappingSettings
from resolvers.backends.mapping.kinds import kinds_of


def own_names(record: type[Struct]) -> MappingSettings:
    """The mapping of items that hold the fields of the record under their own names."""
    return MappingSettings(fields=_fields(record))


def _fields(record: type[Struct]) -> dict[str, FieldSettings]:
    fields: dict[str, FieldSettings] = {}
    for name, kind in kinds_of(record).items():
        if kind.record is not None:
            fields[name] = FieldSettings(each=name, fields=_fields(kind.record))
        elif kind.name == "money":
            fields[name] = FieldSettings(path=f"{name}.amount", currency_path=f"{name}.currency")
        else:
            fields[name] = FieldSettings(path=name)
    return fields


def item_of(given: Any) -> Any:
    """A record or mapping as dicts and lists, so that records given whole are read as strictly as any answer."""
    if isinstance(given, Struct):
        return {name: item_of(value) for name, value in asdict(given).items()}
    if isinstance(given, Mapping):
        return {name: item_of(value) for name, value in given.items()}
    if isinstance(given, (list, tuple)):
        return [item_of(value) for value in given]
    return given
