"""Answers given before: who asks the same again is told the same, as long as all that it was made of still stands.

What is kept has no lifetime of its own. It is given again only while every look-up that the answer was made of would
find the same entries in the cache, and find them fresh. So it is never older than what running the operation gives.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec
import orjson
from msgspec import Struct

from gateway.execution.lru import Lru
from gateway.http.request import GraphQLRequest
from resolvers.basis import Basis, Found

_OWN: Final = 1_000
"""Bytes that a kept answer takes besides its text, its variables and what its look-ups noted."""
_DAY: Final = 86_400


class Question(NamedTuple):
    """All that decides an answer, apart from what the backends hold.

    Two callers never share one: rights, customer and tenant are the token's, and `caller` is its SHA-256.
    """

    caller: bytes
    document: str
    operation: str | None
    variables: bytes
    day: int
    """The calendar day (UTC): some filters compare with today."""


class Kept(Struct, frozen=True):
    """The `data` of an answer without errors, as JSON text, and what it was made of."""

    data: Any
    """An `orjson.Fragment`, which stands for the values that it holds the text of."""
    found: tuple[Found, ...]

    @property
    def until(self) -> float:
        """When its first part is no longer fresh, in seconds of the epoch."""
        return min([found.until for found in self.found])


class Answers:
    """At most about `max_bytes` of answers, those go first that were given longest ago. `given` counts those that were
    given again, and only grows."""

    def __init__(self, max_bytes: int) -> None:
        self.kept: Lru[Question, Kept] = Lru(entries=max_bytes // _OWN, bytes=max_bytes)
        self.given = 0

    def again(self, question: Question, now: float) -> Kept | None:
        """The answer given before, when running the operation would give just that."""
        kept = self.kept.get(question)
        if kept is None or not all(found.stands(now) for found in kept.found):
            return None
        for found in kept.found:
            found.served()
        self.given += 1
        return kept

    def keep(self, question: Question, basis: Basis, data: Any) -> Any:
        """Keep an answer without errors, if it was made of the cache alone; returns the data to answer with."""
        if not basis.whole:
            return data
        try:
            text = bytes(memoryview(orjson.dumps(data)))  # The encoder's own takes several times the room.
        except TypeError:
            return data  # It takes the slower encoder, which knows larger integers.
        fragment = orjson.Fragment(text)
        weight = _OWN + len(text) + len(question.variables) + sum([found.weight for found in basis.found])
        self.kept.put(question, Kept(fragment, tuple(basis.found)), weight)
        return fragment


def question_of(request: GraphQLRequest, now: float) -> Question | None:
    """What the request asks, None where its answer depends on more: it is no query, or comes from a caller who is known
    otherwise than by a token."""
    principal = request.principal
    if request.operation.kind != "query" or (principal.token is None and principal.authenticated):
        return None
    return Question(
        sha256((principal.token or "").encode()).digest(),
        request.document.hash,
        request.operation.name,
        msgspec.json.encode(request.variables),
        int(now // _DAY),
    )
