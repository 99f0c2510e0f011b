"""What a service description declares: an element that may be missing in every answer is not a mistake."""

from __future__ import annotations

from gateway.check.raw import ANY, ENTRY, Names
from resolvers.backends.soap.types import Array, Field, Operation, Struct, Type


def declares(operation: Operation, items: Names, place: Names) -> bool:
    """Whether the answer's type has this path below its items."""
    start = [field.type for field in (operation.answer, *operation.answer_parts) if field is not None]
    return any(_reaches(kind, (*items, *place), 0) for kind in start)


def _reaches(kind: Type, names: Names, wrappers: int) -> bool:
    while isinstance(kind, Array):
        kind = kind.item
    names = names[1:] if names[:1] in ((ENTRY,), (ANY,)) else names
    if not names:
        return True
    if not isinstance(kind, Struct):
        return False
    child: Field | None = kind.field_named(names[0].removeprefix("@"))
    if child is not None:
        return _reaches(child.type, names[1:], 0)
    if any(attribute.key == names[0] or f"@{attribute.key}" == names[0] for attribute in kind.attributes):
        return True
    # Paths start below the elements that merely wrap an answer.
    return wrappers < 2 and len(kind.fields) == 1 and _reaches(kind.fields[0].type, names, wrappers + 1)
