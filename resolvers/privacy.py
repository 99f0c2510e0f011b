"""Which fields of records are personal data, and what of it a request has read.

What masks, journals or keeps records reads it here. The schema marks the same fields with @personal; a test holds the
two against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from resolvers.records import Customer

PERSONAL: dict[type[Struct], frozenset[str]] = {Customer: frozenset({"name", "email", "phone", "addresses"})}
"""The personal fields of each record that has any; their values appear in no error and in no log."""


class Reads:
    """The personal data that one request has read: fields, and the records that they were read of.

    Noting keeps the sequences as they are, so it costs the same whatever their length.
    """

    __slots__ = ("noted",)

    def __init__(self) -> None:
        self.noted: list[tuple[str, Sequence[Any]]] = []

    def __bool__(self) -> bool:
        return bool(self.noted)

    def note(self, field: str, records: Sequence[Any]) -> None:
        """Note that this field, by its name in the schema, was read of these records."""
        self.noted.append((field, records))
