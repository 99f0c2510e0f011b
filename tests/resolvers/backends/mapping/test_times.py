"""Instants and days: every form, every zone, and no day that is off by one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from resolvers.records import Customer, Invoice
from tests.resolvers.backends.mapping.compiled import CUSTOMER, INVOICE, read, refused

PARIS = ZoneInfo("Europe/Paris")
ZONE = ', zone = "Europe/Paris"'


def created(raw: Any, options: str = "") -> datetime | None:
    """The instant that the value is read as."""
    item = {"id": 1, "name": "n", "at": raw}
    value: datetime | None = read(Customer, CUSTOMER + f'created_at = {{ path = "at"{options} }}', item).created_at
    assert value is None or value.tzinfo is not None
    return value


def issued(raw: Any, options: str = "") -> date | None:
    """The day that the value is read as."""
    value: date | None = read(
        Invoice, INVOICE + f'issued_on = {{ path = "on"{options} }}', {"id": 1, "on": raw}
    ).issued_on
    assert value is None or type(value) is date
    return value


def no_instant(raw: Any, options: str = "") -> str:
    """What was expected where the value is no instant."""
    item = {"id": 1, "name": "n", "at": raw}
    expected: str = refused(Customer, CUSTOMER + f'created_at = {{ path = "at"{options} }}', item).details["expected"]
    return expected


def no_day(raw: Any, options: str = "") -> str:
    """What was expected where the value is no day."""
    item = {"id": 1, "on": raw}
    expected: str = refused(Invoice, INVOICE + f'issued_on = {{ path = "on"{options} }}', item).details["expected"]
    return expected


@pytest.mark.parametrize(
    ("raw", "utc"),
    [
        ("2026-01-11T10:12:13Z", datetime(2026, 1, 11, 10, 12, 13, tzinfo=UTC)),
        ("2026-01-11T10:12:13+02:00", datetime(2026, 1, 11, 8, 12, 13, tzinfo=UTC)),
        ("2026-01-11T10:12:13+0200", datetime(2026, 1, 11, 8, 12, 13, tzinfo=UTC)),
        ("2026-01-11 10:12:13Z", datetime(2026, 1, 11, 10, 12, 13, tzinfo=UTC)),
        ("2026-01-11t10:12:13.5Z", datetime(2026, 1, 11, 10, 12, 13, 500000, tzinfo=UTC)),
        ("2026-01-11T10:12:13.1234567Z", datetime(2026, 1, 11, 10, 12, 13, 123456, tzinfo=UTC)),
        ("2026-01-11T10:12Z", datetime(2026, 1, 11, 10, 12, tzinfo=UTC)),
        (datetime(2026, 1, 11, 10, tzinfo=timezone(timedelta(hours=1))), datetime(2026, 1, 11, 9, tzinfo=UTC)),
    ],
)
def test_iso_8601_with_an_offset_is_an_instant(raw: Any, utc: datetime) -> None:
    """Every usual writing of an instant is the same instant."""
    assert created(raw) == utc


def test_a_local_time_needs_a_zone() -> None:
    """A time without an offset is refused, or read in the zone that the file names, in summer and winter."""
    assert "zone" in no_instant("2026-07-01T10:00:00")
    assert created("2026-07-01T10:00:00", ZONE) == datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert created("2026-01-01 10:00:00", ZONE) == datetime(2026, 1, 1, 9, tzinfo=UTC)
    assert created(datetime(2026, 1, 1, 10), ZONE) == datetime(2026, 1, 1, 9, tzinfo=UTC)  # noqa: DTZ001  # a decoder's local time


def test_an_offset_wins_over_the_zone() -> None:
    """An instant stays what it is where the file names a zone for those without offset."""
    assert created("2026-07-01T10:00:00Z", ZONE) == datetime(2026, 7, 1, 10, tzinfo=UTC)


def test_a_day_alone_is_its_first_moment_in_the_zone() -> None:
    """A day becomes an instant only where its zone is known."""
    assert created("2026-07-01", ZONE) == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert created(date(2026, 7, 1), ZONE) == datetime(2026, 6, 30, 22, tzinfo=UTC)
    no_instant("2026-07-01")


@pytest.mark.parametrize(
    "raw",
    [
        "yesterday", "2026-13-01T00:00:00Z", "2026-01-32T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01x10:00:00Z",
        "20260111T101213Z",
        "2026-W01-1T10:00:00Z", "01/02/2026", "2026", "T", "0000-00-00 00:00:00", "2026-01-01T10:00:00+99:00",
        1767225600, 1.5, True,
        [], {}, "٢٠٢٦-01-01T00:00:00Z", "2026-01-01T",
    ],
)  # fmt: skip
def test_what_is_no_instant_is_refused(raw: Any) -> None:
    """Numbers and other writings are never guessed to be dates."""
    assert "ISO 8601" in no_instant(raw)


def test_a_false_offset_is_dropped_on_demand() -> None:
    """Local times that carry a Z nobody meant are read in the zone; without `ignore_offset` they are refused."""
    local = ', as = "local-datetime"' + ZONE
    assert created("2026-11-21T01:27:47Z", local + ", ignore_offset = true") == datetime(
        2026, 11, 21, 0, 27, 47, tzinfo=UTC
    )
    assert created("2026-11-21T01:27:47", local) == datetime(2026, 11, 21, 0, 27, 47, tzinfo=UTC)
    assert created("2026-11-21", local) == datetime(2026, 11, 20, 23, tzinfo=UTC)
    assert "ignore_offset" in no_instant("2026-11-21T01:27:47Z", local)


@pytest.mark.parametrize("raw", [1795220867, "1795220867", 1795220867.0, Decimal(1795220867)])
def test_epoch_seconds(raw: Any) -> None:
    """Seconds since 1970 as number or text."""
    assert created(raw, ', as = "epoch-seconds"') == datetime(2026, 11, 21, 0, 27, 47, tzinfo=UTC)


@pytest.mark.parametrize("raw", [1795220867250, "1795220867250", Decimal("1795220867250.0")])
def test_epoch_milliseconds(raw: Any) -> None:
    """Milliseconds since 1970, with nothing lost."""
    assert created(raw, ', as = "epoch-milliseconds"') == datetime(2026, 11, 21, 0, 27, 47, 250000, tzinfo=UTC)


def test_epoch_fractions_and_years_before() -> None:
    """Fractions of a second count; so do instants before 1970."""
    assert created(0.5, ', as = "epoch-seconds"') == datetime(1970, 1, 1, 0, 0, 0, 500000, tzinfo=UTC)
    assert created(Decimal("1.25"), ', as = "epoch-milliseconds"') == datetime(1970, 1, 1, 0, 0, 0, 1250, tzinfo=UTC)
    assert created(-86400, ', as = "epoch-seconds"') == datetime(1969, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        1795220867250, 10**30, -(10**12), "soon", True, [], float("nan"), float("inf"), Decimal("NaN"), Decimal("sNaN"),
        Decimal("1E+999999999"), 1e300, "1.5", "2026-01-01",
    ],
)  # fmt: skip
def test_what_is_no_epoch_is_refused(raw: Any) -> None:
    """Milliseconds taken for seconds lie beyond the year 9999: an error, not a date."""
    assert "since 1970" in no_instant(raw, ', as = "epoch-seconds"')


def test_an_epoch_is_shown_in_the_zone() -> None:
    """With a zone the instant carries its offset."""
    found = created(1747000800, ', as = "epoch-seconds"' + ZONE)
    assert found is not None
    assert found.isoformat() == "2025-05-12T00:00:00+02:00"


@pytest.mark.parametrize(
    ("seconds", "day"),
    [
        (1747000800, date(2025, 5, 12)),
        (1743289200, date(2025, 3, 30)),
        (1761429600, date(2025, 10, 26)),
        (1709161200, date(2024, 2, 29)),
        (1735599600, date(2024, 12, 31)),
    ],
)
@pytest.mark.parametrize("conversion", ["local-midnight", "epoch-seconds"])
def test_local_midnight_is_its_day(seconds: int, day: date, conversion: str) -> None:
    """A day that the backend stores as local midnight is not a day early, on the days of clock changes either."""
    assert issued(seconds, f', as = "{conversion}"' + ZONE) == day
    assert issued(str(seconds), f', as = "{conversion}"' + ZONE) == day


def test_local_midnight_notices_a_wrong_zone() -> None:
    """A zone in which the moment is no midnight cannot be the backend's, and is told."""
    assert "midnight in Europe/London" in no_day(1747000800, ', as = "local-midnight", zone = "Europe/London"')
    assert "midnight" in no_instant(1747000801, ', as = "local-midnight"' + ZONE)


