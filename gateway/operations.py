"""Running operations: what the door hands over becomes a context, and the executor's result its answer."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult

from gateway.execution.execute import Executor
from gateway.http.request import GraphQLRequest
from resolvers.backends.connect import Connections
from resolvers.context import Context
from resolvers.principal import Principal
from schema.access import Policy

MOST_POLICIES = 4096
"""Sets of scopes that are remembered; a business has dozens."""


class Operations:
    """Runs valid operations of known callers: gives each a context with a deadline and the policy of its scopes."""

    def __init__(
        self,
        executor: Executor,
        connections: Connections,
        *,
        deadline: float,
        max_page: int,
        finished: Callable[[GraphQLRequest, Context, ExecutionResult, float], None] | None = None,
    ) -> None:
        self._executor = executor
        self._connections = connections
        self._deadline = deadline
        self._max_page = max_page
        self._finished = finished
        self._policies: dict[tuple[bool, frozenset[str]], Policy] = {}

    async def run(self, request: GraphQLRequest) -> ExecutionResult:
        """The result of one operation. Raises GatewayError for a request that is refused as a whole."""
        principal, info = request.principal, request.info
        clock = self._connections.clock
        started = clock.monotonic()
        wanted = info.timeout
        patience = self._deadline if wanted is None else min(wanted, self._deadline)
        context = Context(
            self._connections.backends,
            clock,
            principal=principal,
            deadline=started + patience,
            correlation_id=info.correlation_id,
            traceparent=info.header("traceparent"),
            operation_name=request.operation.name,
            fresh="no-cache" in (info.header("cache-control") or ""),
            max_page=self._max_page,
        )
        result: Any = self._executor.execute(
            request.document.ast,
            context_value=context,
            variable_values=request.variables,
            operation_name=request.operation.name,
            policy=self._policy(principal),
        )
        if isawaitable(result):
            result = await result
        if context.stale:
            result = result._replace(extensions={**(result.extensions or {}), "stale": stale_told(context)})
        if self._finished is not None:
            self._finished(request, context, result, clock.monotonic() - started)
        answer: ExecutionResult = result
        return answer

    def _policy(self, principal: Principal) -> Policy:
        key = (principal.authenticated, principal.scopes)
        policy = self._policies.get(key)
        if policy is None:
            if len(self._policies) >= MOST_POLICIES:
                self._policies.clear()
            policy = self._policies[key] = Policy(principal)
        return policy


def stale_told(context: Context) -> list[dict[str, Any]]:
    """What of the answer is older than its TTL, as the client is told."""
    return [
        {"backend": stale.backend, "operation": stale.operation, "age": round(stale.age, 1), "reason": stale.reason}
        for stale in context.stale
    ]
