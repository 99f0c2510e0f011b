"""How large a document may be, checked in linear time before the costly validation.

Fragments are counted as if their text stood at every spread, which is what execution would do; each fragment is
measured once and its sums are added where it is spread, so 1 kB of nested fragments costs no more than 1 kB of fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from msgspec import Struct

from resolvers.errors import OperationTooLarge

INTROSPECTION = frozenset({"__schema", "__type", "_service"})
"""Root fields that tell the schema; `_service` does so in Federation's way."""

INTROSPECTION_DEPTH = 15
"""Levels that a selection below an introspection field may have beyond `depth`: the standard query has 14."""

_CEILING = 1_000_000_000
"""Sums stop growing here: the number of digits of a fragment bomb's size is not worth computing."""

# A string or block string that is not closed takes the rest of its line or text, so that no character is looked at
# twice; the parser refuses such a text anyway.
_TOKEN = re.compile(
    r'"""(?:\\"""|[^"\\]|\\|"(?!""))*+(?:""")?'
    r'|"(?:\\.|[^"\\\n\r])*+"?'
    r"|[A-Za-z_]\w*+|-?\d[\d.eE+-]*+|\.\.\.|\#[^\n\r]*+|[!$&()\[\]{}:=@|]",
    re.ASCII,
)


_SIGNS = frozenset(":@")
"""A name after one of these is no response name, but that of a field with an alias, or of a directive."""


class DocumentLimits(Struct, frozen=True, kw_only=True):
    """The most that one document may have. Counts are per operation, with fragments expanded."""

    characters: int = 32_000
    tokens: int = 2_000
    """Lexical tokens, comments included."""
    operations: int = 20
    """Operations in one document."""
    depth: int = 15
    """Levels of fields; introspection has its own allowance."""
    root_fields: int = 20
    fields: int = 1_000
    aliases: int = 60
    directives: int = 60
    spreads: int = 300
    """Fragment spreads."""
    repeats: int = 25
    """How often one response name may stand in one selection set: validation compares each pair of them."""
    merges: int = 20_000
    """Comparisons that validation may spend on fields that meet under one response name; 20,000 take about 30 ms."""


def count_tokens(text: str) -> int:
    """The number of lexical tokens and comments; exact for every text that parses."""
    return len(_TOKEN.findall(text))


def check_text(text: str, limits: DocumentLimits) -> None:
    """Raise OperationTooLarge for a text that is not worth parsing, for a twentieth of what parsing costs.

    Beside the size this looks at what the brackets alone can tell of each definition; what lies within its fragments
    is for `check_document`.
    """
    _require("characters", len(text), limits.characters)
    tokens = _TOKEN.findall(text)
    _require("tokens", len(tokens), limits.tokens)
    operations = depth = parentheses = aliases = directives = 0
    for symbol in tokens:
        if symbol == "(":
            parentheses += 1
        elif symbol == ")":
            parentheses -= 1
        elif symbol == "@":
            directives += 1
            if directives > limits.directives:
                _require("directives", directives, limits.directives)
        elif not parentheses:  # Within parentheses colons name arguments and braces hold input objects.
            if symbol == ":":
                aliases += 1
                if aliases > limits.aliases:
                    _require("aliases", aliases, limits.aliases)
            elif symbol == "{":
                depth += 1
                if depth > limits.depth + INTROSPECTION_DEPTH:
                    _require("depth", depth, limits.depth)
            elif symbol == "}":
                depth -= 1
                if not depth:
                    aliases = directives = 0
                    operations += 1
                    _require("operations", operations, limits.operations)
            elif not depth and symbol == "fragment":
                operations -= 1  # What is closed next is none.
    _check_names(tokens, limits)


def _check_names(tokens: list[str], limits: DocumentLimits) -> None:
    """Raise for more fields, or repetitions of one, than a definition may have: parsing those costs most."""
    fields = parentheses = 0
    sets: list[dict[str, int]] = []  # the response names of each selection set that is open, and how often each stands
    inline = False  # What is opened next is an inline fragment, and belongs to the selection set around it.
    before = ""
    for symbol in tokens:
        if symbol == "(":
            parentheses += 1
        elif symbol == ")":
            parentheses -= 1
        elif parentheses or symbol[0] in '#"':
            continue
        elif symbol == "{":
            sets.append(sets[-1] if inline and sets else {})
            inline = False
        elif symbol == "}":
            del sets[-1:]
            if not sets:
                fields = 0
        elif symbol == "...":
            inline = True
        elif before == "..." and symbol != "@":
            inline = symbol == "on"
        elif sets and symbol not in _SIGNS and before not in _SIGNS and not (inline and before == "on"):
            fields += 1
            if fields > limits.fields:
                _require("fields", fields, limits.fields)
            names = sets[-1]
            names[symbol] = repeats = names.get(symbol, 0) + 1
            if repeats > limits.repeats:
                _require("repeats", repeats, limits.repeats)
        before = symbol


