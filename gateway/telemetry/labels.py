"""Label values that others choose: bounded, since every value is a time series for ever."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

ANONYMOUS: Final = "anonymous"
"""An operation without a name."""
OTHER: Final = "other"
"""A value that came after the bound was reached."""
LONGEST: Final = 100
"""Characters of a label value."""


class BoundedValues:
    """The first `most` values are themselves, and so are those of `always`; all others are `other`."""

    __slots__ = ("_known", "_left")

    def __init__(self, most: int, always: Iterable[str] = ()) -> None:
        self._known = set(always)
        self._left = most

    def of(self, value: str, *, admit: bool = True) -> str:
        """The label for a value. Without `admit` an unknown one is `other` and takes no place."""
        if value in self._known:
            return value
        if not admit or not self._left or len(value) > LONGEST:
            return OTHER
        self._left -= 1
        self._known.add(value)
        return value
