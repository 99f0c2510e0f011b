"""Costs with variables in them: sums of products, folded as far as a document alone allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct


class Sum(Struct, frozen=True):
    """What is always there, and parts that variables decide about."""

    constant: int = 0
    parts: tuple[_Part, ...] = ()

    def value(self, variables: Mapping[str, Any]) -> int:
        total = self.constant
        for part in self.parts:
            total += part.value(variables)
        return total


class _Part(Struct, frozen=True):
    """`factor` × the size that a variable tells (1 without one) × the dearest of `options`."""

    factor: int
    size: Slice | None
    options: tuple[Sum, ...]

    def value(self, variables: Mapping[str, Any]) -> int:
        size = 1 if self.size is None else self.size.value(variables)
        return self.factor * size * max([option.value(variables) for option in self.options])


class Slice(Struct, frozen=True):
    """A size that the request tells; more than `most` is refused when it runs, before anything is fetched."""

    name: str
    default: int
    most: int

    def value(self, variables: Mapping[str, Any]) -> int:
        return natural(variables.get(self.name, self.default), self.most)


Size = int | Slice


def natural(value: Any, most: int) -> int:
    """The size that a value means, `most` at most; 0 for what is refused as an argument before anything is fetched."""
    return int(min(value, most)) if isinstance(value, (int, float)) and value > 0 else 0


def total(costs: Iterable[Sum]) -> Sum:
    """All of them together."""
    costs = list(costs)
    return Sum(sum(cost.constant for cost in costs), tuple(part for cost in costs for part in cost.parts))


def times(size: Size, cost: Sum) -> Sum:
    """The cost so many times."""
    if isinstance(size, Slice):
        return Sum(0, (_Part(1, size, (cost,)),))
    parts = tuple(_Part(part.factor * size, part.size, part.options) for part in cost.parts)
    return Sum(cost.constant * size, parts)


def dearest(options: list[Sum]) -> Sum:
    """The highest of them, known now or when the variables are."""
    if any(option.parts for option in options) and len(options) > 1:
        return Sum(0, (_Part(1, None, tuple(options)),))
    return max(options, key=lambda option: option.constant)
