"""The attacker's list, as far as tokens go: each entry is refused, with its reason and before any key is used."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.keysets import FixedKeys, Keys, KeysStatus, key_set, read_key_set
from gateway.auth.tokens import key_from_text
from gateway.auth.verifier import TokenVerifier, trusted
from resolvers.errors import Unauthenticated
from tests.gateway.auth.conftest import FakeClock, MakeVerifier, issuer_settings
from tests.gateway.auth.forge import (
    AUDIENCE,
    ISSUER,
    NOW,
    b64,
    good_claims,
    jwk,
    jwk_set,
    private_key,
    public_text,
    sign,
    token,
)  # fmt: skip


class NoKeys:
    """A key source that notes whether it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def find(self, kid: str | None, algorithm: str) -> Keys:
        self.asked += 1
        return ()

    def status(self) -> KeysStatus:
        return KeysStatus()

    async def open(self) -> None: ...
    async def close(self) -> None: ...


async def refusal(verifier: TokenVerifier, text: str) -> Unauthenticated:
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(text)
    return caught.value


def claims_with(member: str) -> bytes:
    """The good claims with one more member, as text, so that it can be what a dict cannot hold."""
    return (json.dumps(good_claims())[:-1] + "," + member + "}").encode()


GOOD = b64(json.dumps(good_claims()).encode())
HEADER = b64(b'{"alg":"HS256","typ":"JWT"}')

