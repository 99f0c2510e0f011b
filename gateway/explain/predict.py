"""A plan, read without running it: which backend operations it asks, level by level, and how often at most.

Sizes come from `first` and its default. Lists that have no `first` (the lines of an order) are of unknown size; what
hangs below them is said to be unknown rather than guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, is_abstract_type
from graphql.execution.executor import Executor as CoreExecutor
from graphql.execution.values import VariableValues
from msgspec import Struct

from gateway.execution.plan import Field, Origin, Plan, Selection, possible_types
from gateway.explain.facts import OperationFacts
from resolvers.errors import BadUserInput
from resolvers.principal import Principal
from schema.access import PERSONAL, SCOPES, Policy
from schema.binding import CALLS
from schema.ids import typed_id

MANY_CALLS = 20
"""From so many calls on a query is warned about."""
NODE_CALLS = {
    "Customer": "customers.by_ids",
    "Order": "orders.by_ids",
    "Product": "products.by_skus",
    "Invoice": "invoices.by_ids",
}


class Warned(Struct, frozen=True):
    """Something that whoever writes the query should know. `code` is CALL_PER_KEY, MANY_CALLS or NOT_CONFIGURED."""

    code: str
    message: str
    path: str


class Asked(Struct, kw_only=True):
    """A backend operation that the plan asks at one place. None is unknown before running."""

    name: str
    field: str
    depth: int
    keys: int | None
    calls: int | None
    facts: OperationFacts | None


class Prediction:
    """What running the plan will take."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.needed: set[str] = set()
        self.missing: set[str] = set()
        self.refused: list[dict[str, Any]] = []
        self.personal: list[str] = []
        self.warnings: list[Warned] = []

    def told(self, cost: Mapping[str, int | None]) -> dict[str, Any]:
        """The form of `extensions.explain`."""
        depths = sorted({asked.depth for asked in self.asked})
        return {
            "levels": [
                {"depth": depth, "operations": [_told(asked) for asked in self.asked if asked.depth == depth]}
                for depth in depths
            ],
            "calls": {"least": self.least, "most": self.most},
            "cost": dict(cost),
            "scopes": {"needed": sorted(self.needed), "missing": sorted(self.missing)},
            "refused": self.refused,
            "personal": self.personal,
            "warnings": [
                {"code": warned.code, "message": warned.message, "path": warned.path} for warned in self.warnings
            ],
        }

    @property
    def least(self) -> int:
        """The calls that are made in any case: those of the first level that no cache may answer."""
        return sum(asked.depth == 1 and asked.facts is not None and not asked.facts.ttl for asked in self.asked)

    @property
    def most(self) -> int | None:
        """The calls when no cache helps; None when a list of unknown size decides."""
        calls = [asked.calls for asked in self.asked]
        return None if None in calls else sum(call for call in calls if call is not None)


def _told(asked: Asked) -> dict[str, Any]:
    facts = asked.facts
    return {
        "name": asked.name,
        "backend": facts.backend if facts else "",
        "field": asked.field,
        "calls": asked.calls if asked.calls == 1 and not (facts and facts.ttl) else None,
        "callsAtMost": asked.calls,
        "keysAtMost": asked.keys,
        "batch": facts.batch if facts else "single",
        "cache": {"ttl": facts.ttl or None, "mayAnswer": bool(facts.ttl)} if facts else None,
    }


def predict(
    schema: GraphQLSchema,
    document: Any,
    operation_name: str | None,
    variables: Mapping[str, Any],
    principal: Principal,
    facts: Mapping[str, OperationFacts],
) -> Prediction:
    """What the operation would take for this principal. Raises BadUserInput for variables that do not fit."""
    built = CoreExecutor.build(
        schema, document, raw_variable_values=dict(variables), operation_name=operation_name, hide_suggestions=True
    )
    if isinstance(built, list):
        raise BadUserInput(built[0].message)
    try:
        plan = Plan(schema, built.operation, built.fragments, built.variable_values, policy=Policy(principal))
    except GraphQLError as error:
        raise BadUserInput(error.message) from error
    return _Walk(facts, principal, built.variable_values).through(plan)


