"""What may be written for an instant, a day and a decimal, and how each is written back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from resolvers.errors import BadUserInput
from schema.build import build_schema, graphql_schema
from schema.scalars import GLANCE, read_date, read_datetime, read_decimal, write_date, write_datetime, write_decimal


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01t12:00:00.250z", datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-03-01T12:00+02:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T00:00:00+14:00", datetime(2026, 2, 28, 10, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_with_its_offset(text: str, instant: datetime) -> None:
    """Instants are taken in any offset and handed on in UTC, which every system can be asked with."""
    read = read_datetime(text)
    assert read == instant
    assert read.tzinfo is UTC
    assert read_datetime(write_datetime(read)) == read


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01",  # which moment of that day?
        "2026-03-01T12:00:00",  # where?
        "2026-W09-7T12:00:00Z",
        "20260301T120000Z",
        "2026-02-30T12:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "٢٠٢٦-03-01T12:00:00Z",
        "yesterday",
        "",
        1_772_366_400,
        None,
    ],
)
def test_what_could_mean_several_instants_is_refused(text: object) -> None:
    """A day alone or a time without offset is refused: a range that ends with it would silently miss records."""
    with pytest.raises(BadUserInput, match="an instant with its offset, such as 2026-03-01T12:00:00Z"):
        read_datetime(text)


@pytest.mark.parametrize(
    "text", ["2026-W09-7", "2026-3-1", "2026-02-30", "2026-03-01T00:00:00Z", "٢٠٢٦-03-01", 20260301]
)
def test_a_day_is_read_in_one_form_only(text: object) -> None:
    """A day is YYYY-MM-DD."""
    assert write_date(read_date("2026-03-01")) == "2026-03-01"
    assert read_date("2026-03-01") == date(2026, 3, 1)
    with pytest.raises(BadUserInput, match="YYYY-MM-DD"):
        read_date(text)


def test_decimals_keep_their_digits() -> None:
    """An amount is written with the digits that the system told, and never with an exponent."""
    assert [write_decimal(Decimal(text)) for text in ("12.50", "-0.10", "1E+3", "0E-8")] == [
        "12.50",
        "-0.10",
        "1000",
        "0.00000000",
    ]
    assert read_decimal("12.50") == Decimal("12.50")
    for wrong in (12.5, True, "NaN", "Infinity", "twelve", None):
        with pytest.raises(BadUserInput, match="decimal number as text"):
            read_decimal(wrong)


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC),
        datetime(2026, 3, 1, 12, 0, 5, 250_000, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(0), "GMT")),
        datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2))),
        datetime(1890, 3, 1, 12, tzinfo=timezone(timedelta(seconds=-10))),
    ],
)
def test_instants_and_days_are_written_in_iso_8601(instant: datetime) -> None:
    """Every part of an instant is written, down to the microsecond, and no offset is rounded."""
    text = instant.isoformat()
    assert write_datetime(instant) == (text[:-6] + "Z" if text.endswith("+00:00") else text)
    assert write_date(instant.date()) == instant.date().isoformat()


@pytest.mark.parametrize("text", ["12.50", "-0.10", "0", "0.000001", "123456789012345678901234567890.12", "NaN"])
def test_usual_values_are_written_alike_at_a_glance(text: str) -> None:
    """What the executor writes without asking the scalar is what the scalar would have written."""
    scalar = graphql_schema(build_schema()).type_map["Decimal"]
    cls, write, mark = scalar.extensions[GLANCE]
    value = Decimal(text)

    assert (type(value) is cls, mark in write(value), write(value)) == (True, False, write_decimal(value))


def test_an_exponent_is_nothing_for_a_glance() -> None:
    """Text that has to be written differently is told by its mark."""
    cls, write, mark = graphql_schema(build_schema()).type_map["Decimal"].extensions[GLANCE]

    assert cls is Decimal
    assert all(mark in write(Decimal(text)) for text in ("1E+3", "0E-8", "1E-65"))
