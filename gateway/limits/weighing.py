"""Weighing one operation: from its selections and the schema's weights to a cost (`terms.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    NamedTypeNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_introspection_type,
    is_list_type,
)

from gateway.limits.terms import Size, Slice, Sum, dearest, natural, times, total
from schema.cost import SIZE, WEIGHT, ListSize

UNSIZED: Final = 10
"""How long a list is taken to be that the schema says nothing of."""
_STEERING: Final = ("skip", "include")


class _Page(NamedTuple):
    """The size that a field says of lists below it, and which those are."""

    size: Size
    fields: list[str]


class Weighing:
    """One walk through an operation, with @skip and @include decided."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        defaults: Mapping[str, Any],
        steered: Mapping[str, Any],
        most: int,
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._defaults = defaults
        self._steered = steered
        self._most = most

    def fields(self, parent: GraphQLObjectType, sets: list[SelectionSetNode], page: _Page | None) -> dict[str, Sum]:
        """The cost of each field that is asked of objects of this type, by response name."""
        asked: dict[str, list[FieldNode]] = {}
        self._collect(parent, sets, asked)
        return {name: self._field(parent, nodes, page) for name, nodes in asked.items()}

    def _collect(
        self, parent: GraphQLObjectType, sets: list[SelectionSetNode], asked: dict[str, list[FieldNode]]
    ) -> None:
        spread: set[str] = set()
        pending = list(reversed(sets))
        while pending:
            for selection in pending.pop().selections:
                if selection.directives and not self._included(selection.directives):
                    continue
                if isinstance(selection, FieldNode):
                    name = selection.alias.value if selection.alias else selection.name.value
                    asked.setdefault(name, []).append(selection)
                    continue
                if isinstance(selection, FragmentSpreadNode):
                    if selection.name.value in spread:
                        continue
                    spread.add(selection.name.value)
                    fragment: Any = self._fragments[selection.name.value]
                else:
                    fragment = selection
                if self._applies(fragment.type_condition, parent):
                    pending.append(fragment.selection_set)

    def _included(self, directives: Iterable[DirectiveNode]) -> bool:
        for directive in directives:
            name = directive.name.value
            if name in _STEERING and directive.arguments:
                given = directive.arguments[0].value
                if isinstance(given, VariableNode):
                    decided = self._steered.get(given.name.value)
                else:
                    decided = getattr(given, "value", None)
                if decided is (name == "skip"):
                    return False
        return True

    def _applies(self, condition: NamedTypeNode | None, parent: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == parent.name:
            return True
        found = self._schema.get_type(condition.name.value)
        return is_abstract_type(found) and self._schema.is_sub_type(found, parent)

    def _field(self, parent: GraphQLObjectType, nodes: list[FieldNode], page: _Page | None) -> Sum:
        name = nodes[0].name.value
        definition = self._schema.get_field(parent, name)
        assert definition is not None  # the document is valid
        own = definition.extensions.get(WEIGHT, 0)
        named = get_named_type(definition.type)
        if not is_composite_type(named):
            return Sum(own)
        listed = is_list_type(get_nullable_type(definition.type))
        said: ListSize | None = definition.extensions.get(SIZE)
        size: Size = 1
        below = None
        if said is not None and said.slicing_arguments:
            size = self._slice(definition, nodes[0], said.slicing_arguments)
            if said.sized_fields:
                below, size = _Page(size, said.sized_fields), 1
        elif listed:
            if page is not None and name in page.fields:
                size = page.size
            elif parent.name == "__Schema" and name == "types":
                size = len(self._schema.type_map)
            else:
                size = (said and said.assumed_size) or UNSIZED
        sets = [node.selection_set for node in nodes if node.selection_set]
        types = [named] if isinstance(named, GraphQLObjectType) else self._schema.get_possible_types(named)
        each = dearest([self._object(found, sets, below, listed) for found in types])
        return total([Sum(own), times(size, each)])

    def _object(self, found: Any, sets: list[SelectionSetNode], page: _Page | None, listed: bool) -> Sum:
        # The types of introspection say nothing; an object of the schema's own description counts where it is listed.
        weight = int(listed) if is_introspection_type(found) else found.extensions.get(WEIGHT, 1)
        return total([Sum(weight), *self.fields(found, sets, page).values()])

    def _slice(self, definition: GraphQLField, node: FieldNode, names: list[str]) -> Size:
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        for name in names:
            value = given.get(name)
            if isinstance(value, IntValueNode):
                return natural(int(value.value), self._most)
            default = definition.args[name].default_value
            if isinstance(value, VariableNode):
                variable = value.name.value
                return Slice(variable, natural(self._defaults.get(variable, default), self._most), self._most)
            if value is None and default is not Undefined:
                return natural(default, self._most)
        return UNSIZED


def steering(selection_set: SelectionSetNode) -> Iterator[str]:
    """The variables of @skip and @include in a selection set and those within it."""
    pending = [selection_set]
    while pending:
        for selection in pending.pop().selections:
            for directive in selection.directives or ():
                for argument in directive.arguments or ():
                    if directive.name.value in _STEERING and isinstance(argument.value, VariableNode):
                        yield argument.value.name.value
            below = getattr(selection, "selection_set", None)
            if below is not None:
                pending.append(below)