BEFORE_KEYS: dict[str, tuple[str, str]] = {
    "empty": ("", "malformed"),
    "one part": ("abc", "malformed"),
    "two parts": (f"{HEADER}.{GOOD}", "malformed"),
    "four parts": (token() + ".AA", "malformed"),
    "five parts, an encrypted token": (".".join(["e30"] * 5), "malformed"),
    "no signature": (f"{HEADER}.{GOOD}.", "malformed"),
    "alg none": (f"{b64(json.dumps({'alg': 'none'}).encode())}.{GOOD}.", "malformed"),
    "alg none with a signature": (token(header={"alg": "none"}), "algorithm"),
    "alg None in other letters": (token(header={"alg": "nOnE"}), "algorithm"),
    "alg of another family": (token(header={"alg": "RS256"}), "algorithm"),
    "alg of another strength": (token(algorithm="HS512"), "algorithm"),
    "alg missing": (token(header=b'{"typ":"JWT"}'), "algorithm"),
    "alg is a list": (token(header={"alg": ["HS256"]}), "algorithm"),
    "alg with a space": (token(header={"alg": "HS256 "}), "algorithm"),
    "crit": (token(header={"crit": ["exp"]}), "header"),
    "crit empty": (token(header={"crit": []}), "header"),
    "b64 false": (token(header={"b64": False, "crit": ["b64"]}), "header"),
    "b64 true": (token(header={"b64": True}), "header"),
    "jku": (token(header={"jku": "https://evil.example/keys"}), "header"),
    "x5u": (token(header={"x5u": "https://evil.example/chain"}), "header"),
    "x5c": (token(header={"x5c": ["MIIB"]}), "header"),
    "embedded jwk": (token(header={"jwk": jwk("ES256")}), "header"),
    "compressed": (token(header={"zip": "DEF"}), "header"),
    "nested token": (token(token().encode(), {"cty": "JWT"}), "malformed"),
    "content type says nested": (token(header={"cty": "JWT"}), "header"),
    "kid is a number": (token(header={"kid": 7}), "header"),
    "kid is an object": (token(header={"kid": {"$ne": ""}}), "header"),
    "kid without end": (token(header={"kid": "k" * 300}), "header"),
    "type of another kind": (token(header={"typ": "logout+jwt"}), "type"),
    "type is a number": (token(header={"typ": 1}), "type"),
    "padding": (sign(f"{HEADER}=.{GOOD}"), "malformed"),
    "padding of the signature": (token() + "=", "malformed"),
    "line break behind": (token() + "\n", "malformed"),
    "space before": (" " + token(), "malformed"),
    "space within": (token().replace(".", ". ", 1), "malformed"),
    "standard alphabet": (f"{HEADER}.{GOOD}.+/+/", "malformed"),
    "unused bits": (f"{b64(b'{}')[:-1]}1.{GOOD}.AAAA", "malformed"),
    "a group of one character": (f"{HEADER}A.{GOOD}.AAAA", "malformed"),
    "digits of another script": (token().replace(".", ".\u0661", 1), "malformed"),
    "lone surrogate": ("\ud800.a.b", "malformed"),
    "100 kB": (token(good_claims(x="x" * 100_000)), "too_large"),
    "one byte too long": ("a" * 8193, "too_large"),
    "header no object": (token(header=b'["HS256"]'), "malformed"),
    "header twice the same": (token(header=b'{"alg":"none","alg":"HS256"}'), "malformed"),
    "claims no object": (token(b'"alice"'), "malformed"),
    "claims a list": (token(b"[]"), "malformed"),
    "claims null": (token(b"null"), "malformed"),
    "claims no JSON": (token(b"{"), "malformed"),
    "claims empty": (token(b" "), "malformed"),
    "two objects": (token(b"{}{}"), "malformed"),
    "duplicate claim": (token(claims_with('"sub":"bob"')), "malformed"),
    "duplicate claim in disguise": (token(claims_with('"s\\u0075b":"bob"')), "malformed"),
    "duplicate claim deeper": (token(claims_with('"x":{"a":1,"a":2}')), "malformed"),
    "invalid UTF-8": (token(b'{"sub":"\xff"}'), "malformed"),
    "UTF-16": (token('{"sub":"alice"}'.encode("utf-16")), "malformed"),
    "byte order mark": (token(b"\xef\xbb\xbf{}"), "malformed"),
    "surrogate in a claim": (token(claims_with('"x":"\\ud800"')), "malformed"),
    "control character in a claim": (token(claims_with('"x":"\x01"')), "malformed"),
    "NaN": (token(claims_with('"x":NaN')), "malformed"),
    "Infinity": (token(claims_with('"x":-Infinity')), "malformed"),
    "infinite float": (token(claims_with('"x":1e999')), "malformed"),
    "huge integer": (token(claims_with('"x":' + "9" * 4000)), "malformed"),
    "huge float": (token(claims_with('"x":1.' + "9" * 4000)), "malformed"),
    "deep lists": (token(claims_with('"x":' + "[" * 2500 + "]" * 2500)), "malformed"),
    "deep objects": (token(claims_with('"x":' + '{"a":' * 700 + "1" + "}" * 700)), "malformed"),
    "many lists": (token(claims_with('"x":[' + "[]," * 300 + "[]]")), "malformed"),
    "deep behind brackets in texts": (
        token(claims_with('"y":"' + "]" * 100 + '","x":' + "[" * 50 + "]" * 50)),
        "malformed",
    ),
    "issuer missing": (token(good_claims(iss=None)), "issuer"),
    "issuer another": (token(good_claims(iss="https://evil.example")), "issuer"),
    "issuer with a slash more": (token(good_claims(iss=ISSUER + "/")), "issuer"),
    "issuer a list": (token(good_claims(iss=[ISSUER])), "issuer"),
    "issuer an object": (token(good_claims(iss={"a": ISSUER})), "issuer"),
    "audience missing": (token(good_claims(aud=None)), "audience"),
    "audience another": (token(good_claims(aud="shop")), "audience"),
    "audience a part of ours": (token(good_claims(aud=AUDIENCE[:-1])), "audience"),
    "audience several others": (token(good_claims(aud=["shop", "crm"])), "audience"),
    "audience an empty list": (token(good_claims(aud=[])), "audience"),
    "audience a number": (token(good_claims(aud=7)), "claims"),
    "audience holds a number": (token(good_claims(aud=[AUDIENCE, 7])), "claims"),
    "exp missing": (token(good_claims(exp=None)), "claims"),
    "exp a text": (token(good_claims(exp=str(NOW + 60))), "claims"),
    "exp true": (token(good_claims(exp=True)), "claims"),
    "exp null": (token(claims_with('"x":1').replace(b'"exp": 1800003600.0', b'"exp": null')), "claims"),
    "expired": (token(good_claims(exp=NOW - 30)), "expired"),
    "expired long ago": (token(good_claims(exp=0)), "expired"),
    "expired before time began": (token(good_claims(exp=-(10**17))), "expired"),
    "not yet valid": (token(good_claims(nbf=NOW + 31)), "not_yet_valid"),
    "nbf a text": (token(good_claims(nbf="0")), "claims"),
    "issued in the future": (token(good_claims(iat=NOW + 31)), "not_yet_valid"),
    "iat a list": (token(good_claims(iat=[])), "claims"),
    "subject missing": (token(good_claims(sub=None)), "claims"),
    "subject empty": (token(good_claims(sub=" ")), "claims"),
    "subject a list": (token(good_claims(sub=["alice"])), "claims"),
    "jti a list": (token(good_claims(jti=["a"])), "claims"),
}