def check_document(document: DocumentNode, limits: DocumentLimits) -> bool:
    """Raise for a document that is not worth validating; otherwise tell whether it asks for the schema.

    OperationTooLarge names the limit, the allowed and the actual value. A fragment that spreads itself is a
    GraphQLError, as validation would make it.
    """
    operations: list[_Size] = []
    fragments: dict[str, _Size] = {}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            operations.append(_measure(definition, limits))
        elif isinstance(definition, FragmentDefinitionNode):
            fragments[definition.name.value] = _measure(definition, limits)
    _require("operations", len(operations), limits.operations)
    if fragments:
        for name in _leaves_first(fragments, document):
            fragments[name].expand(fragments)
            fragments[name].check(limits, whole=False)
    introspects = False
    for size in operations:
        size.expand(fragments)
        size.check(limits, whole=True)
        introspects = introspects or size.introspects
    return introspects


class _Size:
    """What one definition holds: first its own text, after `expand` with all that it spreads."""

    __slots__ = ("aliases", "depth", "directives", "fields", "introspects", "root_fields", "spreads", "uses")

    def __init__(self) -> None:
        self.depth = 0
        self.root_fields = 0
        self.fields = 0
        self.aliases = 0
        self.directives = 0
        self.spreads = 0
        self.introspects = False
        self.uses: list[tuple[str, int, bool]] = []
        """Spread fragments: name, levels above the spread, and whether it stands at the definition's root."""

    def expand(self, fragments: dict[str, _Size]) -> None:
        for name, above, at_root in self.uses:
            spread = fragments.get(name)
            if spread is None:
                continue  # Validation says which fragments are missing.
            self.depth = max(self.depth, above + spread.depth)
            if at_root:
                self.root_fields = min(self.root_fields + spread.root_fields, _CEILING)
            self.fields = min(self.fields + spread.fields, _CEILING)
            self.aliases = min(self.aliases + spread.aliases, _CEILING)
            self.directives = min(self.directives + spread.directives, _CEILING)
            self.spreads = min(self.spreads + spread.spreads, _CEILING)
            self.introspects = self.introspects or spread.introspects

    def check(self, limits: DocumentLimits, *, whole: bool) -> None:
        """`whole` for operations: where a fragment will stand, and so how deep, only they can tell."""
        if whole:
            _require("depth", self.depth, limits.depth)
            _require("root_fields", self.root_fields, limits.root_fields)
        _require("fields", self.fields, limits.fields)
        _require("aliases", self.aliases, limits.aliases)
        _require("directives", self.directives, limits.directives)
        _require("spreads", self.spreads, limits.spreads)


def _measure(definition: OperationDefinitionNode | FragmentDefinitionNode, limits: DocumentLimits) -> _Size:
    size = _Size()
    size.directives = len(definition.directives or ())
    if isinstance(definition, OperationDefinitionNode):
        size.directives += sum(len(variable.directives or ()) for variable in definition.variable_definitions or ())
    # One entry per selection set still to be read: its levels above, and how often each response name stands in it.
    # Inline fragments belong to the selection set around them.
    pending: list[tuple[SelectionSetNode, int, bool, dict[str, int]]] = [(definition.selection_set, 0, True, {})]
    while pending:
        selection_set, above, at_root, names = pending.pop()
        for selection in selection_set.selections:
            size.directives += len(selection.directives or ())
            if isinstance(selection, FieldNode):
                field = selection.name.value
                size.fields += 1
                size.root_fields += at_root
                size.depth = max(size.depth, above + 1)
                name = field
                if selection.alias:
                    size.aliases += 1
                    name = selection.alias.value
                names[name] = repeats = names.get(name, 0) + 1
                if repeats > limits.repeats:
                    # Told when it is met, with the number that was enough to refuse.
                    _require("repeats", repeats, limits.repeats)
                below = above + 1
                if field in INTROSPECTION:
                    size.introspects = True
                    below -= INTROSPECTION_DEPTH
                if selection.selection_set:
                    pending.append((selection.selection_set, below, False, {}))
            elif isinstance(selection, FragmentSpreadNode):
                size.spreads += 1
                size.uses.append((selection.name.value, above, at_root))
            elif isinstance(selection, InlineFragmentNode):
                pending.append((selection.selection_set, above, at_root, names))
    return size


def _leaves_first(fragments: dict[str, _Size], document: DocumentNode) -> Iterator[str]:
    """The fragments' names, each after all that it spreads."""
    sorter = TopologicalSorter(
        {name: [used for used, _, _ in size.uses if used in fragments] for name, size in fragments.items()}
    )
    try:
        yield from sorter.static_order()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        nodes = [
            definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode) and definition.name.value == cycle[0]
        ]
        raise GraphQLError(f"Fragment '{cycle[0]}' spreads itself.", nodes) from error


def _require(limit: str, actual: int, allowed: int) -> None:
    if actual > allowed:
        what = limit.replace("_", " ")
        raise OperationTooLarge(
            f"The operation is too large: {what} {actual}, allowed {allowed}.",
            limit=limit,
            allowed=allowed,
            actual=actual,
        )
