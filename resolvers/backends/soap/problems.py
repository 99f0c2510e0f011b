"""What can go wrong inside this package, before the endpoint gives it a backend's name (`resolvers.errors`).

None of these texts holds a value that came from or went to the backend: values are told by their shape only.
"""

from __future__ import annotations

import re
from typing import Any

_SHAPE_LENGTH = 24
_TOKEN = re.compile(r"[A-Za-z0-9_.:\-]{1,64}")


class SoapProblem(Exception):
    """The base; `cause` is one stable word for logs, metrics and `extensions.cause`."""

    def __init__(self, cause: str, text: str) -> None:
        super().__init__(text)
        self.cause = cause


class WsdlProblem(SoapProblem):
    """The service description could not be had. `permanent` problems are not mended by trying again soon."""

    def __init__(self, text: str, *, permanent: bool = False) -> None:
        super().__init__("wsdl", text)
        self.permanent = permanent


class ConfigurationProblem(SoapProblem, ValueError):
    """What the configuration says does not fit the service description, or itself."""

    def __init__(self, text: str) -> None:
        super().__init__("configuration", text)


class ArgumentProblem(SoapProblem):
    """A value cannot be sent as the type that the service description asks for."""

    def __init__(self, text: str) -> None:
        super().__init__("argument", text)


class AnswerProblem(SoapProblem):
    """The answer is no usable SOAP answer; `cause` says what it is: html, json, empty, truncated, dtd, limit …"""


class DecodeProblem(AnswerProblem):
    """A value of the answer does not fit its declared type. `path` leads to it from the answer's first element."""

    def __init__(self, expected: str, came: str | None, path: tuple[str, ...] = ()) -> None:
        self.expected = expected
        self.came = shape(came)
        self.path = path
        super().__init__("decode", f"expected {expected}, came {self.came}")

    def __str__(self) -> str:
        return f"{'.'.join(self.path) or 'the answer'}: expected {self.expected}, came {self.came}"

    def within(self, name: str) -> DecodeProblem:
        """The same problem, with the name of the element around it put before its path."""
        self.path = (name, *self.path)
        return self


class SoapFault(Exception):
    """A fault of SOAP 1.1 (§4.4) or 1.2 (part 1, §5.4). `code` is Client or Server for both, or the backend's own word.

    `detail_type` names the detail's element, and `detail` is decoded where the service description declares it.
    """

    def __init__(
        self,
        code: str,
        subcodes: tuple[str, ...],
        reason: str,
        *,
        detail_type: str | None = None,
        detail: Any = None,
    ) -> None:
        super().__init__(f"{'.'.join((code, *subcodes))}: {reason}")
        self.code = code
        self.subcodes = subcodes
        self.reason = reason
        self.detail_type = detail_type
        self.detail = detail

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that configuration may know this fault by, the most special first."""
        special = (self.detail_type,) if self.detail_type else ()
        return (*special, *reversed(self.subcodes), ".".join((self.code, *self.subcodes)), self.code)


def shape(text: str | None) -> str:
    """How a value looks, without the value: `2026-13-01` is told as `9999-99-99`."""
    if text is None:
        return "nothing"
    if not text:
        return "an empty text"
    drawn = "".join(
        "9" if sign.isdigit() else "a" if sign.isalpha() else " " if sign.isspace() else sign
        for sign in text[:_SHAPE_LENGTH]
    )
    return f"`{drawn}`" + (f" and {len(text) - _SHAPE_LENGTH} more" if len(text) > _SHAPE_LENGTH else "")


def token(text: str | None) -> str | None:
    """A backend's own code word when it looks like one, so that no sentence of a backend is shown to callers."""
    return text if text is not None and _TOKEN.fullmatch(text) else None
