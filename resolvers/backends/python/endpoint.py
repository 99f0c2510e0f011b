"""One method of an adapter: a call in, records out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, NoReturn, TypeVar

from resolvers.backends.adapter import Listing
from resolvers.backends.ports import Call, Fetched, Reader
from resolvers.backends.python.fields import item_of
from resolvers.backends.python.settings import PythonOperationSettings
from resolvers.backends.rest.forward import Forwarding
from resolvers.errors import (
    BackendContract,
    BackendError,
    BackendFailed,
    BackendRejected,
    BackendTimeout,
    BadUserInput,
)

Record = TypeVar("Record")
_POSITION: Final = re.compile(r"[0-9]{1,12}").fullmatch


class PythonEndpoint(Generic[Record]):
    """`Endpoint` (ports.py) over a method of an adapter. Attempts raise BackendError, or BadUserInput for a position.

    The method is cancelled at the end of the attempt's time; one that blocks the event loop cannot be.
    """

    def __init__(
        self,
        backend: str,
        operation: str,
        settings: PythonOperationSettings,
        method: Callable[..., Any],
        accepts: Iterable[str],
        reader: Reader[Record],
        forwarding: Forwarding,
    ) -> None:
        self.backend = backend
        self.operation = operation
        self.max_batch = settings.max_batch
        self.accepts = frozenset(accepts)
        self.forwarded = forwarding.of
        self._forwarding = forwarding
        self._method = method
        self._reader = reader
        self._listed = operation.endswith(".list")
        self._pattern = None if settings.key_pattern is None else re.compile(settings.key_pattern)

    def sendable(self, keys: Sequence[str]) -> Sequence[str]:
        pattern = self._pattern
        return [key for key in keys if key and (pattern is None or pattern.fullmatch(key))]

    async def attempt(self, call: Call) -> Fetched[Record]:
        if not self._forwarding.complete(call.forwarded):
            raise BackendRejected(
                f"{self.backend} is asked on behalf of its callers, and this one has no token",
                cause="not forwarded",
                **self._where,
            )
        args, caller = dict(call.args), dict(call.forwarded)
        if not self._listed:
            return Fetched(records=self._read(await self._called(call.timeout, call.keys, args, caller)))
        first = call.first if call.first is not None else 1_000_000
        given = await self._called(call.timeout, first, call.after, args, caller)
        return self._page(given, first, call.after)

    @property
    def _where(self) -> dict[str, Any]:
        return {"backend": self.backend, "operation": self.operation}

    async def _called(self, timeout: float, *arguments: Any) -> Any:
        try:
            async with asyncio.timeout(timeout):
                return await self._method(*arguments)
        except BackendError:
            raise
        except TimeoutError as error:
            raise BackendTimeout(
                f"{self.backend} did not answer within {timeout:g} s", cause="timeout", **self._where
            ) from error
        except Exception as error:
            raise BackendFailed(
                f"the adapter of {self.operation} failed ({type(error).__name__})",
                cause=type(error).__name__,
                **self._where,
            ) from error

    def _read(self, given: Any) -> list[Record | BackendContract]:
        if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
            self._misfit(f"gave {type(given).__name__} in place of an iterable of records")
        return self._reader.read([item_of(entry) for entry in given])

    def _page(self, given: Any, first: int, after: str | None) -> Fetched[Record]:
        if not isinstance(given, Listing):
            start = self._count(after)
            every = self._read(given)
            end = start + first
            return Fetched(
                records=every[start:end],
                positions=[str(position) for position in range(start + 1, min(end, len(every)) + 1)],
                total=len(every),
                has_next=len(every) > end,
            )
        records = self._read(given.items)
        positions: Sequence[str] | None = given.positions
        if positions is None:
            start = self._count(after)
            positions = [str(start + index + 1) for index in range(len(records))]
        if len(positions) != len(records) or len(records) > first:
            self._misfit(f"gave {len(records)} records and {len(positions)} positions where {first} were wanted")
        return Fetched(records=records, positions=positions, total=given.total, has_next=given.has_next)

    def _count(self, after: str | None) -> int:
        if after is None:
            return 0
        if not _POSITION(after):
            raise BadUserInput("after is no position of this list", operation=self.operation, argument="after")
        return int(after)

    def _misfit(self, why: str) -> NoReturn:
        raise BackendContract(f"the adapter of {self.operation} {why}", cause="adapter", **self._where)
