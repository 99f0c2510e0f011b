"""`execute` in graphql-core's place: arguments, result, request errors, and what is left to graphql-core."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Awaitable
from typing import Any

import graphql
import pytest
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    build_schema,
    get_introspection_query,
    parse,
)
from graphql.pyutils import AbortController

from gateway.execution.execute import Executor, execute
from tests.gateway.execution.verdicts import same

SDL = """
type Query { a(x: Int! = 1): String b: String who(kind: Kind, ids: [ID!]): String self: Query }
type Mutation { first: String second: String }
type Subscription { price: Int }
enum Kind { OLD NEW }
"""


def ran(result: Any) -> ExecutionResult:
    assert isinstance(result, ExecutionResult)
    return result


def both(text: str, root: Any = None, schema: GraphQLSchema | None = None, **given: Any) -> ExecutionResult:
    """What both executors answer, which must be the same."""
    schema = schema or build_schema(SDL)
    document = parse(text)
    ours, theirs = ran(execute(schema, document, root, **given)), ran(graphql.execute(schema, document, root, **given))
    assert same(ours, theirs) is None
    return ours


def test_what_is_synchronous_stays_synchronous() -> None:
    """Without anything to wait for there is a result at once, and no event loop is needed."""
    assert both("{ a b }", {"a": "1", "b": lambda _info: "2"}).data == {"a": "1", "b": "2"}


async def test_what_waits_is_awaitable() -> None:
    """With something to wait for there is an awaitable of the result."""

    async def a(_info: Any, x: int) -> str:
        return f"waited {x}"

    result = execute(build_schema(SDL), parse("{ a b }"), {"a": a, "b": "2"})
    assert isinstance(result, Awaitable)
    assert await result == ({"a": "waited 1", "b": "2"}, None)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("query A { a } query B { b }", {}),
        ("query A { a } query B { b }", {"operation_name": "C"}),
        ("fragment F on Query { a }", {}),
        ("query ($x: Int!) { a(x: $x) }", {}),
        ("query ($x: Int!) { a(x: $x) }", {"variable_values": {"x": "one"}}),
        ("query ($x: Nothing) { a }", {"variable_values": {"x": 1}}),
        ("query ($ids: [ID!]) { who(ids: $ids) }", {"variable_values": {"ids": [None]}}),
        ("query ($k: Kind = OLDER) { who(kind: $k) }", {}),
        ("query ($x: Int!, $y: Int!) { a(x: $x) }", {"max_coercion_errors": 1}),
        ("query ($k: Kind) { who(kind: $k) }", {"variable_values": {"k": "OLDE"}, "hide_suggestions": True}),
        ("query ($if: Boolean) { a @skip(if: $if) }", {}),
        ("query ($if: Boolean) { a @skip(if: $if) }", {"variable_values": {"if": None}}),
        ("{ self { a @include(if: $unknown) } }", {}),
        ("{ a(x: null) b }", {}),
        ("query ($x: Int = 2) { a(x: $x) b }", {"variable_values": {"x": None}}),
    ],
)
def test_request_errors_are_those_of_graphql_core(text: str, given: dict[str, Any]) -> None:
    """Missing operations, wrong variables and wrong arguments are told in graphql-core's words."""
    assert both(text, {"b": "2", "self": {}}, **given).errors


def test_the_named_operation_is_executed() -> None:
    """A document may hold several operations; the name chooses."""
    text = "query A { a } query B { b }"
    assert both(text, {"a": "1", "b": "2"}, operation_name="B").data == {"b": "2"}


def test_a_missing_root_type_is_a_request_error() -> None:
    """An operation that the schema is not configured for is refused as graphql-core refuses it."""
    schema = build_schema("type Query { a: String }")
    assert both("mutation { first }", schema=schema).errors


def test_an_invalid_schema_is_refused() -> None:
    """A schema that breaks the rules raises at once, as in graphql-core."""
    with pytest.raises(TypeError, match="Query root type must be provided"):
        Executor(GraphQLSchema())


