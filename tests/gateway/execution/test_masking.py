"""What callers are told about errors, and what only the log is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from graphql import ExecutionResult, GraphQLError, build_schema, graphql_sync, located_error

from gateway.execution.masking import Masking
from resolvers.errors import BackendFailed, BackendTimeout, BadUserInput, Forbidden, Internal

SECRET = "password=hunter2"


class Log:
    """An ErrorLog that keeps what it is told."""

    def __init__(self) -> None:
        self.entries: list[tuple[BaseException, str, Sequence[str | int] | None]] = []

    def __call__(self, error: BaseException, *, correlation_id: str, path: Sequence[str | int] | None) -> None:
        self.entries.append((error, correlation_id, path))


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def masking(log: Log) -> Masking:
    return Masking(log)


def at(original: Exception, *path: str | int) -> GraphQLError:
    """An error of execution, as executors make it."""
    return located_error(original, None, list(path))


def told(masking: Masking, *errors: GraphQLError) -> list[dict[str, Any]]:
    return masking.answer(ExecutionResult({"a": None}, list(errors)), "c1")["errors"]


def test_an_answer_without_errors_is_data_alone(masking: Masking) -> None:
    """Nothing is added to what went well."""
    assert masking.encode(ExecutionResult({"a": 1}), "c1") == b'{"data":{"a":1}}'
    with_extensions = ExecutionResult({"a": 1}, None, {"stale": []})
    assert masking.answer(with_extensions, "c1") == {"data": {"a": 1}, "extensions": {"stale": []}}


def test_a_gateway_error_is_told_as_it_is(masking: Masking, log: Log) -> None:
    """Message, code and details of our own errors reach the caller, and the log hears nothing from here."""
    (error,) = told(masking, at(Forbidden("The scope orders:read is needed.", scopes=["orders:read"]), "orders"))
    assert error == {
        "message": "The scope orders:read is needed.",
        "path": ["orders"],
        "extensions": {"code": "FORBIDDEN", "scopes": ["orders:read"], "retryable": False},
    }
    assert log.entries == []


def test_a_failing_backend_can_be_looked_up(masking: Masking) -> None:
    """Errors of backends carry the correlation id beside what is known about the failure."""
    original = BackendTimeout("No answer in time.", backend="crm", operation="customers.by_ids", attempts=2)
    (error,) = told(masking, at(original, "customer"))
    assert error["extensions"] == {
        "code": "BACKEND_TIMEOUT",
        "backend": "crm",
        "operation": "customers.by_ids",
        "attempts": 2,
        "retryable": True,
        "correlationId": "c1",
    }


def test_what_nobody_foresaw_is_hidden_and_logged(masking: Masking, log: Log) -> None:
    """The text of a foreign exception reaches the log, with its traceback, and nobody else."""
    try:
        raise ValueError(SECRET)
    except ValueError as caught:
        original = caught
    (error,) = told(masking, at(original, "customer", "name"))
    assert error == {
        "message": "Internal error",
        "path": ["customer", "name"],
        "extensions": {"code": "INTERNAL", "correlationId": "c1"},
    }
    assert log.entries == [(original, "c1", ["customer", "name"])]
    assert original.__traceback__ is not None


def test_an_internal_error_is_told_and_logged(masking: Masking, log: Log) -> None:
    """Faults of our own that have a message show it, and the log has the rest."""
    original = Internal("The plan could not be made.")
    (error,) = told(masking, at(original, "a"))
    assert error["extensions"] == {"code": "INTERNAL", "retryable": False, "correlationId": "c1"}
    assert [entry[0] for entry in log.entries] == [original]


def test_five_hundred_positions_are_one_error(masking: Masking, log: Log) -> None:
    """One failed call that leaves many nulls is told once, with a count and the first positions."""
    original = BackendFailed("The shop answered 500.", backend="shop")
    errors = [at(original, "customers", index, "orders") for index in range(500)]
    (error,) = told(masking, *errors)
    assert error["path"] == ["customers", 0, "orders"]
    assert error["extensions"]["count"] == 500
    assert error["extensions"]["paths"] == [["customers", index, "orders"] for index in range(10)]


def test_equal_exceptions_are_merged_too(masking: Masking, log: Log) -> None:
    """Positions that fail each with an exception of its own are merged when these say the same."""
    (error,) = told(masking, *(at(ValueError(f"{SECRET} {index}"), "customers", index, "name") for index in range(50)))
    assert error["extensions"]["count"] == 50
    assert len(log.entries) == 1


def test_different_errors_stay_apart(masking: Masking, log: Log) -> None:
    """Another field, another message, another detail or another kind of failure is another error."""
    failed = BackendFailed("Failed.", backend="shop")
    errors = told(
        masking,
        at(failed, "customers", 0, "orders"),
        at(failed, "customers", 0, "invoices"),
        at(BackendFailed("Failed.", backend="crm"), "customers", 1, "orders"),
        at(BackendFailed("Failed again.", backend="shop"), "customers", 1, "orders"),
        at(ValueError("x"), "customers", 1, "orders"),
        at(KeyError("x"), "customers", 2, "orders"),
    )
    assert len(errors) == 6
    assert len(log.entries) == 2


def test_the_number_of_errors_is_bounded(log: Log) -> None:
    """Beyond the bound errors are only counted, and the answer says how many."""
    masking = Masking(log, max_errors=3)
    errors = [at(BadUserInput(f"no {index}"), f"field{index}") for index in range(10)]
    errors += [at(errors[0].original_error or errors[0], "field0") for _ in range(5)]
    answer = masking.answer(ExecutionResult({"a": 1}, errors, {"stale": []}), "c1")
    assert [error["message"] for error in answer["errors"]] == ["no 0", "no 1", "no 2"]
    assert answer["errors"][0]["extensions"]["count"] == 6
    assert answer["extensions"] == {"stale": [], "omittedErrors": 7}


def test_data_is_missing_only_when_nothing_ran(masking: Masking) -> None:
    """A null that came up from a field is data; a request that was never run has none."""
    bubbled = ExecutionResult(None, [at(BadUserInput("no"), "a")])
    assert masking.answer(bubbled, "c1")["data"] is None
    never_run = ExecutionResult(None, [GraphQLError("Variable '$id' of required type 'ID!' was not provided.")])
    answer = masking.answer(never_run, "c1")
    assert "data" not in answer
    assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


SCHEMA = build_schema("""
    enum Color { RED }
    interface Node { id: ID }
    type Thing implements Node { id: ID }
    type Query { sum(a: Int!, color: Color): Int, must: String!, node: Node, number: Int }
