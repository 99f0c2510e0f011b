"""Fetching: the values of one late field for all objects of a level."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from graphql.pyutils import is_awaitable

from gateway.execution.admission import PLAIN_LEAVES, admitted, is_mapping
from gateway.execution.arrival import Arrival
from gateway.execution.flights import GONE, Flight
from gateway.execution.info import LevelInfo
from gateway.execution.level import Level, new_path
from gateway.execution.selection import Field, Origin

if TYPE_CHECKING:
    from gateway.execution.run import Run

_BATCH, _RESOLVER = Origin.BATCH, Origin.RESOLVER


def fetch(run: Run, level: Level, field: Field) -> None:
    """Have the field's values arrive at the run: at once, or when what they wait for is there."""
    origin = field.origin
    if origin is _BATCH:
        _fetch_batch(run, level, field)
    elif origin is _RESOLVER:
        _fetch_each(run, level, field)
    else:
        run.arrive(level, field, _read(run, level, field))


def _fetch_batch(run: Run, level: Level, field: Field) -> None:
    sources = level.sources
    try:
        info = LevelInfo(field, run.context, run.root_value, run.variables)
        # A tuple, as a function that sorts its parents in place would mix up the answers.
        answer = field.source(tuple(sources), info, **field.arguments.once(run.variables))
    except Exception as error:  # noqa: BLE001 - whatever a resolver raises is its field's error
        run.arrive(level, field, [error] * len(sources))
        return
    if type(answer) is list or not (type(answer) is CoroutineType or is_awaitable(answer)):
        run.arrive(level, field, _one_per_parent(field, sources, answer))
        return

    def land(results: list[Any]) -> None:
        run.arrive(level, field, _one_per_parent(field, sources, results[0]), field.length)

    run.fly(Flight(level, field, [answer], land))


def _one_per_parent(field: Field, sources: list[Any], answer: Any) -> Sequence[Any]:
    if type(answer) is list and len(answer) == len(sources):
        return answer
    if isinstance(answer, Exception) or answer is GONE:
        return [answer] * len(sources)
    if isinstance(answer, Sequence) and not isinstance(answer, (str, bytes)) and len(answer) == len(sources):
        return answer
    got = f"{len(answer)} values" if isinstance(answer, Sized) else type(answer).__name__
    problem = f"{field.parent_type.name}.{field.name} must answer {len(sources)} values, one per parent, not {got}."
    return [TypeError(problem)] * len(sources)


def _fetch_each(run: Run, level: Level, field: Field) -> None:
    resolve, variables, sources = field.source, run.variables, level.sources
    key, typename = field.key, field.parent_type.name
    values: list[Any] = []
    waits: list[int] = []
    try:
        shared = field.arguments.shared(variables)
    except Exception as error:  # noqa: BLE001 - coercers of custom scalars raise what they like
        run.arrive(level, field, [error] * len(sources))
        return
    for source, path in zip(sources, level.paths(), strict=True):
        try:
            info = run.info(field, new_path(path, key, typename))
            arguments = shared if shared is not None else field.arguments.compute(variables)
            value = resolve(source, info, **arguments)
        except Exception as error:  # noqa: BLE001 - whatever a resolver raises is its field's error
            value = error
        else:
            cls = type(value)
            if cls not in PLAIN_LEAVES and not admitted(cls) and is_awaitable(value):
                waits.append(len(values))
        values.append(value)
    if not waits:
        run.arrive(level, field, values)
        return

    def land(results: list[Any]) -> None:
        for index, result in zip(waits, results, strict=True):
            values[index] = result
        run.arrive(level, field, values, field.length)

    for index, value in enumerate(values):
        if isinstance(value, Exception):  # it is known now and may spare the waiting
            Arrival(run, level).fail(field, 0, index, (), value)
            values[index] = GONE
    run.fly(Flight(level, field, [values[index] for index in waits], land, [(index, ()) for index in waits]))


def _read(run: Run, level: Level, field: Field) -> list[Any]:
    """Values of fields that need no call beyond their parent."""
    try:
        field.arguments.once(run.variables)
    except Exception as error:  # noqa: BLE001 - coercers of custom scalars raise what they like
        return [error] * len(level.sources)
    if field.origin in (Origin.TYPENAME, Origin.REFUSED):
        return [field.source] * len(level.sources)
    values: list[Any] = []
    for source in level.sources:
        try:
            values.append(_read_one(field, source))
        except Exception as error:  # noqa: BLE001 - properties raise what they like
            values.append(error)
    return values


def _read_one(field: Field, source: Any) -> Any:
    name = field.source
    if field.origin is Origin.COMPUTED:
        return name(source)
    if field.origin is Origin.ATTRIBUTE:
        return source[name] if is_mapping(source) else getattr(source, name)
    return source.get(name) if is_mapping(source) else getattr(source, name, None)
