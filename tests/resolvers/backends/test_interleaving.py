"""Batches under every order of events that hypothesis can think of: who comes, leaves, fails and waits when.

Time is virtual, so a lost wake-up is a hang that is seen, and every deadline is met to the instant.
"""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from resolvers.backends.batching import Batcher
from resolvers.backends.ports import Args, Forwarded
from resolvers.backends.trips import Trip
from resolvers.errors import BackendFailed, BackendRejected, BackendTimeout, BackendUnavailable, BadUserInput
from tests.virtual_time import VirtualTime, run

Identity = tuple[Args, Forwarded]
KEYS = "abcdefgh"
ABSENT = "h"
IDENTITIES: list[Identity] = [
    ((), ()),
    ((("limit", 1),), ()),
    ((), (("authorization", "Bearer one"),)),
    ((), (("authorization", "Bearer two"),)),
]
LINGER = 0.01

seconds = st.integers(0, 12).map(lambda steps: steps * 0.004)


class Visit(Struct, frozen=True):
    """One caller: who it is, what it wants and when, how long it waits, and when it goes away."""

    who: int
    keys: str
    comes: float
    patience: float
    leaves: float | None
    fresh: bool


class Reply(Struct, frozen=True):
    """How the backend answers one call."""

    takes: float
    trouble: str


class World(Struct, frozen=True):
    most: int
    in_flight: int
    least_patience: float
    poison: frozenset[str]
    busy: tuple[bool, ...]
    replies: tuple[Reply, ...]
    visits: tuple[Visit, ...]


visits = st.builds(
    Visit,
    who=st.integers(0, len(IDENTITIES) - 1),
    keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=5, unique=True).map("".join),
    comes=seconds,
    patience=st.sampled_from([0.0, 0.001, 0.008, 0.05, 5.0]),
    leaves=st.none() | seconds,
    fresh=st.sampled_from([False, False, False, True]),
)
worlds = st.builds(
    World,
    most=st.sampled_from([1, 2, 3, 100]),
    in_flight=st.sampled_from([1, 1, 2]),
    least_patience=st.sampled_from([0.0, 1.0]),
    poison=st.sampled_from([frozenset(), frozenset(), frozenset("b"), frozenset("bf")]),
    busy=st.lists(st.booleans(), max_size=4).map(tuple),
    replies=st.lists(
        st.builds(Reply, takes=seconds, trouble=st.sampled_from(["", "", "", "failed", "away", "input", "cancelled"])),
        max_size=8,
    ).map(tuple),
    visits=st.lists(visits, min_size=1, max_size=8).map(tuple),
)


class Backend:
    """Answers after a while with the key and who asked; notes what is under way, and finds what may never be."""

    def __init__(self, world: World, loop: VirtualTime) -> None:
        self.world = world
        self.loop = loop
        self.left: list[tuple[float, Identity, tuple[str, ...]]] = []
        self.under_way: Counter[tuple[Identity, str]] = Counter()
        self.trips: dict[tuple[Identity, str], Trip] = {}
        self.fresh_wanted = any(visit.fresh for visit in world.visits)
        self.looks = 0

    def busy(self) -> bool:
        self.looks += 1
        return self.looks <= len(self.world.busy) and self.world.busy[self.looks - 1]

    async def fetch(self, keys: tuple[str, ...], args: Args, forwarded: Forwarded, trip: Trip) -> dict[str, Any]:
        identity = (args, forwarded)
        number = len(self.left)
        self.left.append((self.loop.time(), identity, keys))
        assert 1 <= len(keys) <= self.world.most
        assert len(set(keys)) == len(keys)
        asked = [(identity, key) for key in keys]
        self.under_way.update(asked)
        self.trips |= dict.fromkeys(asked, trip)
        if not self.fresh_wanted:
            assert max(self.under_way.values()) == 1, "a key was asked twice at the same time"
        reply = self.world.replies[number] if number < len(self.world.replies) else Reply(0.002, "")
        try:
            await asyncio.sleep(reply.takes)
        finally:
            self.under_way.subtract(asked)
        where: dict[str, Any] = {"backend": "b", "operation": "o"}
        if reply.trouble == "failed":
            raise BackendFailed("broken", **where)
        if reply.trouble == "away":
            raise BackendUnavailable("down", **where)
        if reply.trouble == "input":
            raise BadUserInput("no")
        if reply.trouble == "cancelled":
            raise asyncio.CancelledError
        if self.world.poison & set(keys):
            raise BackendRejected("no", **where)
        return {key: (key, identity) for key in keys if key != ABSENT}


