"""What is known of each backend operation without calling it."""

from __future__ import annotations

from msgspec import Struct

from resolvers.backends.connect import Connections
from resolvers.backends.settings import connected


class OperationFacts(Struct, frozen=True):
    """One configured operation. `most` is how many keys a call may carry; lists carry none."""

    name: str
    backend: str
    most: int
    listed: bool
    ttl: float

    @property
    def batch(self) -> str:
        """How keys travel, in a word."""
        return "list" if self.listed else "single" if self.most == 1 else f"up to {self.most} keys"


def facts_of(connections: Connections) -> dict[str, OperationFacts]:
    """The facts of every configured operation, by its name."""
    operations, _ = connected(connections.settings)
    kept = connections.settings.cache.store != "off"
    return {
        operation.name: OperationFacts(
            name=operation.name,
            backend=operation.backend,
            most=connections.sources[operation.name].endpoint.max_batch,
            listed=operation.name.endswith(".list"),
            ttl=operation.settings.ttl if kept else 0.0,
        )
        for operation in operations
    }
