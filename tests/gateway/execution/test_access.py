"""Access: what a policy refuses is null with an error at each place, and is never fetched."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import graphql
import pytest
from graphql import ExecutionResult, GraphQLField, GraphQLObjectType, GraphQLSchema, build_schema, parse

from gateway.execution.execute import Executor, execute

SDL = """
type Query { me: Person all: [Person!] named: [Named!] secret: String! }
type Mutation { change: Person destroy: Person }
interface Named { name: String }
type Person implements Named { name: String salary: Int friends: [Person!] must: String! }
type Robot implements Named { name: String salary: Int }
"""


class Refuses:
    """Refuses fields by name; counts how often it is asked."""

    def __init__(self, *names: str, key: Hashable = None) -> None:
        self.names = names
        self.key = key if key is not None else names
        self.asked = 0

    def refuses(self, parent_type: GraphQLObjectType, field_name: str, field: GraphQLField) -> Exception | None:
        self.asked += 1
        if f"{parent_type.name}.{field_name}" in self.names:
            return PermissionError(f"{parent_type.name}.{field_name} is refused")
        return None


def people(fetched: list[str]) -> GraphQLSchema:
    schema = build_schema(SDL)

    def resolver(name: str, value: Any) -> Any:
        def resolve(*_: Any, **__: Any) -> Any:
            fetched.append(name)
            return value

        return resolve

    person = {"__typename": "Person", "name": "Ada", "must": "x"}
    for type_name, name, value in (
        ("Query", "me", person),
        ("Query", "all", [person, person]),
        ("Query", "named", [person, {"__typename": "Robot", "name": "R2"}]),
        ("Query", "secret", "s"),
        ("Mutation", "change", person),
        ("Mutation", "destroy", person),
        ("Person", "salary", 5),
        ("Person", "friends", [person]),
    ):
        schema.type_map[type_name].fields[name].resolve = resolver(f"{type_name}.{name}", value)  # type: ignore[attr-defined]
    return schema


def ran(result: Any) -> ExecutionResult:
    assert isinstance(result, ExecutionResult)
    return result


@pytest.mark.parametrize("core", [False, True])
@pytest.mark.parametrize(
    ("text", "refused", "data", "paths", "fetched"),
    [
        (
            "{ me { name salary } }",
            "Person.salary",
            {"me": {"name": "Ada", "salary": None}},
            [["me", "salary"]],
            ["Query.me"],
        ),
        (
            "{ all { friends { salary } } }",
            "Person.friends",
            {"all": [{"friends": None}, {"friends": None}]},
            [["all", 0, "friends"], ["all", 1, "friends"]],
            ["Query.all"],
        ),
        ("{ all { name must } }", "Person.must", {"all": None}, [["all", 0, "must"]], ["Query.all"]),
        ("{ me { name } secret }", "Query.secret", None, [["secret"]], ["Query.me"]),
        ("{ me { friends { name } } }", "Query.me", {"me": None}, [["me"]], []),
        (
            "{ named { name ... on Robot { salary } } }",
            "Robot.salary",
            {"named": [{"name": "Ada"}, {"name": "R2", "salary": None}]},
            [["named", 1, "salary"]],
            ["Query.named"],
        ),
        (
            "mutation { change { name } destroy { name } }",
            "Mutation.change",
            {"change": None, "destroy": {"name": "Ada"}},
            [["change"]],
            ["Mutation.destroy"],
        ),
    ],
)
def test_a_refused_field_is_null_and_never_fetched(
    core: bool, text: str, refused: str, data: Any, paths: list[Any], fetched: list[str]
) -> None:
    """The refusal is an error at each place; neither the field nor anything below it is called. The same holds where
    graphql-core executes the operation."""
    calls: list[str] = []
    more: dict[str, Any] = {"hooks": graphql.ExecutionHooks()} if core else {}
    result = ran(Executor(people(calls)).execute(parse(text), policy=Refuses(refused), **more))
    assert result.data == data
    assert [error.path for error in result.errors or ()] == paths
    assert all(isinstance(error.original_error, PermissionError) for error in result.errors or ())
    assert calls == fetched


def test_middleware_does_not_see_what_is_refused() -> None:
    """Where graphql-core runs middleware, the refusal comes first."""
    calls: list[str] = []
    seen: list[str] = []

    def watch(resolve: Any, source: Any, info: Any, **arguments: Any) -> Any:
        seen.append(info.field_name)
        return resolve(source, info, **arguments)

    for middleware in ([watch], graphql.MiddlewareManager(watch)):
        seen.clear()
        executor = Executor(people(calls))
        result = ran(
            executor.execute(parse("{ me { name salary } }"), policy=Refuses("Person.salary"), middleware=middleware)
        )
        assert result.data == {"me": {"name": "Ada", "salary": None}}
        assert seen == ["me", "name"]


def test_access_is_decided_once_per_plan() -> None:
    """A policy is asked per field of the plan, not per object, and not again for the next request."""
    executor, document = Executor(people([])), parse("{ all { name salary friends { name } } }")
    policy = Refuses("Person.salary")
    for _ in range(3):
        ran(executor.execute(document, policy=policy))
    assert policy.asked == 5


def test_plans_are_never_shared_between_rights() -> None:
    """Whoever may see a field sees it, and nobody else, whatever was executed before."""
    executor, document = Executor(people([])), parse("{ me { salary } }")
    everything, nothing = {"me": {"salary": 5}}, {"me": {"salary": None}}
    for _ in range(2):
        assert ran(executor.execute(document)).data == everything
        assert ran(executor.execute(document, policy=Refuses("Person.salary"))).data == nothing
        assert ran(executor.execute(document, policy=Refuses("Person.name"))).data == everything
    assert executor.plans == 3


def test_a_policy_without_a_key_is_still_a_policy() -> None:
    """A policy whose key is None does not share plans with runs that have no policy."""
    executor, document = Executor(people([])), parse("{ me { salary } }")
    policy = Refuses("Person.salary")
    policy.key = None
    assert ran(executor.execute(document)).data == {"me": {"salary": 5}}
    assert ran(executor.execute(document, policy=policy)).data == {"me": {"salary": None}}


def test_the_function_takes_a_policy_too() -> None:
    """`execute` passes the policy on."""
    result = ran(execute(people([]), parse("{ me { salary } }"), policy=Refuses("Query.me")))
    assert result.data == {"me": None}


def test_batch_functions_see_refused_fields_as_not_selected() -> None:
    """What is refused counts as not asked for, so a batch function need not fetch for it."""
    schema = people([])
    selected: list[bool] = []

    def batch(parents: Any, info: Any) -> Any:
        selected.append(info.selects("salary"))
        return [None for _ in parents]

    schema.query_type.fields["me"].extensions["bizgraph.batch"] = batch  # type: ignore[union-attr] # it has one
    document = parse("{ me { salary } }")
    execute(schema, document)
    execute(schema, document, policy=Refuses("Person.salary"))
    assert selected == [True, False]
