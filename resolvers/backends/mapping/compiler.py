"""Settings → Shape: every field's place and conversion, or InvalidMapping with all reasons why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from msgspec import Struct

from resolvers.backends.mapping import texts
from resolvers.backends.mapping.fields import FieldCompiler
from resolvers.backends.mapping.kinds import Kind, kinds_of
from resolvers.backends.mapping.paths import FIRST, ITEM, Path, Place
from resolvers.backends.mapping.problems import InvalidMapping, Problem
from resolvers.backends.mapping.settings import FieldSettings, MappingSettings, Where
from resolvers.backends.mapping.shape import Branch, Condition, Constant, Leaf, Part, Shape

_ENTRY_KEYS = frozenset({"each", "one", "where", "fields"})


def compile_shape(record: type[Struct], settings: MappingSettings, *, keyed: bool = False) -> Shape:
    """The tree that reads the record. `keyed` says that items are the values of a map, so that $key is there.

    Raises InvalidMapping with every problem found.
    """
    problems: list[Problem] = []
    shape = _shape(record, settings.fields, settings.where, Place(keyed=keyed), "", problems)
    if problems:
        raise InvalidMapping(problems)
    return shape


def mapping_problems(record: type[Struct], settings: MappingSettings, *, keyed: bool = False) -> tuple[Problem, ...]:
    """What `compile_shape` would raise, as a value: empty when the mapping is right."""
    try:
        compile_shape(record, settings, keyed=keyed)
    except InvalidMapping as exc:
        return exc.problems
    return ()


def _shape(
    record: type[Struct],
    fields: Mapping[str, FieldSettings],
    where: tuple[Where, ...],
    place: Place,
    key: str,
    problems: list[Problem],
) -> Shape:
    kinds = kinds_of(record)
    made: list[Leaf | Constant | Branch] = []
    for name, settings in fields.items():
        at = f"{key}fields.{name}"
        kind = kinds.get(name)
        if kind is None:
            likely = get_close_matches(name, kinds, n=1)
            hint = f"; did you mean {likely[0]}?" if likely else f"; there are {', '.join(kinds)}"
            problems.append(Problem(at, f"{record.__name__} has no such field{hint}"))
        elif kind.name == "records" and settings.call is None:
            made.append(_branch(name, kind, settings, place, at, problems))
        else:
            field = FieldCompiler(kind, settings, place, at, problems).compile(name)
            if field is not None:
                made.append(field)
    for name, kind in kinds.items():
        if kind.required and name not in fields:
            problems.append(Problem(f"{key}fields.{name}", f"is missing: every {record.__name__} needs it"))
    return Shape(record=record, fields=tuple(made), where=_conditions(where, place, f"{key}where", problems))


def _branch(name: str, kind: Kind, settings: FieldSettings, place: Place, key: str, problems: list[Problem]) -> Branch:
    assert kind.record is not None
    given = settings.given()
    if settings.parts is None:
        return Branch(name=name, parts=(_part(kind.record, settings, place, key, problems),))
    problems.extend(Problem(f"{key}.{option}", "has no effect beside parts") for option in sorted(given - {"parts"}))
    parts = [
        _part(kind.record, part, place, f"{key}.{position}", problems) for position, part in enumerate(settings.parts)
    ]
    return Branch(name=name, parts=tuple(parts))


def _part(record: type[Struct], settings: FieldSettings, place: Place, key: str, problems: list[Problem]) -> Part:
    for option in sorted(settings.given() - _ENTRY_KEYS):
        reason = f"does not apply: the field holds a list of {record.__name__}, which needs each or one, and fields"
        problems.append(Problem(f"{key}.{option}", reason))
    each, one = (None, ".") if settings.each == "." else (settings.each, settings.one)
    if (each is None) == (one is None):
        problems.append(Problem(key, "needs either each (the path of a list) or one (the path of an object)"))
    if not settings.fields:
        problems.append(Problem(f"{key}.fields", "is missing: it says where the fields of each entry are"))
        return Part(each=None, keyed=False, shape=Shape(record=record, fields=()))
    path = ITEM
    try:
        path = place.parse(each or one or ".")
    except ValueError as exc:
        problems.append(Problem(f"{key}.{'one' if each is None else 'each'}", str(exc)))
    if each is None:
        within = Place(place.level, place.keyed, path)
        if settings.where:
            problems.append(Problem(f"{key}.where", "applies to the entries of each, not to one"))
        return Part(each=None, keyed=False, shape=_shape(record, settings.fields, (), within, f"{key}.", problems))
    keyed = path.steps[-1:] == (FIRST,)
    if keyed:
        path = Path(path.steps[:-1], path.up)
    within = Place(place.level + 1, keyed)
    shape = _shape(record, settings.fields, settings.where, within, f"{key}.", problems)
    return Part(each=path, keyed=keyed, shape=shape)


def _conditions(where: tuple[Where, ...], place: Place, key: str, problems: list[Problem]) -> tuple[Condition, ...]:
    conditions = []
    for position, condition in enumerate(where):
        at = key if len(where) == 1 else f"{key}.{position}"
        if condition.in_ is None and condition.not_in is None:
            problems.append(Problem(at, "needs `in` or `not_in`"))
        try:
            path = place.parse(condition.path)
        except ValueError as exc:
            problems.append(Problem(f"{at}.path", str(exc)))
            continue
        conditions.append(Condition(path=path, holds=_test(condition)))
    return tuple(conditions)


def _test(condition: Where) -> Callable[[Any], bool]:
    allowed = None if condition.in_ is None else frozenset(map(texts.form, condition.in_))
    refused = frozenset(map(texts.form, condition.not_in or ()))

    def holds(raw: Any) -> bool:
        written = texts.form(raw)
        return (allowed is None or written in allowed) and written not in refused

    return holds
