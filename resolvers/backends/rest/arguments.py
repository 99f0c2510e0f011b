"""Arguments of the graph in the words of a backend: `ACTIVE` becomes `1`, a date becomes what the backend reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from resolvers.backends.ports import Args, Scalar
from resolvers.backends.rest.settings import ArgumentSettings
from resolvers.errors import BadUserInput

Texts = dict[str, tuple[str, ...]]
"""The values of placeholders by name. A name without a value is not in it."""


class Arguments:
    """The arguments that one operation takes."""

    def __init__(self, operation: str, settings: Mapping[str, ArgumentSettings]) -> None:
        self._operation = operation
        self._convert = {name: _converter(argument) for name, argument in settings.items()}

    def texts(self, args: Args) -> Texts:
        """The values for the placeholders; null and the empty list are no value. Raises BadUserInput."""
        found: Texts = {}
        for name, value in args:
            values = value if isinstance(value, tuple) else (value,)
            convert = self._convert.get(name, _text)
            try:
                texts = tuple([convert(part) for part in values if part is not None])
            except ValueError as error:
                raise refused(self._operation, name, str(error)) from error
            if texts:
                found[name] = texts
        return found


def refused(operation: str, name: str, why: str) -> BadUserInput:
    """An argument that this backend cannot be asked with."""
    return BadUserInput(f"{name} cannot be used here: {why}", operation=operation, argument=name)


def _text(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _converter(settings: ArgumentSettings) -> Callable[[Any], str]:
    table = settings.values
    if table is not None:

        def look_up(value: Any) -> str:
            found = table.get(_text(value))
            if found is None:
                raise ValueError("the backend knows no such value")
            return found

        return look_up
    if settings.as_ == "text" and settings.format is None and settings.zone is None:
        return _text
    zone = ZoneInfo(settings.zone) if settings.zone else UTC

    def write(value: Any) -> str:
        moment = _moment(value, zone)
        if settings.format is not None:
            return moment.strftime(settings.format)
        if settings.as_ == "epoch-seconds":
            return str(int(moment.timestamp()))
        if settings.as_ == "epoch-milliseconds":
            return str(int(moment.timestamp() * 1000))
        return moment.isoformat()

    return write


def _moment(value: Any, zone: ZoneInfo | Any) -> datetime:
    """A date is the local midnight that it begins with; an instant without an offset is local time."""
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError as error:
        raise ValueError("it is no date or time") from error
    if moment.tzinfo is None:
        return moment.replace(tzinfo=zone)
    return moment.astimezone(zone)