@pytest.mark.parametrize("attack", BEFORE_KEYS)
async def test_refused_before_any_key(attack: str, clock: FakeClock) -> None:
    """A token that cannot be good costs neither a key lookup nor cryptography, and its refusal says why."""
    text, reason = BEFORE_KEYS[attack]
    keys = NoKeys()
    error = await refusal(TokenVerifier([trusted(issuer_settings(), keys)], clock), text)
    assert (error.code, error.details["reason"], error.retryable) == ("UNAUTHENTICATED", reason, False)
    assert keys.asked == 0


@pytest.mark.parametrize("attack", [name for name, (_, reason) in BEFORE_KEYS.items() if reason != "too_large"])
async def test_no_attack_passes_with_the_real_key(attack: str, verifier: TokenVerifier) -> None:
    """Where the right key signed such a token, it is refused all the same."""
    assert (await refusal(verifier, BEFORE_KEYS[attack][0])).details["reason"] == BEFORE_KEYS[attack][1]


async def test_key_confusion_with_a_public_key(verifier_of: MakeVerifier) -> None:
    """A public key is never taken for a secret: HS256 over its text is refused where RS256 is expected."""
    verifier = verifier_of(algorithms=["RS256"], key=public_text("RS256"))
    for text in (public_text("RS256"), json.dumps(jwk("RS256"))):
        confused = token(algorithm="HS256", key=text.encode())
        assert (await refusal(verifier, confused)).details["reason"] == "algorithm"


async def test_header_alg_that_is_not_the_keys(clock: FakeClock, verifier_of: MakeVerifier) -> None:
    """An issuer's second algorithm does not make a key serve for what its own `alg` excludes."""
    keys = FixedKeys(read_key_set(jwk_set(jwk("RS256", alg="RS256")), ["RS256", "PS256"]))
    verifier = verifier_of(algorithms=["RS256", "PS256"], key=None, jwks_url="https://login.example/keys", source=keys)
    assert (await verifier.verify(token(header={"kid": "one"}, algorithm="RS256"))).subject == "alice"
    error = await refusal(verifier, token(header={"kid": "one"}, algorithm="PS256"))
    assert error.details["reason"] == "key"


@pytest.mark.parametrize("kid", ["../../dev/null", "' OR 1=1 --", "http://127.0.0.1/", "\x00", ""])
async def test_kid_injection(kid: str, verifier_of: MakeVerifier) -> None:
    """A key id is compared and nothing else: it opens no file, no address and no query, and is never echoed."""
    keys = FixedKeys(read_key_set(jwk_set(jwk("ES256")), ["ES256"]))
    verifier = verifier_of(algorithms=["ES256"], key=None, jwks_url="https://login.example/keys", source=keys)
    error = await refusal(verifier, token(header={"kid": kid}, algorithm="ES256"))
    assert error.details == {"reason": "key"}
    assert kid == "" or kid not in error.message


