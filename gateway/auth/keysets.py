"""Key sets (RFC 7517): which keys an issuer has, and which of them may have signed a token."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, Protocol

import orjson
from msgspec import Struct

from gateway.auth.tokens import VerificationKey, key_from_jwk

MAX_KEYS: Final = 100
"""Members of a key set that are looked at."""
MAX_TRIES: Final = 4
"""Keys that are tried on one token, where its header leaves open which one signed it."""

Keys = tuple[VerificationKey, ...]


class KeySource(Protocol):
    """Where the keys of an issuer come from."""

    async def find(self, kid: str | None, algorithm: str) -> Keys:
        """The keys that may have signed such a token, none when the key is unknown.

        Raises Unauthenticated (`unavailable`) when there are no keys to be had.
        """
        ...

    def status(self) -> KeysStatus: ...
    async def open(self) -> None: ...
    async def close(self) -> None: ...


class KeysStatus(Struct, frozen=True, kw_only=True):
    """How an issuer's keys stand, for operators. `age` is in seconds, None for keys that were never fetched."""

    usable: int = 0
    skipped: int = 0
    age: float | None = None
    fetches: int = 0
    problem: str | None = None
    """Why the last fetch failed; None when it did not."""


class KeySet(Struct, frozen=True):
    """The usable keys of a set; `skipped` counts the others."""

    by_kid: dict[str, Keys]
    nameless: Keys
    skipped: int = 0

    @property
    def usable(self) -> int:
        return len(self.nameless) + sum(len(keys) for keys in self.by_kid.values())

    def find(self, kid: str | None, algorithm: str) -> Keys:
        """Keys of this name, or those without a name where none has it; every key for a token without `kid`."""
        if kid is None:
            candidates = (*self.nameless, *(key for keys in self.by_kid.values() for key in keys))
        else:
            candidates = self.by_kid.get(kid) or self.nameless
        return tuple(key for key in candidates if algorithm in key.algorithms)[:MAX_TRIES]


def key_set(keys: Sequence[VerificationKey], skipped: int = 0) -> KeySet:
    """A set of these keys. Several of one name are kept, since issuers do that while they rotate."""
    named: defaultdict[str, list[VerificationKey]] = defaultdict(list)
    nameless = []
    for key in keys:
        if key.kid is None:
            nameless.append(key)
        else:
            named[key.kid].append(key)
    return KeySet({kid: tuple(same) for kid, same in named.items()}, tuple(nameless), skipped)


def read_key_set(document: bytes, algorithms: Sequence[str]) -> KeySet:
    """The keys of a JWK set that are of use for these algorithms; the others are skipped and counted.

    Raises ValueError when the document is not a JWK set, or holds no key of use.
    """
    try:
        content = orjson.loads(document)
    except orjson.JSONDecodeError as exc:
        raise ValueError("the key set is not JSON") from exc
    members = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(members, list):
        raise ValueError("the key set holds no list of keys")
    usable = []
    for member in members[:MAX_KEYS]:
        try:
            if isinstance(member, dict):
                usable.append(key_from_jwk(member, algorithms))
        except ValueError:
            continue
    if not usable:
        raise ValueError(f"none of the {len(members)} keys is of use for {', '.join(algorithms)}")
    return key_set(usable, len(members) - len(usable))


class FixedKeys:
    """Keys from the configuration, which never change."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    async def find(self, kid: str | None, algorithm: str) -> Keys:
        return self._keys.find(kid, algorithm)

    def status(self) -> KeysStatus:
        return KeysStatus(usable=self._keys.usable, skipped=self._keys.skipped)

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""
