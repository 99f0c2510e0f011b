"""What an operation has to get past before it runs: its cost, its caller's rate, and how many run already."""

from __future__ import annotations

from graphql import GraphQLSchema

from gateway.http.request import GraphQLRequest
from gateway.limits.callers import Caller, caller_of
from gateway.limits.concurrency import Concurrency
from gateway.limits.cost import Costs, require_affordable
from gateway.limits.rate import Exceeded, RateLimit


class Spending:
    """Weighs operations and counts callers. `most` is what one operation may cost, `enforced` whether more is refused.

    Without `rate` and `concurrency` nothing is known of callers, and weighing is all that is paid for.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        most: int,
        max_page: int,
        enforced: bool = True,
        rate: RateLimit | None = None,
        concurrency: Concurrency | None = None,
        exceeded: Exceeded = lambda limit, caller, refused: None,
    ) -> None:
        self._costs = Costs(schema, max_page=max_page)
        self.most = most
        self._enforced = enforced
        self._rate = rate
        self._concurrency = concurrency
        self._exceeded = exceeded
        self.counts_callers = rate is not None or concurrency is not None

    def cost(self, request: GraphQLRequest) -> int:
        """What the operation costs at most."""
        return self._costs.value(request.document, request.operation, request.variables)

    def require(self, request: GraphQLRequest, cost: int) -> None:
        """Raise OperationTooLarge for an operation that costs more than is allowed."""
        if cost > self.most:
            self._exceeded("cost", _caller(request), self._enforced)
            if self._enforced:
                require_affordable(cost, self.most)

    async def enter(self, request: GraphQLRequest, cost: int) -> Caller:
        """Charge the operation to its caller and count it as running; `leave` has to follow.

        Raises RateLimited, or OperationTooLarge for what no waiting would pay for. What the answer's headers tell of
        the rate is added to those of the request.
        """
        caller = _caller(request)
        if self._concurrency is not None:
            self._concurrency.enter(caller)
        try:
            if self._rate is not None:
                charge = await self._rate.charge(caller, cost)
                request.info.response_headers += charge.headers
                if charge.error is not None:
                    raise charge.error
        except BaseException:
            self.leave(caller)
            raise
        return caller

    def leave(self, caller: Caller) -> None:
        """The operation of this caller has ended."""
        if self._concurrency is not None:
            self._concurrency.leave(caller)


def _caller(request: GraphQLRequest) -> Caller:
    client = request.info.client
    return caller_of(request.principal, "" if client is None else client[0])
