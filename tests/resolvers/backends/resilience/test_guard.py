"""The guard: fixed order, one probe, retries that cannot hurt."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from resolvers.backends.ports import Call, Fetched
from resolvers.backends.resilience import BreakerState, Guard, ResilienceSettings
from resolvers.backends.resilience.bulkhead import Bulkhead, FixedLimit
from resolvers.backends.trips import Patience
from resolvers.errors import (
    BackendContract,
    BackendError,
    BackendFailed,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
)
from tests.doubles import FakeClock


class Backend:
    """Raises what is told, in order, then answers; notes the timeout of each attempt."""

    def __init__(self, *failures: BackendError) -> None:
        self.failures = list(failures)
        self.timeouts: list[float] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def attempt(self, call: Call) -> Fetched[Any]:
        self.timeouts.append(call.timeout)
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        return Fetched(records=["answer"])

    @property
    def attempts(self) -> int:
        return len(self.timeouts)


class Notes:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ended: list[tuple[float, str]] = []

    def attempted(self, backend: str, operation: str, seconds: float, error: BackendError | None) -> None:
        self.lines.append(f"attempted {error.code if error else 'ok'}")

    def retried(self, backend: str, operation: str, reason: str) -> None:
        self.lines.append(f"retried {reason}")

    def refused(self, backend: str, operation: str, reason: str) -> None:
        self.lines.append(f"refused {reason}")

    def called(self, backend: str, operation: str, call: Call, seconds: float, error: BackendError | None) -> None:
        self.ended.append((round(seconds, 3), error.code if error else "ok"))

    def breaker_changed(self, backend: str, state: BreakerState) -> None:
        self.lines.append(f"breaker {state.value}")


def failure(kind: type[BackendError] = BackendFailed, **details: Any) -> BackendError:
    return kind("no", backend="b", operation="o", **details)


class Setup:
    """A guard with a clock that sleeping moves."""

    def __init__(self, longest: float = float("inf"), **settings: Any) -> None:
        self.clock = FakeClock()
        self.notes = Notes()
        self.pauses: list[float] = []
        self.guard = Guard(
            "b",
            ResilienceSettings.model_validate(settings),
            self.clock,
            lambda: 1.0,
            sleep=self.sleep,
            observer=self.notes,
            longest=longest,
        )

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock.advance(seconds)

    async def call(self, backend: Backend, *, seconds: float = 10.0, idempotent: bool = True) -> Fetched[Any]:
        patience = Patience(self.clock.monotonic() + seconds)
        return await self.guard.of("o", idempotent=idempotent).call(backend.attempt, Call(), patience)


async def turns(count: int = 6) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_read_is_tried_again_with_growing_pauses() -> None:
    """A passing failure is not seen by the caller."""
    setup = Setup(retries=3, backoff="100ms")
    backend = Backend(failure(), failure(BackendUnavailable), failure(BackendTimeout))
    assert (await setup.call(backend)).records == ["answer"]
    assert backend.attempts == 4
    assert setup.pauses == [0.1, 0.2, 0.4]


async def test_a_call_is_told_once_when_it_has_ended() -> None:
    """Whoever counts calls hears of each one time, with the time that all its attempts and pauses took."""
    setup = Setup(retries=1, backoff="100ms")
    await setup.call(Backend(failure()))
    with pytest.raises(BackendFailed):
        await setup.call(Backend(failure(), failure()))
    assert setup.notes.ended == [(0.1, "ok"), (0.1, "BACKEND_FAILED")]


async def test_a_cancelled_call_has_no_outcome() -> None:
    """A caller that went away says nothing about the backend."""
    setup = Setup()
    held = asyncio.Event()

    async def attempt(call: Call) -> Fetched[Any]:
        await held.wait()
        raise AssertionError

    calling = asyncio.create_task(setup.guard.of("o").call(attempt, Call(), Patience(setup.clock.monotonic() + 9)))
    await turns()
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)
    assert setup.notes.ended == []


@pytest.mark.parametrize(("told", "sent"), [(True, [("X-A", "1"), ("X-Request-Timeout", "2000ms")]), (False, [])])
async def test_a_backend_is_told_how_long_its_answer_is_of_use(told: bool, sent: list[tuple[str, str]]) -> None:
    """Each attempt carries its own time-out, so that a backend can stop working for nobody."""
    setup = Setup(send_context=told)
    hints: list[tuple[str, str]] = []

    async def attempt(call: Call) -> Fetched[Any]:
        hints.extend(call.hints)
        return Fetched(records=[])

    patience = Patience(setup.clock.monotonic() + 9)
    await setup.guard.of("o").call(attempt, Call(hints=(("X-A", "1"),)), patience)
    assert hints == sent


async def test_what_is_not_idempotent_is_never_tried_again() -> None:
    """A write goes out once, whatever happens to it."""
    setup = Setup(retries=3)
    backend = Backend(failure(BackendUnavailable))
    with pytest.raises(BackendUnavailable):
        await setup.call(backend, idempotent=False)
    assert backend.attempts == 1


@pytest.mark.parametrize("kind", [BackendRejected, BackendContract])
async def test_what_would_fail_again_is_not_tried_again(kind: type[BackendError]) -> None:
    """A refusal or an answer of the wrong shape is told at once."""
    setup = Setup(retries=3)
    backend = Backend(failure(kind))
    with pytest.raises(kind) as caught:
        await setup.call(backend)
    assert backend.attempts == 1
    assert caught.value.extensions["attempts"] == 1


async def test_retry_after_is_obeyed() -> None:
    """The gateway waits as long as the backend asked for, and a little more, so that not all come back at once."""
    setup = Setup(retries=1, backoff="100ms")
    await setup.call(Backend(failure(BackendUnavailable, retry_after=3.0)))
    assert setup.pauses == [3.1]


async def test_no_retry_would_end_after_the_deadline() -> None:
    """Where the pause would outlast the request, the failure is told at once."""
    setup = Setup(retries=5)
    backend = Backend(failure(BackendUnavailable, retry_after=30.0))
    with pytest.raises(BackendUnavailable):
        await setup.call(backend, seconds=10)
    assert setup.pauses == []


async def test_attempts_end_with_the_request() -> None:
    """An attempt has its own timeout, and never more than the request has left."""
    setup = Setup(timeout="2s", retries=1, backoff="1s")
    backend = Backend(failure())
    await setup.call(backend, seconds=2.5)
    assert backend.timeouts == [2.0, pytest.approx(1.5)]


async def test_a_passed_deadline_makes_no_call() -> None:
    """A request whose time is up costs the backend nothing."""
    setup = Setup()
    backend = Backend()
    with pytest.raises(BackendTimeout) as caught:
        await setup.call(backend, seconds=0)
    assert caught.value.cause == "deadline"
    assert backend.attempts == 0


async def test_retries_cannot_multiply_the_load_of_a_broken_backend() -> None:
    """When every call fails, retries stop at their budget's share of the calls."""
    setup = Setup(retries=3, retry_budget=0.1, breaker="off")
    attempts = 0
    for _ in range(200):
        backend = Backend(*[failure() for _ in range(4)])
        with pytest.raises(BackendFailed):
            await setup.call(backend)
        attempts += backend.attempts
    assert 200 <= attempts <= 200 * 1.1 + 11


