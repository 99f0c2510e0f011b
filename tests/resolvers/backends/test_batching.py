"""Batches across requests: fewer calls, and nobody pays for a neighbour."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest

from resolvers.backends.batching import Batcher
from resolvers.backends.ports import Args, Clock, Forwarded
from resolvers.backends.trips import Known, Patience, Told, Trip
from resolvers.errors import (
    BackendContract,
    BackendFailed,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
    BadUserInput,
)
from tests.doubles import FakeClock

FAR = 1e9


class Backend:
    """Answers every key with itself in capitals; notes its calls; can be held, and fails as told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.identities: list[tuple[Args, Forwarded]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.poison: set[str] = set()
        self.error: BaseException | None = None

    async def fetch(
        self, keys: tuple[str, ...], args: Args, forwarded: Forwarded, patience: Patience
    ) -> dict[str, Any]:
        self.calls.append(keys)
        self.identities.append((args, forwarded))
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        if self.poison & set(keys):
            raise BackendRejected("no", backend="b", operation="o", cause="HTTP 400")
        return {key: key.upper() for key in keys if key != "absent"}


@pytest.fixture
def backend() -> Backend:
    return Backend()


def batcher_over(
    backend: Backend, most: int = 100, linger: float = 60.0, *, clock: Clock = FakeClock(), **options: Any
) -> Batcher:
    return Batcher(backend.fetch, backend="b", operation="o", most=most, linger=linger, clock=clock, **options)


async def load(batcher: Batcher, *keys: str, args: Args = (), forwarded: Forwarded = ()) -> dict[str, Any]:
    found = (await batcher.load(keys, args, forwarded, FAR)).found
    return {key: found[key] for key in keys if key in found}


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_keys_asked_within_one_tick_share_a_call(backend: Backend) -> None:
    """Requests that ask at the same time cost one call, and a key that two of them want is asked once."""
    batcher = batcher_over(backend)
    answers = await asyncio.gather(load(batcher, "a", "b"), load(batcher, "b", "c"))
    assert answers == [{"a": "A", "b": "B"}, {"b": "B", "c": "C"}]
    assert backend.calls == [("a", "b", "c")]


async def test_keys_of_sibling_fields_come_along(backend: Backend) -> None:
    """Of requests that go on together, one that asks in a task of its own shares the call of one that asks at once."""
    batcher = batcher_over(backend)

    async def load_in_task() -> dict[str, Any]:
        return await asyncio.create_task(load(batcher, "b"))

    answers = await asyncio.gather(load(batcher, "a"), load_in_task())
    assert answers == [{"a": "A"}, {"b": "B"}]
    assert backend.calls == [("a", "b")]


async def test_keys_gather_while_a_call_is_under_way(backend: Backend) -> None:
    """While the backend is busy keys gather, and leave in one call when it is free."""
    batcher = batcher_over(backend)
    backend.gate.clear()
    first = asyncio.create_task(load(batcher, "a"))
    await turns()
    others = [asyncio.create_task(load(batcher, key)) for key in "bcd"]
    await turns()
    assert backend.calls == [("a",)]
    backend.gate.set()
    assert await first == {"a": "A"}
    assert [await other for other in others] == [{"b": "B"}, {"c": "C"}, {"d": "D"}]
    assert backend.calls == [("a",), ("b", "c", "d")]


async def test_a_key_under_way_is_not_asked_again(backend: Backend) -> None:
    """Who asks for a key that is on its way waits for that answer."""
    batcher = batcher_over(backend)
    backend.gate.clear()
    first = asyncio.create_task(load(batcher, "a"))
    await turns()
    second = asyncio.create_task(load(batcher, "a"))
    await turns()
    backend.gate.set()
    assert await first == await second == {"a": "A"}
    assert backend.calls == [("a",)]


async def test_keys_do_not_gather_longer_than_the_linger(backend: Backend) -> None:
    """A slow call does not hold back what came after it: gathered keys leave when the linger is over."""
    batcher = batcher_over(backend, linger=0.0)
    backend.gate.clear()
    first = asyncio.create_task(load(batcher, "a"))
    await turns()
    second = asyncio.create_task(load(batcher, "b"))
    await turns(50)
    assert backend.calls == [("a",), ("b",)]
    backend.gate.set()
    assert [await first, await second] == [{"a": "A"}, {"b": "B"}]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"args": (("limit", 1),)}, {"args": (("limit", 2),)}),
        ({"forwarded": (("authorization", "Bearer a"),)}, {"forwarded": (("authorization", "Bearer b"),)}),
        ({}, {"forwarded": (("x-user", "7"),)}),
    ],
)
async def test_what_would_differ_on_the_wire_is_never_shared(
    backend: Backend, one: dict[str, Any], other: dict[str, Any]
) -> None:
    """Two callers whose request to the backend would differ never share a call, even for the same key."""
    batcher = batcher_over(backend)
    await asyncio.gather(load(batcher, "a", **one), load(batcher, "a", **other))
    assert backend.calls == [("a",), ("a",)]
    assert len(set(backend.identities)) == 2


