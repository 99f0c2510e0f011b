"""Null propagation and the order of errors (GraphQL specification, "Handling Execution Errors")."""

from __future__ import annotations

from typing import Any

import graphql
import pytest
from graphql import ExecutionResult, GraphQLError, build_schema, parse

from gateway.execution.execute import execute
from tests.gateway.execution.verdicts import same

SDL = """
type Query { node: Node  must: Node!  nodes: [Node]  mustNodes: [Node!]!  grid: [[Node!]]  deep: [[[Int!]]!] }
type Node { id: ID  must: ID!  node: Node  mustNode: Node!  list: [ID!]  mustList: [ID!]! }
"""
SCHEMA = build_schema(SDL)


def fails(message: str = "no") -> Any:
    def fail(_info: Any) -> Any:
        raise ValueError(message)

    return fail


def ran(text: str, root: Any) -> tuple[Any, list[tuple[str, list[str | int] | None]]]:
    """Data and errors, which must be graphql-core's in every detail and order."""
    ours = execute(SCHEMA, parse(text), root)
    theirs = graphql.execute(SCHEMA, parse(text), root)
    assert isinstance(ours, ExecutionResult)
    assert isinstance(theirs, ExecutionResult)
    assert same(ours, theirs) is None
    told = [(error.message, error.path) for error in ours.errors or ()]
    assert told == [(error.message, error.path) for error in theirs.errors or ()]
    return ours.data, told


NOTHING = "Cannot return null for non-nullable field Node.must."


@pytest.mark.parametrize(
    ("text", "root", "data", "path"),
    [
        ("{ node { id } }", {"node": {"id": fails()}}, {"node": {"id": None}}, ["node", "id"]),
        ("{ node { must } }", {"node": {"must": fails()}}, {"node": None}, ["node", "must"]),
        ("{ node { node { must } } }", {"node": {"node": {"must": fails()}}}, {"node": {"node": None}}, 3),
        ("{ node { mustNode { must } } }", {"node": {"mustNode": {"must": fails()}}}, {"node": None}, 3),
        ("{ must { must } }", {"must": {"must": fails()}}, None, ["must", "must"]),
        ("{ must { id } node { id } }", {"must": fails()}, None, ["must"]),
        ("{ nodes { must } }", {"nodes": [{"must": 1}, {"must": fails()}]}, {"nodes": [{"must": "1"}, None]}, 3),
        ("{ mustNodes { must } }", {"mustNodes": [{"must": 1}, {"must": fails()}]}, None, ["mustNodes", 1, "must"]),
        ("{ mustNodes { id } }", {"mustNodes": fails()}, None, ["mustNodes"]),
        ("{ grid { must } }", {"grid": [[{"must": 1}], [{"must": fails()}]]}, {"grid": [[{"must": "1"}], None]}, 4),
        ("{ deep }", {"deep": [[[1], [2, "x"]]]}, {"deep": [[[1], None]]}, ["deep", 0, 1, 1]),
        ("{ node { list } }", {"node": {"list": ["a", ValueError("no")]}}, {"node": {"list": None}}, 3),
        ("{ node { mustList } }", {"node": {"mustList": ["a", ValueError("no")]}}, {"node": None}, 3),
        ("{ node { mustList } }", {"node": {"mustList": 5}}, {"node": None}, ["node", "mustList"]),
    ],
)
def test_an_error_turns_the_innermost_nullable_place_to_null(
    text: str, root: Any, data: Any, path: list[str | int] | int
) -> None:
    """An error at a place that must not be null spreads outwards to the first place that may be."""
    got, errors = ran(text, root)
    assert got == data
    assert len(errors) == 1
    told = errors[0][1] or []
    assert told == path if isinstance(path, list) else len(told) == path


