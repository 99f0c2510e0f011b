"""One field's settings → how it is read, or the reasons why they do not fit the field."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from inspect import iscoroutinefunction
from typing import Any

from msgspec.structs import replace

from resolvers.backends.mapping import amounts, pipeline, texts
from resolvers.backends.mapping.choice import Choice
from resolvers.backends.mapping.kinds import Kind, KindName
from resolvers.backends.mapping.misfit import Misfit
from resolvers.backends.mapping.paths import ITEM, Path, Place
from resolvers.backends.mapping.problems import Problem
from resolvers.backends.mapping.settings import FieldSettings
from resolvers.backends.mapping.shape import Constant, Leaf
from resolvers.records import Money

Convert = Callable[..., Any]

_SOURCES = ("path", "first_of", "join", "const", "call")
_COMMON = frozenset({*_SOURCES, "as", "separator", "strip", "empty", "null_if", "default", "required", "on_error"})
_TIMES = frozenset({"zone", "format", "ignore_offset"})
_AMOUNTS = frozenset({"decimal_comma", "thousands", "round"})
_KEYS: dict[KindName, tuple[str, frozenset[str]]] = {
    "text": ("a text", _COMMON | {"values", "unknown"}),
    "lines": ("a list of lines", _COMMON),
    "decimal": ("a number", _COMMON | _AMOUNTS),
    "money": ("an amount of money", _COMMON | _AMOUNTS | {"currency", "currency_path"}),
    "date": ("a day", _COMMON | _TIMES),
    "datetime": ("an instant", _COMMON | _TIMES),
    "records": ("a list of records", frozenset({"call"})),
}


class FieldCompiler:
    """Makes the Leaf or Constant of one field; None, and at least one more of the `problems`, when that cannot be."""

    def __init__(self, kind: Kind, settings: FieldSettings, place: Place, key: str, problems: list[Problem]) -> None:
        self._kind = kind
        self._settings = settings
        self._place = place
        self._key = key
        self._problems = problems

    def compile(self, name: str) -> Leaf | Constant | None:
        """The field as the mapping reads it."""
        before = len(self._problems)
        self._check()
        choice = Choice(self._kind, self._settings, self._note)
        make = self._leaf if self._settings.const is None else self._constant
        made = make(name, choice)
        return made if len(self._problems) == before else None

    def _leaf(self, name: str, choice: Choice) -> Leaf:
        settings, kind = self._settings, self._kind
        default = choice.literal("default", settings.default)
        instead = kind.default if default is None else default
        required = default is None and (kind.required or settings.required is True)
        is_null = self._null_test()
        base = choice.conversion()
        convert = pipeline.one_value(base, is_null=is_null, strip=settings.strip, default=instead, required=required)
        paths = self._paths()
        combine = self._combination(is_null)
        count = len(paths)
        currency = None
        if kind.name == "money":
            currency = amounts.currency(self._fixed_currency())
            convert = self._money(convert, currency)
            if settings.currency_path is not None:
                paths = (*paths, self._path("currency_path", settings.currency_path))
        if settings.call is not None:
            convert = pipeline.called(self._function(settings.call), settings.call, convert)
        if combine is not None:
            convert = pipeline.combined(combine, count, convert)
        forgiving = settings.on_error == "null"
        if forgiving:
            convert = pipeline.forgiving(convert, instead)
        leaf = Leaf(name=name, paths=paths, convert=convert, forgiving=forgiving, whole_item=settings.call is not None)
        if settings.path is None or is_null is not None or settings.strip or forgiving:
            return leaf
        words = {word: word for word in kind.words} or None
        table = (settings.values or words) if settings.as_ in {(), ("text",)} else None
        optional = not required and default is None
        minor_units = settings.as_ == ("minor-units",)
        return replace(
            leaf,
            base=base,
            optional=optional,
            usual=choice.usual(),
            table=table,
            currency=currency,
            minor_units=minor_units,
        )

    def _constant(self, name: str, choice: Choice) -> Constant:
        value = choice.literal("const", self._settings.const)
        if self._kind.name == "money" and value is not None:
            code = self._fixed_currency()
            value = None if code is None else Money(value, code)
        return Constant(name=name, value=value)

    def _note(self, option: str, reason: str) -> None:
        self._problems.append(Problem(f"{self._key}.{option}" if option else self._key, reason))

    def _check(self) -> None:
        settings, kind, given = self._settings, self._kind, self._settings.given()
        title, keys = _KEYS[kind.name]
        for option in sorted(given - keys):
            self._note(option, f"does not apply: the field holds {title}")
        sources = [source for source in _SOURCES if getattr(settings, source) is not None]
        if len(sources) != 1:
            found = " and ".join(sources) or "none"
            self._note("", f"needs exactly one of path, first_of, join, const and call; there is {found}")
        if settings.const is not None:
            for option in sorted(given - {"const", "currency", "zone"}):
                self._note(option, "has no effect beside const")
        for option, needed in (("unknown", "values"), ("separator", "join")):
            if option in given and getattr(settings, needed) is None:
                self._note(option, f"has no effect without {needed}")
        if settings.required is False and kind.required:
            self._note("required", "every record needs this field; give it a default")
        if settings.required and settings.default is not None:
            self._note("required", "has no effect beside default")
        if settings.on_error == "null" and settings.default is None and (kind.required or settings.required):
            self._note("on_error", "the field is required; give it a default")

    def _path(self, option: str, text: str) -> Path:
        try:
            return self._place.parse(text)
        except ValueError as exc:
            self._note(option, str(exc))
            return ITEM

    def _paths(self) -> tuple[Path, ...]:
        settings = self._settings
        if settings.call is not None:
            return (self._place.parse("."),)
        if settings.path is not None:
            return (self._path("path", settings.path),)
        option, texts_ = ("join", settings.join) if settings.join is not None else ("first_of", settings.first_of)
        if texts_ == ():
            self._note(option, "names no path")
        return tuple(self._path(option, text) for text in texts_ or ())

    def _combination(self, is_null: Callable[[Any], bool] | None) -> Convert | None:
        settings = self._settings
        if settings.first_of is not None:
            return pipeline.first_of(is_null)
        if settings.join is None:
            return None
        usual = "\n" if self._kind.name == "lines" else " "
        return texts.joined(usual if settings.separator is None else settings.separator)

    def _null_test(self) -> Callable[[Any], bool] | None:
        settings = self._settings
        # Who writes the empty text into the table wants it looked up there.
        listed = settings.values is not None and "" in settings.values
        if settings.empty is None and settings.null_if is None and not listed:
            return None
        pattern = None
        try:
            pattern = None if settings.null_if is None else re.compile(settings.null_if)
        except re.error as exc:
            self._note("null_if", f"is no regular expression: {exc}")
        if settings.empty is not None:
            empty = frozenset(texts.form(value) or "" for value in settings.empty)
        else:
            empty = frozenset() if listed else pipeline.EMPTY
        return pipeline.null_test(empty, pattern)

    def _fixed_currency(self) -> str | None:
        settings = self._settings
        if settings.currency is not None:
            try:
                code: str = amounts.currency(None)(settings.currency)
                return code
            except Misfit as misfit:
                self._note("currency", f"should be {misfit.expected}")
        elif settings.currency_path is None and settings.call is None:
            self._note("currency", "is missing: an amount needs `currency` or `currency_path`")
        return None

    def _money(self, amount: Convert, currency: Callable[[Any], str]) -> Convert:
        settings = self._settings
        make = amounts.minor_units if settings.as_ == ("minor-units",) else amounts.money
        convert = make(amount, currency)
        if settings.call is None:
            return convert
        if settings.currency_path is not None:
            self._note("currency_path", "does not apply beside call: the function can return Money")
        return lambda raw: raw if isinstance(raw, Money) else convert(raw)

    def _function(self, name: str) -> Callable[[Any], Any]:
        module, _, attributes = name.partition(":")
        try:
            function: Any = import_module(module)
            for attribute in attributes.split("."):
                function = getattr(function, attribute)
        except Exception as exc:  # noqa: BLE001  # other people's modules may raise anything
            self._note("call", f"cannot import {name!r} (module:function): {type(exc).__name__}: {exc}")
            return repr
        if not callable(function) or iscoroutinefunction(function):
            self._note("call", f"{name} is not a plain function")
            return repr
        plain: Callable[[Any], Any] = function
        return plain
