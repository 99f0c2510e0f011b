"""What is asked for: fields and selections, collected once per plan.

`Selection` is what is asked of one object type at one place, with fragments merged, `@skip` and `@include` decided and
access decided; `Field` is one entry of it and knows where its value comes from.
"""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    default_field_resolver,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues

from gateway.execution.arguments import Arguments

if TYPE_CHECKING:
    from gateway.execution.plan import Plan

BATCH = "bizgraph.batch"
ATTRIBUTE = "bizgraph.attribute"
COMPUTE = "bizgraph.compute"

_DEEPEST_INLINE = 5
_LARGEST_UNIT = 300


class Origin(Enum):
    """Where the value of a field comes from."""

    TYPENAME = auto()
    REFUSED = auto()  # an error that is known before anything is fetched
    ATTRIBUTE = auto()  # an attribute of the parent, or the key of a dict
    COMPUTED = auto()  # a function of the parent alone
    DEFAULT = auto()  # graphql-core's default resolver
    BATCH = auto()  # one call for all parents
    RESOLVER = auto()  # one call per parent


class Field:
    """One entry of a selection.

    `host` is the selection that it is an entry of and `rank` its place there. `source` is what its origin reads: a
    function, a name, a refusal. `required` tells for each list depth, outermost first, whether null is forbidden.
    `length` is that of every path to the field; it is `vital` when an object that holds it cannot be null without
    leaving no data at all. `told` begins the info of its resolvers. The rest is remembered as it is found out.
    """

    __slots__ = (
        "arguments",
        "asked",
        "chain",
        "definition",
        "depth",
        "details",
        "host",
        "key",
        "late",
        "leaf",
        "length",
        "name",
        "named",
        "nodes",
        "origin",
        "parent_type",
        "rank",
        "required",
        "return_type",
        "selections",
        "source",
        "told",
        "units",
        "valid",
        "vital",
    )

    def __init__(
        self, host: Selection, rank: int, key: str, details: list[FieldDetails], definition: GraphQLField
    ) -> None:
        plan = host.plan
        self.host = host
        self.rank = rank
        self.key = key
        self.details = details
        self.nodes = [detail.node for detail in details]
        self.name = self.nodes[0].name.value
        self.definition = definition
        self.parent_type = host.type
        self.return_type = definition.type
        self.told = self.name, self.nodes, definition.type, host.type
        self.required, self.named = unwrap(definition.type)
        self.depth = len(self.required) - 1
        self.leaf = is_leaf_type(self.named)
        above = host.field
        self.length: int = 1 if above is None else above.length + above.depth + 1
        self.vital: bool = above is None or (above.vital and all(above.required))
        self.arguments = Arguments(definition, self.nodes[0], plan.hide_suggestions)
        self.origin, self.source = self._origin(plan)
        self.late = self.origin in (Origin.BATCH, Origin.RESOLVER) or not self.arguments.constant
        self.selections: dict[GraphQLObjectType, Selection] = {}
        self.units: dict[Hashable, Any] = {}
        self.valid: dict[str, GraphQLObjectType] = {}
        self.asked: dict[tuple[str, ...], bool] = {}
        self.chain: tuple[Selection, tuple[Field, ...]] | None = None

    def _origin(self, plan: Plan) -> tuple[Origin, Any]:
        definition = self.definition
        if self.name == "__typename":
            return Origin.TYPENAME, self.parent_type.name
        if plan.policy is not None:
            refusal = plan.policy.refuses(self.parent_type, self.name, definition)
            if refusal is not None:
                return Origin.REFUSED, refusal
        if self.arguments.error is not None:
            return Origin.REFUSED, self.arguments.error
        extensions = definition.extensions
        if (batch := extensions.get(BATCH)) is not None:
            return Origin.BATCH, batch
        if (attribute := extensions.get(ATTRIBUTE)) is not None:
            return Origin.ATTRIBUTE, attribute
        if (compute := extensions.get(COMPUTE)) is not None:
            return Origin.COMPUTED, compute
        if definition.resolve is not None and definition.resolve is not default_field_resolver:
            return Origin.RESOLVER, definition.resolve
        if plan.field_resolver is not None:
            return Origin.RESOLVER, plan.field_resolver
        return Origin.DEFAULT, self.name

    def selection(self, object_type: GraphQLObjectType, variables: VariableValues) -> Selection:
        """What is asked of an object of this type here; collected when the first one is met."""
        selection = self.selections.get(object_type)
        if selection is None:
            selection = Selection(self.host.plan, object_type, self)
            selection.collect(variables)
            self.selections[object_type] = selection
        return selection

    @property
    def path(self) -> tuple[str, ...]:
        """The response path, without list indices."""
        return tuple(field.key for field in self.ancestry())

    def ancestry(self) -> list[Field]:
        """The fields from the root down to this one."""
        fields = [self]
        while (above := fields[-1].host.field) is not None:
            fields.append(above)
        return fields[::-1]

    def below(self, base: Selection) -> tuple[Field, ...]:
        """The fields from an object selected by `base` down to this one."""
        if self.chain is None or self.chain[0] is not base:
            fields = [self]
            while fields[-1].host is not base and fields[-1].host.field is not None:
                fields.append(fields[-1].host.field)
            self.chain = base, tuple(reversed(fields))
        return self.chain[1]

    def only_type(self, variables: VariableValues) -> Selection | None:
        """The selection, when every object here is known to be of one type without asking `resolve_type` or
        `is_type_of`; None otherwise."""
        named = self.named
        if not is_object_type(named) or named.is_type_of:
            return None
        selection = self.selection(named, variables)
        return selection if selection.error is None else None

    @property
    def null_error(self) -> TypeError:
        return TypeError(f"Cannot return null for non-nullable field {self.parent_type.name}.{self.name}.")