async def test_batches_are_split_at_what_the_backend_takes(backend: Backend) -> None:
    """More keys than a call may carry become several calls, none larger than allowed."""
    batcher = batcher_over(backend, most=2)
    keys = "abcde"
    assert await load(batcher, *keys) == {key: key.upper() for key in keys}
    assert sorted(backend.calls) == [("a", "b"), ("c", "d"), ("e",)]


async def test_a_cancelled_caller_does_not_cancel_the_others(backend: Backend) -> None:
    """A client that goes away takes nobody's answer with it."""
    batcher = batcher_over(backend)
    backend.gate.clear()
    leaving = asyncio.create_task(load(batcher, "a"))
    staying = asyncio.create_task(load(batcher, "a", "b"))
    await turns()
    leaving.cancel()
    await turns()
    backend.gate.set()
    assert await staying == {"a": "A", "b": "B"}
    assert leaving.cancelled()


async def test_each_caller_leaves_at_its_own_deadline(backend: Backend) -> None:
    """An impatient caller is told BACKEND_TIMEOUT at its deadline while a patient one gets the answer."""
    clock = FakeClock()
    batcher = batcher_over(backend, clock=clock)
    backend.gate.clear()
    patient = asyncio.create_task(load(batcher, "a"))
    impatient = (await batcher.load(["a"], (), (), deadline=clock.monotonic() + 0.001)).found["a"]
    assert isinstance(impatient, BackendTimeout)
    assert impatient.retryable
    backend.gate.set()
    assert await patient == {"a": "A"}
    assert backend.calls == [("a",)]


async def test_one_poisonous_key_is_isolated(backend: Backend) -> None:
    """A key that makes the backend refuse a whole batch fails alone."""
    batcher = batcher_over(backend)
    backend.poison = {"k5"}
    keys = [f"k{number}" for number in range(16)]
    found = await load(batcher, *keys)
    assert isinstance(found.pop("k5"), BackendRejected)
    assert found == {key: key.upper() for key in keys if key != "k5"}
    assert len(backend.calls) == 1 + 2 * 4


async def test_nobody_pays_for_the_keys_of_a_neighbour(backend: Backend) -> None:
    """A caller whose keys poison every part of a batch fails alone; what others want, and what both do, is answered."""
    batcher = batcher_over(backend)
    backend.poison = {f"bad{number}" for number in range(8)}
    mixed = [key for number in range(8) for key in (f"bad{number}", f"own{number}")]
    hostile, victim, other = await asyncio.gather(
        load(batcher, *mixed, "shared"), load(batcher, "a", "b", "shared"), load(batcher, "c")
    )
    assert victim == {"a": "A", "b": "B", "shared": "SHARED"}
    assert other == {"c": "C"}
    assert all(isinstance(hostile[key], BackendRejected) for key in backend.poison)
    assert hostile["shared"] == "SHARED"
    # The batch, its halves, four groups of callers, and the halves of the one that failed.
    assert len(backend.calls) == 1 + 2 + 4 + 2


async def test_a_backend_that_broke_is_left_alone(backend: Backend) -> None:
    """When all of a batch breaks a backend it is not asked for each caller again, which would break it more."""
    batcher = batcher_over(backend)
    backend.error = BackendFailed("broken", backend="b", operation="o", cause="HTTP 500")
    answers = await asyncio.gather(*(load(batcher, key) for key in "abcdefgh"))
    assert {type(error) for answer in answers for error in answer.values()} == {BackendFailed}
    assert len(backend.calls) == 3