@pytest.mark.parametrize(
    "variables",
    [{}, {"id": "1"}, {"id": 1}, {"ids": ["1", "2"]}, {"ids": "1"}, {"ids": [1]}, {"n": 2**31}, {"f": 1}, {"f": 0.5}],
)
def test_variables_are_coerced_like_in_graphql_core(variables: dict[str, Any]) -> None:
    """The values that resolvers see, and where they come from, are the same with and without the short cut."""
    seen: list[Any] = []

    def tell(_source: Any, info: Any) -> str:
        seen.append(info.variable_values)
        return "told"

    schema = build_schema(SDL)
    schema.query_type.fields["b"].resolve = tell  # type: ignore[union-attr] # it has a query type
    both(
        "query ($id: ID, $ids: [ID!], $n: Int = 3, $f: Float, $k: Kind = NEW) { b }",
        schema=schema,
        variable_values=variables,
    )
    assert len(seen) in (0, 2)
    assert not seen or seen[0].coerced == seen[1].coerced
    assert not seen or [str(source) for source in seen[0].sources] == [str(source) for source in seen[1].sources]


def test_a_resolver_is_told_what_graphql_core_tells() -> None:
    """`info` is a GraphQLResolveInfo with every field of graphql-core's."""
    seen: list[Any] = []

    def tell(_source: Any, info: Any) -> str:
        seen.append(info)
        return "told"

    schema = build_schema(SDL)
    schema.query_type.fields["b"].resolve = tell  # type: ignore[union-attr] # it has a query type
    context = object()
    both("query Q { self { b } } fragment F on Query { b }", {"self": {}}, schema, context_value=context)
    ours, theirs = seen
    assert type(ours) is type(theirs)
    for name in (*ours._fields[:-2], "abort_signal"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert ours.context is context
    assert ours.path.as_list() == ["self", "b"]


async def test_helpers_for_resolvers_gather_and_track() -> None:
    """`info.async_helpers` waits for several awaitables together, and lets others finish in the background."""
    tracked: list[str] = []

    async def value(name: str) -> str:
        tracked.append(name)
        return name

    async def resolve(_source: Any, info: Any) -> str:
        info.async_helpers.track([value("aside"), "not awaitable"])
        return "".join(await info.async_helpers.gather([value("x"), value("y")]))

    schema = build_schema(SDL)
    schema.query_type.fields["b"].resolve = resolve  # type: ignore[union-attr] # it has a query type
    result: Any = execute(schema, parse("{ b }"))
    assert (await result).data == {"b": "xy"}
    assert sorted(tracked) == ["aside", "x", "y"]


def test_a_field_resolver_replaces_the_default() -> None:
    """Fields without a resolver are read by the given function, with a plan of its own."""

    def saying(word: str) -> Any:
        return lambda _source, info, **_arguments: f"{word} {info.field_name}"

    executor, document = Executor(build_schema(SDL)), parse("{ a b }")
    for word in ("one", "two"):
        result = executor.execute(document, None, field_resolver=saying(word))
        assert ran(result).data == {"a": f"{word} a", "b": f"{word} b"}
    result = executor.execute(document, {"a": "1", "b": "2"}, field_resolver=graphql.default_field_resolver)
    assert ran(result).data == {"a": "1", "b": "2"}


def test_a_type_resolver_replaces_the_default() -> None:
    """Abstract types without a resolver of their own ask the given function."""
    schema = build_schema("interface I { a: String } type T implements I { a: String } type Query { i: I }")
    result = both("{ i { __typename a } }", {"i": {"a": "1"}}, schema, type_resolver=lambda *_: "T")
    assert result.data == {"i": {"__typename": "T", "a": "1"}}


def test_introspection_is_answered() -> None:
    """The schema describes itself as it does through graphql-core."""
    assert both(get_introspection_query()).data["__schema"]["queryType"]["name"] == "Query"  # type: ignore[index]


def test_an_event_of_a_subscription_is_executed() -> None:
    """A subscription's selection is executed over one event as its root."""
    assert both("subscription { price }", {"price": 3}).data == {"price": 3}


@pytest.mark.parametrize(
    ("reason", "given"),
    [
        ("middleware", {"middleware": [lambda resolve, *args, **more: f"<{resolve(*args, **more)}>"]}),
        ("hooks", {"hooks": graphql.ExecutionHooks()}),
        ("abort signal", {"abort_signal": AbortController().signal}),
        ("is awaitable", {"is_awaitable": lambda _value: False}),
        ("executor class", {"executor_class": graphql.Executor}),
    ],
)
def test_what_is_not_covered_runs_on_graphql_core(reason: str, given: dict[str, Any]) -> None:
    """Arguments that change how fields are executed are honoured by graphql-core, and the reason is told."""
    schema, document, root = build_schema(SDL), parse("{ b }"), {"b": "2"}
    reasons: list[str] = []
    ours = Executor(schema, on_fallback=reasons.append).execute(document, root, **given)
    assert ours == graphql.execute(schema, document, root, **given) == execute(schema, document, root, **given)
    assert reasons == [reason]


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("error propagation", "query @experimental_disableErrorPropagation { b }"),
        ("fragment variables", "query { ...F(n: 1) } fragment F($n: Int) on Query { b }"),
    ],
)
def test_experimental_documents_run_on_graphql_core(reason: str, text: str) -> None:
    """So do operations that use experiments of the specification."""
    reasons: list[str] = []
    document = parse(text, experimental_fragment_arguments=True)
    executor = Executor(build_schema(SDL), on_fallback=reasons.append)
    assert ran(executor.execute(document, {"b": "2"})).data == {"b": "2"}
    assert reasons == [reason]


