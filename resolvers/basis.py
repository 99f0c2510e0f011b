"""What an answer was made of: the entries of the cache that its look-ups found."""

from __future__ import annotations

from typing import Protocol


class Found(Protocol):
    """What one look-up found, all of it in the cache and fresh."""

    @property
    def until(self) -> float:
        """When the first of it is no longer fresh, in seconds of the epoch."""
        ...

    @property
    def weight(self) -> int:
        """About the bytes that this note takes."""
        ...

    def stands(self, now: float) -> bool:
        """Whether the same look-up would find exactly the same now."""
        ...

    def served(self) -> None:
        """Note that it has served once more."""
        ...


class Basis:
    """Notes each look-up of one request, and what it found.

    Whoever asks a backend counts in `asked`; only who answers from entries that can be told from all later ones adds to
    `found`. So an answer counts as made of the cache only when every part of it says so.
    """

    __slots__ = ("asked", "found")

    def __init__(self) -> None:
        self.asked = 0
        self.found: list[Found] = []

    @property
    def whole(self) -> bool:
        """Whether the answer was made of what was found in the cache, and of nothing else."""
        return 0 < self.asked == len(self.found)
