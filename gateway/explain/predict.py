"""A plan, read without running it: which backend operations it asks, level by level, and how often at most.

Sizes come from `first` and its default. Lists that have no `first` (the lines of an order) have no bound, so what hangs
below them has none either; beside the bounds everything is told once more with such lists as long as the schema says
they are about (`@listSize`).
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
from gateway.limits.weighing import UNSIZED
from resolvers.errors import BadUserInput
from resolvers.principal import Principal
from schema.access import PERSONAL, SCOPES, Policy
from schema.binding import CALLS
from schema.cost import SIZE, ListSize
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


class Number(Struct, frozen=True):
    """`most` is None where nothing bounds it; `about` takes lists to be as long as the schema assumes."""

    most: int | None
    about: int

    def times(self, other: Number) -> Number:
        """So many of each."""
        most = None if self.most is None or other.most is None else self.most * other.most
        return Number(most, self.about * other.about)

    def shared_by(self, batch: int) -> Number:
        """How many batches of this size they fill."""
        return Number(None if self.most is None else ceil(self.most / batch), ceil(self.about / batch))


NONE = Number(0, 0)
ONE = Number(1, 1)


class Asked(Struct, kw_only=True):
    """A backend operation that the plan asks at one place. Lists have no keys."""

    name: str
    field: str
    depth: int
    keys: Number | None
    calls: Number
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
        calls = self.calls
        return {
            "levels": [
                {"depth": depth, "operations": [_told(asked) for asked in self.asked if asked.depth == depth]}
                for depth in depths
            ],
            "calls": {"most": calls.most, "about": calls.about},
            "cost": dict(cost),
            "scopes": {"needed": sorted(self.needed), "missing": sorted(self.missing)},
            "refused": self.refused,
            "personal": self.personal,
            "warnings": [
                {"code": warned.code, "message": warned.message, "path": warned.path} for warned in self.warnings
            ],
        }

    @property
    def calls(self) -> Number:
        """The calls when no cache helps and no system has to be asked twice."""
        mosts = [asked.calls.most for asked in self.asked]
        most = None if None in mosts else sum(most for most in mosts if most is not None)
        return Number(most, sum(asked.calls.about for asked in self.asked))


def _told(asked: Asked) -> dict[str, Any]:
    facts = asked.facts
    return {
        "name": asked.name,
        "backend": facts.backend if facts else "",
        "field": asked.field,
        "callsAtMost": asked.calls.most,
        "callsAbout": asked.calls.about,
        "keysAtMost": asked.keys.most if asked.keys else None,
        "keysAbout": asked.keys.about if asked.keys else None,
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
        self._selection(plan.root, (), 1, ONE, None)
        return self._found

    def _selection(
        self, selection: Selection, path: tuple[str, ...], depth: int, objects: Number, page: Number | None
    ) -> None:
        for field in selection.fields:
            self._field(field, (*path, field.key), depth, objects, page)

    def _field(self, field: Field, path: tuple[str, ...], depth: int, objects: Number, page: Number | None) -> None:
        found = self._found
        extensions = field.definition.extensions
        needed: frozenset[str] = extensions.get(SCOPES, frozenset())
        found.needed |= needed
        where = ".".join(path)
        if field.origin is Origin.REFUSED:
            missing = needed - self._principal.scopes
            found.missing |= missing
            found.refused.append(
                {"path": where, "scopes": sorted(missing if self._principal.unassigned else missing or needed)}
            )
            return
        if extensions.get(PERSONAL) and objects.about:
            found.personal.append(where)
        below = depth
        arguments = self._arguments(field)
        calls = self._calls(field, arguments)
        if calls is None:
            objects = NONE
        elif calls and objects.about:
            for name in calls:
                self._ask(name, where, depth, objects)
            below = depth + 1
        if field.leaf:
            return
        first = arguments.get("first")
        inner = Number(first, first) if isinstance(first, int) else page
        if field.depth:
            # The entries of a page are as many as it may hold.
            objects, inner = objects.times(page or self._assumed(field)), None
        for object_type in self._types(field):
            self._selection(field.selection(object_type, self._variables), path, below, objects, inner)

    def _assumed(self, field: Field) -> Number:
        said: ListSize | None = field.definition.extensions.get(SIZE)
        return Number(None, (said and said.assumed_size) or UNSIZED)

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

    def _calls(self, field: Field, arguments: Mapping[str, Any]) -> tuple[str, ...] | None:
        """The operations that the field asks; None where it is null without asking."""
        if field.name == "node" and "id" in arguments:
            try:
                return (NODE_CALLS[typed_id(arguments["id"])[0]],)
            except BadUserInput:
                return None
        calls: tuple[tuple[str, ...], tuple[str, ...]] = field.definition.extensions.get(CALLS, ((), ()))
        staffs, own = calls
        if self._principal.customer is not None:
            names = own
        elif own and not staffs:
            return None  # the customer of a token that is no customer's
        else:
            names = staffs
        # A product brings its stock along unless the configuration says where else it is known.
        return tuple(name for name in names if name != "stock.by_skus" or name in self._facts)

    def _ask(self, name: str, where: str, depth: int, objects: Number) -> None:
        facts = self._facts.get(name)
        found = self._found
        if facts is None:
            found.warnings.append(Warned("NOT_CONFIGURED", f"No backend is configured for {name}.", where))
            found.asked.append(Asked(name=name, field=where, depth=depth, keys=None, calls=NONE, facts=None))
            return
        keys = None if facts.listed else objects
        calls = ONE if keys is None else keys.shared_by(facts.most)
        found.asked.append(Asked(name=name, field=where, depth=depth, keys=keys, calls=calls, facts=facts))
        times = f"about {calls.about:,}" if calls.most is None else f"up to {calls.most:,}"
        if facts.most == 1 and calls.about > 1:
            message = f"{name} has no batch form: {times} calls to {facts.backend}, one for each key."
            found.warnings.append(Warned("CALL_PER_KEY", message, where))
        elif calls.about >= MANY_CALLS:
            message = f"{name} takes {times} calls to {facts.backend}."
            found.warnings.append(Warned("MANY_CALLS", message, where))
