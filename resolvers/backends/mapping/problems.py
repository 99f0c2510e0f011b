"""What is wrong with a mapping, all of it at once."""

from __future__ import annotations

from msgspec import Struct


class Problem(Struct, frozen=True):
    """One thing that is wrong: the key in the configuration (`fields.total.currency`) and the reason."""

    key: str
    reason: str

    def __str__(self) -> str:
        return f"{self.key}: {self.reason}"


class InvalidMapping(ValueError):
    """The configured mapping cannot be compiled; `problems` holds every reason, `str()` one line for each."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