async def test_refused_credentials_are_not_tried_for_each_caller(backend: Backend) -> None:
    """Systems lock accounts that try too often."""
    batcher = batcher_over(backend)
    backend.error = BackendRejected("no", backend="b", operation="o", cause="credentials")
    await asyncio.gather(*(load(batcher, key) for key in "abcdefgh"))
    assert len(backend.calls) == 3


async def test_a_backend_that_refuses_everything_is_not_asked_for_every_key(backend: Backend) -> None:
    """When both halves fail it is not one key's doing: two more calls are made, not one per key."""
    batcher = batcher_over(backend)
    keys = [f"k{number}" for number in range(16)]
    backend.poison = set(keys)
    found = await load(batcher, *keys)
    assert all(isinstance(error, BackendRejected) for error in found.values())
    assert len(found) == 16
    assert len(backend.calls) == 3


async def test_an_unreachable_backend_is_not_asked_again_by_halves(backend: Backend) -> None:
    """A failure that no key can have caused is told to every key after one call."""
    batcher = batcher_over(backend)
    backend.error = BackendUnavailable("down", backend="b", operation="o", cause="refused")
    found = await load(batcher, "a", "b", "c")
    assert {type(error) for error in found.values()} == {BackendUnavailable}
    assert len(backend.calls) == 1


async def test_a_fault_of_our_own_reaches_every_caller(backend: Backend) -> None:
    """A crash is never taken for an absent record."""
    batcher = batcher_over(backend)
    backend.error = ZeroDivisionError("ours")
    results = await asyncio.gather(load(batcher, "a"), load(batcher, "b"), return_exceptions=True)
    assert [type(result) for result in results] == [ZeroDivisionError, ZeroDivisionError]


async def test_nothing_is_kept_for_identities_that_are_idle(backend: Backend) -> None:
    """Memory does not grow with the number of callers that ever were."""
    batcher = batcher_over(backend)
    for number in range(50):
        await load(batcher, "a", forwarded=(("x-user", str(number)),))
    await turns()
    assert batcher._lanes == {}


async def test_a_late_batch_makes_no_other_key_absent(backend: Backend) -> None:
    """When one of two calls is late its keys hold the timeout, and the keys of the other their answers."""
    clock = FakeClock()
    slow = asyncio.Event()

    async def fetch_slowly(keys: tuple[str, ...], args: Args, forwarded: Forwarded, trip: Trip) -> dict[str, Any]:
        if "slow" in keys:
            await slow.wait()
        return await backend.fetch(keys, args, forwarded, trip)

    batcher = Batcher(fetch_slowly, backend="b", operation="o", most=1, clock=clock)
    found = (await batcher.load(["slow", "quick"], (), (), clock.monotonic() + 0.02)).found
    assert isinstance(found["slow"], BackendTimeout)
    assert found["quick"] == "QUICK"
    slow.set()
    await batcher.close()


async def test_without_a_batch_form_nobody_waits_for_another_key(backend: Backend) -> None:
    """Keys of a backend that is asked key by key leave at once, however many calls are under way."""
    batcher = batcher_over(backend, most=1)
    backend.gate.clear()
    asked = [asyncio.create_task(load(batcher, key)) for key in "abc"]
    await turns()
    late = asyncio.create_task(load(batcher, "d"))
    await turns()
    assert backend.calls == [("a",), ("b",), ("c",), ("d",)]
    backend.gate.set()
    assert [await one for one in (*asked, late)] == [{"a": "A"}, {"b": "B"}, {"c": "C"}, {"d": "D"}]


async def test_a_full_batch_leaves_at_once(backend: Backend) -> None:
    """Waiting gains nothing for a batch that can carry no more keys, so it does not wait for the call under way."""
    batcher = batcher_over(backend, most=2)
    backend.gate.clear()
    first = asyncio.create_task(load(batcher, "a"))
    await turns()
    more = asyncio.create_task(load(batcher, "b", "c", "d"))
    await turns()
    assert backend.calls == [("a",), ("b", "c")]
    backend.gate.set()
    assert await first == {"a": "A"}
    assert await more == {"b": "B", "c": "C", "d": "D"}
    assert backend.calls[2:] == [("d",)]


