"""One operation of a REST backend: a call in, records out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

from msgspec import Struct

from resolvers.backends.http import Answer
from resolvers.backends.mapping import Reader
from resolvers.backends.ports import Call, Fetched
from resolvers.backends.rest.answers import Place, etag, max_age
from resolvers.backends.rest.arguments import Arguments, Texts
from resolvers.backends.rest.forward import Forwarding
from resolvers.backends.rest.paging.build import pager_of
from resolvers.backends.rest.paging.ports import DROPPED, LONGEST_POSITION, Ask, BadPosition, PagingBroken, RawPage
from resolvers.backends.rest.paging.settings import NoPaging
from resolvers.backends.rest.reading import AnswerReader
from resolvers.backends.rest.sending import Backend, Sender
from resolvers.backends.rest.settings import RestOperationSettings
from resolvers.backends.rest.templates import RequestTemplate
from resolvers.backends.rest.writing import all_plain
from resolvers.errors import BackendContract, BackendTimeout, BadUserInput

Record = TypeVar("Record", bound=Struct)
LARGE: Final = 1_000_000
"""Bytes from which an answer is read in a thread: 4 MB would hold the loop for 11 ms, decoding them holds it for 6."""
ROUNDS: Final = 20
"""How often a page is filled up when the record filter leaves records out."""
_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})").fullmatch


class RestEndpoint(Generic[Record]):
    """`Endpoint` (ports.py) over HTTP and JSON. Made by `RestConnector.endpoint`."""

    def __init__(
        self,
        backend: Backend,
        operation: str,
        settings: RestOperationSettings,
        reader: Reader[Record],
        forwarding: Forwarding,
        template: RequestTemplate,
    ) -> None:
        self.backend = backend.name
        self.operation = operation
        placeholders = settings.placeholders
        self.max_batch = settings.carries
        self.forwarded = forwarding.of
        self._place = Place(backend.name, operation)
        self._clock = backend.clock
        self._forwarding = forwarding
        self._arguments = Arguments(operation, settings.arguments, placeholders.arguments(settings.paging.placeholders))
        self.accepts = self._arguments.accepts
        self._sender = Sender(backend, self._place, template, settings)
        self._reader = AnswerReader(self._place, settings, reader, backend.clock)
        self._cache_headers = settings.cache_headers
        self._keyed = placeholders.keyed
        paging = settings.paging
        self._whole = isinstance(paging, NoPaging)
        # Pagers that look one further than they are asked then need one call for a full page.
        self._step = 1 if isinstance(paging, NoPaging) else max(1, paging.page_size - 1)
        self._max_pages = 1 if isinstance(paging, NoPaging) else paging.max_pages
        self._pager = pager_of(paging, placeholders.paging, told=settings.total is not None)
        self._key_writers = tuple(template.key_writers)
        self._key_pattern = re.compile(settings.key_pattern) if settings.key_pattern is not None else None
        self._min_key = settings.min_key
        anything = self._key_pattern is None and self._min_key is None
        self._takes_plain = anything and self.writable("Aa0_-1")

    def sendable(self, keys: Sequence[str]) -> Sequence[str]:
        """The keys but for those that the configuration excludes, and those that cannot be written safely."""
        if self._takes_plain and all_plain(keys):
            return keys
        return [key for key in keys if self._allowed(key)]

    def _allowed(self, key: str) -> bool:
        if not key or (self._key_pattern is not None and not self._key_pattern.fullmatch(key)):
            return False
        if self._min_key is not None and not (_WHOLE(key) and int(key) >= self._min_key):
            return False
        return self.writable(key)

    def writable(self, key: str) -> bool:
        """False for keys that cannot be written safely where the configuration wants them."""
        try:
            key.encode()
            for write in self._key_writers:
                write((key,))
        except ValueError:
            return False
        return True

    async def attempt(self, call: Call) -> Fetched[Record]:
        """One try, which may be several calls where a page needs them.

        Raises BackendError, and BadUserInput for arguments and positions that this backend cannot be asked with.
        """
        if not self._forwarding.complete(call.forwarded):
            raise self._place.rejected("not forwarded", "is asked on behalf of its callers, and this one has no token")
        values = self._arguments.texts(call.args)
        if self._whole and (self._keyed or call.first is None):
            return await self._once(call, values)
        try:
            return await self._paged(call, values)
        except BadPosition as error:
            raise BadUserInput(
                "after is no position of this list", operation=self.operation, argument="after"
            ) from error
        except PagingBroken as error:
            raise self._place.contract("paging", f"does not page as configured: {error}") from error

    async def _once(self, call: Call, values: Texts) -> Fetched[Record]:
        if self._keyed:
            values["key"] = values["keys"] = call.keys
        sent_along = (*call.forwarded, *call.hints)
        if call.if_none_match is not None and self._cache_headers:
            sent_along = (*sent_along, ("If-None-Match", call.if_none_match))
        answer = await self._sender.send(values, sent_along, call.timeout)
        if not self._cache_headers:
            page = await self._read(answer)
            return Fetched(records=page.records, total=page.total)
        fetched: Fetched[Record] = Fetched(records=(), etag=etag(answer), max_age=max_age(answer))
        if answer.status == 304 and call.if_none_match is not None:
            fetched.not_modified = True
            return fetched
        page = await self._read(answer)
        fetched.records, fetched.total = page.records, page.total
        return fetched

    async def _paged(self, call: Call, values: Texts) -> Fetched[Record]:
        if self._keyed:
            values["key"] = values["keys"] = call.keys
        deadline = self._clock.monotonic() + call.timeout
        sent_along = (*call.forwarded, *call.hints)
        ages: list[float] = []

        async def ask(window: Texts) -> RawPage:
            left = deadline - self._clock.monotonic()
            if left <= 0:
                raise BackendTimeout(
                    f"{self.backend} did not answer all pages in time",
                    backend=self.backend,
                    operation=self.operation,
                    cause="timeout",
                )
            answer = await self._sender.send(values | window, sent_along, left)
            if self._cache_headers and (age := max_age(answer)) is not None:
                ages.append(age)
            return await self._read(answer)

        every = self._keyed or call.first is None
        fetched = await (self._all(ask) if every else self._page(ask, call.first or 0, call.after))
        fetched.max_age = min(ages, default=None)
        return fetched

    async def _read(self, answer: Answer) -> RawPage:
        if len(answer.body) < LARGE:
            return self._reader.read(answer)
        return await asyncio.to_thread(self._reader.read, answer)

    async def _page(self, ask: Ask, first: int, after: str | None) -> Fetched[Record]:
        """One page of a list, filled up where the record filter leaves records out."""
        records: list[Record | BackendContract] = []
        positions: list[str] = []
        total: int | None = None
        dropped = False
        if after is not None and len(after) > LONGEST_POSITION:
            raise BadPosition("not a position of this list")
        at = after
        for _ in range(ROUNDS):
            got = await self._pager.gather(ask, first, at)
            total = got.total if total is None else total
            for record, position in zip(got.records, got.positions, strict=True):
                if record is DROPPED:
                    dropped = True
                elif len(records) == first:
                    got.has_next = True
                    break
                else:
                    records.append(record)
                    positions.append(position)
            if not got.has_next or len(records) == first:
                break
            at = got.positions[-1]
        else:
            if not records:
                raise PagingBroken(f"{ROUNDS} pages in a row hold nothing that the record filter keeps")
        if after is None and not records and not got.has_next:
            total = 0
        return Fetched(records=records, positions=positions, has_next=got.has_next, total=None if dropped else total)

    async def _all(self, ask: Ask) -> Fetched[Record]:
        """Every page, for answers by keys and for whoever wants the whole list."""
        records: list[Record | BackendContract] = []
        after: str | None = None
        for _ in range(self._max_pages):
            got = await self._pager.gather(ask, self._step, after)
            records.extend(record for record in got.records if record is not DROPPED)
            if not got.has_next:
                return Fetched(records=records, total=None if self._keyed else got.total)
            after = got.positions[-1]
        raise PagingBroken(f"the answer has more than {self._max_pages} pages")
