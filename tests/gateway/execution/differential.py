"""One case of the comparison: a world, an operation, and what the executors make of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import graphql
from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, parse
from graphql.language import DirectiveNode, NameNode

from gateway.execution.execute import Executor
from tests.gateway.execution.operations import Operation
from tests.gateway.execution.schemas import random_schema
from tests.gateway.execution.verdicts import alike, same
from tests.gateway.execution.worlds import World

CASES_PER_WORLD = 15


class Difference(AssertionError):
    """The executors disagree."""


def compare(seed: int, executor_class: Any = Executor, schema: GraphQLSchema | None = None) -> int:
    """Compare operations over one world; how many. Raises Difference with everything needed to see why.

    Without a schema there is a random one.
    """
    faults = (0.0, 0.03, 0.1, 0.25)[seed % 4]
    world = World(schema if schema is not None else random_schema(seed), seed, faults)
    executor = executor_class(world.schema)
    with asyncio.Runner() as runner:
        for number in range(CASES_PER_WORLD):
            kind = "mutation" if number % 4 == 3 and world.schema.mutation_type else "query"
            nonsense = 0.15 if number % 5 == 4 else 0.0
            operation = Operation(world.schema, seed * 1000 + number, kind=kind, nonsense=nonsense)
            case = f"seed {seed}, case {number}\n{operation.text}\n{operation.values}"
            try:
                difference = _differ(world, executor, operation, kind, runner)
            except Exception as error:
                raise Difference(f"{error!r}\n{case}") from error
            if difference is not None:
                raise Difference(f"{difference}\n{case}")
    return CASES_PER_WORLD


def _differ(world: World, executor: Any, operation: Operation, kind: str, runner: asyncio.Runner) -> str | None:
    document = parse(operation.text)
    difference = _differ_for(world, executor, document, kind.capitalize(), operation.values, runner)
    if difference is None and any(isinstance(value, bool) for value in operation.values.values()):
        difference = _differ_for(world, executor, document, kind.capitalize(), operation.flipped(), runner)
    return difference


def _differ_for(
    world: World, executor: Any, document: DocumentNode, root: str, values: dict[str, Any], runner: asyncio.Runner
) -> str | None:
    given = {"variable_values": values, "context_value": {"who": "anyone"}}
    world.calls = []
    theirs = _finished(graphql.execute(world.schema, document, world.root(root, False), **given))
    their_calls, world.calls = world.calls, []
    for _ in range(2):  # the second run has a plan already
        ours = _finished(executor.execute(document, world.root(root, False), **given))
        our_calls, world.calls = world.calls, []
        difference = same(ours, theirs)
        if difference is not None:
            return f"synchronous {difference}"
        if our_calls != their_calls:
            return f"order of mutations: {our_calls}, not {their_calls}"
    waiting = runner.run(_waited(executor.execute, document, world.root(root, True), given))
    possible = theirs
    if waiting.errors:
        unspread = replace(document, definitions=(_unspread(document.definitions[0]), *document.definitions[1:]))
        possible = _finished(graphql.execute(world.schema, unspread, world.root(root, False), **given))
    difference = alike(waiting, theirs, possible)
    return None if difference is None else f"asynchronous {difference}"


def _unspread(operation: Any) -> Any:
    """The operation with errors that stay where they are."""
    directive = DirectiveNode(name=NameNode(value="experimental_disableErrorPropagation"), arguments=())
    return replace(operation, directives=(directive,))


def _finished(result: Any) -> ExecutionResult:
    if not isinstance(result, ExecutionResult):
        raise GraphQLError("nothing is awaitable, and yet the result is")
    return result


async def _waited(execute: Any, document: Any, root: Any, given: dict[str, Any]) -> ExecutionResult:
    result = execute(document, root, **given)
    return await result if isinstance(result, Awaitable) else result