async def test_who_needs_newer_data_joins_no_call_that_has_left(backend: Backend) -> None:
    """A key that has to be read after a moment is asked again when its call left before; later askers share that."""
    clock = FakeClock()
    batcher = batcher_over(backend, linger=0.0, clock=clock)
    backend.gate.clear()
    old = asyncio.create_task(load(batcher, "a"))
    await turns()
    clock.advance(1.0)
    new = asyncio.create_task(batcher.load(["a"], (), (), FAR, since=clock.time()))
    other = asyncio.create_task(batcher.load(["a"], (), (), FAR, since=clock.time()))
    await turns(50)
    assert backend.calls == [("a",), ("a",)]
    backend.gate.set()
    assert await old == {"a": "A"}
    assert (await new).sent_at == (await other).sent_at == clock.time()


async def test_the_moment_of_the_call_is_told(backend: Backend) -> None:
    """Who joins a call under way learns when it left, for nothing in its answer is newer than that."""
    clock = FakeClock()
    batcher = batcher_over(backend, clock=clock)
    left_at = clock.time()
    backend.gate.clear()
    first = asyncio.create_task(batcher.load(["a"], (), (), FAR))
    await turns()
    clock.advance(5.0)
    second = asyncio.create_task(batcher.load(["a"], (), (), FAR))
    await turns()
    backend.gate.set()
    assert (await first).sent_at == (await second).sent_at == left_at


async def test_the_most_patient_caller_rules_the_call(backend: Backend) -> None:
    """A call is given until the latest deadline of those who wait, and a while even when all of them are impatient."""
    clock = FakeClock()
    now = clock.monotonic()
    trips: list[Trip] = []

    async def fetch(keys: tuple[str, ...], args: Args, forwarded: Forwarded, trip: Trip) -> dict[str, Any]:
        trips.append(trip)
        return {}

    batcher = Batcher(fetch, backend="b", operation="o", most=9, least_patience=1.0, clock=clock)
    await asyncio.gather(batcher.load(["a"], (), (), now + 5), batcher.load(["a"], (), (), now + 2))
    await batcher.load(["a"], (), (), now + 0.5)
    assert [trip.deadline for trip in trips] == [now + 5, now + 1]


async def test_arguments_that_the_backend_cannot_be_asked_with_are_told(backend: Backend) -> None:
    """What speaks against the request itself is told to each key, and nothing is asked by halves."""
    batcher = batcher_over(backend)
    backend.error = BadUserInput("no such status")
    found = await load(batcher, "a", "b")
    assert {type(error) for error in found.values()} == {BadUserInput}
    assert len(backend.calls) == 1


async def test_closing_tells_everyone_who_waits(backend: Backend) -> None:
    """At the end of the process, calls under way and keys that still gather are answered BACKEND_UNAVAILABLE."""
    batcher = batcher_over(backend)
    backend.gate.clear()
    waiting = [asyncio.create_task(load(batcher, "a"))]
    await turns()
    waiting.append(asyncio.create_task(load(batcher, "b")))
    await turns()
    await batcher.close()
    for key, task in zip("ab", waiting, strict=True):
        assert isinstance((await task)[key], BackendUnavailable)


async def test_a_call_that_was_cancelled_from_within_makes_no_key_absent(backend: Backend) -> None:
    """What a call waited for may be cancelled by others; that is an error of every key, never "there is none"."""
    batcher = batcher_over(backend)
    backend.error = asyncio.CancelledError()
    found = await load(batcher, "a", "b")
    assert {type(error) for error in found.values()} == {BackendUnavailable}
    assert len(found) == 2
    backend.error = None
    assert await load(batcher, "a") == {"a": "A"}


async def test_closing_tells_those_whose_keys_were_asked_anew(backend: Backend) -> None:
    """A key that is under way twice, since one caller wanted it fresh, is absent to neither when the process ends."""
    clock = FakeClock()
    batcher = batcher_over(backend, clock=clock)
    backend.gate.clear()
    old = asyncio.create_task(load(batcher, "a"))
    await turns()
    clock.advance(1.0)
    new = asyncio.create_task(batcher.load(["a"], (), (), FAR, since=clock.time()))
    await turns()
    await batcher.close()
    assert isinstance((await old)["a"], BackendUnavailable)
    assert isinstance((await new).found["a"], BackendUnavailable)