class _Walk:
    """Goes through a plan's fields with the most objects that each of them may have."""

    def __init__(self, facts: Mapping[str, OperationFacts], principal: Principal, variables: VariableValues) -> None:
        self._facts = facts
        self._principal = principal
        self._variables = variables
        self._found = Prediction()

    def through(self, plan: Plan) -> Prediction:
        self._selection(plan.root, (), 1, 1, None)
        return self._found

    def _selection(
        self, selection: Selection, path: tuple[str, ...], depth: int, objects: int | None, page: int | None
    ) -> None:
        for field in selection.fields:
            self._field(field, (*path, field.key), depth, objects, page)

    def _field(self, field: Field, path: tuple[str, ...], depth: int, objects: int | None, page: int | None) -> None:
        found = self._found
        extensions = field.definition.extensions
        needed: frozenset[str] = extensions.get(SCOPES, frozenset())
        found.needed |= needed
        where = ".".join(path)
        if field.origin is Origin.REFUSED:
            missing = needed - self._principal.scopes
            found.missing |= missing
            found.refused.append({"path": where, "scopes": sorted(missing or needed)})
            return
        if extensions.get(PERSONAL):
            found.personal.append(where)
        below = depth
        arguments = self._arguments(field)
        for name in self._calls(field, arguments):
            self._ask(name, where, depth, objects, arguments)
            below = depth + 1
        if field.leaf:
            return
        first = arguments.get("first")
        size = first if isinstance(first, int) else page
        most = objects
        if field.depth:
            # The entries of a page are as many as it may hold; how long any other list is, nobody knows.
            most = None if objects is None or page is None else objects * page
            size = None
        for object_type in self._types(field):
            self._selection(field.selection(object_type, self._variables), path, below, most, size)

    def _arguments(self, field: Field) -> Mapping[str, Any]:
        if field.arguments.error is not None:
            return {}
        try:
            return field.arguments.once(self._variables)
        except GraphQLError:
            return {}

    def _types(self, field: Field) -> list[GraphQLObjectType]:
        if is_abstract_type(field.named):
            return possible_types(field.host.plan.schema, field.named)
        return [field.named] if isinstance(field.named, GraphQLObjectType) else []

    def _calls(self, field: Field, arguments: Mapping[str, Any]) -> tuple[str, ...]:
        if field.name == "node" and "id" in arguments:
            try:
                return (NODE_CALLS[typed_id(arguments["id"])[0]],)
            except BadUserInput:
                return ()
        calls: tuple[tuple[str, ...], tuple[str, ...]] = field.definition.extensions.get(CALLS, ((), ()))
        names = calls[0 if self._principal.customer is None else 1]
        # A product brings its stock along unless the configuration says where else it is known.
        return tuple(name for name in names if name != "stock.by_skus" or name in self._facts)

    def _ask(self, name: str, where: str, depth: int, objects: int | None, arguments: Mapping[str, Any]) -> None:
        facts = self._facts.get(name)
        found = self._found
        if facts is None:
            found.warnings.append(Warned("NOT_CONFIGURED", f"No backend is configured for {name}.", where))
            found.asked.append(Asked(name=name, field=where, depth=depth, keys=None, calls=0, facts=None))
            return
        keys = None if facts.listed else objects
        calls = 1 if facts.listed else None if keys is None else ceil(keys / facts.most)
        found.asked.append(Asked(name=name, field=where, depth=depth, keys=keys, calls=calls, facts=facts))
        if not facts.listed and facts.most == 1 and (keys is None or keys > 1):
            many = "one for each key" if keys is None else f"up to {keys}"
            message = f"{name} has no batch form, so {facts.backend} is called {many} times."
            found.warnings.append(Warned("CALL_PER_KEY", message.replace("key times", "key"), where))
        elif calls is not None and calls >= MANY_CALLS:
            message = f"{name} may take {calls} calls to {facts.backend}."
            found.warnings.append(Warned("MANY_CALLS", message, where))
