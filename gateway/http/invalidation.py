"""`POST /cache/invalidate`: tells every process to forget what has changed in a system behind the gateway.

    {"tags": ["customer:c7", "order:*"], "keys": [{"operation": "orders.by_ids", "key": "o70"}]}

Without a key all of an operation is forgotten. The scope `cache:admin` is needed; webhooks of the systems use it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import msgspec
import orjson
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.auth.refusal import refusal_body
from gateway.http.body import decode_object, read_body
from gateway.http.negotiation import is_json
from gateway.http.operators import Authenticate, ForOperators
from gateway.http.refusal import Refused, headers_of, status_of
from gateway.http.request import combined
from resolvers.backends.cache.invalidation import KINDS
from resolvers.backends.operation import OPERATIONS
from resolvers.errors import GatewayError

CACHE_ADMIN: Final = "cache:admin"
MOST: Final = 1_000
"""Tags and keys in one request."""
LONGEST: Final = 256
_TAG: Final = re.compile(rf"(?:{'|'.join(sorted(KINDS))}):[^\x00-\x20\x7f]{{1,{LONGEST}}}")

Invalidate = Callable[[Iterable[str]], Awaitable[None]]


class _Key(Struct, forbid_unknown_fields=True):
    operation: str
    key: str = "*"


class _Wanted(Struct, forbid_unknown_fields=True):
    tags: list[str] = []
    keys: list[_Key] = []


def invalidation_route(
    invalidate: Invalidate, authenticate: Authenticate, *, realm: str, body_limit: int, body_timeout: float
) -> Route:
    """The route. `invalidate` takes tags and raises BackendUnavailable when other processes could not be told."""

    async def answer(request: Request) -> Response:
        try:
            headers = combined(request.scope["headers"])
            content_type = headers.get(b"content-type")
            if content_type is None or not is_json(content_type):
                raise Refused("The body has to be application/json in UTF-8.", 415)
            body = await read_body(headers, request.receive, limit=body_limit, timeout=body_timeout)
            tags = _tags(decode_object(body or b"", "The body"))
            await invalidate(tags)
        except GatewayError as error:
            told = {name.decode(): value.decode() for name, value in headers_of(error)}
            return Response(refusal_body(error), status_of(error) or 400, {**_NOT_KEPT, **told}, "application/json")
        return Response(orjson.dumps({"invalidated": len(tags)}), 200, _NOT_KEPT, "application/json")

    return Route(
        "/cache/invalidate", ForOperators(answer, authenticate, realm=realm, scope=CACHE_ADMIN), methods=["POST"]
    )


_NOT_KEPT: Final = {"cache-control": "no-store"}


def _tags(body: dict[str, Any]) -> list[str]:
    """The distinct tags that are meant. Raises Refused."""
    try:
        wanted = msgspec.convert(body, _Wanted)
    except msgspec.ValidationError as error:
        raise Refused(f"The body does not fit: {str(error)[:LONGEST]}.") from error
    if not 1 <= len(wanted.tags) + len(wanted.keys) <= MOST:
        raise Refused(f"The body names between 1 and {MOST} tags and keys.")
    for index, tag in enumerate(wanted.tags):
        if not _TAG.fullmatch(tag):
            kinds = ", ".join(sorted(KINDS))
            raise Refused(f"tags[{index}] is no tag: write one of {kinds}, a colon, and an id or *.")
    for index, key in enumerate(wanted.keys):
        if key.operation not in OPERATIONS:
            raise Refused(f"keys[{index}].operation is unknown: known are {', '.join(OPERATIONS)}.")
        if not 1 <= len(key.key) <= LONGEST:
            raise Refused(f"keys[{index}].key has to have between 1 and {LONGEST} characters.")
    return list(dict.fromkeys([*wanted.tags, *(f"{key.operation}:{key.key}" for key in wanted.keys)]))