async def test_nothing_is_asked_after_the_end(backend: Backend) -> None:
    """Who asks when the gateway has stopped is told so, and no call leaves."""
    batcher = batcher_over(backend)
    await batcher.close()
    assert isinstance((await load(batcher, "a"))["a"], BackendUnavailable)
    assert backend.calls == []


async def test_nothing_is_asked_for_callers_who_have_left(backend: Backend) -> None:
    """Keys that gathered for clients who went away meanwhile cost no call, and those who come later are answered."""
    batcher = batcher_over(backend)
    backend.gate.clear()
    first = asyncio.create_task(load(batcher, "a"))
    await turns()
    leaving = asyncio.create_task(load(batcher, "b"))
    await turns()
    leaving.cancel()
    await turns()
    backend.gate.set()
    assert await first == {"a": "A"}
    await turns()
    assert backend.calls == [("a",)]
    assert batcher._lanes == {}
    assert await load(batcher, "b") == {"b": "B"}


async def test_nothing_is_asked_when_time_is_up_already(backend: Backend) -> None:
    """A caller without any time left is told BACKEND_TIMEOUT, and the backend is not bothered."""
    clock = FakeClock()
    batcher = batcher_over(backend, clock=clock)
    found = (await batcher.load(["a"], (), (), clock.monotonic())).found
    assert isinstance(found["a"], BackendTimeout)
    await turns()
    assert backend.calls == []


async def test_keys_go_on_gathering_while_the_backend_bears_no_further_call(backend: Backend) -> None:
    """At the backend's limit a call could only wait, so keys join it as long as it would; then they leave together."""
    full = True
    batcher = batcher_over(backend, linger=0.0, busy=lambda: full)
    backend.gate.clear()
    asked = [asyncio.create_task(load(batcher, "a"))]
    await turns()
    for key in "bcd":
        asked.append(asyncio.create_task(load(batcher, key)))
        await turns(20)
    assert backend.calls == [("a",)]
    full = False
    await turns(20)
    assert backend.calls == [("a",), ("b", "c", "d")]
    backend.gate.set()
    assert [await one for one in asked] == [{key: key.upper()} for key in "abcd"]


async def test_what_an_asker_holds_already_travels_with_its_key(backend: Backend) -> None:
    """The call knows the ETag of whoever asked first, and what the backend says of keeping is told to all."""
    told = Told(60.0, '"v2"')

    async def fetch(keys: tuple[str, ...], args: Args, forwarded: Forwarded, trip: Trip) -> dict[str, Any]:
        assert trip.known == {"a": Known('"v1"', "old")}
        trip.told["a"] = told
        return {"a": trip.known["a"].value}

    batcher = Batcher(fetch, backend="b", operation="o", most=1, clock=FakeClock())
    first, second = await asyncio.gather(
        batcher.load(["a"], (), (), FAR, known={"a": Known('"v1"', "old")}), batcher.load(["a"], (), (), FAR)
    )
    assert first.found == second.found == {"a": "old"}
    assert first.told == second.told == {"a": told}


class Body:
    """An answer of many megabytes."""


async def test_errors_do_not_keep_what_they_were_raised_beside() -> None:
    """An error that many share, and its causes, hold no frame: the answer that did not fit is gone before they are."""
    bodies: list[weakref.ref[Body]] = []

    def read() -> None:
        body = Body()
        bodies.append(weakref.ref(body))
        raise ValueError("not JSON")

    async def fetch(keys: tuple[str, ...], args: Args, forwarded: Forwarded, trip: Trip) -> dict[str, Any]:
        try:
            read()
        except ValueError as error:
            raise BackendContract("no", backend="b", operation="o") from error
        return {}

    batcher = Batcher(fetch, backend="b", operation="o", most=9, clock=FakeClock())
    gc.disable()
    try:
        loaded = await batcher.load(["a", "b"], (), (), 2_000.0)
        assert {type(error) for error in loaded.found.values()} == {BackendContract}
        assert [body() for body in bodies] == [None] * 3
    finally:
        gc.enable()
