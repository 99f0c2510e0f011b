"""From what a request has read to the lines of the journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
from msgspec import Struct

from resolvers.ownership import owner_of
from resolvers.principal import Principal
from resolvers.privacy import Reads


class Entry(Struct, frozen=True):
    """One operation that has read personal data; `at` is in seconds of the epoch, `document` the text's SHA-256."""

    at: float
    principal: Principal
    operation: str | None
    document: str
    correlation_id: str
    reads: Reads


def lines(entry: Entry, most: int | None = None) -> Iterator[bytes]:
    """One JSON object for each set of fields, with all the customers of whom just these were read.

    With `most` there are no more than so many customers in an object, for sinks that bound its length. A record that
    belongs to nobody known is told as null.
    """
    principal = entry.principal
    about: dict[str, Any] = {
        "time": datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "issuer": principal.issuer,
        "subject": principal.subject,
        "tenant": principal.tenant,
        "limitedTo": principal.customer,
        "operation": entry.operation,
        "document": entry.document,
        "correlationId": entry.correlation_id,
    }
    for fields, customers in _by_fields(entry.reads):
        for part in _parts(customers, most):
            yield orjson.dumps({**about, "fields": fields, "customers": part})


def _by_fields(reads: Reads) -> Iterable[tuple[list[str], list[str | None]]]:
    fields_of: dict[str | None, dict[str, None]] = {}
    for field, records in reads.noted:
        for record in records:
            fields_of.setdefault(owner_of(record), {})[field] = None
    customers_of: dict[tuple[str, ...], list[str | None]] = {}
    for customer, fields in fields_of.items():
        customers_of.setdefault(tuple(sorted(fields)), []).append(customer)
    return [(list(fields), customers) for fields, customers in customers_of.items()]


def _parts(customers: list[str | None], most: int | None) -> Iterator[list[str | None]]:
    step = most or len(customers)
    for start in range(0, len(customers), step):
        yield customers[start : start + step]