async def visit(batcher: Batcher, wanted: Visit, backend: Backend) -> None:
    """One caller, who is content only with what it was promised."""
    loop = backend.loop
    await asyncio.sleep(wanted.comes)
    came, identity = loop.time(), IDENTITIES[wanted.who]
    # A batch that failed is asked by halves: its keys are under way until all of it is back.
    under_way = {key: trip for (whose, key), trip in backend.trips.items() if whose == identity and trip.back_at > came}
    left_before = len(backend.left)
    since = came if wanted.fresh else float("-inf")
    loaded = await batcher.load(list(wanted.keys), *identity, came + wanted.patience, since=since)
    took = loop.time() - came
    assert took <= wanted.patience + 1e-6, "somebody waited beyond the deadline"
    longest = LINGER if under_way else 0.0
    if wanted.patience > LINGER and not backend.world.busy:
        calls = [(at, keys) for at, whose, keys in backend.left[left_before:] if whose == identity]
        for key in set(wanted.keys) - under_way.keys():
            left_at = next(at for at, keys in calls if key in keys)
            assert left_at <= came + longest + 1e-6, "a key waited longer than it should"
    for key in wanted.keys:
        answer = loaded.found.get(key)
        if isinstance(answer, tuple):
            assert answer == (key, identity), "an answer that was fetched for somebody else"
        elif isinstance(answer, BackendTimeout):
            assert took >= wanted.patience - 1e-6, "told that time is up before it was"
        elif isinstance(answer, Exception):
            assert backend.world.poison or any(reply.trouble for reply in backend.world.replies)
        else:
            assert key == ABSENT, "a record that exists was told to be absent"


async def live(world: World, loop: VirtualTime) -> None:
    backend = Backend(world, loop)
    batcher = Batcher(
        backend.fetch,
        backend="b",
        operation="o",
        most=world.most,
        clock=loop,
        in_flight=world.in_flight,
        linger=LINGER,
        least_patience=world.least_patience,
        busy=backend.busy,
    )
    callers = [asyncio.create_task(visit(batcher, wanted, backend)) for wanted in world.visits]
    for caller, wanted in zip(callers, world.visits, strict=True):
        if wanted.leaves is not None:
            loop.call_later(wanted.leaves, caller.cancel)
    ends = await asyncio.gather(*callers, return_exceptions=True)
    for end, wanted in zip(ends, world.visits, strict=True):
        if isinstance(end, asyncio.CancelledError):
            assert wanted.leaves is not None
        elif end is not None:
            raise end
    await asyncio.sleep(60)
    assert asyncio.all_tasks() == {asyncio.current_task()}, "a task is left"
    assert not batcher._lanes
    assert not batcher._tasks
    assert loop.timers() == 0


@settings(max_examples=150, deadline=None)
@given(worlds)
def test_everybody_is_answered_in_time_and_nothing_is_left(world: World) -> None:
    """Whoever comes and goes in whatever order, and however the backend answers: each caller has its own answer or an
    error by its deadline, no key is asked twice at a time, an idle backend is asked at once, and nothing is left."""
    loop = VirtualTime()
    run(loop, live(world, loop))
    gc.collect(1)
    assert loop.faults == []
