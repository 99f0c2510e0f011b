"""Running operations: what the door hands over becomes a context, and the executor's result its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Hashable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from graphql import ExecutionResult

from gateway.answers import Answers, Question, question_of
from gateway.execution.execute import Executor, Result
from gateway.explain.facts import OperationFacts, facts_of
from gateway.explain.predict import predict
from gateway.explain.trace import trace_told
from gateway.http.request import GraphQLRequest
from gateway.journal.entries import Entry
from gateway.journal.journal import Journal
from gateway.limits.spending import Spending
from resolvers.backends.connect import Connections
from resolvers.backends.ports import Clock, Hints
from resolvers.backends.recorded import CallRecord
from resolvers.basis import Basis
from resolvers.context import Context, Lifetime
from resolvers.errors import BadUserInput, Forbidden
from resolvers.principal import Principal
from resolvers.privacy import Reads
from schema.access import Policy

MOST_POLICIES = 4096
"""Sets of scopes that are remembered; a business has dozens."""
KEPT_BACK: Final = 0.05
"""Seconds before the deadline at which nothing more is waited for, so that what came in time is answered in time."""
MOST_KEPT_BACK: Final = 0.1
"""The same as a share of the deadline, for callers with little time."""
EXPLAIN_SCOPE = "ops:explain"
"""Who holds it may ask what a plan takes and what a run did."""


class Explained(NamedTuple):
    """An explanation, and whether the operation is to be run as well."""

    told: dict[str, Any]
    run: bool


class Watched(Protocol):
    """One operation, watched while it runs."""

    @property
    def hints(self) -> Hints:
        """What backends are told about it."""
        ...

    def finished(self, context: Context, result: ExecutionResult, seconds: float) -> None:
        """It was run, and took so long."""
        ...

    def given_up(self) -> None:
        """It was refused as a whole, or ended from outside."""
        ...


class OperationWatcher(Protocol):
    """Who is told of operations."""

    def began(self, request: GraphQLRequest) -> Watched: ...


class Ways(Protocol):
    """The ways to the backends, for every caller."""

    @property
    def clock(self) -> Clock: ...
    def of(self, principal: Principal) -> Connections:
        """Those of this caller's tenant. Raises Forbidden for a tenant that is not known."""
        ...


