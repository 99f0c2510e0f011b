"""Arguments of the graph in the words of a backend: `ACTIVE` becomes `1`, a date becomes what the backend reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from resolvers.backends.operation import unknown_value
from resolvers.backends.ports import Args, Scalar
from resolvers.backends.rest.settings import ArgumentSettings
from resolvers.errors import BadUserInput

Convert = Callable[[Scalar], tuple[str, ...]]
Texts = dict[str, tuple[str, ...]]
"""The values of placeholders by name. A name without a value is not in it."""


class Arguments:
    """The arguments that one operation takes, for the placeholders that it has."""

    def __init__(self, operation: str, settings: Mapping[str, ArgumentSettings], placeholders: Iterable[str]) -> None:
        self._operation = operation
        self._plan: list[tuple[str, str, Convert, str | None]] = []
        for name in sorted(placeholders):
            argument = settings.get(name)
            if argument is None:
                self._plan.append((name, name, _as_text, None))
            else:
                self._plan.append((name, argument.of or name, _converter(argument), argument.default))
        self.accepts = frozenset(source for _, source, _, _ in self._plan)
        """The arguments of the graph that reach the backend."""

    def texts(self, args: Args) -> Texts:
        """The values for the placeholders; null and the empty list are no value. Raises BadUserInput."""
        found: Texts = {}
        if not self._plan:
            return found
        given = dict(args)
        for name, source, convert, default in self._plan:
            value = given.get(source)
            values = value if isinstance(value, tuple) else (value,)
            try:
                texts = tuple([text for part in values if part is not None for text in convert(part)])
            except ValueError as error:
                raise refused(self._operation, source, str(error)) from error
            if texts:
                found[name] = texts
            elif default is not None:
                found[name] = (default,)
        return found


def refused(operation: str, name: str, why: str) -> BadUserInput:
    """An argument that this backend cannot be asked with."""
    return BadUserInput(f"{name} cannot be used here: {why}", operation=operation, argument=name)


def _text(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _as_text(value: Scalar) -> tuple[str, ...]:
    return (_text(value),)


def _converter(settings: ArgumentSettings) -> Convert:
    if settings.values is not None:
        table = {
            value: (theirs,) if isinstance(theirs, str) else tuple(theirs) for value, theirs in settings.values.items()
        }

        def look_up(value: Scalar) -> tuple[str, ...]:
            found = table.get(_text(value))
            if found is None:
                raise ValueError(unknown_value(_text(value), table))
            return found

        return look_up
    if settings.as_ == "text" and settings.format is None and settings.zone is None:
        return _as_text
    zone = ZoneInfo(settings.zone) if settings.zone else UTC

    def write(value: Scalar) -> tuple[str, ...]:
        moment = _moment(_text(value), zone)
        if settings.format is not None:
            return (moment.strftime(settings.format),)
        if settings.as_ == "epoch-seconds":
            return (str(int(moment.timestamp())),)
        if settings.as_ == "epoch-milliseconds":
            return (str(int(moment.timestamp() * 1000)),)
        return (moment.isoformat(),)

    return write


def _moment(text: str, zone: tzinfo) -> datetime:
    """A date is the local midnight that it begins with; an instant without an offset is local time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("it is no date or time") from error
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)