""")


def run(query: str, root: dict[str, Any], **variables: Any) -> ExecutionResult:
    return graphql_sync(SCHEMA, query, root, variable_values=variables)


def test_mistakes_of_the_caller_are_explained(masking: Masking, log: Log) -> None:
    """Variables and arguments that do not fit are BAD_USER_INPUT, in graphql-core's words."""
    of_variables = run("query ($a: Int!) { sum(a: $a) }", {}, a="x")
    (error,) = masking.answer(of_variables, "c1")["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"].startswith("Variable '$a' has invalid value")
    of_arguments = run("query ($a: Int = 1) { sum(a: $a) }", {}, a=None)
    (error,) = masking.answer(of_arguments, "c1")["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"].startswith("Argument 'a'")
    assert log.entries == []


def test_a_null_where_none_may_be_is_explained(masking: Masking, log: Log) -> None:
    """The field that broke its promise is named, and the log is told."""
    (error,) = masking.answer(run("{ must }", {"must": None}), "c1")["errors"]
    assert error["message"] == "Cannot return null for non-nullable field Query.must."
    assert error["extensions"] == {"code": "INTERNAL", "correlationId": "c1"}
    assert len(log.entries) == 1


@pytest.mark.parametrize("query", ["{ node { id } }", "{ number }"])
def test_messages_that_print_values_are_hidden(masking: Masking, log: Log, query: str) -> None:
    """graphql-core quotes what a resolver returned when it does not fit; callers do not see it."""
    result = run(query, {"node": {"id": 1, "__typename": 7, "note": SECRET}, "number": SECRET})
    (error,) = masking.answer(result, "c1")["errors"]
    assert error["message"] == "Internal error"
    assert SECRET not in json.dumps(error)
    assert len(log.entries) == 1


def test_a_graphql_error_with_a_code_is_meant_to_be_told(masking: Masking, log: Log) -> None:
    """Who gives a GraphQLError a code writes to the caller; without one it may be a library's, and is hidden."""
    coded, plain = told(
        masking, at(GraphQLError("Not today.", extensions={"code": "CLOSED"}), "a"), at(GraphQLError(SECRET), "b")
    )
    assert (coded["message"], coded["extensions"]) == ("Not today.", {"code": "CLOSED"})
    assert plain["message"] == "Internal error"
    assert len(log.entries) == 1


@pytest.mark.parametrize(
    "message", ["Int cannot represent non-integer value: 'x'", "Enum 'Color' cannot represent value: 'x'"]
)
def test_an_executor_may_not_quote_values_either(masking: Masking, message: str) -> None:
    """What the executor says of itself is told, unless it prints what a resolver returned."""
    own, quoting = told(masking, GraphQLError("Too late.", path=["a"]), GraphQLError(message, path=["b"]))
    assert (own["message"], own["extensions"]) == ("Too late.", {"code": "INTERNAL"})
    assert quoting["message"] == "Internal error"


def test_a_failure_as_a_whole_has_the_same_shape(masking: Masking, log: Log) -> None:
    """An exception outside of execution is masked like one within."""
    assert masking.failure(ValueError(SECRET), "c1") == {
        "message": "Internal error",
        "extensions": {"code": "INTERNAL", "correlationId": "c1"},
    }
    assert len(log.entries) == 1
    assert masking.failure(Forbidden("No."), "c1")["extensions"]["code"] == "FORBIDDEN"


def test_odd_values_of_backends_do_not_cost_the_answer(masking: Masking) -> None:
    """Integers beyond 64 bits and unpaired surrogates are encoded like everything else."""
    data = {"big": 2**70, "half": "\ud800"}
    assert json.loads(masking.encode(ExecutionResult(data), "c1")) == {"data": data}


def test_ten_thousand_errors_are_no_burden(masking: Masking) -> None:
    """A large list that fails everywhere is told in one error of a few hundred bytes."""
    original = BackendFailed("Failed.", backend="shop")
    errors = [at(original, "customers", index, "orders", 0, "lines", index) for index in range(10_000)]
    answer = orjson.dumps(masking.answer(ExecutionResult({"a": None}, errors), "c1"))
    assert len(answer) < 1_500
