"""The compiled mapping at work: payloads → records, each bad record an error in its own place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from resolvers.backends.mapping import exact
from resolvers.backends.mapping.compiler import compile_shape
from resolvers.backends.mapping.generate import reader_function
from resolvers.backends.mapping.misfit import Misfit
from resolvers.backends.mapping.paths import FIRST, Attribute, Key, Path, entries, parse_path, walk
from resolvers.backends.mapping.problems import InvalidMapping, Problem
from resolvers.backends.mapping.settings import MappingSettings
from resolvers.backends.mapping.shape import Shape
from resolvers.backends.mapping.source import Dicts
from resolvers.backends.mapping.typed import Envelope, Structs, Untypable
from resolvers.errors import BackendContract

Record = TypeVar("Record", bound=Struct)
_BOM = b"\xef\xbb\xbf"


class Page(Struct, Generic[Record]):
    """What a whole answer holds. `count` counts its items before the record filter, so it tells a full page."""

    records: list[Record | BackendContract]
    count: int
    extracted: dict[str, Any]
    """The values asked for by `extract`, as the answer has them; null where it has none."""


class Reader(Generic[Record]):
    """One operation's mapping. Reading has no effect outside, so one reader serves any number of tasks and threads."""

    def __init__(
        self, shape: Shape, *, backend: str, operation: str, items: Path, keyed: bool, extract: Mapping[str, Path]
    ) -> None:
        self.backend = backend
        self.operation = operation
        self.needs = _needs(shape)
        """The names in an item that the mapping reads; None when it may read any."""
        self.fallbacks = 0
        """How many answers were read the exact way since the fast one did not take them."""
        self._shape = shape
        self._items = items
        self._keyed = keyed
        self._extract = extract
        filename = f"<mapping of {backend} {operation}>"
        self._read = reader_function(shape, Dicts(), keyed=True, filename=filename)
        self._envelope: Envelope | None = None
        try:
            access = Structs([shape])
            self._envelope = Envelope(items, keyed, extract, access)
            self._read_structs = reader_function(shape, access, keyed=keyed, filename=filename)
        except Untypable:
            pass

    @property
    def typed(self) -> bool:
        """Whether JSON is decoded straight into what the mapping reads, the fast way."""
        return self._envelope is not None

    def read(self, items: Sequence[Any]) -> list[Record | BackendContract]:
        """One result per item, in order; items that the record filter drops are left out. A bad item raises nothing."""
        return self._read(enumerate(items), self._misfit)

    def read_json(self, body: bytes) -> list[Record | BackendContract]:
        """The same from the bytes of a whole JSON answer (RFC 8259), with the items where the mapping says.

        An object where the items should be is the only item; null is none. Raises BackendContract when the body is not
        JSON or the items are not where they should be.
        """
        return self.read_page_json(body).records

    def read_page_json(self, body: bytes) -> Page[Record]:
        """As `read_json`, with what else of the answer is wanted."""
        if self._envelope is not None:
            try:
                return self._page_of_structs(self._envelope, body)
            except (msgspec.DecodeError, ValueError, RecursionError, ArithmeticError, Misfit):
                # Whatever it was, the exact way knows, or knows what to tell.
                self.fallbacks += 1
        return self.read_document(self._decoded(body))

    def read_document(self, document: Any) -> Page[Record]:
        """As `read_page_json`, from an answer that is decoded already (dicts, lists and scalars)."""
        items = self._located(document)
        records = self._read(items.items() if isinstance(items, dict) else enumerate(items), self._misfit)
        try:
            extracted = {name: walk(document, path.steps) for name, path in self._extract.items()}
        except Misfit as misfit:
            raise self._contract(f"the answer's frame should hold {misfit.expected}", "frame") from misfit
        return Page(records, len(items), extracted)

    def examine(self, item: Any) -> dict[str, Any]:
        """Each mapped field's value in this item, or the BackendContract that it gives."""
        scopes = ((0, item),)
        outcome: dict[str, Any] = {}
        for field in self._shape.fields:
            try:
                outcome[field.name] = exact.value(field, scopes)
            except Misfit as misfit:
                outcome[field.name] = self._told(misfit, scopes)
        return outcome

    def _page_of_structs(self, envelope: Envelope, body: bytes) -> Page[Record]:
        if not body.isascii():
            # What nobody maps is skipped without being looked at; this keeps broken UTF-8 in it an error.
            body.decode()
        document = envelope.decode(body)
        items = envelope.items(document)
        pairs: Iterable[Any] = items
        if self._keyed:
            pairs = entries(items)
        return Page(self._read_structs(pairs, _raise), len(items), envelope.extracted(document))

    def _decoded(self, body: bytes) -> Any:
        try:
            return _DECODER.decode(body.removeprefix(_BOM))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise self._contract("the answer is not JSON", "not json") from exc

    def _located(self, document: Any) -> Any:
        """The items: a list, or a dict where they are the values of a map."""
        found = document
        for step in self._items.steps:
            if isinstance(found, list) and not found:
                return ()  # PHP writes an empty map so.
            if found is None or (isinstance(step, Key) and isinstance(found, dict) and step.name not in found):
                raise self._contract("the answer has no items where they should be", "items")
            try:
                found = step(found)
            except Misfit as misfit:
                came = misfit.describe(private=True)
                message = f"on the way to the items there should be {misfit.expected}, there is {came}"
                raise self._contract(message, "items") from misfit
        if found is None:
            return ()
        if isinstance(found, dict):
            return found if self._keyed else (found,)
        if isinstance(found, (list, tuple)):
            return found
        came = Misfit("", found).describe(private=True)
        raise self._contract(f"the items should be a list, there is {came}", "items")

    def _misfit(self, key: Any, item: Any, records: list[Any]) -> None:
        """Reads the exact way what the generated code did not take."""
        scopes = ((key, item),)
        try:
            if exact.meets(self._shape, scopes):
                records.append(exact.build(self._shape, scopes))
        except Misfit as misfit:
            records.append(self._told(misfit, scopes))

    def _told(self, misfit: Misfit, scopes: exact.Scopes) -> BackendContract:
        return exact.contract(misfit, self._shape, scopes, backend=self.backend, operation=self.operation)

    def _contract(self, message: str, cause: str) -> BackendContract:
        return BackendContract(
            f"{self.backend} {self.operation}: {message}", backend=self.backend, operation=self.operation, cause=cause
        )


