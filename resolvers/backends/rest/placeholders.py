"""Placeholders in templates: `{name}` or `{name|form}`, where the form says how the value is written.

    {key}             the one key of a call                  {keys|csv}       1,5,7
    {limit} {offset}  the page that is asked for             {keys|repeat}    the whole parameter once for each key
    {page} {cursor}                                          {keys|json}      ["1","5"]        {keys|integers}  [1,5]
    {after_key}                                              {keys|quoted}    'A','B'; refuses what cannot be quoted
    {status}          an argument of the graph               {keys|odata}     'A','O''Brien'   {keys|strings}   "A","B"
                                                             {text|like}      words only, nothing with a meaning in LIKE

`{{` and `}}` stand for the braces themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

FORMS: Final = frozenset({"csv", "repeat", "json", "integers", "quoted", "odata", "strings", "like"})
PAGING: Final = frozenset({"limit", "offset", "page", "cursor", "after_key"})
_TOKEN: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_SLOT: Final = re.compile(r"([a-z][a-z0-9_]*)(?:\|([a-z]+))?")


class TemplateError(ValueError):
    """A template that cannot be used; the message says which and why."""


class Slot(Struct, frozen=True):
    """One placeholder."""

    name: str
    form: str | None = None


Text = tuple[str | Slot, ...]
"""A parsed text: literal pieces and placeholders."""


def parse(text: str) -> Text:
    """The pieces of a text. Raises TemplateError for what looks like a placeholder and is none."""
    found: list[str | Slot] = []
    literal = ""
    at = 0
    for token in _TOKEN.finditer(text):
        literal += text[at : token.start()]
        at = token.end()
        if token[0] in {"{{", "}}"}:
            literal += token[0][0]
            continue
        slot = _SLOT.fullmatch(token[1] or "")
        if slot is None:
            raise TemplateError(f"{token[0]} is no placeholder; write {{{{ for a brace itself")
        name, form = slot[1], slot[2]
        if form is not None and form not in FORMS:
            raise TemplateError(f"{token[0]}: there is no form {form}, only {', '.join(sorted(FORMS))}")
        if name == "keys" and form in {None, "like"}:
            raise TemplateError("{keys} needs a form that can hold several, such as {keys|csv}")
        if literal:
            found.append(literal)
            literal = ""
        found.append(Slot(name, form))
    literal += text[at:]
    return (*found, literal) if literal else tuple(found)


class Placeholders(Struct, frozen=True):
    """Which placeholders the templates of one operation use."""

    names: frozenset[str]

    @property
    def one_key(self) -> bool:
        return "key" in self.names

    @property
    def many_keys(self) -> bool:
        return "keys" in self.names

    @property
    def keyed(self) -> bool:
        """Whether the operation is asked by keys; a list is not."""
        return self.one_key or self.many_keys

    @property
    def paging(self) -> frozenset[str]:
        return self.names & PAGING

    def arguments(self, taken: frozenset[str]) -> frozenset[str]:
        """The arguments of the graph that reach the backend; `taken` are the placeholders that paging fills."""
        return self.names - {"key", "keys"} - taken


def texts_of(template: Any) -> Iterator[str]:
    """Every text in a template of any shape: text, list, table."""
    if isinstance(template, str):
        yield template
    elif isinstance(template, Mapping):
        for value in template.values():
            yield from texts_of(value)
    elif isinstance(template, (list, tuple)):
        for value in template:
            yield from texts_of(value)


def placeholders_of(*templates: Any) -> Placeholders:
    """What these templates use together. Raises TemplateError."""
    names = {piece.name for text in texts_of(templates) for piece in parse(text) if isinstance(piece, Slot)}
    return Placeholders(frozenset(names))
