"""A request as it is configured, compiled: what never changes is text already, the rest are functions of the values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

from resolvers.backends.http import Headers
from resolvers.backends.rest.arguments import Texts, refused
from resolvers.backends.rest.placeholders import Slot, Text, parse
from resolvers.backends.rest.settings import Joined, QueryValue, RestOperationSettings
from resolvers.backends.rest.writing import Unsafe, Write, as_it_is, header_value, json_text, percent, segment, writer
from resolvers.errors import BadUserInput

Fill = Callable[[Texts], str | None]
"""The text made with the values; None when one that it needs is missing. Raises BadUserInput."""

NUMBERS: Final = frozenset({"limit", "offset", "page"})
"""Placeholders that are numbers in JSON."""
_MISSING: Final = object()
_LITERAL: Final = "!$'()*,:@/?-._~"
"""Signs of a configured text that stay as they are in a query (RFC 3986 §3.4 without the signs of forms)."""

_PATH_LITERAL: Final = _LITERAL.replace("?", "") + "%"
"""The same for a path, whose text is percent-encoded already where it has to be."""


class RequestTemplate:
    """Path, query, headers and body of one operation.

    `prefix` is the path of the backend's url, percent-encoded; `query` are parameters that every request carries.
    Raises TemplateError for templates that cannot be used.
    """

    def __init__(
        self, operation: str, settings: RestOperationSettings, *, prefix: str = "", query: Headers = ()
    ) -> None:
        self._operation = operation
        self.key_writers: list[Write] = []
        """Everything that writes keys: what one of them refuses cannot be sent."""
        fixed = "".join(f"&{percent(name)}={percent(value)}" for name, value in query)
        self._path = _merged([quote(prefix, safe=_PATH_LITERAL), *self._segments(settings.path)])
        self._query = _merged([*self._parameters(settings.query), fixed])
        fixed_headers: list[tuple[str, str]] = []
        self._headers: list[tuple[str, Fill]] = []
        for name, value in settings.headers.items():
            text = parse(value)
            if _slots(text):
                self._headers.append((name, self._fill(text, header_value, as_it_is)))
            else:
                fixed_headers.append((name, "".join(map(str, text))))
        self.fixed_headers: Headers = tuple(fixed_headers)
        """The headers that never change."""
        self._body: Callable[[Texts], bytes] | None = None
        self.content_type: str | None = None
        if settings.form is not None:
            form = _merged(self._parameters(settings.form))
            self._body = lambda values: _joined(form, values).removeprefix("&").encode("ascii")
            self.content_type = "application/x-www-form-urlencoded"
        elif settings.body is not None:
            build = self._json(settings.body)
            self._body = lambda values: self._dumped(build(values))
            self.content_type = "application/json"

    def target(self, values: Texts) -> str:
        """Path and query, percent-encoded. Raises BadUserInput for values that cannot be sent."""
        path = []
        for piece in self._path:
            text = piece if isinstance(piece, str) else piece(values)
            if text is None:
                raise BadUserInput("an argument that the backend needs is missing", operation=self._operation)
            path.append(text)
        query = _joined(self._query, values)
        return f"{''.join(path)}?{query[1:]}" if query else "".join(path)

    def headers(self, values: Texts) -> Headers:
        """The headers that depend on the values. Raises BadUserInput."""
        if not self._headers:
            return ()
        filled = [(name, fill(values)) for name, fill in self._headers]
        return tuple([(name, value) for name, value in filled if value is not None])

    def body(self, values: Texts) -> bytes:
        """The body, or nothing. Raises BadUserInput."""
        return b"" if self._body is None else self._body(values)

    def _segments(self, text: str) -> list[str | Fill]:
        return [
            quote(piece, safe=_PATH_LITERAL) if isinstance(piece, str) else self._slot(piece, segment, alone=True)
            for piece in parse(text)
        ]

    def _parameters(self, query: Mapping[str, QueryValue]) -> list[str | Fill]:
        """One piece for each parameter, `&` in front included."""
        pieces: list[str | Fill] = []
        for name, value in query.items():
            start = f"&{percent(name)}="
            templates = value if isinstance(value, list) else [value]
            pieces.extend(self._parameter(start, template) for template in templates)
        return pieces

    def _parameter(self, start: str, template: str | Joined) -> str | Fill:
        if isinstance(template, Joined):
            return self._joined_parts(start, template)
        text = parse(template)
        slots = _slots(text)
        if not slots:
            return start + _literal("".join(map(str, text)))
        if len(text) == 1 and slots[0].form == "repeat":
            return self._repeated(start, slots[0].name)
        fill = self._fill(text, percent, _literal)

        def parameter(values: Texts) -> str | None:
            filled = fill(values)
            return None if filled is None else start + filled

        return parameter

    def _repeated(self, start: str, name: str) -> Fill:
        def repeated(values: Texts) -> str | None:
            found = values.get(name)
            if not found:
                return None
            try:
                return "".join([start + percent(value) for value in found])
            except Unsafe as unsafe:
                raise refused(self._operation, name, str(unsafe)) from unsafe

        return repeated

    def _joined_parts(self, start: str, joined: Joined) -> Fill:
        fills = [self._fill(parse(part), percent, _literal, alone=False) for part in joined.parts]
        between = _literal(joined.join)

        def parts(values: Texts) -> str | None:
            filled = [part for part in (fill(values) for fill in fills) if part is not None]
            return start + between.join(filled) if filled else None

        return parts

    def _fill(
        self, text: Text, encode: Callable[[str], str], literal: Callable[[str], str], *, alone: bool | None = None
    ) -> Fill:
        pieces: list[str | Fill] = []
        for piece in text:
            if isinstance(piece, str):
                pieces.append(literal(piece))
            else:
                pieces.append(self._slot(piece, encode, alone=len(text) == 1 if alone is None else alone))
        if len(pieces) == 1 and not isinstance(pieces[0], str):
            return pieces[0]

        def fill(values: Texts) -> str | None:
            filled = []
            for piece in pieces:
                text = piece if isinstance(piece, str) else piece(values)
                if text is None:
                    return None
                filled.append(text)
            return "".join(filled)

        return fill

    def _writer(self, slot: Slot, encode: Callable[[str], str], *, alone: bool) -> Write:
        write = writer(slot, encode, alone=alone)
        if slot.name in {"key", "keys"}:
            self.key_writers.append(write)
        return write

    def _slot(self, slot: Slot, encode: Callable[[str], str], *, alone: bool) -> Fill:
        write = self._writer(slot, encode, alone=alone)
        name = slot.name

        def fill(values: Texts) -> str | None:
            found = values.get(name)
            if found is None:
                return None
            try:
                return write(found)
            except Unsafe as unsafe:
                raise refused(self._operation, name, str(unsafe)) from unsafe

        return fill

    def _json(self, template: Any) -> Callable[[Texts], Any]:
        """What builds the body; table entries and list entries without a value are left out."""
        if isinstance(template, str):
            return self._json_text(template)
        if isinstance(template, Mapping):
            entries = [(name, self._json(value)) for name, value in template.items()]

            def table(values: Texts) -> Any:
                built = [(name, build(values)) for name, build in entries]
                return {name: value for name, value in built if value is not _MISSING}

            return table
        if isinstance(template, (list, tuple)):
            builds = [self._json(value) for value in template]
            return lambda values: [value for value in [build(values) for build in builds] if value is not _MISSING]
        return lambda values: template

    def _json_text(self, template: str) -> Callable[[Texts], Any]:
        text = parse(template)
        slots = _slots(text)
        if len(text) == 1 and slots and slots[0].form in {None, "json", "integers"}:
            return self._json_value(slots[0])
        if not slots:
            whole = "".join(map(str, text))
            return lambda values: whole
        fill = self._fill(text, as_it_is, as_it_is)

        def filled(values: Texts) -> Any:
            made = fill(values)
            return _MISSING if made is None else made

        return filled

    def _json_value(self, slot: Slot) -> Callable[[Texts], Any]:
        # A list where the placeholder may hold several, a single value elsewhere.
        several = slot.name == "keys" or slot.form == "json"
        numbers = slot.form == "integers" or slot.name in NUMBERS
        write = self._writer(Slot(slot.name, "integers" if numbers else None), as_it_is, alone=True)

        def value(values: Texts) -> Any:
            found = values.get(slot.name)
            if found is None:
                return _MISSING
            try:
                if not several:
                    one = write(found)
                    return int(one) if numbers else one
                return [int(write((one,))) for one in found] if numbers else list(found)
            except Unsafe as unsafe:
                raise refused(self._operation, slot.name, str(unsafe)) from unsafe

        return value

    def _dumped(self, body: Any) -> bytes:
        try:
            return json_text(body).encode()
        except Unsafe as unsafe:
            raise BadUserInput(f"an argument cannot be sent: {unsafe}", operation=self._operation) from unsafe


def _literal(text: str) -> str:
    return quote(text, safe=_LITERAL)


def _slots(text: Text) -> list[Slot]:
    return [piece for piece in text if isinstance(piece, Slot)]


def _merged(pieces: Iterable[str | Fill]) -> list[str | Fill]:
    """Neighbouring texts as one."""
    merged: list[str | Fill] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        elif piece != "":
            merged.append(piece)
    return merged


def _joined(pieces: list[str | Fill], values: Texts) -> str:
    """The pieces that have their values, one after the other."""
    filled = [piece if isinstance(piece, str) else piece(values) for piece in pieces]
    return "".join([text for text in filled if text is not None])