@pytest.mark.parametrize("place", [None, fails(), GraphQLError("said")])
def test_null_and_errors_spread_alike(place: Any) -> None:
    """A null where none may be is an error like any other."""
    data, errors = ran("{ nodes { id must } }", {"nodes": [{"must": place}, {"must": "x"}]})
    assert data == {"nodes": [None, {"id": None, "must": "x"}]}
    assert [path for _, path in errors] == [["nodes", 0, "must"]]


def test_errors_before_the_one_that_spreads_are_told() -> None:
    """Errors of fields that come earlier are kept; what comes later in an object that is null is not told."""
    data, errors = ran(
        "{ node { id must node { id } } nodes { id } }",
        {
            "node": {"id": fails("first"), "must": None, "node": {"id": fails("later")}},
            "nodes": [{"id": fails("other")}],
        },
    )
    assert data == {"node": None, "nodes": [{"id": None}]}
    assert errors == [
        ("first", ["node", "id"]),
        (NOTHING, ["node", "must"]),
        ("other", ["nodes", 0, "id"]),
    ]


def test_only_the_first_of_several_spreading_errors_is_told() -> None:
    """One null has one reason: the error that was met first."""
    data, errors = ran("{ mustNodes { must } }", {"mustNodes": [{"must": fails("a")}, {"must": fails("b")}]})
    assert data is None
    assert errors == [("a", ["mustNodes", 0, "must"])]


def test_a_list_that_breaks_off_is_null() -> None:
    """An iterator that raises fails its list; errors of the items before it come first."""

    def breaking() -> Any:
        yield {"id": fails("item")}
        raise ValueError("broke")

    data, errors = ran("{ nodes { id } }", {"nodes": lambda _info: breaking()})
    assert data == {"nodes": None}
    assert errors == [("item", ["nodes", 0, "id"]), ("broke", ["nodes"])]


def test_errors_keep_their_locations_and_extensions() -> None:
    """An error tells where in the document it comes from, its extensions and its cause, however often it occurs."""

    class Told(Exception):
        @property
        def extensions(self) -> dict[str, Any]:
            return {"code": "TOLD"}

    def fail(_info: Any) -> Any:
        raise Told("told")

    result = execute(SCHEMA, parse("{\n  nodes {\n    id id\n  }\n}"), {"nodes": [{"id": fail}, {"id": fail}]})
    assert isinstance(result, ExecutionResult)
    assert result.errors is not None
    assert [error.formatted for error in result.errors] == [
        {
            "message": "told",
            "locations": [{"line": 3, "column": 5}, {"line": 3, "column": 8}],
            "path": ["nodes", n, "id"],
            "extensions": {"code": "TOLD"},
        }
        for n in range(2)
    ]
    assert all(isinstance(error.original_error, Told) for error in result.errors)


async def test_what_arrives_later_is_met_later() -> None:
    """Errors that are there at once come before those that had to be waited for, whatever their order in the query."""

    async def later(_info: Any) -> Any:
        raise ValueError("later")

    result = execute(SCHEMA, parse("{ must { id } mustNodes { id } }"), {"must": later, "mustNodes": fails("now")})
    assert isinstance(result, ExecutionResult), "there is nothing to wait for any more"
    assert [error.message for error in result.errors or ()] == ["now"]
    waiting: Any = execute(
        SCHEMA, parse("{ node { must } mustNodes { id } }"), {"node": {"must": later}, "mustNodes": []}
    )
    assert [error.path for error in (await waiting).errors] == [["node", "must"]]


async def test_errors_that_stay_are_met_before_those_that_leave() -> None:
    """Of errors that arrive together, those that stay within what was waited for are told before one that spreads
    beyond it, as in graphql-core."""

    async def node(_info: Any) -> Any:
        return {"must": None}

    root = {"must": node, "node": node}
    ours: Any = execute(SCHEMA, parse("{ must { must } node { must } }"), root)
    theirs: Any = graphql.execute(SCHEMA, parse("{ must { must } node { must } }"), root)
    ours, theirs = await ours, await theirs
    assert ours == theirs
    assert [error.path for error in ours.errors] == [["node", "must"], ["must", "must"]]
