"""Instants and calendar days from what a payload holds; zones are `zoneinfo` zones from the configuration.

The conversions are made by factories, once per field. Each raises Misfit for what does not fit; a text without an
offset is never taken for UTC, and an instant is never cut to a day without knowing whose day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from resolvers.backends.mapping.misfit import Misfit
from resolvers.backends.mapping.shape import Usual
from resolvers.backends.mapping.texts import integer

Convert = Callable[[Any], Any]
_DAY_WITH_OFFSET = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})").fullmatch
"""XML Schema allows an offset after a date. It moves no day: the day is the one written."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MIDNIGHT = time(0)

USUAL = {
    "date": Usual("{0}[4:11:3] == '--'", date.fromisoformat),
    "datetime": Usual("{0}[7:11:3] == '-T' and {0}[-1] == 'Z'", datetime.fromisoformat),
}
"""Whatever zone `day` and `instant` are made with: a day alone, and an instant in UTC."""


def instant(zone: tzinfo | None) -> Convert:
    """ISO 8601 with an offset. With a zone, also without one, and a day alone (its first moment): local time there."""
    expected = "an ISO 8601 date and time" + ("" if zone else " with an offset (or say `zone`)")

    def convert(raw: Any) -> datetime:
        if raw.__class__ is str and raw[7:11:3] == "-T":
            # Nearly all texts are of this form, and most have an offset.
            try:
                written = datetime.fromisoformat(raw)
            except ValueError as exc:
                raise Misfit(expected, raw) from exc
            if written.tzinfo is not None:
                return written
            moment: date = written
        else:
            moment = _moment(raw, expected)
        if not isinstance(moment, datetime):
            moment = datetime.combine(moment, _MIDNIGHT)
        if moment.tzinfo is not None:
            return moment
        if zone is None:
            raise Misfit(expected, raw)
        return moment.replace(tzinfo=zone)

    return convert


def local_instant(zone: tzinfo, *, ignore_offset: bool) -> Convert:
    """ISO 8601 in local time of the zone. An offset in the text is refused, or dropped where it is declared false."""
    expected = "an ISO 8601 date and time without an offset"

    def convert(raw: Any) -> datetime:
        moment = _moment(raw, expected)
        if not isinstance(moment, datetime):
            return datetime.combine(moment, _MIDNIGHT, zone)
        if moment.tzinfo is not None and not ignore_offset:
            raise Misfit(f"{expected} (or say `ignore_offset`)", raw)
        return moment.replace(tzinfo=zone)

    return convert


def day(zone: tzinfo | None, *, ignore_offset: bool) -> Convert:
    """An ISO 8601 day; of a date and time, its day in the zone.

    Without a zone, the day as written: allowed for local times and for midnights. Any other instant is two days at
    once, so it is refused unless `ignore_offset` says that the writing is what counts.
    """
    expected = "an ISO 8601 date"

    def convert(raw: Any) -> date:
        if raw.__class__ is str and len(raw) == 10 and raw[7] == "-":
            try:
                return date.fromisoformat(raw)
            except ValueError as exc:
                raise Misfit(expected, raw) from exc
        if isinstance(raw, str) and (written := _DAY_WITH_OFFSET(raw)):
            raw = written[1]
        moment = _moment(raw, expected)
        if not isinstance(moment, datetime):
            return moment
        if moment.tzinfo is None or ignore_offset:
            return moment.date()
        if zone is not None:
            try:
                return moment.astimezone(zone).date()
            except OverflowError as exc:
                raise Misfit(f"{expected} within the years 1 to 9999", raw) from exc
        if moment.time() == _MIDNIGHT:
            return moment.date()
        raise Misfit(f"{expected} without a time (or say whose day with `zone`)", raw)

    return convert