def test_a_day_that_starts_at_one_has_a_midnight_too() -> None:
    """Where clocks go forward at midnight the day's first moment is one o'clock."""
    zone = ZoneInfo("America/Asuncion")
    first = datetime(2023, 10, 1, 1, tzinfo=zone)
    assert issued(int(first.timestamp()), ', as = "local-midnight", zone = "America/Asuncion"') == date(2023, 10, 1)


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("2026-02-28", date(2026, 2, 28)),
        ("2026-02-28Z", date(2026, 2, 28)),
        ("2026-02-28+14:00", date(2026, 2, 28)),
        ("2026-02-28T00:00:00", date(2026, 2, 28)),
        ("2026-02-28 23:59:59", date(2026, 2, 28)),
        ("2026-02-28T00:00:00Z", date(2026, 2, 28)),
        ("2026-02-28T00:00:00+01:00", date(2026, 2, 28)),
        (date(2026, 2, 28), date(2026, 2, 28)),
        (datetime(2026, 2, 28, 0, tzinfo=UTC), date(2026, 2, 28)),
        ("", None),
        (None, None),
    ],
)
def test_a_day_is_the_day_as_written(raw: Any, day: date | None) -> None:
    """Days, local times and midnights need no zone."""
    assert issued(raw) == day


def test_an_instant_is_cut_to_a_day_only_with_a_zone() -> None:
    """23:00Z is two days at once: the file says whose, or that the writing is what counts."""
    assert "zone" in no_day("2026-02-27T23:00:00Z")
    assert issued("2026-02-27T23:00:00Z", ZONE) == date(2026, 2, 28)
    assert issued("2026-02-27T23:00:00Z", ", ignore_offset = true") == date(2026, 2, 27)
    assert issued(datetime(2026, 2, 27, 23, tzinfo=UTC), ZONE) == date(2026, 2, 28)


