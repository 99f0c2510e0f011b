"""Programs that write messages: constant pieces of text, and functions for the gaps between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from resolvers.backends.soap.requests.templates import Values

Part = str | Callable[[Values], str]
"""A piece of a message: constant, or made from the values of a call."""


def joined(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The same program with neighbouring constants made one."""
    merged: list[Part] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    return tuple(merged)


def run(program: Sequence[Part], values: Values) -> str:
    """The text that a program writes for one call."""
    return "".join([part if isinstance(part, str) else part(values) for part in program])


def for_each_key(parts: Sequence[Part]) -> Part:
    """The parts once for each key of the call, as `{key}`."""
    program = joined(parts)

    def render(values: Values) -> str:
        return "".join([run(program, {**values, "key": key}) for key in values.get("keys", ())])

    return render