async def test_wrong_signature(verifier: TokenVerifier) -> None:
    """Another secret does not verify, nor do a cut, a short or an exchanged signature."""
    other = token(key=private_key("HS256", "other"))
    cut = token()[:-3]
    exchanged = f"{token(good_claims(sub='bob')).rpartition('.')[0]}.{token().rpartition('.')[2]}"
    for text in (other, cut, f"{HEADER}.{GOOD}.AAAA", exchanged):
        assert (await refusal(verifier, text)).details["reason"] == "signature"


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_odd_signatures_raise_nothing_else(algorithm: str, verifier_of: MakeVerifier) -> None:
    """Signatures of any length are refused like wrong ones: all zeros, one byte, a thousand bytes."""
    verifier = verifier_of(algorithms=[algorithm], key=public_text(algorithm))
    parts = token(algorithm=algorithm).rpartition(".")[0]
    for signature in (b"\0", b"\0" * 64, b"\0" * 256, b"\xff" * 1000):
        assert (await refusal(verifier, f"{parts}.{b64(signature)}")).details["reason"] == "signature"


async def test_refusals_hold_nothing_of_the_token(verifier: TokenVerifier) -> None:
    """No claim, key id or part of a token stands in the text, the details or the repr of any refusal."""
    planted = "planted-5f3a9c"
    tokens = [
        token(good_claims(sub=planted, aud=planted)),
        token(good_claims(iss=planted)),
        token(good_claims(sub=planted), {"kid": planted, "crit": [planted]}),
        token(good_claims(sub=planted), {"alg": planted}),
        token(good_claims(sub=planted), {"typ": planted}),
        token(good_claims(sub=planted), key=private_key("HS256", planted)),
        planted,
    ]
    for text in tokens:
        error = await refusal(verifier, text)
        shown = f"{error!r} {error} {error.extensions}"
        assert planted not in shown
        assert b64(planted.encode())[:12] not in shown


def _mutated(draw: st.DrawFn) -> str:
    text = token()
    place = draw(st.integers(0, len(text) - 1))
    kind = draw(st.sampled_from(["replace", "insert", "delete", "swap", "cut", "double"]))
    letter = draw(st.sampled_from("AQgwZz019-_.=+/ \n{é"))
    other = draw(st.integers(0, len(text) - 1))
    match kind:
        case "replace":
            return text[:place] + letter + text[place + 1 :]
        case "insert":
            return text[:place] + letter + text[place:]
        case "delete":
            return text[:place] + text[place + 1 :]
        case "swap":
            first, last = sorted((place, other))
            return text[:first] + text[last] + text[first + 1 : last] + text[first] + text[last + 1 :]
        case "cut":
            return text[:place]
        case _:
            return text[:place] + text


mutations = st.composite(_mutated)()


@given(text=mutations)
async def test_mutated_tokens_never_verify(text: str) -> None:
    """Whatever single change is made to a good token, it is refused, and with nothing but Unauthenticated."""
    verifier = TokenVerifier([trusted(issuer_settings(), await _fixed())], FakeClock())
    if text == token():
        assert (await verifier.verify(text)).subject == "alice"
    else:
        await refusal(verifier, text)


async def _fixed() -> Any:
    settings = issuer_settings()
    assert settings.key is not None
    return FixedKeys(key_set([key_from_text(settings.key, settings.algorithms)]))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
claim_names = st.sampled_from(["iss", "aud", "exp", "nbf", "iat", "sub", "scope", "scp", "roles", "customer", "jti"])


@given(changed=st.dictionaries(claim_names, json_values, max_size=4), header=st.dictionaries(st.text(), json_values))
async def test_signed_nonsense_is_refused_or_believed(changed: dict[str, Any], header: dict[str, Any]) -> None:
    """Claims of any shape end in a principal or in Unauthenticated; what we accept, PyJWT's own checks accept too."""
    verifier = TokenVerifier([trusted(issuer_settings(), await _fixed())], FakeClock())
    text = token({**good_claims(), **changed}, header)
    try:
        principal = await verifier.verify(text)
    except Unauthenticated:
        return
    assert principal.authenticated
    assert principal.scopes <= {scope for value in principal.claims.values() for scope in _words(value)}
    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_sub": False}
    jwt.decode(text, private_key("HS256"), ["HS256"], options, audience=AUDIENCE, issuer=ISSUER)  # type: ignore[arg-type]  # options is a TypedDict


def _words(value: Any) -> list[str]:
    return value.split(" ") if isinstance(value, str) else value if isinstance(value, list) else []
