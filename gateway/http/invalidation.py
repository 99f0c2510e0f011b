"""`POST /cache/invalidate`: tells every process to forget what has changed in a system behind the gateway.

    {"tags": ["customer:c7", "order:*"], "keys": [{"operation": "orders.by_ids", "key": "o70"}]}

Without a key all of an operation is forgotten. The answer says how many were named, and whom it reached:

    {"invalidated": 3, "reached": "all processes"}      or "this process", where they share no Redis

The scope `cache:admin` is needed; webhooks of the systems use it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from starlette.routing import Route

from gateway.http.commands import Commands
from gateway.http.refusal import Refused
from resolvers.backends.cache.invalidation import KINDS
from resolvers.backends.operation import OPERATIONS

CACHE_ADMIN: Final = "cache:admin"
MOST: Final = 1_000
"""Tags and keys in one request."""
LONGEST: Final = 256
_TAG: Final = re.compile(rf"(?:{'|'.join(sorted(KINDS))}):[^\x00-\x1f\x7f]{{1,{LONGEST}}}")

Invalidate = Callable[[Iterable[str]], Awaitable[None]]


class _Key(Struct, forbid_unknown_fields=True):
    operation: str
    key: str = "*"


class _Wanted(Struct, forbid_unknown_fields=True):
    tags: list[str] = []
    keys: list[_Key] = []


def invalidation_route(invalidate: Invalidate, commands: Commands, *, shared: bool) -> Route:
    """The route. `invalidate` takes tags and raises BackendUnavailable when other processes could not be told.

    `shared` says whether it tells others at all.
    """
    reached = "all processes" if shared else "this process"

    async def forget(body: dict[str, Any]) -> Mapping[str, Any]:
        tags = _tags(body)
        await invalidate(tags)
        return {"invalidated": len(tags), "reached": reached}

    return commands.route("/cache/invalidate", forget, scope=CACHE_ADMIN)


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
