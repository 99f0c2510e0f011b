"""Fields that are answered for many parents at once, and how the executor finds them.

A relation is written once, as a batch function `(parents, info, **arguments) -> answers`, one answer per parent. The
resolver per object that Strawberry wants is derived from it. `bind` then leaves on each field of the graphql-core
schema what the executor needs: the batch function and what makes its arguments, the attribute to read, or the
function of the parent to call.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import strawberry
from graphql import GraphQLField, GraphQLInterfaceType, GraphQLObjectType
from graphql.pyutils import Path
from strawberry.types import Info
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from resolvers.context import Context, Place

BATCH = "bizgraph.batch"
ATTRIBUTE = "bizgraph.attribute"
COMPUTE = "bizgraph.compute"
ARGUMENTS = "bizgraph.arguments"
CALLS = "bizgraph.calls"
"""The backend operations that a field may ask, for those who want to know before it runs."""


PLAIN = frozenset({str, int, bool, type(None)})
"""Argument values that Strawberry hands on as they are; only input objects, lists and enums need converting."""


class Level(Protocol):
    """What a batch function may know of the request; the executor's own object has more."""

    context: Context

    @property
    def place(self) -> Place:
        """Where in the answer it is."""
        ...

    def selects(self, name: str) -> bool:
        """Whether the field's own selection asks for the field of this GraphQL name."""
        ...

    def selects_path(self, *names: str) -> bool:
        """The same, for a field further below."""
        ...


Batch = Callable[..., Sequence[Any] | Awaitable[Sequence[Any]]]


class _LevelOfOne:
    """The level of a single parent, where graphql-core itself runs the operation."""

    __slots__ = ("context", "place")

    def __init__(self, info: Info[Any, Any]) -> None:
        self.context: Context = info.context
        self.place = _PlaceOfOne(info.path)

    def selects(self, name: str) -> bool:
        return True

    def selects_path(self, *names: str) -> bool:
        return True


class _PlaceOfOne:
    """The place of a single parent's field."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def path(self) -> Sequence[str]:
        return [key for key in self._path.as_list() if isinstance(key, str)]


def relation(
    batch: Batch,
    graphql_type: Any,
    *,
    description: str,
    name: str | None = None,
    calls: Sequence[str] = (),
    own: Sequence[str] | None = None,
    directives: Sequence[object] = (),
    deprecation_reason: str | None = None,
) -> Any:
    """A field answered by a batch function. Its arguments are those of the function after `parents` and `info`.

    `calls` names the backend operations that it asks, `own` those for a principal limited to a customer, where they
    are others.
    """
    resolver = _per_object(batch)
    resolver.calls = (tuple(calls), tuple(calls if own is None else own))  # type: ignore[attr-defined] # for `bind`
    return strawberry.field(
        resolver=resolver,
        graphql_type=graphql_type,
        description=description,
        name=name,
        directives=list(directives),
        deprecation_reason=deprecation_reason,
    )


def computed(
    function: Callable[[Any], Any], graphql_type: Any, *, description: str, directives: Sequence[object] = ()
) -> Any:
    """A field that is a function of its parent alone: no I/O, no request."""

    def resolve(root: Any) -> Any:
        return function(root)

    resolve.__annotations__ = {"root": Any}
    resolve.compute = function  # type: ignore[attr-defined] # the mark that `bind` looks for
    return strawberry.field(
        resolver=resolve, graphql_type=graphql_type, description=description, directives=list(directives)
    )


def _per_object(batch: Batch) -> Callable[..., Any]:
    async def resolve(root: Any, info: Info[Any, Any], **arguments: Any) -> Any:
        answers = _placed(batch)([root], _LevelOfOne(info), **arguments)
        if inspect.isawaitable(answers):
            answers = await answers
        answer = answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    own = list(inspect.signature(batch, eval_str=True).parameters.values())[2:]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    first = [inspect.Parameter("root", kind, annotation=Any), inspect.Parameter("info", kind, annotation=Info)]
    resolve.__signature__ = inspect.Signature(first + own)  # type: ignore[attr-defined] # read by inspect
    resolve.__annotations__ = {"root": Any, "info": Info} | {p.name: p.annotation for p in own}
    resolve.batch = batch  # type: ignore[attr-defined] # the mark that `bind` looks for
    return resolve


def bind(schema: strawberry.Schema) -> None:
    """Leave on every field of the schema what the executor needs to answer it for a whole level."""
    for graphql_type in schema._schema.type_map.values():
        if isinstance(graphql_type, GraphQLInterfaceType):
            graphql_type.resolve_type = _named_like_its_record
        if not isinstance(graphql_type, GraphQLObjectType) or graphql_type.name.startswith("__"):
            continue
        # Strawberry would ask each object whether it is of its own class; records never are, and need not be asked.
        graphql_type.is_type_of = None
        for field in graphql_type.fields.values():
            definition = field.extensions.get("strawberry-definition")
            if isinstance(definition, StrawberryField):
                _bind_field(schema, field, definition)


def _named_like_its_record(value: object, info: object, abstract_type: object) -> str:
    """Public types have the names of the records that they present."""
    return type(value).__name__


def _bind_field(schema: strawberry.Schema, field: GraphQLField, definition: StrawberryField) -> None:
    function = definition.base_resolver.wrapped_func if definition.base_resolver else None
    if function is None:
        field.extensions[ATTRIBUTE] = definition.python_name
    elif (compute := getattr(function, "compute", None)) is not None:
        field.extensions[COMPUTE] = compute
    elif (batch := getattr(function, "batch", None)) is not None:
        field.extensions[BATCH] = _placed(batch)
        if definition.arguments:
            field.extensions[ARGUMENTS] = _python_arguments(schema, definition)
        field.extensions[CALLS] = getattr(function, "calls", ((), ()))


def _placed(batch: Batch) -> Batch:
    """The batch function, told where in the answer it is, so that a stale value can be named by its path."""

    def call(parents: Sequence[Any], info: Level, **arguments: Any) -> Sequence[Any] | Awaitable[Sequence[Any]]:
        info.context = info.context.at(info.place)
        return batch(parents, info, **arguments)

    return call


def _python_arguments(
    schema: strawberry.Schema, definition: StrawberryField
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Makes arguments as Strawberry would give them of those that GraphQL gives: Python names, input objects."""
    arguments = definition.arguments
    registry, config = schema.schema_converter.scalar_registry, schema.config
    python_names = {config.name_converter.from_argument(argument): argument.python_name for argument in arguments}
    renamed = any(name != python_name for name, python_name in python_names.items())

    def convert(given: dict[str, Any]) -> dict[str, Any]:
        for value in given.values():
            if value.__class__ not in PLAIN:
                return convert_arguments(given, arguments, registry, config)
        return {python_names[name]: value for name, value in given.items()} if renamed else given

    return convert
