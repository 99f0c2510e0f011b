"""The executor beside graphql-core, over random worlds: the same data and the same errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLError, build_schema

from gateway.execution.execute import Executor
from tests.gateway.execution.differential import Difference, compare

SDL = Path(__file__).parents[3] / "schema" / "schema.graphql"


@pytest.mark.parametrize("start", range(0, 96, 8))
def test_random_schemas_are_executed_like_graphql_core_does(start: int) -> None:
    """Whatever the schema, the query, the data and the faults: answers and errors are graphql-core's."""
    assert sum(compare(seed) for seed in range(start, start + 8)) >= 96


@pytest.mark.parametrize("start", range(0, 12, 4))
def test_the_public_schema_is_executed_like_graphql_core_does(start: int) -> None:
    """The same over the graph that the gateway serves."""
    sdl = SDL.read_text()
    for seed in range(start, start + 4):
        compare(seed, schema=build_schema(sdl))


def _compare_all(executor_class: type[Executor]) -> None:
    for seed in range(30):
        compare(seed, executor_class)


def _without_an_error(result: ExecutionResult) -> None:
    if result.errors:
        result.errors.pop()


def _with_another_path(result: ExecutionResult) -> None:
    for error in result.errors or ():
        error.path = [*(error.path or ()), 0]


def _with_a_null_too_many(result: ExecutionResult) -> None:
    for key in result.data or ():
        if key != "__typename" and result.data[key] is not None:
            result.data[key] = None
            return


def _with_another_order(result: ExecutionResult) -> None:
    if result.data:
        result.data = dict(reversed(result.data.items()))


def _with_another_cause(result: ExecutionResult) -> None:
    for error in result.errors or ():
        error.original_error = ValueError("something else")


def _with_other_types(result: ExecutionResult) -> None:
    for key, value in (result.data or {}).items():
        if type(value) is int:
            result.data[key] = float(value)  # type: ignore[index] # there is data, as it has items


def _with_an_error_for_nothing(result: ExecutionResult) -> None:
    result.errors = [*(result.errors or ()), GraphQLError("for nothing", path=["__typename"])]


@pytest.mark.parametrize(
    "fault",
    [
        _without_an_error,
        _with_another_path,
        _with_a_null_too_many,
        _with_another_order,
        _with_another_cause,
        _with_other_types,
        _with_an_error_for_nothing,
    ],
)
def test_a_planted_fault_is_found(fault: Callable[[ExecutionResult], None]) -> None:
    """The comparison is worth something: an executor with any of these faults does not pass it."""

    class Faulty(Executor):
        def execute(self, *arguments: Any, **others: Any) -> Any:
            result = super().execute(*arguments, **others)
            if isinstance(result, ExecutionResult):
                fault(result)
            return result

    with pytest.raises(Difference):
        _compare_all(Faulty)


def test_a_fault_that_only_waiting_shows_is_found() -> None:
    """Answers that had to be waited for are compared as well."""

    class Faulty(Executor):
        def execute(self, *arguments: Any, **others: Any) -> Any:
            result = super().execute(*arguments, **others)
            return result if isinstance(result, ExecutionResult) else self._spoilt(result)

        @staticmethod
        async def _spoilt(waiting: Any) -> ExecutionResult:
            result = await waiting
            _with_a_null_too_many(result)
            return result

    with pytest.raises(Difference, match="asynchronous"):
        _compare_all(Faulty)
