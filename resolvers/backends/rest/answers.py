"""An answer's status and content type: what is JSON to read, what means none, and which error everything else is."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from resolvers.backends.http import Answer
from resolvers.backends.http.retry_after import retry_after
from resolvers.backends.ports import Clock
from resolvers.errors import BackendContract, BackendError, BackendFailed, BackendRejected, BackendUnavailable

OVERLOADED: Final = frozenset({408, 425, 429, 502, 503, 504})
"""Statuses after which the same call may well succeed (RFC 9110 §15.6, RFC 6585 §4)."""
_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})

_CHARSET: Final = re.compile(
    r"utf-?(16|32)(-?[lb]e)?|iso-?8859-?\d{1,2}|latin-?1|windows-?\d{3,4}|cp-?\d{3,4}|koi8-[ru]"
    r"|gbk|gb2312|gb18030|big5|shift_jis|euc-(jp|kr)"
).fullmatch


class Place(Struct, frozen=True):
    """Where an answer came from, for the errors about it."""

    backend: str
    operation: str

    def contract(self, cause: str, message: str) -> BackendContract:
        return BackendContract(f"{self.backend} {message}", backend=self.backend, operation=self.operation, cause=cause)

    def rejected(self, cause: str, message: str, **details: Any) -> BackendRejected:
        return BackendRejected(
            f"{self.backend} {message}", backend=self.backend, operation=self.operation, cause=cause, **details
        )

    def failed(self, cause: str, message: str, **details: Any) -> BackendFailed:
        return BackendFailed(
            f"{self.backend} {message}", backend=self.backend, operation=self.operation, cause=cause, **details
        )


class ContentType(Struct, frozen=True):
    """The media type in lower case, and the charset when it is not UTF-8."""

    media: str
    charset: str | None

    @property
    def json(self) -> bool:
        """Whether it is JSON, such as application/json or application/problem+json (RFC 6839 §3.1)."""
        return self.media in {"application/json", "text/json"} or self.media.endswith("+json")


@lru_cache(maxsize=128)
def content_type(header: str) -> ContentType:
    """Content-Type (RFC 9110 §8.3) taken apart."""
    media, *parameters = header.split(";")
    charset = None
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip("\"'").lower()
    if charset in {"utf-8", "utf8", "us-ascii", "ascii", ""}:
        charset = None
    return ContentType(media.strip().lower(), charset)


def failure_of(answer: Answer, place: Place, clock: Clock) -> BackendError:
    """The error for a status that is neither a success nor declared to mean none. Holds nothing of the body."""
    status = answer.status
    cause = f"HTTP {status}"
    if status < 400:
        if 300 <= status < 400 and "Location" in answer.headers:
            return place.contract("redirect", "answered with a redirect, which is never followed")
        return place.contract(cause, f"answered {cause}, which means nothing here")
    where: dict[str, Any] = {"backend": place.backend, "operation": place.operation, "cause": cause}
    if status in OVERLOADED:
        return BackendUnavailable(
            f"{place.backend} asks to come back later ({cause})",
            retry_after=retry_after(answer.headers.get("Retry-After"), clock.time()),
            **where,
        )
    if status >= 500:
        return BackendFailed(f"{place.backend} failed ({cause})", retryable=status not in {501, 505}, **where)
    if status == 403 and content_type(answer.headers.get("Content-Type", "")).media in _HTML:
        # An application says "no right" in its own format; a page comes from a filter in front of it.
        return place.rejected("blocked", "has a filter in front of it that refused the request")
    if status in {401, 403}:
        return place.rejected("credentials", f"does not accept the gateway's credentials for this ({cause})")
    return place.rejected(cause, f"rejected the call ({cause})")


def json_body(answer: Answer, place: Place, further: frozenset[str]) -> bytes:
    """The body as UTF-8 JSON text, not parsed yet. `further` are content types that are taken for JSON as well.

    Raises BackendContract with the causes "empty", "html", "content type" and "charset".
    """
    body = answer.body
    if not body or body.isspace():
        raise place.contract("empty", f"answered HTTP {answer.status} without a body")
    found = content_type(answer.headers.get("Content-Type", ""))
    if not found.json and found.media not in further:
        if found.media in _HTML:
            raise place.contract("html", "answered with a page in place of data")
        raise place.contract("content type", "answered with another content type than JSON")
    if found.charset is not None:
        return _recoded(body, found.charset, place)
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _recoded(body, "utf-16", place)
    body = body.removeprefix(codecs.BOM_UTF8)
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError as error:
            raise place.contract("charset", "answered text that is not UTF-8 and names no other charset") from error
    return body


def _recoded(body: bytes, charset: str, place: Place) -> bytes:
    try:
        if not _CHARSET(charset):
            # Python knows more codecs than charsets, some of them slow beyond measure.
            raise LookupError
        return body.decode(charset).removeprefix("\ufeff").encode()
    except (LookupError, UnicodeError) as error:
        raise place.contract("charset", "answered text that is not in the charset it names") from error


def max_age(answer: Answer) -> float | None:
    """Seconds for which the answer may be kept (RFC 9111 §5.2.2, less its Age); None where it does not say."""
    header = answer.headers.get("Cache-Control")
    if header is None:
        return None
    found: float | None = None
    for directive in header.lower().split(","):
        name, _, value = directive.strip().partition("=")
        if name in {"no-store", "no-cache"}:
            return 0.0
        value = value.strip('"')
        if name == "max-age" and value.isascii() and value.isdigit():
            found = float(value[:9])
    if found is None:
        return None
    age = answer.headers.get("Age", "")
    return max(0.0, found - float(age[:9])) if age.isascii() and age.isdigit() else found


def etag(answer: Answer) -> str | None:
    """The entity tag to ask with later (RFC 9110 §8.8.3); None where the answer must not be stored at all."""
    if "no-store" in answer.headers.get("Cache-Control", "").lower():
        return None
    return answer.headers.get("ETag")
