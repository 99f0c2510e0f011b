"""One adapter: its life, and an endpoint for each of its methods."""

from __future__ import annotations

from typing import Any, TypeVar

from resolvers.backends.adapter import AdapterError, find, made
from resolvers.backends.ports import Reader
from resolvers.backends.python.endpoint import PythonEndpoint
from resolvers.backends.python.settings import PythonOperationSettings, PythonSettings
from resolvers.backends.rest.forward import Forwarding

Record = TypeVar("Record")


class PythonConnector:
    """`Connector` (ports.py) for the adapters that share one backend, one for each domain.

    `open` and `close` call those of the adapters that have them, and raise what they raise.
    """

    def __init__(self, name: str, settings: PythonSettings) -> None:
        self.name = name
        self._forwarding = Forwarding(settings.forward)
        self._adapters: dict[str, Any] = {}

    async def open(self) -> None:
        for adapter in self._adapters.values():
            if hasattr(adapter, "open"):
                await adapter.open()

    async def close(self) -> None:
        for adapter in self._adapters.values():
            if hasattr(adapter, "close"):
                await adapter.close()

    def endpoint(
        self, operation: str, adapter: str, settings: PythonOperationSettings, reader: Reader[Record]
    ) -> PythonEndpoint[Record]:
        """The endpoint of an operation such as `customers.by_ids`. Raises AdapterError."""
        if adapter not in self._adapters:
            try:
                self._adapters[adapter] = made(find(adapter))
            except AdapterError as error:
                raise AdapterError(f"{operation.partition('.')[0]}.adapter: {error}") from error
        target = self._adapters[adapter]
        method = operation.partition(".")[2]
        accepts = getattr(target, "accepts", {}).get(method, ())
        return PythonEndpoint(
            self.name, operation, settings, getattr(target, method), accepts, reader, self._forwarding
        )
