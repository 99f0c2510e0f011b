"""The switches of the demo servers: every way in which a backend is known to misbehave, one name each.

`Trouble` says what to do wrong, to which operation and how often; `offered` says which switches a kind of server has.
How each is carried out is in `misbehaviour.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal

from msgspec import Struct

Protocol = Literal["rest", "soap"]


class Switch(StrEnum):
    """One way to misbehave. Apart from REFUSED, the server reads the request and writes its call log first."""

    NONE = "none"
    """Answers as it should; switches everything off."""
    SLOW = "slow"
    """The right answer, after `seconds` or when released."""
    FROZEN = "frozen"
    """Accepts and never answers."""
    REFUSED = "refused"
    """Nobody listens; open connections are closed."""
    RESET = "reset"
    """Half of the answer, then the connection is reset (RST)."""
    TRUNCATED = "truncated"
    """Half of the answer, then the connection is closed, short of its Content-Length."""
    ERROR_500 = "500"
    ERROR_503 = "503"
    """With Retry-After where `retry_after` is given."""
    TOO_MANY = "429"
    """With Retry-After: `retry_after`, or 1."""
    UNAUTHORIZED = "401"
    MALFORMED = "malformed"
    """Half of the JSON or XML, as if that were all."""
    HTML = "html"
    """A login page with status 200."""
    EMPTY = "empty"
    """Status 200, the right content type and no body."""
    WRONG_TYPE = "wrong-type"
    """A number became words, in every record."""
    HUGE = "huge"
    """The right answer and `megabytes` of white space after it, streamed."""
    GZIP_BOMB = "gzip-bomb"
    """The same, compressed about a thousandfold."""
    REDIRECT = "redirect"
    """307 to `location`, by default an address that serves cloud machines their credentials."""
    TRICKLE = "trickle"
    """A byte every `interval` seconds, for ever."""
    ERROR_WITH_200 = "error-with-200"
    """REST: an error object with status 200."""
    SOAP_FAULT = "soap-fault"
    """A fault with status 500; of the sender where `sender` is set, else of the receiver."""
    SOAP_FAULT_WITH_200 = "soap-fault-with-200"
    XXE = "xxe"
    """A text is an external entity: the file or address `location`, by default this server's `/__external`."""
    BILLION_LAUGHS = "billion-laughs"
    """A text is an entity that expands to gigabytes."""
    DTD = "dtd"
    """The right answer under a DOCTYPE with an external subset at `location`, by default as for XXE."""


_ONLY: dict[Switch, Protocol] = {
    Switch.ERROR_WITH_200: "rest",
    Switch.SOAP_FAULT: "soap",
    Switch.SOAP_FAULT_WITH_200: "soap",
    Switch.XXE: "soap",
    Switch.BILLION_LAUGHS: "soap",
    Switch.DTD: "soap",
}


def offered(protocol: Protocol) -> tuple[Switch, ...]:
    """The switches that a server of this kind has, NONE first."""
    return tuple(switch for switch in Switch if _ONLY.get(switch, protocol) == protocol)


class SwitchError(ValueError):
    """This server cannot misbehave in this way; the message says why."""


class Trouble(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What goes wrong. Fields that a switch does not use say nothing."""

    name: Switch
    operation: str | None = None
    """Only calls of this operation; None means all, the WSDL included."""
    times: int | None = None
    """Only so many calls, then as if it were not there; None means until it is switched off."""
    seconds: float | None = None
    """SLOW, FROZEN, REFUSED: how long; None means until released or switched off."""
    retry_after: int | str | None = None
    """Seconds or an HTTP date (RFC 9110 §10.2.3)."""
    location: str | None = None
    megabytes: int = 200
    interval: float = 1.0
    sender: bool = False

    def check(self, protocol: Protocol, operations: Sequence[str]) -> None:
        """Raises SwitchError where a server of this kind with these operations cannot do this."""
        if self.name not in offered(protocol):
            raise SwitchError(f"{self.name} is no switch of a {protocol.upper()} server")
        if self.operation is not None and self.operation not in operations:
            raise SwitchError(f"no operation {self.operation!r}; there are {', '.join(operations)}")
        if self.name is Switch.REFUSED and (self.operation is not None or self.times is not None):
            raise SwitchError("a refused connection has no operation and cannot be counted: use seconds")
        if self.times is not None and self.times < 1:
            raise SwitchError("times is at least 1")