class Selection:
    """What is asked of the objects of one type at one place of the answer.

    `late` are the fields that are fetched for all objects at once, after the others were read, and `unread` is their
    part of an answer until then; both are known once `arrange` has run. `error` is set when collecting fails; such an
    object fails with it.
    """

    __slots__ = ("arranged", "error", "field", "fields", "late", "plan", "type", "unit", "unread")

    def __init__(self, plan: Plan, object_type: GraphQLObjectType, field: Field | None) -> None:
        self.plan = plan
        self.type = object_type
        self.field = field
        self.fields: tuple[Field, ...] = ()
        self.late: tuple[Field, ...] = ()
        self.unread: dict[str, None] = {}
        self.error: Exception | None = None
        self.arranged = False
        self.unit: Any = None

    def collect(self, variables: VariableValues) -> None:
        plan = self.plan
        field = self.field
        try:
            if field is None:
                collected = collect_fields(
                    plan.schema, plan.fragments, variables, self.type, plan.operation, plan.hide_suggestions
                )
            else:
                collected = collect_subfields(
                    plan.schema,
                    plan.fragments,
                    variables,
                    plan.operation,
                    self.type,
                    field.details,
                    plan.hide_suggestions,
                )
        except Exception as error:  # noqa: BLE001 - as in graphql-core, whatever it is, the object fails with it
            self.error = error.with_traceback(None)  # its frames would live as long as the plan
            return
        fields: list[Field] = []
        for key, details in collected.grouped_field_set.items():
            definition = plan.schema.get_field(self.type, details[0].node.name.value)
            if definition is not None:
                fields.append(Field(self, len(fields), key, details, definition))
        self.fields = tuple(fields)

    def arrange(self, variables: VariableValues, depth: int = 0, room: list[int] | None = None) -> None:
        """Decide which fields generated code completes in place and which are left for later.

        Nested objects are completed in place up to a depth and a number of fields: beyond, the generated code would
        grow faster than the document.
        """
        if self.arranged:
            return
        self.arranged = True
        room = room if room is not None else [_LARGEST_UNIT]
        room[0] -= len(self.fields)
        for field in self.fields:
            if field.late or field.leaf or field.origin is Origin.REFUSED:
                continue
            if depth >= _DEEPEST_INLINE or room[0] <= 0:
                field.late = True
            elif (nested := field.only_type(variables)) is not None:
                nested.arrange(variables, depth + 1, room)
        self.leave(tuple(field for field in self.fields if field.late and field.origin is not Origin.REFUSED))

    def leave(self, late: tuple[Field, ...]) -> None:
        """Have these fields fetched later, and arrange nothing further."""
        self.arranged = True
        self.late = late
        self.unread = dict.fromkeys(field.key for field in late)


def unwrap(output_type: GraphQLOutputType) -> tuple[tuple[bool, ...], GraphQLNamedType]:
    """Whether null is forbidden at each list depth, outermost first, and the type inside."""
    required: list[bool] = []
    current: Any = output_type
    while True:
        if is_non_null_type(current):
            required.append(True)
            current = current.of_type
        else:
            required.append(False)
        if not is_list_type(current):
            return tuple(required), current
        current = current.of_type


def possible_types(schema: GraphQLSchema, named: GraphQLNamedType) -> list[GraphQLObjectType]:
    """The object types that a value of this type may have; none for leaf types."""
    if is_object_type(named):
        return [named]
    return list(schema.get_possible_types(named)) if is_abstract_type(named) else []