@pytest.mark.parametrize(
    "text", ["{ ... @defer { b } }", "{ self { ...F } } fragment F on Query { ... { a ... @defer { b } } }"]
)
def test_deferred_fragments_are_left_to_graphql_core(text: str) -> None:
    """@defer anywhere in the document means graphql-core, which refuses it in `execute`."""
    reasons: list[str] = []
    with pytest.raises(GraphQLError, match="multiple payloads"):
        Executor(build_schema(SDL), on_fallback=reasons.append).execute(parse(text), {"self": {}})
    assert reasons == ["incremental delivery"]


def test_plans_are_shared_and_bounded() -> None:
    """Runs of the same document share a plan; no more plans are kept than allowed."""
    executor = Executor(build_schema(SDL), plans=3)
    document = parse("query ($if: Boolean!) { a @include(if: $if) b }")
    for _ in range(4):
        assert ran(executor.execute(document, {"a": "1", "b": "2"}, variable_values={"if": True})).data == {
            "a": "1",
            "b": "2",
        }
    assert executor.plans == 1
    assert ran(executor.execute(document, {"a": "1", "b": "2"}, variable_values={"if": False})).data == {"b": "2"}
    assert executor.plans == 2
    for _ in range(10):
        executor.execute(parse("{ b }"), {"b": "2"})
    assert executor.plans == 3


def test_forgotten_plans_and_documents_are_freed() -> None:
    """What falls out of the cache is gone from the memory."""
    executor = Executor(build_schema(SDL), plans=2)
    document = parse("{ b }")
    gone = weakref.ref(document)
    executor.execute(document, {"b": "2"})
    del document
    for _ in range(2):
        executor.execute(parse("{ b }"), {"b": "2"})
    gc.collect()
    assert gone() is None


def test_an_equal_document_is_another_document() -> None:
    """Plans belong to the document object: equal texts parsed twice cannot answer for each other."""
    executor = Executor(build_schema(SDL))
    for text in ("{ a }", "{ a }"):
        executor.execute(parse(text), {})
    assert executor.plans == 2


def test_the_executor_of_a_schema_is_freed_with_it() -> None:
    """The function keeps an executor per schema for as long as the schema lives, and not for its copies."""
    schema = GraphQLSchema(GraphQLObjectType("Query", {"b": GraphQLField(GraphQLString)}))
    gone = weakref.ref(schema)
    execute(schema, parse("{ b }"), {"b": "2"})
    copied = GraphQLSchema(**schema.to_kwargs())
    execute(copied, parse("{ b }"), {"b": "2"})
    del schema, copied
    gc.collect()
    assert gone() is None


def test_a_finished_run_leaves_no_cycles_behind() -> None:
    """What a run needed is freed when it is over, without waiting for the garbage collector."""
    executor, document = Executor(build_schema(SDL)), parse("{ a b self { b } }")
    root = {"a": "1", "b": "2", "self": {"b": "3"}}
    executor.execute(document, root)
    gc.collect()
    gc.disable()
    try:
        for _ in range(50):
            executor.execute(document, root)
        assert gc.collect() < 10
    finally:
        gc.enable()
