"""Batches and pages: asked two ways, and compared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec.structs import asdict

from gateway.check.asking import Asked, Exchange, known, told
from gateway.check.report import Report
from resolvers.backends.settings import RestOperation
from resolvers.errors import BackendContract

SINGLES = 3
"""How many keys are asked for one at a time."""


async def check_batch(asked: Asked, keys: Sequence[str], batch: Exchange, all_exist: bool, report: Report) -> str:
    """What came for many keys against what comes for one; says in a few words what that gave."""
    if asked.endpoint.max_batch == 1:
        return "one key a call"
    if len(keys) < 2:
        return "not verified: one key is known"
    place = asked.name
    if batch.error is not None:
        single = await asked.ask(keys=keys[:1])
        if single.error is None:
            report.note(
                "problem",
                "batch",
                place,
                f"{len(keys)} keys in one call fail, one alone does not: {told(batch.error)}; see max_batch",
            )
            return "fails"
        return "not verified"
    found = _by_key(asked, batch.records)
    broken = False
    strangers = sorted(key for key in found if key not in set(keys))
    if strangers:
        broken = True
        report.note(
            "problem",
            "batch",
            place,
            f"{len(keys)} keys bring records of {len(strangers)} others, such as {strangers[0]}: are they ignored?",
        )
    lacking = [key for key in keys if key not in found]
    chosen = list(dict.fromkeys([*lacking[:2], keys[0], keys[-1], keys[len(keys) // 2]]))[: SINGLES + bool(lacking)]
    for key in chosen:
        single = await asked.ask(keys=[key])
        if single.error is not None:
            report.note(
                "problem",
                "batch",
                place,
                f"{key} alone fails, in a batch it does not: {told(single.error)}{asked.hint(single.error)}",
            )
            broken = True
            continue
        difference = _difference(found.get(key, []), _only(asked, key, single.records))
        if difference:
            broken = True
            among = f"{len(lacking)} of {len(keys)} keys have no record in a batch; " if lacking else ""
            report.note("problem", "batch", place, f"{among}{key} differs in a batch and alone: {difference}")
            break
    if lacking and all_exist and not broken:
        report.note(
            "warning", "batch", place, f"{len(lacking)} of {len(keys)} keys have no record, such as {lacking[0]}"
        )
    return "differs" if broken else f"{len(keys)} keys as {len(chosen)} alone"


async def check_absent(asked: Asked, keys: list[str], report: Report) -> None:
    """Whether a key that nobody has is answered as one: with nothing, not with an error or another's record."""
    key = _nobodys(keys)
    if not asked.endpoint.sendable([key]):
        return
    answer = await asked.ask(keys=[key])
    if answer.error is not None:
        hint = asked.hint(answer.error)
        text = f"a key that nobody has ({key}) is an error: {told(answer.error)}{hint}"
        report.note("problem" if hint else "warning", "absent", asked.name, text)
    elif any(known(record, asked.key) is None for record in answer.records):
        text = f"a key that nobody has ({key}) brings a record that does not tell its {asked.key}"
        report.note("warning", "absent", asked.name, text)


def _nobodys(keys: list[str]) -> str:
    """A key of the same form as these that is most likely none."""
    key = "999999999" if keys[-1].isdigit() else re.sub("[0-9]", "9", keys[-1])
    return f"{key}9999" if key in keys else key


def _by_key(asked: Asked, records: Sequence[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for record in records:
        found.setdefault(known(record, asked.key) or "", []).append(record)
    return found


def _only(asked: Asked, key: str, records: Sequence[Any]) -> list[Any]:
    """The records of the key; asked for one, the backend need not repeat it."""
    return [record for record in records if known(record, asked.key) in (key, None)]


def _difference(many: list[Any], one: list[Any]) -> str:
    if len(many) != len(one):
        return f"{len(many)} records and {len(one)}"
    ordered = zip(sorted(map(_plain, many), key=repr), sorted(map(_plain, one), key=repr), strict=True)
    names = {name for left, right in ordered for name in left.keys() | right if left.get(name) != right.get(name)}
    return ", ".join(sorted(names))


def _plain(record: Any) -> dict[str, Any]:
    if isinstance(record, BackendContract):
        return {"error": record.details.get("field"), "id": known(record, "id")}
    return asdict(record)


async def check_pages(asked: Asked, large: Exchange, size: int, report: Report) -> str:
    """Two small pages against one large one, and whether the end is the end."""
    fetched = large.fetched
    if fetched is None:
        return "not verified"
    count = len(fetched.records)
    positions = fetched.positions
    if positions is None or count == 0:
        return "not verified: no records"
    wrong: list[str] = []
    if fetched.total is not None and (fetched.total > count) != fetched.has_next:
        wrong.append(f"{count} of {fetched.total} records came for {size}, and there is {_more(fetched.has_next)}")
    if not fetched.has_next:
        beyond = await asked.ask(first=1, after=positions[-1])
        if beyond.error is not None:
            wrong.append(f"the page after the last cannot be read: {told(beyond.error)}{asked.hint(beyond.error)}")
        if beyond.records:
            wrong.append(f"the list goes on after its end: page size {size} brought only {count}")
    half = count // 2
    if half:
        wrong += await _halves(asked, fetched.records, half)
    wrong += await _full_page(asked, large, size)
    for text in wrong:
        report.note("problem", "paging", asked.name, text)
    if wrong:
        return "differs"
    return f"2 x {half} as {count}" if half else "not verified: one record"


async def _halves(asked: Asked, whole: Sequence[Any], half: int) -> list[str]:
    first = await asked.ask(first=half)
    if first.fetched is None or not first.fetched.positions:
        return [f"a page of {half} cannot be read" + (f": {told(first.error)}" if first.error else "")]
    second = await asked.ask(first=half, after=first.fetched.positions[-1])
    if second.fetched is None:
        return [f"the second page of {half} cannot be read" + (f": {told(second.error)}" if second.error else "")]
    apart = [*_names(asked, first.records), *_names(asked, second.records)]
    together = _names(asked, whole[: 2 * half])
    if apart == together:
        return []
    if set(_names(asked, first.records)) & set(_names(asked, second.records)):
        return [f"the second page of {half} repeats records of the first"]
    if sorted(apart) == sorted(together):
        return [f"two pages of {half} have another order than one of {2 * half}: the list needs a fixed order"]
    return [f"two pages of {half} hold other records than one of {2 * half}"]


async def _full_page(asked: Asked, large: Exchange, size: int) -> list[str]:
    """Whether pages are as large as the configuration says that they are."""
    settings = asked.operation.settings
    page_size = getattr(settings.paging, "page_size", 0) if isinstance(settings, RestOperation) else 0
    fetched = large.fetched
    if fetched is None or not fetched.has_next or not size < page_size <= 1000:
        return []
    full = await asked.ask(first=page_size)
    # Pagers tell themselves when a page that is not full is followed by another.
    return [] if full.error is None else [f"a page of {page_size} (page_size) cannot be read: {told(full.error)}"]


def _names(asked: Asked, records: Sequence[Any]) -> list[str]:
    return [known(record, asked.identity) or "?" for record in records]


def _more(has_next: bool) -> str:
    return "a next page" if has_next else "no next page"
