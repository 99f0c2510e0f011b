"""Which conversion a field's settings ask for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, tzinfo
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from resolvers.backends.mapping import amounts, texts, times
from resolvers.backends.mapping.kinds import Kind, KindName
from resolvers.backends.mapping.misfit import Misfit
from resolvers.backends.mapping.settings import FieldSettings
from resolvers.backends.mapping.shape import Usual

Convert = Callable[..., Any]

CONVERSIONS: dict[KindName, tuple[str, ...]] = {
    "text": ("text", "integer", "boolean"),
    "lines": ("lines",),
    "decimal": ("decimal", "integer"),
    "money": ("decimal", "minor-units"),
    "date": ("date", "epoch-seconds", "epoch-milliseconds", "local-midnight"),
    "datetime": ("datetime", "local-datetime", "epoch-seconds", "epoch-milliseconds", "local-midnight"),
    "records": (),
}
"""The conversions that make each kind of field; the first is the default."""


class Choice:
    """The conversion of one field. What is wrong with the settings goes to `note(option, reason)`."""

    def __init__(self, kind: Kind, settings: FieldSettings, note: Callable[[str, str], None]) -> None:
        self._kind = kind
        self._settings = settings
        self._note = note
        self._zone = None if settings.zone is None else self._known_zone(settings.zone)

    def conversion(self) -> Convert:
        """What makes the field's value of one raw value that is not null."""
        if self._kind.record is not None:
            return _records(self._kind.record)
        settings, kind = self._settings, self._kind.name
        names = settings.as_ or CONVERSIONS[kind][:1]
        if wrong := [name for name in names if name not in CONVERSIONS[kind]]:
            possible = ", ".join(CONVERSIONS[kind])
            self._note("as", f"{wrong[0]} does not make what the field holds; possible are {possible}")
            return texts.text
        if "minor-units" in names and len(names) > 1:
            self._note("as", "minor-units stands alone: a number cannot tell its unit")
        if settings.values is not None and kind == "text":
            return self._table(names, settings.values)
        if self._kind.words:
            if settings.as_ not in {(), ("text",)}:
                self._note("as", f"makes none of {', '.join(self._kind.words)} without `values`")
            return texts.one_of(self._kind.words)
        made = [self._made(name) for name in names]
        base = made[0] if len(made) == 1 else times.alternatives(made)
        return base if settings.round is None else amounts.rounded(base, settings.round)

    def usual(self) -> Usual | None:
        """The form of most texts that `conversion` takes, where there is one."""
        names = self._settings.as_ or CONVERSIONS[self._kind.name][:1]
        return times.USUAL.get(names[0]) if len(names) == 1 and self._settings.format is None else None

    def literal(self, option: str, value: Any) -> Any:
        """A value that the settings themselves give, in the field's type."""
        if value is None or self._kind.record is not None:
            return None
        convert: Convert = {
            "text": texts.text,
            "lines": texts.lines,
            "decimal": amounts.decimal,
            "money": amounts.decimal,
            "date": times.day(self._zone, ignore_offset=False),
            "datetime": times.instant(self._zone),
        }[self._kind.name]
        try:
            literal = convert(value)
        except Misfit as misfit:
            self._note(option, f"should be {misfit.expected}, not {misfit.describe(private=False)}")
            return None
        self._check_word(option, literal)
        return literal

    def _check_word(self, option: str, word: Any) -> None:
        words = self._kind.words
        if words and word not in words:
            likely = get_close_matches(str(word).upper(), words, n=1)
            hint = f"; did you mean {likely[0]}?" if likely else ""
            self._note(option, f"{word!r} is none of the words of the graph, {', '.join(words)}{hint}")

    def _table(self, names: tuple[str, ...], values: dict[str, str]) -> Convert:
        if len(names) > 1:
            self._note("as", "only one conversion can stand beside values")
        written: Convert = {"integer": texts.integer_text, "boolean": texts.boolean_text}.get(names[0], texts.form)
        table: dict[str, str] = {}
        for key, value in values.items():
            try:
                table[written(key)] = value
                self._check_word(f"values.{key}", value)
            except Misfit as misfit:
                self._note(f"values.{key}", f"should be {misfit.expected}")
        if not values:
            self._note("values", "is empty")
        unknown = self._settings.unknown or "error"
        if unknown not in {"error", "null", "keep"}:
            self._check_word("unknown", unknown)
        return texts.values(table, unknown, written, self._kind.words)

    def _made(self, name: str) -> Convert:
        simple: dict[str, Convert] = {
            "text": texts.text,
            "integer": texts.integer_text if self._kind.name == "text" else amounts.whole,
            "boolean": texts.boolean_text,
            "lines": texts.lines,
            "decimal": self._decimal(),
            "minor-units": amounts.whole,
        }
        return simple[name] if name in simple else self._time(name)

    def _decimal(self) -> Convert:
        settings = self._settings
        convert = amounts.decimal_comma if settings.decimal_comma else amounts.decimal
        if settings.thousands is None:
            return convert
        if settings.thousands == ("," if settings.decimal_comma else "."):
            self._note("thousands", "stands between decimals already: `decimal_comma` says whether that is the comma")
        return amounts.grouped(convert, settings.thousands)

    def _time(self, name: str) -> Convert:
        settings, day = self._settings, self._kind.name == "date"
        if settings.ignore_offset and name not in {"date", "local-datetime"}:
            self._note("ignore_offset", f'does not apply to {name}; say as = "local-datetime"')
        if settings.format is not None and name not in {"date", "datetime", "local-datetime"}:
            self._note("format", f"does not apply to {name}")
        if name == "local-midnight":
            zone = self._needed_zone(name)
            return times.local_midnight_day(zone) if day else times.local_midnight(zone)
        if name.startswith("epoch-"):
            unit = 1 if name == "epoch-seconds" else 1000
            return times.epoch_day(unit, self._needed_zone(name)) if day else times.epoch(unit, self._zone)
        if name == "date":
            base = times.day(self._zone, ignore_offset=settings.ignore_offset)
        elif name == "datetime":
            base = times.instant(self._zone)
        else:
            base = times.local_instant(self._needed_zone(name), ignore_offset=settings.ignore_offset)
        if settings.format is None:
            return base
        parse = times.formatted(settings.format)
        return lambda raw: base(parse(raw))

    def _known_zone(self, name: str) -> tzinfo | None:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            self._note("zone", f"{name!r} is no time zone of the IANA database")
            return None

    def _needed_zone(self, name: str) -> tzinfo:
        if self._settings.zone is None:
            self._note("zone", f"{name} needs the time zone that the backend means")
        return self._zone or UTC


def _records(record: type[Struct]) -> Convert:
    """Takes what a Python function returned when it is a list of the records."""

    def convert(raw: Any) -> tuple[Struct, ...]:
        if isinstance(raw, (list, tuple)) and all(isinstance(entry, record) for entry in raw):
            return tuple(raw)
        raise Misfit(f"a list of {record.__name__}", raw)

    return convert
