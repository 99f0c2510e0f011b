"""The assertion that other tests rely on finds what it should."""

from __future__ import annotations

from typing import Any

from tests.explained import Path, unexplained

WELL = {"customer": {"name": "Åse", "orders": [{"id": 1}, {"id": 2}], "phone": None}}


def error(*path: str | int, **extensions: Any) -> dict[str, Any]:
    return {"path": list(path), "extensions": extensions}


def found(customer: Any, *errors: dict[str, Any]) -> list[Path]:
    return unexplained({"customer": customer}, errors, WELL)


def test_what_is_as_it_should_be_needs_no_error() -> None:
    """A null that is one in health, too, is a value like others."""
    assert found(WELL["customer"]) == []


def test_nulls_need_an_error_of_their_own() -> None:
    """An error elsewhere explains nothing; one below explains the null that it left behind."""
    lost = {"name": "Åse", "orders": None, "phone": None}
    assert found(lost) == [("customer", "orders")]
    assert found(lost, error("customer", "name")) == [("customer", "orders")]
    assert found(lost, error("customer", "orders")) == []
    assert found(lost, error("customer", "orders", 0, "id")) == []
    assert found(None, error("customer", "orders", 0, "id")) == []


def test_merged_errors_explain_every_place_they_count() -> None:
    """Where not all places are named, those of the same shape are meant; where all are, no other is."""
    lost = {"name": "Åse", "orders": [None, None], "phone": None}
    one = error("customer", "orders", 0, paths=[["customer", "orders", 0]], count=1)
    many = error("customer", "orders", 0, paths=[["customer", "orders", 0]], count=2)
    assert found(lost, one) == [("customer", "orders", 1)]
    assert found(lost, many) == []


def test_no_error_explains_wrong_data() -> None:
    """A list that lost its end, a value that changed or a field that is missing are never right."""
    everywhere = error("customer", "orders", 1)
    assert found({"name": "Åse", "orders": [{"id": 1}], "phone": None}, everywhere) == [("customer", "orders")]
    assert found({"name": "Ole", "orders": [{"id": 1}, None], "phone": None}, everywhere) == [("customer", "name")]
    assert found({"orders": WELL["customer"]["orders"]}, everywhere) == [("customer",)]
