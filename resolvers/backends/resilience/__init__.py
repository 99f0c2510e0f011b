"""What makes a call to a backend safe, in one fixed order.

    request deadline → bulkhead → breaker → retry → hedge → attempt

A call waits for a place (bulkhead) no longer than its deadline, is refused at once while the backend is known to be
broken (breaker), is tried again only when that may help and is allowed (retry, within a budget), may be asked a
second time when the first answer is late (hedge), and each try has a timeout of its own.
"""

from resolvers.backends.resilience.breaker import BreakerState
from resolvers.backends.resilience.guard import Guard
from resolvers.backends.resilience.observer import Observer
from resolvers.backends.resilience.settings import ResilienceSettings

__all__ = ["BreakerState", "Guard", "Observer", "ResilienceSettings"]
