"""One operation's answers: where in them the records, the total and the business errors are, and how to decode them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct as Record

from resolvers.backends.soap.answers.answer import same_prefixes
from resolvers.backends.soap.decoding.by_column import WORTH_IT, Columns, columns_of
from resolvers.backends.soap.decoding.by_name import Decode
from resolvers.backends.soap.decoding.decode import Compiler
from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.decoding.interpret import Interpreter
from resolvers.backends.soap.decoding.wanted import EVERYTHING, Wanted, wanted_by
from resolvers.backends.soap.problems import AnswerProblem, ConfigurationProblem, DecodeProblem, token
from resolvers.backends.soap.settings import SoapOperationSettings
from resolvers.backends.soap.types import Anything, Array, Operation, Scalar, Struct, Type

Path = tuple[str, ...]


class Payload(Record):
    """A decoded answer. An item that could not be decoded is a DecodeProblem in its place."""

    items: Sequence[Any]
    total: int | None
    code: str | None
    """What the business-error path holds, as text; None where there is none."""
    message: str | None


class Reply:
    """Decodes the answers of one operation, as far as `needs` (names in an item; None for all) asks for it."""

    def __init__(
        self,
        operation: Operation,
        settings: SoapOperationSettings,
        grammar: Grammar,
        needs: Iterable[str] | None = None,
    ) -> None:
        """Raises ConfigurationProblem for paths that the answer does not have."""
        self._operation = operation
        self._grammar = grammar
        self._root = _root_type(operation)
        name = operation.answer.name if operation.answer is not None else ""
        self._items = self._path(settings.items, name)
        self._total = self._path(settings.total, name)
        errors = settings.errors
        self._code = self._path(errors.path if errors else None, name)
        self._message = self._path(errors.message if errors else None, name)
        fields = None if needs is None else dict.fromkeys(needs, EVERYTHING)
        others = [(path, EVERYTHING) for path in (self._total, self._code, self._message) if path]
        self._wanted = wanted_by([(self._items or (), Wanted(fields, item=True)), *others])
        self._decode: Decode | None = None
        self._columns: Columns | None = None
        self._beside: Decode | None = None
        if not operation.encoded and self._root is not None:
            compiler = Compiler(grammar)
            self._decode = compiler.decoder(self._root, self._wanted)
            self._columns = columns_of(self._root, self._items or (), self._wanted, grammar)
            if others:
                self._beside = compiler.decoder(self._root, wanted_by(others))

    def read(self, envelope_body: Any, body: bytes) -> Payload:
        """The payload of an answer, from its Body element. Raises AnswerProblem.

        `body` are the bytes that it was parsed from: their size and what they hold choose the decoder.
        """
        if self._root is None:
            return Payload((), None, None, None)
        element = envelope_body if self._operation.answer is None else self._payload(envelope_body)
        rpc = self._operation.style == "rpc"
        compiled = self._decode is not None and not (rpc and (b"href" in body or b"\x00" in body[:8]))
        try:
            if compiled and self._columns is not None and len(body) >= WORTH_IT:
                rows = self._columns.read(element)
                if rows is not None:
                    return self._told(self._beside(element) if self._beside is not None else None, rows)
            if compiled and self._decode is not None:
                value = self._decode(element)
            else:
                references = envelope_body if rpc else None
                interpreter = Interpreter(self._grammar, references, same_prefixes=same_prefixes(element, body))
                value = interpreter.value(element, self._root, self._wanted)
        except RecursionError:
            raise AnswerProblem("limit", "the answer is nested too deeply") from None
        items = items_of(find(value, self._items or ()))
        if not items and self._items:
            # Within arrays of SOAP encoding names do not count: there only the answer's own parts are looked at.
            refuse_strangers(element, self._root, self._items[:1] if self._operation.encoded else self._items)
        return self._told(value, items)

    def _told(self, value: Any, items: Sequence[Any]) -> Payload:
        """The items with what the answer tells beside them."""
        total, code, message = (
            first(find(value, path)) if path else None for path in (self._total, self._code, self._message)
        )
        return Payload(
            items=items,
            total=_whole_number(total),
            code=None if code is None else _text(code),
            message=None if message is None else _text(message),
        )

    def _payload(self, envelope_body: Any) -> Any:
        """The element that answers. Document style names it; RPC style does not say how it is called."""
        expected = self._operation.answer.name if self._operation.answer is not None else ""
        children = list(envelope_body)
        if not children:
            raise AnswerProblem("empty body", "the answer's Body is empty")
        named = [child for child in children if child.tag.rpartition("}")[2] == expected]
        if len(named) > 1:
            raise AnswerProblem("not expected", f"the answer holds several {expected}")
        if named:
            return named[0]
        if self._operation.style == "rpc":
            return next((child for child in children if child.get("id") is None), children[0])
        raise AnswerProblem("not expected", f"the answer holds no {expected}")

    def _path(self, text: str | None, root: str) -> Path | None:
        if text is None:
            return None
        names = [name for name in text.split(".") if name]
        if names and names[0] == root and not (isinstance(self._root, Struct) and self._root.field_named(root)):
            del names[0]
        return resolved(self._root, names, text)


def _root_type(operation: Operation) -> Type | None:
    if operation.answer is not None:
        return operation.answer.type
    if operation.answer_parts:
        return Struct(None, list(operation.answer_parts))
    return None


def resolved(root: Type | None, names: Sequence[str], text: str) -> Path:
    """A path of the configuration in the keys of decoded values. Wrappers around a list need not be named.

    Raises ConfigurationProblem for a name that its type does not have.
    """
    path: list[str] = []
    current: Type | None = root
    for name in names:
        if isinstance(current, Struct):
            field = current.field_named(name)
            if field is not None:
                path.append(field.key)
                current = field.type
                continue
            if any(name == other for other in (a.key for a in current.attributes)):
                path.append(name)
                current = None
                continue
            if any(name == group.key for group in current.groups):
                path.append(name)
                current = Anything()
                continue
            if not current.wildcard:
                known = ", ".join(child.key for child in current.fields) or "nothing"
                raise ConfigurationProblem(f"{text}: the answer has no {name} there; it has {known}")
            path.append(name)
            current = Anything()
        elif isinstance(current, Array):
            item = current.item
            field = item.field_named(name) if isinstance(item, Struct) else None
            current = item  # what an item is called does not count
            if field is not None:
                path.append(field.key)
                current = field.type
        elif isinstance(current, Scalar):
            raise ConfigurationProblem(f"{text}: the answer has one value there, nothing named {name}")
        else:
            path.append(name)
    if isinstance(current, Struct) and current.only_list is not None:
        path.append(current.only_list.key)
    return tuple(path)


def find(value: Any, path: Path) -> Any:
    """The value at a path; None when something on the way is missing. Lists on the way are gone through."""
    for at, name in enumerate(path):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list):
            found: list[Any] = []
            for entry in value:
                inner = find(entry, path[at:])
                found.extend(inner if isinstance(inner, list) else () if inner is None else (inner,))
            return found
        elif isinstance(value, DecodeProblem) or value is None:
            return value
        else:
            raise DecodeProblem("elements", None, path[: at + 1])
    return value


def first(value: Any) -> Any:
    """One value: of several, which repeated wrappers on the way give, the first."""
    if isinstance(value, list):
        return value[0] if value else None
    return value


def items_of(value: Any) -> Sequence[Any]:
    """The items: a list as it is, one value as a list of one, nothing as an empty list. Nil items are left out."""
    if value is None or value == "":
        return ()
    if not isinstance(value, list):
        return (value,)
    return [item for item in value if item is not None] if None in value else value


def refuse_strangers(element: Any, declared: Type | None, path: Path) -> None:
    """Raise AnswerProblem where an answer without items holds elements of which its type knows none.

    Unknown elements beside known ones are what servers add in time. Unknown ones alone are the items under another
    name or namespace, or an error in a form of its own: to ignore them would tell that there are none.
    """
    for key in path:
        if not isinstance(declared, Struct) or declared.wildcard or declared.groups or not len(element):
            return
        known = [child for child in element if _is_declared(declared, child.tag)]
        field = declared.field_named(key)
        if not known:
            expected = field.name if field is not None else key
            came = token(element[0].tag.rpartition("}")[2]) or "another element"
            raise AnswerProblem("not expected", f"the answer holds no {expected}, but {came}")
        if field is None or len(known) != 1:
            return
        element, declared = known[0], field.type


def _is_declared(struct: Struct, tag: str) -> bool:
    """Whether it is a child's name, with the namespace that it should have or lack, or without the one it should."""
    namespace, _, local = tag.rpartition("}")
    return any(
        tag == field.tag or (local == field.name and not (namespace and field.namespace))
        for child in struct.fields
        for field in (child, *child.substitutes)
    )


def _whole_number(value: Any) -> int | None:
    if value is None or value == "":
        return None
    try:
        return int(value)
    except (TypeError, ValueError, ArithmeticError):
        raise DecodeProblem("a number of records", str(value), ("total",)) from None


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
