"""The secrets of one backend: read once, handed out by reference, and taken out of texts that others may read."""

from __future__ import annotations

from pydantic import SecretStr

from resolvers.backends.credentials import Secrets
from resolvers.backends.http import Headers


class Vault:
    """Reads secrets through `secrets`, which notes those that are missing."""

    def __init__(self, backend: str, secrets: Secrets) -> None:
        self._backend = backend
        self._secrets = secrets
        self._known: dict[str, str] = {}
        self._others: set[str] = set()

    def __repr__(self) -> str:
        return "Vault()"

    def read(self, reference: SecretStr, place: str) -> str:
        """The secret behind `env:NAME` or `file:PATH`; `place` is where the backend's configuration names it."""
        name = reference.get_secret_value()
        if name not in self._known:
            self._known[name] = self._secrets.read(reference, f"backends.{self._backend}.{place}").get_secret_value()
        return self._known[name]

    def of(self, reference: str) -> str:
        """A secret that was read before."""
        return self._known[reference]

    def also(self, headers: Headers) -> None:
        """Know the values of these headers or query parameters as secrets too."""
        for _, value in headers:
            self._others |= {value, value.rpartition(" ")[2]}  # without `Bearer` or `Basic`

    def redacted(self, text: str) -> str:
        """The text without any of the secrets."""
        for secret in (*self._known.values(), *self._others):
            if secret:
                text = text.replace(secret, "***")
        return text
