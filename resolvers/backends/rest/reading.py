"""From an answer to records: what it means, what it holds, and where the next page is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec
from msgspec import Struct

from resolvers.backends.http import Answer
from resolvers.backends.mapping import Page, Reader
from resolvers.backends.mapping.misfit import Misfit
from resolvers.backends.mapping.paths import FIRST, Path, parse_path, walk
from resolvers.backends.mapping.texts import form, integer
from resolvers.backends.ports import Clock
from resolvers.backends.rest.answers import Place, failure_of, json_body
from resolvers.backends.rest.paging.ports import DROPPED, LONGEST_CURSOR, PagingBroken, RawPage
from resolvers.backends.rest.paging.settings import HEADER, CursorPaging, KeysetPaging, LinkPaging, NoPaging
from resolvers.backends.rest.settings import RestOperationSettings
from resolvers.errors import BackendContract, BackendError, BackendRejected

Record = TypeVar("Record", bound=Struct)
NONE: Final = RawPage(records=())
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}").fullmatch
_LINK: Final = re.compile(r"<([^<>]*)>((?:[^<>,\"]|\"[^\"]*\")*)")
_LINK_PARAMETER: Final = re.compile(r";\s*([^\s;=\"]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;\"]+))")
LONGEST_MESSAGE: Final = 200


class AnswerReader(Generic[Record]):
    """Reads the answers of one operation. `reader` was compiled with the `items` and `extract` of the settings."""

    def __init__(self, place: Place, settings: RestOperationSettings, reader: Reader[Record], clock: Clock) -> None:
        self._place = place
        self._settings = settings
        self._reader = reader
        self._clock = clock
        self._none = frozenset(settings.absent) | frozenset(settings.empty)
        self._types = frozenset(media.lower() for media in settings.content_types)
        self._paging = settings.paging
        items = parse_path(settings.items or ".")
        self._map = items.steps[-1:] == (FIRST,)
        self._items = Path(items.steps[:-1]) if self._map else items
        self._key = parse_path(self._paging.key) if isinstance(self._paging, KeysetPaging) else None
        self._aligned = not isinstance(self._paging, NoPaging)

    def read(self, answer: Answer) -> RawPage:
        """The page that the answer is. Raises BackendError for everything that is none."""
        status = answer.status
        if status in self._none and not self._is_html(answer):
            return NONE
        if not 200 <= status < 300:
            raise self._failure(answer)
        body = json_body(answer, self._place, self._types)
        page = self._page(body)
        if page is None:
            return NONE
        if not self._aligned:
            total = self._total(page, answer)
            if total is not None and total > page.count:
                raise self._place.contract("paging", f"gives {page.count} of {total} records: it needs `paging`")
            return RawPage(records=page.records, total=total)
        records, keys = self._by_item(page, body)
        return RawPage(records=records, keys=keys, total=self._total(page, answer), next=self._next(page, answer))

    def _is_html(self, answer: Answer) -> bool:
        # A page with 404 says that the path is wrong, not that the record does not exist.
        media = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return media == "text/html" and media not in self._types

    def _page(self, body: bytes) -> Page[Record] | None:
        """The mapped answer; None when it says that there is none."""
        errors = self._settings.errors
        if errors is None:
            return self._reader.read_page_json(body)
        try:
            page = self._reader.read_page_json(body)
        except BackendContract:
            # An answer that reports an error need not have its items in place.
            if self._outcome_is_none(self._walked(body, errors.path), body):
                return None
            raise
        return None if self._outcome_is_none(page.extracted.get("outcome"), body) else page

    def _outcome_is_none(self, outcome: Any, body: bytes) -> bool:
        """Whether the answer says "none". Raises BackendRejected or BackendFailed when it reports an error."""
        errors = self._settings.errors
        assert errors is not None
        try:
            code = form(outcome)
        except Misfit:
            code = "an object"
        if code is None or code in errors.ok:
            return False
        if code in errors.absent:
            return True
        result = code if _CODE(code) else None
        told = f"answered {result or 'an error'}"
        if code in errors.retryable:
            raise self._place.failed("result", told, result=result)
        cause = "credentials" if code in errors.credentials else "result"
        raise self._with_message(self._place.rejected(cause, told, result=result), body)

    def _failure(self, answer: Answer) -> BackendError:
        error = failure_of(answer, self._place, self._clock)
        return self._with_message(error, answer.body) if isinstance(error, BackendRejected) else error

    def _with_message(self, error: BackendRejected, body: bytes) -> BackendRejected:
        errors = self._settings.errors
        if not self._settings.show_message or errors is None or errors.message is None:
            return error
        message = self._walked(body, errors.message)
        if not isinstance(message, str) or not message:
            return error
        shown = "".join([sign if sign.isprintable() else " " for sign in message[:LONGEST_MESSAGE]])
        return BackendRejected(f"{error.message}: {shown}", **error.details)

    @staticmethod
    def _walked(body: bytes, path: str) -> Any:
        """What is at the path, or null where nothing can be."""
        try:
            return walk(msgspec.json.decode(body), parse_path(path).steps)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Misfit):
            return None

    def _total(self, page: Page[Record], answer: Answer) -> int | None:
        where = self._settings.total
        if where is None:
            return None
        told = answer.headers.get(where[len(HEADER) :]) if where.startswith(HEADER) else page.extracted.get("total")
        try:
            total = integer(told)
        except Misfit as misfit:
            raise self._place.contract("total", "does not tell the total where it should be") from misfit
        if total < 0:
            raise self._place.contract("total", "tells a negative total")
        return total

    def _next(self, page: Page[Record], answer: Answer) -> str | None:
        paging = self._paging
        if isinstance(paging, LinkPaging):
            url = next_link(answer.headers.getall("Link", ()))
            return None if url is None else _parameter(url, paging.parameter)
        if not isinstance(paging, CursorPaging):
            return None
        if paging.next.startswith(HEADER):
            told: Any = answer.headers.get(paging.next[len(HEADER) :])
        else:
            told = page.extracted.get("next")
        try:
            cursor = form(told) or None
            more = True if paging.more is None else form(page.extracted.get("more")) in {"true", "1"}
        except Misfit as misfit:
            raise self._place.contract("paging", "tells the next page in a way that is no text") from misfit
        if not more:
            return None
        if cursor is None:
            if paging.more is not None:
                raise PagingBroken("it says that there is more, but not where")
            return None
        return _short(cursor) if paging.parameter is None else _parameter(cursor, paging.parameter)

    def _by_item(self, page: Page[Record], body: bytes) -> tuple[list[Any], list[str]]:
        """One entry for each item of the answer, so that positions count as the backend counts; and their keys."""
        records: list[Any] = list(page.records)
        if self._key is None and page.count == len(records):
            return records, []
        items = self._located(body)
        if page.count != len(records):
            kept = iter(page.records)
            records = [next(kept, DROPPED) if self._reader.read([item]) else DROPPED for item in items]
        return records, [] if self._key is None else [self._key_of(item, self._key) for item in items]

    def _located(self, body: bytes) -> list[Any]:
        # The reader has read the same body by the same path, so neither can fail here.
        found = walk(msgspec.json.decode(body), self._items.steps)
        if self._map and isinstance(found, dict):
            return list(found.values())
        return [] if found is None else found if isinstance(found, list) else [found]

    def _key_of(self, item: Any, path: Path) -> str:
        try:
            key = form(walk(item, path.steps))
        except Misfit:
            key = None
        if not key:
            raise self._place.contract("paging", "gives a record without the key that its list is paged by")
        return key


def next_link(headers: Sequence[str]) -> str | None:
    """The URL of the next page in Link headers (RFC 8288)."""
    for header in headers:
        for url, parameters in _LINK.findall(header):
            for name, quoted, token in _LINK_PARAMETER.findall(parameters):
                if name.lower() == "rel" and "next" in (quoted or token).lower().split():
                    return str(url)
    return None


def _parameter(url: str, name: str) -> str:
    """One query parameter of a URL; nothing else of it is ever used, so it can lead nowhere."""
    try:
        values = parse_qs(urlsplit(url).query).get(name)
    except ValueError as error:
        raise PagingBroken("its next page is no URL") from error
    if not values:
        raise PagingBroken(f"its next page has no parameter {name}")
    return _short(values[0])


def _short(cursor: str) -> str:
    if len(cursor) > LONGEST_CURSOR:
        raise PagingBroken(f"its cursor is longer than {LONGEST_CURSOR} characters")
    return cursor
