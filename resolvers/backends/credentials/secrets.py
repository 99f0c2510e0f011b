"""Secrets are read once, at start, and everything that is missing is told at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr


class MissingSecrets(ValueError):
    """Secrets that the configuration names and that are not there. The message names places, never values."""


class Secrets:
    """Reads secret references and remembers which cannot be read.

    Read all of them first, then call `check`: the credentials made with a missing secret must not be used.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def read(self, reference: SecretStr, place: str) -> SecretStr:
        """The secret behind `env:NAME` or `file:PATH`; empty, with a problem noted, when there is none.

        `place` is where the reference stands, such as `backends.crm.auth.token`.
        """
        kind, separator, name = reference.get_secret_value().partition(":")
        value = ""
        if separator and kind == "env":
            value = self._environment.get(name, "")
            if not value:
                self.problems.append(f"{place}: the environment variable {name} is not set")
        elif separator and kind == "file":
            try:
                value = Path(name).read_text("utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
                self.problems.append(f"{place}: the file {name} cannot be read ({why})")
            else:
                if not value:
                    self.problems.append(f"{place}: the file {name} is empty")
        else:
            self.problems.append(f"{place}: write env:NAME or file:PATH, never the secret itself")
        if not value.isprintable():
            # It would end up in a header line or a form, where a line break is an attack or an accident.
            self.problems.append(f"{place}: the secret holds control characters")
        return SecretStr(value)

    def check(self) -> None:
        """Raises MissingSecrets with every problem noted so far."""
        if self.problems:
            raise MissingSecrets("\n".join(self.problems))