def epoch(unit: int, zone: tzinfo | None) -> Convert:
    """Seconds (unit 1) or milliseconds (unit 1000) since 1970-01-01T00:00Z, as an instant in the zone or in UTC."""
    shown = zone or UTC
    expected = f"{'seconds' if unit == 1 else 'milliseconds'} since 1970"

    def convert(raw: Any) -> datetime:
        try:
            whole = raw if raw.__class__ is int else integer(raw)
            if unit == 1:
                return datetime.fromtimestamp(whole, shown)
            return (_EPOCH + timedelta(milliseconds=whole)).astimezone(shown)
        except Misfit as misfit:
            if not isinstance(raw, (float, Decimal)):
                raise Misfit(expected, raw) from misfit
        except (OverflowError, ValueError, OSError) as exc:
            raise Misfit(f"{expected}, within the years 1 to 9999", raw) from exc
        return _fraction(raw)

    def _fraction(raw: Any) -> datetime:
        try:
            # The bound comes first: rounding a Decimal such as 1E+999999999 would write all its digits.
            if abs(raw) < 1e15:
                return (_EPOCH + timedelta(microseconds=round(raw * 1_000_000 / unit))).astimezone(shown)
        except (ArithmeticError, ValueError) as exc:
            raise Misfit(expected, raw) from exc
        raise Misfit(expected, raw)

    return convert


def epoch_day(unit: int, zone: tzinfo) -> Convert:
    """The day, in the zone, of seconds or milliseconds since 1970."""
    moment = epoch(unit, zone)
    return lambda raw: moment(raw).date()


def local_midnight(zone: tzinfo) -> Convert:
    """Seconds since 1970 of a day's first moment in the zone. Any other moment is refused: the zone would be wrong."""
    moment_of = epoch(1, zone)
    expected = f"seconds since 1970 of a midnight in {zone}"

    def convert(raw: Any) -> datetime:
        moment: datetime = moment_of(raw)
        # Where the clocks go forward at midnight the day starts at one o'clock, with midnight's timestamp.
        if moment.time() != _MIDNIGHT and datetime.combine(moment.date(), _MIDNIGHT, zone).timestamp() != integer(raw):
            raise Misfit(expected, raw)
        return moment

    return convert


def local_midnight_day(zone: tzinfo) -> Convert:
    """The day whose first moment in the zone is given, in seconds since 1970."""
    moment = local_midnight(zone)
    return lambda raw: moment(raw).date()


def formatted(pattern: str) -> Convert:
    """Text in a format of `datetime.strptime`, as a datetime with or without an offset, for the conversions above."""
    expected = f"a date in the format {pattern}"

    def convert(raw: Any) -> datetime:
        if isinstance(raw, str):
            try:
                return datetime.strptime(raw, pattern)  # noqa: DTZ007  # the offset is judged by the next conversion
            except ValueError as exc:
                raise Misfit(expected, raw) from exc
        raise Misfit(expected, raw)

    return convert


def alternatives(conversions: Sequence[Convert]) -> Convert:
    """The first conversion that the value fits."""

    def convert(raw: Any) -> Any:
        expected = []
        for conversion in conversions:
            try:
                return conversion(raw)
            except Misfit as misfit:
                expected.append(misfit.expected)
        raise Misfit(" or ".join(expected), raw)

    return convert


def _moment(raw: Any, expected: str) -> date:
    """A date (exactly) for a day, a datetime for a day with a time."""
    if raw.__class__ is str:
        try:
            # Only the extended format: `fromisoformat` would also take 20260101, weeks and any separator.
            if len(raw) == 10:
                if raw[4] == raw[7] == "-":
                    return date.fromisoformat(raw)
            elif raw[4] == raw[7] == "-" and raw[10] in "Tt ":
                return datetime.fromisoformat(raw)
        except (ValueError, IndexError) as exc:
            raise Misfit(expected, raw) from exc
    elif isinstance(raw, date):
        return raw
    elif isinstance(raw, str):
        return _moment(str(raw), expected)
    raise Misfit(expected, raw)
