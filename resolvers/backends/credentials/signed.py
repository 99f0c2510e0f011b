"""Requests signed with a shared key (HMAC, RFC 2104), in the form that the backend's `auth` describes."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate

from pydantic import SecretStr

from resolvers.backends.credentials.fixed import FixedCredentials
from resolvers.backends.credentials.ports import OutgoingRequest
from resolvers.backends.credentials.settings import PLACEHOLDER, HmacAuth
from resolvers.backends.http import Headers
from resolvers.backends.ports import Clock


class HmacCredentials(FixedCredentials):
    """Signs every request. `nonce` gives a text that never comes twice."""

    def __init__(self, auth: HmacAuth, secret: SecretStr, *, clock: Clock, nonce: Callable[[], str]) -> None:
        """Raises ValueError for a secret that is not in its `key_encoding`."""
        super().__init__(None)
        self._auth = auth
        self._secret = _key(secret.get_secret_value(), auth.key_encoding)
        self._clock = clock
        self._nonce = nonce

    @property
    def header_names(self) -> frozenset[str]:
        return frozenset(name.lower() for name in self._auth.headers)

    async def headers(self, request: OutgoingRequest, timeout: float) -> Headers:
        auth = self._auth
        path, _, query = request.target.partition("?")
        body_hash = hashlib.sha256(request.body).digest()
        values = {
            "method": request.method,
            "host": request.host,
            "path": path,
            "query": query,
            "target": request.target,
            "timestamp": _timestamp(auth.timestamp, self._clock.time()),
            "nonce": self._nonce(),
            "key_id": auth.key_id,
            "body_sha256": body_hash.hex(),
            "body_sha256_base64": b64encode(body_hash).decode("ascii"),
        }
        # The body is put in last and as bytes: it may hold braces, and need not be text.
        parts = auth.canonical.split("{body}")
        signed = request.body.join(_filled(part, values).encode() for part in parts)
        digest = hmac.digest(self._secret, signed, auth.algorithm)
        values["signature"] = digest.hex() if auth.encoding == "hex" else b64encode(digest).decode("ascii")
        return tuple((name, _filled(template, values)) for name, template in auth.headers.items())


def _filled(template: str, values: dict[str, str]) -> str:
    return PLACEHOLDER.sub(lambda found: values[found[1]], template)


def _key(secret: str, encoding: str) -> bytes:
    try:
        if encoding == "hex":
            return bytes.fromhex(secret)
        if encoding == "base64":
            return b64decode(secret, validate=True)
    except (ValueError, Base64Error):
        # Without the cause, which quotes parts of the secret.
        raise ValueError(f"the secret is not {encoding}") from None
    return secret.encode()


def _timestamp(form: str, now: float) -> str:
    match form:
        case "epoch":
            return str(int(now))
        case "epoch-ms":
            return str(int(now * 1000))
        case "iso":
            return datetime.fromtimestamp(int(now), UTC).isoformat().replace("+00:00", "Z")
        case _:
            return formatdate(int(now), usegmt=True)
