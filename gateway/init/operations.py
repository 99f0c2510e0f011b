"""Which operation of an API answers which domain: by ids, by its neighbours, or as a list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from gateway.init.model import Api, Element, Operation, Parameter
from gateway.init.words import FILTERS, NEXT, PAGING, SEARCH, TOTALS, domain_in, parts, plain, singular

_RELATIONS: Final = {
    ("orders", "customers"): "by_customers",
    ("invoices", "customers"): "by_customers",
    ("invoices", "orders"): "by_orders",
}
_VERBS: Final = frozenset({"get", "list", "find", "search", "read", "query", "fetch", "all", "load", "retrieve"})
_JOINTS: Final = frozenset({"of", "by", "for", "from"})
_ITEMS_DEPTH: Final = 3


class Guess(Struct):
    """One operation of a domain. `items` is where its records are; None where the answer itself is them."""

    domain: str
    method: str
    operation: Operation
    item: Element
    items: str | None
    total: str | None = None
    key: Parameter | None = None
    window: dict[str, Parameter] = {}
    """Parameters of paging, by placeholder."""
    next: str | None = None
    """With a cursor: where the answer tells the next one."""
    filters: dict[str, Parameter] = {}
    """Parameters that are arguments of the graph, by argument."""

    @property
    def worth(self) -> tuple[bool, bool, int]:
        """What makes one guess better than another: many keys, paging, more fields."""
        return self.key is not None and self.key.many, bool(self.window), len(self.item.children)


def guesses(api: Api) -> Iterator[Guess]:
    """Every operation that seems to answer a domain."""
    for operation in api.operations:
        domain, around = _domain(api, operation)
        items, item = _items(operation.answer)
        if domain is None or item is None or sum(found.where == "path" for found in operation.parameters) > 1:
            continue
        keys = [(method, found) for found in operation.parameters if (method := _method(domain, around, found))]
        many = operation.answer.kind == "list" or _lists(operation.answer, items)
        for method, key in keys:
            yield Guess(domain, method, operation, item, items, key=key)
        if many and not any(key.where == "path" or key.required for _, key in keys):
            others = [found for found in operation.parameters if found not in [key for _, key in keys]]
            if api.kind == "rest" or _window(others) or not keys:
                total = _total(operation.answer, items)
                window, filters = _window(others), _filters(domain, others)
                after = _leaf(operation.answer, items, NEXT, ("text", "any")) if "cursor" in window else None
                yield Guess(domain, "list", operation, item, items, total, window=window, filters=filters, next=after)


def _domain(api: Api, operation: Operation) -> tuple[str | None, str | None]:
    """What the operation answers, and what it is asked below: `/customers/{id}/orders` are orders of customers."""
    if api.kind == "rest":
        segments = [segment for segment in operation.name.split("/") if segment]
        named = [segment for segment in segments if not segment.startswith("{")]
        if not named:
            return None, None
        before = segments[segments.index(named[-1]) - 1] if segments.index(named[-1]) else ""
        around = domain_in(parts(named[-2])) if before.startswith("{") and len(named) > 1 else None
        return domain_in(parts(named[-1])), around
    words = [word for word in parts(operation.name) if word not in _VERBS]
    joints = [index for index, word in enumerate(words) if word in _JOINTS]
    cut = joints[0] if joints else len(words)
    return domain_in(words[:cut]), domain_in(words[cut + 1 :])


def _method(domain: str, around: str | None, parameter: Parameter) -> str | None:
    """The operation that this parameter is the key of."""
    own = "by_skus" if domain == "products" else "by_ids"
    name = plain(parameter.name)
    bare = name.removesuffix("s")
    if parameter.where == "path":
        return _RELATIONS.get((domain, around)) if around is not None else own
    words = [singular(word) for word in parts(parameter.name)]
    named = domain_in(words)
    if bare in ("id", "key") or (domain == "products" and bare in ("sku", "ref", "code")):
        return _RELATIONS.get((domain, around)) if around not in (None, domain) else own
    if named is not None and (words[-1] in ("id", "key", "no", "number") or len(words) == 1):
        return own if named == domain else _RELATIONS.get((domain, named))
    return None


def _items(answer: Element) -> tuple[str | None, Element | None]:
    """Where the records are: the first list of objects, else the object itself."""
    if answer.kind == "list":
        return None, answer.item if answer.item is not None and answer.item.kind == "object" else None
    level = [("", answer)]
    for _ in range(_ITEMS_DEPTH):
        below = [
            (f"{path}.{name}".lstrip("."), child) for path, found in level for name, child in found.children.items()
        ]
        for path, child in below:
            if child.kind == "list" and child.item is not None and child.item.kind == "object" and _thin(level):
                return path, child.item
        level = [(path, child) for path, child in below if child.kind == "object"]
    path, only = "", answer
    while len(only.children) == 1 and next(iter(only.children.values())).kind == "object":
        name, only = next(iter(only.children.items()))
        path = f"{path}.{name}".lstrip(".")
    return path or None, only if only.kind == "object" else None


def _thin(level: list[tuple[str, Element]]) -> bool:
    """Whether these objects only wrap something: a record with a list in it has an id."""
    return not any(plain(name) in ("id", "sku", "rowid") for _, found in level for name in found.children)


def _lists(answer: Element, items: str | None) -> bool:
    found: Element | None = answer
    for name in (items or "").split("."):
        found = None if found is None else found.children.get(name)
    return found is not None and found.kind == "list"


def _total(answer: Element, items: str | None) -> str | None:
    return _leaf(answer, items, TOTALS, ("integer",))


def _leaf(answer: Element, items: str | None, names: tuple[str, ...], kinds: tuple[str, ...]) -> str | None:
    """The path of a value beside the items that has one of these names."""
    for path, element in answer.below(1):
        inside = items is not None and path.startswith(f"{items}.")
        if element.kind in kinds and not inside and plain(path.rpartition(".")[2]) in names:
            return path
    return None


def _window(parameters: list[Parameter]) -> dict[str, Parameter]:
    found = {}
    for placeholder, names in PAGING.items():
        for parameter in parameters:
            if plain(parameter.name) in names:
                found[placeholder] = parameter
                break
    ways = [way for way in ("offset", "page", "cursor") if way in found]
    if not ways:
        return {}
    return {name: parameter for name, parameter in found.items() if name in ("limit", ways[0])}


def _filters(domain: str, parameters: list[Parameter]) -> dict[str, Parameter]:
    found = {}
    for parameter in parameters:
        name = plain(parameter.name)
        if name in SEARCH:
            found["text"] = parameter
        for ours in FILTERS[domain]:
            if name == plain(ours):
                found[ours] = parameter
    return found
