"""The adaptive limit, against simulated backends whose capacity is known: time and chance are numbers here."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random
from statistics import mean

import pytest

from resolvers.backends.resilience.adaptive import AdaptiveLimit
from resolvers.backends.resilience.settings import AdaptiveSettings

SHORT, LONG = ("short", 0.005), ("long", 0.05)


def unchanging(answer: int) -> float:
    return 1.0


class Server:
    """So many workers, each busy with one call at a time; what they cannot take waits in a queue. Callers use every
    place that the limit allows. Answers scatter around their usual time as real ones do (log-normal)."""

    def __init__(self, limit: AdaptiveLimit, workers: int, *, scatter: float = 0.0, mix: tuple[tuple[str, float], ...]):
        self._limit = limit
        self._free_at = [0.0] * workers
        self._scatter = scatter
        self._mix = mix
        self._random = Random(1)
        self._now = 0.0
        self._under_way: list[tuple[float, float, str]] = []

    def run(
        self, answers: int, slowness: Callable[[int], float] = unchanging, *, refuses_beyond: int = 1_000
    ) -> list[int]:
        """The limit after each answer."""
        limits = []
        for answer in range(answers):
            while len(self._under_way) < self._limit.value:
                self._start(slowness(answer))
            in_use = len(self._under_way)
            ends, began, operation = heapq.heappop(self._under_way)
            self._now = ends
            self._limit.answered(operation, ends - began, failed=in_use > refuses_beyond, in_use=in_use)
            limits.append(self._limit.value)
        return limits

    def _start(self, slowness: float) -> None:
        operation, usual = self._random.choice(self._mix)
        seconds = usual * slowness * self._random.lognormvariate(0, self._scatter)
        worker = min(range(len(self._free_at)), key=self._free_at.__getitem__)
        ends = self._free_at[worker] = max(self._now, self._free_at[worker]) + seconds
        heapq.heappush(self._under_way, (ends, self._now, operation))


def adaptive(most: int = 64) -> AdaptiveLimit:
    return AdaptiveLimit(AdaptiveSettings(least=2, most=most))


@pytest.mark.parametrize("scatter", [0.0, 0.3, 0.6])
@pytest.mark.parametrize("workers", [2, 4, 8, 16])
def test_it_finds_what_an_old_server_bears(workers: int, scatter: float) -> None:
    """However much single answers scatter, all workers are kept busy and the queue before them stays short."""
    limits = Server(adaptive(), workers, scatter=scatter, mix=(LONG,)).run(12_000)
    for quarter in (limits[3_000:6_000], limits[6_000:9_000], limits[9_000:]):
        assert workers <= mean(quarter) <= 2.5 * workers


@pytest.mark.parametrize("scatter", [0.0, 0.3, 0.6])
def test_it_grows_while_the_backend_keeps_pace(scatter: float) -> None:
    """A backend that bears all that is allowed gets it, but for the moments of measuring."""
    limits = Server(adaptive(most=32), 64, scatter=scatter, mix=(LONG,)).run(12_000)
    assert mean(limits[2_000:]) > 30


def test_a_slow_operation_is_not_taken_for_a_slow_backend() -> None:
    """Operations that always take ten times as long as others are judged by their own usual time."""
    limits = Server(adaptive(), 16, scatter=0.3, mix=(SHORT, LONG)).run(12_000)
    assert 14 <= mean(limits[3_000:]) <= 40


def test_it_recovers_from_a_bad_spell() -> None:
    """Some minutes of slowness throttle the backend no longer than they last."""
    limits = Server(adaptive(most=32), 64, mix=(LONG,)).run(
        12_000, lambda answer: 5.0 if 4_000 < answer < 5_000 else 1.0
    )
    assert mean(limits[4_500:5_000]) < 20
    assert mean(limits[8_000:]) > 30


def test_a_backend_that_is_slower_for_good_is_not_throttled_for_good() -> None:
    """What was quick before a change of the backend is forgotten with the next measurement."""
    limits = Server(adaptive(most=32), 64, mix=(LONG,)).run(12_000, lambda answer: 4.0 if answer > 4_000 else 1.0)
    assert mean(limits[8_000:]) > 30


def test_refusals_teach_it_too() -> None:
    """A backend that is quick but refuses more than ten calls at once is asked about as much as it takes."""
    limits = Server(adaptive(), 64, mix=(LONG,)).run(12_000, refuses_beyond=10)
    assert 6 <= mean(limits[3_000:]) <= 11


def test_it_stays_within_its_bounds() -> None:
    """Never fewer than `least`, never more than `most`, not even for a moment."""
    limits = Server(adaptive(most=20), 1, scatter=0.6, mix=(LONG,)).run(4_000)
    assert min(limits) >= 2
    limits = Server(adaptive(most=20), 64, scatter=0.6, mix=(LONG,)).run(4_000)
    assert max(limits) == 20


def test_quiet_hours_change_nothing() -> None:
    """A limit that is not used up does not grow, and one that few calls use does not shrink when these are slow."""
    limit = adaptive()
    for _ in range(20):
        limit.answered("o", 0.01, failed=False, in_use=2)
    before = limit.value
    for _ in range(500):
        limit.answered("o", 0.1, failed=False, in_use=1)
    assert limit.value == before
