"""The exact way through a mapping: field by field, knowing at every step what to tell when something does not fit.

The generated code (generate.py) is the fast way to the same records; what it does not take comes here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from resolvers.backends.mapping.misfit import Misfit, shortened
from resolvers.backends.mapping.paths import entries, list_of
from resolvers.backends.mapping.shape import Branch, Constant, Leaf, Part, Shape
from resolvers.backends.mapping.texts import form
from resolvers.errors import IDENTIFYING, BackendContract, Remains
from resolvers.privacy import PERSONAL

Scopes = tuple[tuple[Any, Any], ...]
"""The item that is read and the items around it, innermost last, each with its position or its key in a map."""

_KEY_FIELDS = ("id", "sku")


def meets(shape: Shape, scopes: Scopes) -> bool:
    """Whether the item is to be read. Raises Misfit."""
    try:
        return all(condition.holds(condition.path.read(scopes)) for condition in shape.where)
    except Misfit as misfit:
        raise misfit.within("where") from misfit.__cause__


def build(shape: Shape, scopes: Scopes) -> Any:
    """The record. Raises Misfit that names the field."""
    return shape.record(**{field.name: value(field, scopes) for field in shape.fields})


def value(field: Leaf | Constant | Branch, scopes: Scopes) -> Any:
    """The value of one field. Raises Misfit that names the field."""
    try:
        if isinstance(field, Constant):
            return field.value
        if isinstance(field, Leaf):
            return field.convert(*_raws(field, scopes))
        return tuple([record for part in field.parts for record in _records(part, scopes)])
    except Misfit as misfit:
        raise misfit.within(field.name) from misfit.__cause__


def _raws(leaf: Leaf, scopes: Scopes) -> list[Any]:
    try:
        return [path.read(scopes) for path in leaf.paths]
    except Misfit:
        if not leaf.forgiving:
            raise
        return [None] * len(leaf.paths)


def _records(part: Part, scopes: Scopes) -> Iterator[Any]:
    if part.each is None:
        values = {field.name: value(field, scopes) for field in part.shape.fields}
        told = [values[field.name] for field in part.shape.fields if not isinstance(field, Constant)]
        if any(entry is not None and entry != () for entry in told):
            yield part.shape.record(**values)
        return
    found = part.each.read(scopes)
    for key, entry in entries(found) if part.keyed else enumerate(list_of(found)):
        try:
            inner = (*scopes, (key, entry))
            if meets(part.shape, inner):
                yield build(part.shape, inner)
        except Misfit as misfit:
            raise misfit.within(f"[{key}]") from misfit.__cause__


def contract(misfit: Misfit, shape: Shape, scopes: Scopes, *, backend: str, operation: str) -> BackendContract:
    """What the caller is told of a record that does not fit."""
    top = misfit.field.partition(".")[0].partition("[")[0]
    came = misfit.describe(private=top in PERSONAL.get(shape.record, ()))
    remains = _remains(shape, scopes)
    key = next((known[:64] for known in map(remains.__dict__.get, _KEY_FIELDS) if known), None)
    noun = shape.record.__name__
    position = scopes[-1][0]
    place = f"number {position + 1}" if isinstance(position, int) else f"under {shortened(str(position))}"
    which = f"{noun} {place if key is None else shortened(key)}"
    error = BackendContract(
        f"{backend} {operation}: {which} does not fit: {misfit.field} should be {misfit.expected}, there is {came}",
        backend=backend,
        operation=operation,
        cause="mapping",
        record=key,
        position=position if key is None else None,
        field=misfit.field,
        expected=misfit.expected,
        came=came,
    )
    error.remains = remains
    error.__cause__ = misfit.__cause__
    return error


def _remains(shape: Shape, scopes: Scopes) -> Remains:
    known: dict[str, str] = {}
    for field in shape.fields:
        if field.name in IDENTIFYING:
            try:
                text = form(value(field, scopes))
            except Misfit:
                continue
            if text is not None:
                known[field.name] = text
    return Remains(**known)
