"""Texts of the `arguments` table: constants, placeholders and secrets.

    "{key}"  "{keys}"  "{status}"    the key, all keys, an argument: sent with the type of its element
    "{keys|csv}"                     a list joined by commas, in a text
    "INV-{key}"                      a text with placeholders in it; {{ and }} stand for the braces themselves
    "env:NAME"  "file:/run/secret"   a secret, read once at start

In lists, paging fills `{limit}`, `{offset}`, `{page}` and `{first}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from resolvers.backends.soap.problems import ArgumentProblem, ConfigurationProblem
from resolvers.backends.soap.requests.writing import plain

Values = Mapping[str, Any]
"""What a call fills the placeholders with."""
MISSING: Final = object()
"""The value of an argument that the call does not give."""

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)(?:\|([a-z]+))?\}")
PAGING: Final = frozenset({"limit", "offset", "page", "first"})
"""Placeholders that paging fills in lists."""
KEYS: Final = frozenset({"key", "keys"})


class Template:
    """One text with placeholders. `only` names the placeholder that is the whole text, so that its type is kept."""

    __slots__ = ("_parts", "names", "only")

    def __init__(self, text: str) -> None:
        found = list(_PLACEHOLDER.finditer(text))
        self.names = frozenset(match[1] for match in found if match[1])
        self.only = found[0][1] if len(found) == 1 and found[0][0] == text and found[0][2] is None else None
        parts: list[str | tuple[str, bool]] = []
        position = 0
        for match in found:
            if match[2] not in (None, "csv"):
                raise ConfigurationProblem(f"`{match[0]}`: only |csv is known behind a name")
            parts.append(text[position : match.start()])
            parts.append((match[1], match[2] == "csv") if match[1] else match[0][0])
            position = match.end()
        self._parts = (*parts, text[position:])

    def value(self, values: Values) -> Any:
        """The filled text, or the placeholder's own value; MISSING when an argument was not given."""
        if self.only is not None:
            return values.get(self.only, MISSING)
        written: list[str] = []
        for part in self._parts:
            if isinstance(part, str):
                written.append(part)
                continue
            name, joined = part
            value = values.get(name, MISSING)
            if value is MISSING or value is None:
                return MISSING
            written.append(_joined(value) if joined else _single(name, value))
        return "".join(written)


def _joined(value: Any) -> str:
    texts = [plain(entry) for entry in value] if isinstance(value, (tuple, list)) else [plain(value)]
    if any("," in text for text in texts):
        raise ArgumentProblem("a value holds a comma, which separates values here")
    return ",".join(texts)


def _single(name: str, value: Any) -> str:
    if isinstance(value, (tuple, list)):
        raise ArgumentProblem(f"{name} has several values where one belongs")
    return plain(value)


def names_in(table: Any) -> frozenset[str]:
    """Every placeholder of a table of arguments."""
    if isinstance(table, str):
        return Template(table).names
    if isinstance(table, Mapping):
        return frozenset().union(*map(names_in, table.values()))
    if isinstance(table, (list, tuple)):
        return frozenset().union(*map(names_in, table))
    return frozenset()


def secrets_in(table: Any) -> Iterator[str]:
    """Every reference to a secret (`env:…`, `file:…`) of a table of arguments."""
    if isinstance(table, str):
        if is_secret(table):
            yield table
    elif isinstance(table, Mapping):
        for entry in table.values():
            yield from secrets_in(entry)
    elif isinstance(table, (list, tuple)):
        for entry in table:
            yield from secrets_in(entry)


def is_secret(text: str) -> bool:
    """Whether a text refers to a secret rather than being a value."""
    return text.startswith(("env:", "file:"))


Secrets = Callable[[str], str]
"""A reference (`env:NAME`, `file:PATH`) → the secret, read at start."""