class Operations:
    """Runs valid operations of known callers: gives each a context with a deadline and the policy of its scopes.

    With a `journal`, nothing personal is answered before the journal has taken what was read, and of whom. With
    `answers`, what was made of the cache alone is given again without running it, as long as the cache holds the same.
    """

    def __init__(
        self,
        executor: Executor,
        ways: Ways,
        *,
        spending: Spending,
        deadline: float,
        max_page: int,
        watcher: OperationWatcher,
        journal: Journal | None = None,
        answers: Answers | None = None,
        suggestions: bool = False,
    ) -> None:
        self._executor = executor
        self._ways = ways
        self._spending = spending
        self._journal = journal
        self._answers = answers
        self._hide_suggestions = not suggestions
        self._deadline = deadline
        self._max_page = max_page
        self._watcher = watcher
        self._policies: dict[Hashable, Policy] = {}
        self._facts: dict[Connections, Mapping[str, OperationFacts]] = {}

    def run(self, request: GraphQLRequest) -> Awaitable[ExecutionResult]:
        """The result of one operation. Raises GatewayError for a request that is refused as a whole, now or later."""
        connections = self._ways.of(request.principal)
        spending = self._spending
        cost = spending.cost(request)
        explained = self._explained(request, connections, cost) if "explain" in request.extensions else None
        if explained is not None and not explained.run:
            cost = 0
        spending.require(request, cost)
        if not spending.counts_callers:
            return self._run(request, connections, cost, explained)
        return self._counted(request, connections, cost, explained)

    async def _counted(
        self, request: GraphQLRequest, connections: Connections, cost: int, explained: Explained | None
    ) -> ExecutionResult:
        caller = await self._spending.enter(request, cost)
        try:
            return await self._run(request, connections, cost, explained)
        finally:
            self._spending.leave(caller)

    async def _run(
        self, request: GraphQLRequest, connections: Connections, cost: int, explained: Explained | None
    ) -> ExecutionResult:
        if explained is not None and not explained.run:
            return ExecutionResult(None, None, {"explain": explained.told})
        principal, info = request.principal, request.info
        records = self._records(request) if "trace" in request.extensions else None
        clock = connections.clock
        started = clock.monotonic()
        began = 0.0 if records is None else clock.time()
        wanted = info.timeout
        patience = self._deadline if wanted is None else min(wanted, self._deadline)
        lifetime = Lifetime() if info.method == "GET" else None
        watched = self._watcher.began(request)
        try:
            context = Context(
                connections.backends,
                clock,
                principal=principal,
                deadline=started + patience - min(KEPT_BACK, patience * MOST_KEPT_BACK),
                correlation_id=info.correlation_id,
                hints=watched.hints,
                operation_name=request.operation.name,
                fresh=asks_anew(info.header(b"cache-control")),
                max_page=self._max_page,
                lifetime=lifetime,
                record_call=None if records is None else records.append,
                reads=None if self._journal is None else Reads(),
            )
            result = self._result(request, context)
            if not isinstance(result, ExecutionResult):
                result = await result
            if self._journal is not None and context.reads:
                await self._journal.record(_entry(request, context.reads, clock.time()), started + patience)
        except BaseException:
            watched.given_up()
            raise
        if context.stale:
            result = with_extension(result, "stale", stale_told(context))
        if explained is not None:
            result = with_extension(result, "explain", explained.told)
        if request.extensions.get("cost") is True:
            result = with_extension(result, "cost", {"value": cost, "limit": self._spending.most})
        if records is not None:
            told = trace_told(records, began, clock.monotonic() - started)
            result = with_extension(result, "trace", told)
        if lifetime is not None and not result.errors:
            info.response_headers += kept_for(lifetime, principal)
        watched.finished(context, result, clock.monotonic() - started)
        return result

    def _result(self, request: GraphQLRequest, context: Context) -> Result:
        """What running the operation gives; or what it gave before, if it would give the same."""
        if self._answers is None:
            return self._executed(request, context)
        now = context.clock.time()
        # A trace and the journal are about what a run does, and so is the wish for fresh data.
        watched = context.fresh or context.record_call is not None or context.reads is not None
        question = None if watched else question_of(request, now)
        if question is None:
            return self._executed(request, context)
        kept = self._answers.again(question, now)
        if kept is None:
            return self._kept(request, context, question, self._answers)
        context.keep_for(kept.until - now)
        return ExecutionResult(kept.data, None)

    async def _kept(
        self, request: GraphQLRequest, context: Context, question: Question, answers: Answers
    ) -> ExecutionResult:
        """What running the operation gives, kept if it may be given again."""
        basis = context.basis = Basis()
        result = self._executed(request, context)
        if not isinstance(result, ExecutionResult):
            result = await result
        if not result.errors:
            result = ExecutionResult(answers.keep(question, basis, result.data), None, result.extensions)
        return result

    def _executed(self, request: GraphQLRequest, context: Context) -> Result:
        document = request.document.ast
        assert document is not None  # the door hands over valid documents only
        return self._executor.execute(
            document,
            context_value=context,
            variable_values=request.variables,
            operation_name=request.operation.name,
            policy=self.policy(request.principal),
            hide_suggestions=self._hide_suggestions,
        )

    def _records(self, request: GraphQLRequest) -> list[CallRecord] | None:
        """Where the run's calls are noted, for a caller who asks for `trace: true` and may. Raises Forbidden."""
        if request.extensions["trace"] is not True:
            return None
        if EXPLAIN_SCOPE not in request.principal.scopes:
            raise Forbidden(f"extensions.trace needs the scope {EXPLAIN_SCOPE}", scopes=[EXPLAIN_SCOPE])
        return []

    def _explained(self, request: GraphQLRequest, connections: Connections, cost: int) -> Explained:
        """What the request asks to be told about its plan. Raises Forbidden without the scope, BadUserInput."""
        wanted = request.extensions["explain"]
        if EXPLAIN_SCOPE not in request.principal.scopes:
            raise Forbidden(f"extensions.explain needs the scope {EXPLAIN_SCOPE}", scopes=[EXPLAIN_SCOPE])
        if not isinstance(wanted, dict) or not isinstance(wanted.get("run", True), bool):
            raise BadUserInput('extensions.explain has to be an object such as {"run": false}')
        facts = self._facts.get(connections)
        if facts is None:
            facts = self._facts[connections] = facts_of(connections)
        prediction = predict(
            self._executor.schema,
            request.document.ast,
            request.operation.name,
            request.variables,
            request.principal,
            facts,
        )
        return Explained(prediction.told({"value": cost, "limit": self._spending.most}), wanted.get("run", True))

    def policy(self, principal: Principal) -> Policy:
        """What this caller is refused; one object for all callers with the same rights."""
        key = Policy.key_of(principal)
        policy = self._policies.get(key)
        if policy is None:
            if len(self._policies) >= MOST_POLICIES:
                self._policies.clear()
            policy = self._policies[key] = Policy(principal)
        return policy


def with_extension(result: ExecutionResult, name: str, value: Any) -> ExecutionResult:
    """The same result with one more extension."""
    return ExecutionResult(result.data, result.errors, {**(result.extensions or {}), name: value})


def asks_anew(cache_control: str | None) -> bool:
    """Whether the caller wants nothing from a cache (`no-cache`, RFC 9111 §5.2.1.4)."""
    if cache_control is None:
        return False
    return any(directive.strip() == "no-cache" for directive in cache_control.lower().split(","))


def kept_for(lifetime: Lifetime, principal: Principal) -> list[tuple[bytes, bytes]]:
    """Cache-Control of an answer without errors (RFC 9111 §5.2.2): as long as its part that is fresh for the shortest.

    Empty, which leaves `no-store`, where a part cannot be kept or nothing was read. What an anonymous caller sees is
    public; everything else stays with its caller.
    """
    if not 1 <= lifetime.least < float("inf"):
        return []
    whose = b"private" if principal.authenticated else b"public"
    return [(b"cache-control", b"%b, max-age=%d" % (whose, int(lifetime.least)))]


def _entry(request: GraphQLRequest, reads: Reads, now: float) -> Entry:
    return Entry(
        at=now,
        principal=request.principal,
        operation=request.operation.name,
        document=request.document.hash,
        correlation_id=request.info.correlation_id,
        reads=reads,
    )


def stale_told(context: Context) -> list[dict[str, Any]]:
    """What of the answer is older than its TTL, as the client is told: response keys without list indices, seconds."""
    return [
        {
            "path": list(stale.path),
            "age": round(stale.age, 1),
            "reason": stale.reason,
            "backend": stale.backend,
            "operation": stale.operation,
        }
        for stale in context.stale
    ]
