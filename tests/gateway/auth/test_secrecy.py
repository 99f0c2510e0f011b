"""Planted secrets: keys and tokens show up in no repr, no error text, no traceback line and no log."""

from __future__ import annotations

import logging
import traceback

import pytest
from pydantic import ValidationError

from gateway.auth.authentication import Authentication
from gateway.auth.build import token_verifier
from gateway.auth.compact import read
from gateway.auth.refusal import challenge, refusal_body
from gateway.auth.settings import AuthSettings, IssuerSettings
from resolvers.errors import Unauthenticated
from tests.gateway.auth.conftest import FakeClock, issuer_settings
from tests.gateway.auth.forge import AUDIENCE, ISSUER, good_claims, token

PLANTED = "planted-secret-0123456789-0123456789-0123456789"


async def test_nothing_shows_the_key_or_the_token(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    """Settings, verifier, keys, principal, refusals and logs of a whole run hold neither secret nor token."""
    caplog.set_level(logging.DEBUG)
    settings = AuthSettings(issuers=(issuer_settings(key=PLANTED),))
    verifier = token_verifier(settings, environ={}, clock=clock, literal_keys=True)
    door = Authentication(settings, verifier)
    good = token(good_claims(jti=PLANTED), key=PLANTED.encode())
    bad = token(good_claims(exp=1, jti=PLANTED), key=PLANTED.encode())
    forged = token(good_claims(jti=PLANTED))
    principal = await door.principal([(b"authorization", b"Bearer " + good.encode())])
    shown = [repr(settings), str(settings), settings.model_dump_json(), repr(verifier), repr(door), repr(principal)]
    shown += [repr(issuer) + repr(issuer.keys) for issuer in verifier.issuers] + [repr(read(good))]
    broken = [
        token(f'{{"sub":"{PLANTED}"'.encode() + end) for end in (b"", b',"sub":1}', b',"x":"\xff"}', b',"x":9e999}')
    ]
    for text in (bad, forged, good + "x", PLANTED, *broken):
        with pytest.raises(Unauthenticated) as caught:
            await door.principal([(b"authorization", b"Bearer " + text.encode())])
        shown += traceback.format_exception(caught.value)
        shown += [challenge(caught.value, "r").decode(), refusal_body(caught.value).decode()]
    for secret in (PLANTED, good, bad, forged, good.split(".")[1], good.split(".")[2], *broken):
        assert all(secret not in text for text in shown)
        assert secret not in caplog.text


def test_a_refused_configuration_does_not_show_the_key() -> None:
    """The error about a wrong issuer names the setting, not the secret beside it."""
    for broken in (
        {"leeway": "1h"},
        {"algorithms": ["HS256", "RS256"]},
        {"key": PLANTED, "jwks_file": "x"},
        {"x": PLANTED},
    ):
        with pytest.raises(ValidationError) as caught:
            IssuerSettings.model_validate(
                {"issuer": ISSUER, "audience": AUDIENCE, "algorithms": "HS256", "key": PLANTED, **broken}
            )
        assert PLANTED not in str(caught.value)


def test_a_short_literal_key_is_not_shown(clock: FakeClock) -> None:
    """The error about a weak key does not tell the key."""
    settings = AuthSettings(issuers=(issuer_settings(key="planted-short"),))
    with pytest.raises(ValueError, match="too short") as caught:
        token_verifier(settings, environ={}, clock=clock, literal_keys=True)
    assert all("planted-short" not in line for line in traceback.format_exception(caught.value))