@pytest.mark.parametrize(
    "raw",
    [
        "2026-02-30",
        "20260228",
        "2026-W09-6",
        "28.02.2026",
        "2026-2-8",
        "0000-00-00",
        20260228,
        0,
        True,
        [],
        {},
        "２０２６-02-28",
    ],
)
def test_what_is_no_day_is_refused(raw: Any) -> None:
    """A day that does not exist, or another writing of one, is an error."""
    assert "ISO 8601" in no_day(raw)


def test_days_at_the_edge_of_the_calendar_are_refused_not_raised() -> None:
    """An instant whose day lies outside of the calendar in the zone is a value that does not fit."""
    assert "years" in no_day("9999-12-31T23:59:59Z", ', zone = "Asia/Tokyo"')
    assert "years" in no_day("0001-01-01T00:00:01Z", ', zone = "America/New_York"')


def test_formats() -> None:
    """`format` reads what strptime can, as a day, or as an instant in the zone or with its own offset."""
    assert issued("28.02.2026", ', format = "%d.%m.%Y"') == date(2026, 2, 28)
    assert issued("20260228", ', format = "%Y%m%d"') == date(2026, 2, 28)
    assert created("28/02/2026 10:30", ', format = "%d/%m/%Y %H:%M"' + ZONE) == datetime(2026, 2, 28, 9, 30, tzinfo=UTC)
    assert created("28/02/2026 +0500", ', format = "%d/%m/%Y %z"') == datetime(2026, 2, 27, 19, tzinfo=UTC)
    assert "zone" in no_instant("28/02/2026", ', format = "%d/%m/%Y"')


@pytest.mark.parametrize("raw", ["2026-02-28", 20260228, "30.02.2026", "28.02.2026 ", []])
def test_what_has_another_format_is_refused(raw: Any) -> None:
    """The error names the format."""
    assert "%d.%m.%Y" in no_day(raw, ', format = "%d.%m.%Y"')


def test_two_conversions_for_a_backend_that_changed() -> None:
    """Version 20 writes local text, version 22 seconds: a mapping may take both, and refuses what is neither."""
    both = ', as = ["epoch-seconds", "local-datetime"]' + ZONE
    assert (
        created("2026-11-21 01:27:45", both)
        == created(1795220865, both)
        == datetime(2026, 11, 21, 0, 27, 45, tzinfo=UTC)
    )
    assert no_instant("soon", both) == "seconds since 1970 or an ISO 8601 date and time without an offset"


def test_parts_of_an_hour_and_zones_east() -> None:
    """Zones with odd offsets are zones like any other."""
    india = ', as = "local-datetime", zone = "Asia/Kolkata"'
    assert created("2026-01-01T05:30:00", india) == datetime(2026, 1, 1, tzinfo=UTC)
    assert PARIS.utcoffset(datetime(2026, 1, 1)) == timedelta(hours=1)  # noqa: DTZ001  # the zone data is there
