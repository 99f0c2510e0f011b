"""What the fields of a record hold, read off its annotations."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Struct
from msgspec.structs import fields

from resolvers.records import Money

KindName = Literal["text", "lines", "decimal", "money", "date", "datetime", "records"]

_SCALARS: dict[Any, KindName] = {str: "text", Decimal: "decimal", Money: "money", date: "date", datetime: "datetime"}


class Kind(Struct, frozen=True):
    """What a field holds: `record` in a tuple of records; nothing but a value when `required`."""

    name: KindName
    required: bool
    record: type[Struct] | None = None
    words: tuple[str, ...] = ()
    """The only texts that the field may hold, where they are fixed."""

    @property
    def default(self) -> Any:
        """The field's value where the backend knows none."""
        return () if self.name in {"lines", "records"} else None


@cache
def kinds_of(record: type[Struct]) -> dict[str, Kind]:
    """The kind of each field of the record. TypeError for an annotation that no conversion makes."""
    hints = get_type_hints(record)
    return {field.name: _kind(hints[field.name], field.required) for field in fields(record)}


def _kind(hint: Any, required: bool) -> Kind:
    if get_origin(hint) in {Union, UnionType}:
        (hint,) = (part for part in get_args(hint) if part is not NoneType)
    if hint in _SCALARS:
        return Kind(_SCALARS[hint], required)
    if get_origin(hint) is Literal:
        return Kind("text", required, words=get_args(hint))
    if get_origin(hint) is tuple and get_args(hint)[1:] == (...,):
        entry = get_args(hint)[0]
        if entry is str:
            return Kind("lines", required)
        if issubclass(entry, Struct):
            return Kind("records", required, entry)
    raise TypeError(f"no conversion makes {hint!r}")
