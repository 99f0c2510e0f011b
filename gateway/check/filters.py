"""Filters and orders that reach a backend: asked for, and compared with what they promise.

The gateway leaves to a backend what its operation accepts. One that ignores a filter, or limits a batch as a whole,
would answer callers with records that they did not ask for, or without some that they did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from gateway.check.asking import Asked, Exchange, known, told
from gateway.check.report import Report
from resolvers.backends.operation import ARGUMENTS
from resolvers.errors import BadUserInput
from resolvers.filters import SORT_KEYS, CustomerFilter, Filter, InvoiceFilter, OrderFilter, ProductFilter

_FILTERS: Final[dict[str, Callable[..., Filter]]] = {
    "customers": CustomerFilter,
    "orders": OrderFilter,
    "products": ProductFilter,
    "invoices": InvoiceFilter,
}
_DATES: Final = {"created": "created_at", "placed": "placed_at", "issued": "issued_on", "due": "due_on"}
"""The field that a range is about. Dates have one order; names have that of the backend's language."""


_ELSEWHERE: Final = {"text", "overdue", "sort", "per_key"}
"""Arguments that are checked below, or of which each backend has its own idea."""


async def check_filters(asked: Asked, keys: Sequence[str], size: int, sample: Exchange, report: Report) -> None:
    """Asks with one value for each filter that the operation accepts, and in each order by date."""
    records = [record for record in sample.records if not isinstance(record, Exception)]
    for name, value, criteria in _criteria(asked, records):
        answer = await asked.ask(keys=keys, first=None if keys else size, args=criteria.arguments())
        wrong = _against(asked, criteria, records, answer)
        if wrong:
            report.note("problem", "filter", asked.name, f"{name} = {value} {wrong}")
    for sort in ARGUMENTS[asked.name].get("sort", ()) if asked.listed and "sort" in asked.endpoint.accepts else ():
        if sort.partition(":")[0] in _DATES.values():
            answer = await asked.ask(first=size, args={"sort": sort})
            if not _in_order(sort, answer.records):
                report.note("problem", "sort", asked.name, f"sort = {sort} brings records in another order")
    if "per_key" in asked.endpoint.accepts and len(keys) > 1:
        await _check_per_key(asked, keys, records, report)


def _criteria(asked: Asked, records: Sequence[Any]) -> Iterator[tuple[str, str, Filter]]:
    """Filters that some of the records meet: the argument, its value, and the filter."""
    for name in sorted(asked.endpoint.accepts & ARGUMENTS[asked.name].keys() - _ELSEWHERE):
        stem, _, end = name.rpartition("_")
        field = _DATES[stem] if end in ("from", "to") else name
        values = sorted(value for record in records if (value := getattr(record, field)) is not None)
        if values:
            value = values[len(values) // 2]
            yield name, str(value), _FILTERS[asked.domain](**{name: value if end in ("from", "to") else (value,)})


def _against(asked: Asked, criteria: Filter, records: Sequence[Any], answer: Exchange) -> str | None:
    """What is wrong with the answer; None where nothing is, or where the configuration refuses the value itself."""
    if answer.error is not None:
        return None if isinstance(answer.error, BadUserInput) else f"fails: {told(answer.error)}"
    found = [record for record in answer.records if not isinstance(record, Exception)]
    strangers = [record for record in found if not criteria.matches(record, asked.today)]
    if strangers:
        return f"brings {len(strangers)} others, such as {known(strangers[0], asked.identity)}: is it ignored?"
    if not found:
        meets = next(record for record in records if criteria.matches(record, asked.today))
        return f"brings nothing, not even {known(meets, asked.identity)}"
    return None


def _in_order(sort: str, records: Sequence[Any]) -> bool:
    name, _, direction = sort.partition(":")
    found = [record for record in records if not isinstance(record, Exception)]
    values = [value for value in map(SORT_KEYS[name], found) if value is not None]
    return all((one <= next_) if direction == "asc" else (one >= next_) for one, next_ in pairwise(values))


async def _check_per_key(asked: Asked, keys: Sequence[str], records: Sequence[Any], report: Report) -> None:
    """Whether `per_key` limits the records of each key, and not of the whole batch."""
    answer = await asked.ask(keys=keys, args={"per_key": 1})
    if answer.error is not None:
        report.note("problem", "filter", asked.name, f"per_key = 1 fails: {told(answer.error)}")
        return
    had = {known(record, asked.key) for record in records}
    has = {known(record, asked.key) for record in answer.records}
    if lost := sorted(str(key) for key in had - has):
        text = f"per_key = 1 leaves {len(lost)} of {len(had)} keys without records, such as {lost[0]}: is it per batch?"
        report.note("problem", "filter", asked.name, text)
