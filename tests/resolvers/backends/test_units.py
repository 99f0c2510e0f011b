"""Durations and sizes with their units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from resolvers.backends.units import ByteSize, Duration, byte_count, duration_text, seconds, size_text


class Limits(BaseModel):
    timeout: Duration = 2.0
    size: ByteSize = 32_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [("150ms", 0.15), ("2s", 2.0), ("2 s", 2.0), ("1.5h", 5400.0), ("5m", 300.0), ("7d", 604_800.0), ("0s", 0.0)],
)
def test_durations_are_read_in_seconds(text: str, expected: float) -> None:
    """Every unit of time comes out in seconds."""
    assert Limits(timeout=text).timeout == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"), [("512B", 512), ("1kB", 1000), ("32MB", 32_000_000), ("2GiB", 2**31), ("1.5KiB", 1536)]
)
def test_sizes_are_read_in_bytes(text: str, expected: int) -> None:
    """Powers of 1000 and of 1024 are told apart by their units."""
    assert Limits(size=text).size == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value", [2, 2.5, True, "2", "", "-1s", "1e3s", "٣s", "2 parsecs", "2MB", None, "9" * 40 + "s"]
)
def test_durations_without_a_unit_are_refused(value: object) -> None:
    """A bare number, another unit or anything else is refused, and the message names the units."""
    with pytest.raises(ValidationError, match="ms, s, m, h"):
        Limits(timeout=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [32, "32", "32mb", "1 MBit", "2s"])
def test_sizes_without_a_unit_are_refused(value: object) -> None:
    """Sizes follow the same rule."""
    with pytest.raises(ValidationError, match="MiB"):
        Limits(size=value)  # type: ignore[arg-type]


@given(st.integers(0, 10**11))
def test_durations_survive_being_written(milliseconds: int) -> None:
    """What is written out is read back as the same duration."""
    assert seconds(duration_text(milliseconds / 1000)) == pytest.approx(milliseconds / 1000)


@given(st.integers(0, 2**40))
def test_sizes_survive_being_written(size: int) -> None:
    """What is written out is read back as the same size."""
    assert byte_count(size_text(size)) == size


def test_settings_are_written_with_units() -> None:
    """A dump for people or machines says what the numbers mean, and is valid input."""
    dumped = Limits(timeout="90s").model_dump(mode="json")  # type: ignore[arg-type]
    assert dumped == {"timeout": "90s", "size": "32MB"}
    assert Limits(**dumped) == Limits(timeout="90s")  # type: ignore[arg-type]


def test_editors_are_told_that_units_are_needed() -> None:
    """The JSON Schema asks for a text with a unit."""
    schema = Limits.model_json_schema()
    assert schema["properties"]["timeout"]["type"] == "string"
    assert schema["properties"]["size"]["pattern"].endswith("GiB)$")