async def test_the_breaker_opens_and_sends_exactly_one_probe() -> None:
    """A broken backend is left alone; then one call goes out, however many ask, and its answer closes the breaker."""
    setup = Setup(retries=0, breaker={"min_calls": 4, "error_rate": 0.5, "open_for": "5s"})
    for _ in range(4):
        with pytest.raises(BackendFailed):
            await setup.call(Backend(failure()))
    untouched = Backend()
    with pytest.raises(BackendUnavailable) as caught:
        await setup.call(untouched)
    assert caught.value.cause == "breaker open"
    assert caught.value.retry_after == 5.0
    assert untouched.attempts == 0
    setup.clock.advance(5)
    probe = Backend()
    probe.gate.clear()
    asking = [asyncio.create_task(setup.call(probe)) for _ in range(20)]
    await turns()
    assert probe.attempts == 1
    probe.gate.set()
    results = await asyncio.gather(*asking, return_exceptions=True)
    assert sum(isinstance(result, Fetched) for result in results) == 1
    assert (await setup.call(Backend())).records == ["answer"]
    assert [line for line in setup.notes.lines if line.startswith("breaker")] == [
        "breaker open",
        "breaker half-open",
        "breaker closed",
    ]


async def test_a_failed_probe_opens_the_breaker_again() -> None:
    """One probe goes out per interval while the backend stays broken."""
    setup = Setup(retries=0, breaker={"min_calls": 1, "open_for": "5s"})
    with pytest.raises(BackendFailed):
        await setup.call(Backend(failure()))
    for _ in range(3):
        setup.clock.advance(5)
        with pytest.raises(BackendFailed):
            await setup.call(Backend(failure()))
        silent = Backend()
        with pytest.raises(BackendUnavailable):
            await setup.call(silent)
        assert silent.attempts == 0


