"""A limit that is learned: how many calls at once an old server bears, which nobody can tell beforehand."""

from __future__ import annotations

from statistics import median

from resolvers.backends.resilience.settings import AdaptiveSettings


class AdaptiveLimit:
    """A limit between `least` and `most` that follows how quickly the backend answers.

    Answers are judged together, so many at a time as the limit allows calls, because single ones say little: an answer
    that takes thrice as long as another is nothing unusual. When they took `tolerance` times as long as at ease, or a
    tenth of them failed for overload, the limit goes down by a fifth; when all places were taken and they did not, it
    goes up by one. At the start it doubles instead, until the first time that it goes down.

    How long each operation takes at ease is measured now and then, by letting only a few calls through until nothing is
    queued in the backend any more. So a backend that became slower, or quicker, for good is judged by what it is now.
    """

    FIRST = 8
    FEWEST = 20
    """Answers that are judged together at least."""
    DECREASE = 0.8
    MEASURE_EVERY = 50
    """Judgements between two measurements: these take 2 of 52 turns, at a quarter of the limit or so."""
    DRAIN_AND_MEASURE = 2
    FAILED = 0.1
    """The share of failures that counts as too much load."""
    FOLLOW = 0.2
    """How far the time at ease follows answers that are quicker than it."""

    def __init__(self, settings: AdaptiveSettings) -> None:
        self._least = settings.least
        self._most = settings.most
        self._tolerance = settings.tolerance
        self._limit = float(max(settings.least, min(settings.most, self.FIRST)))
        self._doubling = True
        self._at_ease: dict[str, float] = {}
        self._measuring = 1
        """Turns that the measurement still takes; only the last of them counts."""
        self._judged = 0
        self._begin()

    def _begin(self) -> None:
        self._times: dict[str, list[float]] = {}
        self._answers = self._failures = self._peak = 0

    @property
    def value(self) -> int:
        if self._measuring:
            # Beyond what it bears by the tolerance, twice over: then even a limit that overshot leaves no queue.
            return max(self._least, int(self._limit / (2 * self._tolerance)))
        return int(self._limit)

    def answered(self, operation: str, seconds: float, *, failed: bool, in_use: int) -> None:
        self._answers += 1
        self._peak = max(self._peak, in_use)
        if failed:
            self._failures += 1
        else:
            self._times.setdefault(operation, []).append(seconds)
        if self._answers >= max(self.FEWEST, int(self._limit)):
            if self._measuring:
                self._measure()
            else:
                self._judge()
            self._begin()

    def _measure(self) -> None:
        self._measuring -= 1
        if not self._measuring:
            self._at_ease |= {operation: median(times) for operation, times in self._times.items()}

    def _judge(self) -> None:
        if self._failures > self.FAILED * self._answers or self._slow():
            self._limit = max(float(self._least), self._limit * self.DECREASE)
            self._doubling = False
        elif self._peak >= self.value:
            # Only a limit that is used up has shown that the backend bears it.
            self._limit = min(float(self._most), self._limit * 2 if self._doubling else self._limit + 1)
        self._judged += 1
        if self._judged == self.MEASURE_EVERY:
            self._judged = 0
            self._measuring = self.DRAIN_AND_MEASURE

    def _slow(self) -> bool:
        ratios: list[float] = []
        for operation, times in self._times.items():
            now = median(times)
            known = self._at_ease.get(operation)
            if known is None or now < known:
                known = self._at_ease[operation] = now if known is None else known + self.FOLLOW * (now - known)
            # A clock that stands still measures nothing, and says that nothing is slow.
            ratios += [time / known if known else 1.0 for time in times]
        # With most places free, it is not our calls that make it slow.
        return bool(ratios) and self._peak * 2 >= self.value and median(ratios) > self._tolerance
