"""Which fields of records are personal data. What masks, journals or keeps records reads it here.

The schema marks the same fields with @personal; a test holds the two against each other.
"""

from __future__ import annotations

from msgspec import Struct

from resolvers.records import Customer

PERSONAL: dict[type[Struct], frozenset[str]] = {Customer: frozenset({"name", "email", "phone", "addresses"})}
"""The personal fields of each record that has any; their values appear in no error and in no log."""