async def test_a_cancelled_probe_leaves_room_for_the_next() -> None:
    """A probe whose caller went away says nothing; the next caller may probe."""
    setup = Setup(retries=0, breaker={"min_calls": 1, "open_for": "5s"})
    with pytest.raises(BackendFailed):
        await setup.call(Backend(failure()))
    setup.clock.advance(5)
    held = Backend()
    held.gate.clear()
    probing = asyncio.create_task(setup.call(held))
    await turns()
    probing.cancel()
    await turns()
    assert (await setup.call(Backend())).records == ["answer"]


async def test_late_answers_to_earlier_calls_are_not_the_probes() -> None:
    """While a probe is out, calls that left before the breaker opened may fail, succeed or be given up: no second probe
    goes out for it, and only the probe's own answer closes the breaker."""
    setup = Setup(retries=0, timeout="60s", breaker={"min_calls": 1, "open_for": "5s"})
    early = [Backend(failure()), Backend(), Backend()]
    for backend in early:
        backend.gate.clear()
    calling = [asyncio.create_task(setup.call(backend, seconds=60)) for backend in early]
    await turns()
    with pytest.raises(BackendFailed):
        await setup.call(Backend(failure()))
    setup.clock.advance(5)
    probe = Backend()
    probe.gate.clear()
    probing = asyncio.create_task(setup.call(probe))
    await turns()
    early[0].gate.set()
    early[1].gate.set()
    calling[2].cancel()
    await asyncio.gather(*calling, return_exceptions=True)
    untouched = Backend()
    with pytest.raises(BackendUnavailable):
        await setup.call(untouched)
    assert untouched.attempts == 0
    probe.gate.set()
    await probing
    await setup.call(untouched)
    assert [line for line in setup.notes.lines if line.startswith("breaker")] == [
        "breaker open",
        "breaker half-open",
        "breaker closed",
    ]


async def test_impatient_callers_cannot_make_a_backend_look_dead() -> None:
    """An attempt that the request's deadline cut short says nothing about the backend; a whole one does."""
    setup = Setup(retries=0, timeout="2s", breaker={"min_calls": 1})
    for _ in range(5):
        with pytest.raises(BackendTimeout):
            await setup.call(Backend(failure(BackendTimeout)), seconds=0.5)
    assert (await setup.call(Backend())).records == ["answer"]
    with pytest.raises(BackendTimeout):
        await setup.call(Backend(failure(BackendTimeout)))
    with pytest.raises(BackendUnavailable):
        await setup.call(Backend())