def compile_reader(
    record_type: type[Record],
    settings: MappingSettings,
    *,
    backend: str,
    operation: str,
    items_path: str | None = None,
    extract: Mapping[str, str] | None = None,
) -> Reader[Record]:
    """The reader of one operation.

    `items_path` says where in an answer the items are ("data.customers", "data.*" for the values of a map); without
    it the answer itself is the list, or the only item. `extract` names further values of the answer by their paths,
    such as {"total": "meta.total"}. Raises InvalidMapping with every problem of the configuration.
    """
    problems: list[Problem] = []
    items = _document_path(items_path or ".", "items", problems)
    keyed = items.steps[-1:] == (FIRST,)
    paths = {name: _document_path(path, name, problems) for name, path in (extract or {}).items()}
    try:
        shape = compile_shape(record_type, settings, keyed=keyed)
    except InvalidMapping as exc:
        raise InvalidMapping([*problems, *exc.problems]) from None
    if problems:
        raise InvalidMapping(problems)
    if keyed:
        items = Path(items.steps[:-1])
    return Reader(shape, backend=backend, operation=operation, items=items, keyed=keyed, extract=paths)


def _document_path(text: str, key: str, problems: list[Problem]) -> Path:
    try:
        path = parse_path(text)
        if path.up or path.of_key:
            raise ValueError("there is no item around the answer")
    except ValueError as exc:
        problems.append(Problem(key, str(exc)))
        return Path()
    return path


def _needs(shape: Shape) -> frozenset[str] | None:
    names = set()
    for path in shape.paths():
        if path.of_key:
            continue
        if not path.steps or not isinstance(path.steps[0], (Key, Attribute)):
            return None
        names.add(path.steps[0].name)
    return frozenset(names)


def _number(text: str) -> Decimal:
    """A JSON number with all its digits. One beyond what Decimal can hold becomes NaN, which no conversion takes."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


_DECODER = msgspec.json.Decoder(float_hook=_number)


def _raise(key: Any, item: Any, records: list[Any]) -> None:
    """What the fast way does with an item that does not fit: give up the answer to the exact way."""
    raise  # noqa: PLE0704  # re-raises what the generated code is handling