async def test_no_attempt_outlasts_the_longest_request() -> None:
    """A time-out beyond the deadline of every request is as good as that deadline, so a frozen backend is noticed."""
    setup = Setup(timeout="30s", retries=0, breaker={"min_calls": 1}, longest=4.0)
    backend = Backend(failure(BackendTimeout))
    with pytest.raises(BackendTimeout):
        await setup.call(backend)
    assert backend.timeouts == [4.0]
    assert setup.guard.breaker is not None
    assert setup.guard.breaker.state is BreakerState.OPEN


async def test_rejections_do_not_open_the_breaker() -> None:
    """A backend that says no is well."""
    setup = Setup(breaker={"min_calls": 2})
    for _ in range(10):
        with pytest.raises(BackendRejected):
            await setup.call(Backend(failure(BackendRejected)))
    assert setup.guard.breaker is not None
    assert setup.guard.breaker.state is BreakerState.CLOSED


async def test_old_failures_are_forgotten() -> None:
    """Only what happened within the window counts."""
    setup = Setup(retries=0, breaker={"window": "10s", "min_calls": 2, "error_rate": 0.5})
    with pytest.raises(BackendFailed):
        await setup.call(Backend(failure()))
    setup.clock.advance(11)
    await setup.call(Backend())
    with pytest.raises(BackendFailed):
        await setup.call(Backend(failure()))
    assert setup.guard.breaker is not None
    assert setup.guard.breaker.state is BreakerState.OPEN


async def test_the_bulkhead_bounds_calls_at_once() -> None:
    """No more calls run at once than allowed; the others wait their turn and are all answered."""
    setup = Setup(concurrency=2)
    backend = Backend()
    backend.gate.clear()
    calls = [asyncio.create_task(setup.call(backend)) for _ in range(6)]
    await turns()
    assert backend.attempts == 2
    backend.gate.set()
    assert len(await asyncio.gather(*calls)) == 6
    assert backend.attempts == 6
    assert setup.guard.bulkhead.in_use == 0


async def test_waiting_for_a_place_ends_at_the_deadline() -> None:
    """Who finds the backend busy until the deadline is told so."""
    setup = Setup(concurrency=1)
    backend = Backend()
    backend.gate.clear()
    running = asyncio.create_task(setup.call(backend))
    await turns()
    with pytest.raises(BackendTimeout) as caught:
        await setup.call(backend, seconds=0)
    assert caught.value.cause == "busy"
    backend.gate.set()
    await running


async def test_a_caller_that_goes_away_gives_its_place_back() -> None:
    """Cancelled calls, running or waiting, leave no place taken."""
    setup = Setup(concurrency=1)
    backend = Backend()
    backend.gate.clear()
    calls = [asyncio.create_task(setup.call(backend)) for _ in range(3)]
    await turns()
    for call in calls:
        call.cancel()
    await turns()
    backend.gate.set()
    assert (await setup.call(backend)).records == ["answer"]
    assert setup.guard.bulkhead.in_use == 0
    assert setup.guard.bulkhead.waiting == 0


async def test_a_late_read_is_asked_a_second_time() -> None:
    """With hedging, the second attempt's answer serves when the first is stuck."""
    setup = Setup(hedge="100ms", timeout="2s")
    stuck = asyncio.Event()
    attempts: list[int] = []

    async def attempt(call: Call) -> Fetched[Any]:
        attempts.append(len(attempts))
        if attempts[-1] == 0:
            await stuck.wait()
        return Fetched(records=["answer"])

    patience = Patience(setup.clock.monotonic() + 10)
    fetched = await setup.guard.of("o").call(attempt, Call(), patience)
    assert fetched.records == ["answer"]
    assert attempts == [0, 1]
    assert setup.guard.bulkhead.in_use == 0


class Slow:
    """Attempts that are stuck until released; notes how many there were."""

    def __init__(self) -> None:
        self.attempts = 0
        self.stuck = asyncio.Event()

    async def attempt(self, call: Call) -> Fetched[Any]:
        self.attempts += 1
        await self.stuck.wait()
        return Fetched(records=["answer"])


@pytest.mark.parametrize(
    "settings",
    [{"concurrency": 1}, {"quota": {"calls": 1, "per": "10s"}}, {"retry_budget": 0.0}],
    ids=["bulkhead", "quota", "budget"],
)
async def test_a_hedge_is_bounded_like_every_other_attempt(settings: dict[str, Any]) -> None:
    """A second attempt takes a place of its own, counts for the provider's cap and is paid from the retry budget."""
    setup = Setup(hedge="100ms", timeout="2s", **settings)
    slow = Slow()
    calling = asyncio.create_task(
        setup.guard.of("o").call(slow.attempt, Call(), Patience(setup.clock.monotonic() + 10))
    )
    await turns()
    assert slow.attempts == 1
    slow.stuck.set()
    await calling
    assert setup.guard.bulkhead.in_use == 0


async def test_a_probe_is_not_hedged() -> None:
    """One probe is one attempt, also where slow reads are asked twice."""
    setup = Setup(hedge="100ms", timeout="2s", retries=0, breaker={"min_calls": 1, "open_for": "5s"})
    with pytest.raises(BackendFailed):
        await setup.call(Backend(failure()))
    setup.clock.advance(5)
    slow = Slow()
    patience = Patience(setup.clock.monotonic() + 10)
    probing = asyncio.create_task(setup.guard.of("o").call(slow.attempt, Call(), patience))
    await turns()
    assert slow.attempts == 1
    slow.stuck.set()
    await probing


async def test_both_attempts_of_a_hedge_are_told() -> None:
    """When both fail the error says that the backend was asked twice."""
    setup = Setup(hedge="100ms", timeout="2s", retries=0)
    gate = asyncio.Event()

    async def attempt(call: Call) -> Fetched[Any]:
        await gate.wait()
        raise failure()

    calling = asyncio.create_task(setup.guard.of("o").call(attempt, Call(), Patience(setup.clock.monotonic() + 10)))
    await turns()
    gate.set()
    with pytest.raises(BackendFailed) as caught:
        await calling
    assert caught.value.extensions["attempts"] == 2


async def test_who_no_longer_waits_is_not_counted() -> None:
    """The number of waiting calls is of those that still wait, so that it can be watched."""
    setup = Setup(concurrency=1)
    backend = Backend()
    backend.gate.clear()
    running = asyncio.create_task(setup.call(backend))
    await turns()
    with pytest.raises(BackendTimeout):
        await setup.call(backend, seconds=0)
    leaving = asyncio.create_task(setup.call(backend))
    await turns()
    assert setup.guard.bulkhead.waiting == 1
    leaving.cancel()
    await turns()
    assert setup.guard.bulkhead.waiting == 0
    backend.gate.set()
    await running


async def test_a_provider_quota_is_respected() -> None:
    """Calls beyond the provider's cap are refused here, and say when one is possible again."""
    setup = Setup(quota={"calls": 2, "per": "10s"}, retries=0)
    backend = Backend()
    await setup.call(backend)
    await setup.call(backend)
    with pytest.raises(BackendUnavailable) as caught:
        await setup.call(backend)
    assert caught.value.cause == "quota"
    assert caught.value.retry_after == pytest.approx(5.0)
    setup.clock.advance(5)
    await setup.call(backend)
    assert backend.attempts == 3


async def test_places_are_given_in_the_order_of_asking() -> None:
    """Nobody is overtaken while waiting for a place."""
    bulkhead = Bulkhead(FixedLimit(1))
    assert bulkhead.try_enter()
    order: list[int] = []

    async def enter(number: int) -> None:
        assert await bulkhead.enter(60)
        order.append(number)
        bulkhead.leave()

    waiting = [asyncio.create_task(enter(number)) for number in range(5)]
    await turns()
    assert not bulkhead.try_enter()
    bulkhead.leave()
    await asyncio.gather(*waiting)
    assert order == [0, 1, 2, 3, 4]
