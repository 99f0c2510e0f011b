"""What a good token says, in every algorithm and every shape that issuers use."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.auth.build import token_verifier
from gateway.auth.settings import AuthSettings
from gateway.auth.verifier import TokenVerifier
from resolvers.errors import Unauthenticated
from tests.gateway.auth.conftest import FakeClock, MakeVerifier, issuer_settings
from tests.gateway.auth.forge import ALGORITHMS, AUDIENCE, ISSUER, NOW, good_claims, private_key, public_text, token


async def reason(verifier: TokenVerifier, text: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(text)
    return str(caught.value.details["reason"])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_every_algorithm(algorithm: str, verifier_of: MakeVerifier) -> None:
    """Each algorithm verifies its own signatures, and not those of another key of its kind."""
    verifier = verifier_of(algorithms=[algorithm], key=public_text(algorithm))
    principal = await verifier.verify(token(algorithm=algorithm))
    assert (principal.subject, principal.issuer, principal.authenticated) == ("alice", ISSUER, True)
    stranger = token(algorithm=algorithm, key=private_key(algorithm, "stranger"))
    assert await reason(verifier, stranger) == "signature"


@pytest.mark.parametrize("algorithms", [["HS256", "HS384", "HS512"], ["RS256", "PS256", "PS512"]])
async def test_one_key_several_algorithms(algorithms: list[str], verifier_of: MakeVerifier) -> None:
    """An issuer may sign with several algorithms of one family."""
    verifier = verifier_of(algorithms=algorithms, key=public_text(algorithms[0]))
    for algorithm in algorithms:
        assert (await verifier.verify(token(algorithm=algorithm))).authenticated


async def test_the_principal(verifier: TokenVerifier) -> None:
    """A principal holds who, whose records, which scopes and until when; its repr holds neither token nor claims."""
    text = token(good_claims(customer="c7", tenant="north", email="alice@example.org", jti="t-1"))
    principal = await verifier.verify(text)
    assert (principal.subject, principal.customer, principal.tenant) == ("alice", "c7", "north")
    assert principal.scopes == {"orders:read"}
    assert principal.expires_at == NOW + 3600
    assert (principal.claims["email"], principal.token) == ("alice@example.org", text)
    assert "example.org" not in repr(principal)
    assert text not in repr(principal)


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "orders:read customers:read"}, {"orders:read", "customers:read"}),
        ({"scope": "  orders:read   customers:read "}, {"orders:read", "customers:read"}),
        ({"scope": ""}, set()),
        ({"scope": None}, set()),
        ({"scope": ["orders:read"]}, {"orders:read"}),
        ({"scope": None, "scp": "orders:read inventory:read"}, {"orders:read", "inventory:read"}),
        ({"scope": None, "scp": ["orders:read", "inventory:read"]}, {"orders:read", "inventory:read"}),
        ({"scope": None, "roles": ["clerk"]}, {"clerk"}),
        ({"scope": "a", "scp": ["b"], "roles": ["c", "a"]}, {"a", "b", "c"}),
        ({"scope": None, "roles": []}, set()),
        ({"scope": None, "permissions": ["orders:read"]}, set()),
    ],
)
async def test_scopes_in_all_shapes(claims: dict[str, Any], scopes: set[str], verifier: TokenVerifier) -> None:
    """Scopes are read from `scope`, `scp` and `roles`, texts or lists, and united; other claims grant nothing."""
    assert (await verifier.verify(token(good_claims(**claims)))).scopes == scopes


@pytest.mark.parametrize(
    ("path", "claims", "scopes"),
    [
        ("permissions", {"permissions": ["orders:read"]}, {"orders:read"}),
        ("realm_access.roles", {"realm_access": {"roles": ["clerk"]}}, {"clerk"}),
        ("resource_access.bizgraph.roles", {"resource_access": {"bizgraph": {"roles": ["x"]}}}, {"x"}),
        ("https://example.org/roles", {"https://example.org/roles": ["x"]}, {"x"}),
        ("realm_access.roles", {"realm_access": ["roles"]}, set()),
        ("realm_access.roles", {"realm_access": {}}, set()),
        ("realm_access.roles", {}, set()),
    ],
)
async def test_configured_scope_claims(
    path: str, claims: dict[str, Any], scopes: set[str], verifier_of: MakeVerifier
) -> None:
    """Scopes may stand in a claim of another name or deeper; then the usual ones grant nothing."""
    assert (await verifier_of(scopes=path).verify(token(good_claims(**claims)))).scopes == scopes


@pytest.mark.parametrize("value", [7, True, {"a": "b"}, ["a", 7], [["a"]]])
@pytest.mark.parametrize("name", ["scope", "scp", "roles"])
async def test_unusable_scopes(name: str, value: Any, verifier: TokenVerifier) -> None:
    """Scopes of another shape are refused rather than read as none or as some."""
    assert await reason(verifier, token(good_claims(**{name: value}))) == "claims"


@pytest.mark.parametrize("value", ["", " ", True, False, 1.5, [], ["c7"], {"id": "c7"}])
@pytest.mark.parametrize("name", ["customer", "tenant"])
async def test_unusable_identity_lifts_no_limit(name: str, value: Any, verifier: TokenVerifier) -> None:
    """A customer or tenant claim that cannot be used refuses the token; it never counts as a token without limits."""
    assert await reason(verifier, token(good_claims(**{name: value}))) == "claims"


async def test_null_customer_lifts_no_limit(verifier: TokenVerifier) -> None:
    """`"customer": null` is refused as well."""
    assert await reason(verifier, token({**good_claims(), "customer": None})) == "claims"


async def test_identity_from_configured_claims(verifier_of: MakeVerifier) -> None:
    """Subject, customer and tenant may stand elsewhere, and may be numbers."""
    verifier = verifier_of(subject="azp", customer="ext.customer_id", tenant="org")
    principal = await verifier.verify(token(good_claims(sub=None, azp="portal", ext={"customer_id": 7}, org=0)))
    assert (principal.subject, principal.customer, principal.tenant) == ("portal", "7", "0")


async def test_required_claims(verifier_of: MakeVerifier) -> None:
    """An issuer of a portal can be held to name a customer in each of its tokens."""
    verifier = verifier_of(required=["customer", "ext.plan"])
    assert await reason(verifier, token()) == "claims"
    assert await reason(verifier, token(good_claims(customer="c7"))) == "claims"
    assert (await verifier.verify(token(good_claims(customer="c7", ext={"plan": "a"})))).customer == "c7"


@pytest.mark.parametrize("audience", [AUDIENCE, [AUDIENCE], ["shop", AUDIENCE], "bizgraph-test"])
async def test_audiences(audience: Any, verifier_of: MakeVerifier) -> None:
    """One of the configured audiences is enough, in a text or a list."""
    verifier = verifier_of(audience=[AUDIENCE, "bizgraph-test"])
    assert (await verifier.verify(token(good_claims(aud=audience)))).authenticated


async def test_leeway(verifier_of: MakeVerifier, clock: FakeClock) -> None:
    """`exp`, `nbf` and `iat` are judged by the injected clock, with the configured tolerance and not a second more."""
    verifier = verifier_of(leeway="10s")
    for claims in ({"exp": NOW - 9}, {"nbf": NOW + 10}, {"iat": NOW + 10}, {"exp": NOW + 0.5}, {"iat": None}):
        assert (await verifier.verify(token(good_claims(**claims)))).authenticated
    assert await reason(verifier, token(good_claims(exp=NOW - 10))) == "expired"
    early = token(good_claims(nbf=NOW + 11))
    assert await reason(verifier, early) == "not_yet_valid"
    clock.now += 1
    assert (await verifier.verify(early)).authenticated


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", None])
async def test_types(typ: str | None, verifier: TokenVerifier) -> None:
    """`typ` ignores case and the prefix `application/`; a token without it counts as JWT."""
    header = {"typ": typ} if typ else b'{"alg":"HS256"}'
    assert (await verifier.verify(token(header=header))).authenticated


async def test_access_tokens_only(verifier_of: MakeVerifier) -> None:
    """With `typ = "at+jwt"` an ID token of the same issuer is refused."""
    verifier = verifier_of(typ="at+jwt")
    assert (await verifier.verify(token(header={"typ": "at+jwt"}))).authenticated
    assert await reason(verifier, token()) == "type"
    assert await reason(verifier, token(header=b'{"alg":"HS256"}')) == "type"


async def test_harmless_header_parameters(verifier: TokenVerifier) -> None:
    """Thumbprints and a key id beside a fixed key change nothing."""
    assert (await verifier.verify(token(header={"kid": "any", "x5t": "abc", "x5t#S256": "abc"}))).authenticated


async def test_rich_claims(verifier: TokenVerifier) -> None:
    """A token with dozens of lists and objects, as large companies' issuers write them, verifies."""
    access = {f"client-{number}": {"roles": ["view", "[{edit}]"]} for number in range(50)}
    nested: Any = 1
    for _ in range(15):
        nested = [nested]
    assert (await verifier.verify(token(good_claims(resource_access=access, nested=nested)))).authenticated


async def test_unicode_claims(verifier: TokenVerifier) -> None:
    """Names of the world's scripts verify, escaped or not."""
    for text in ('{"n":"Zoë 東京 😀"}', '{"n":"\\ud83d\\ude00"}'):
        body = text[:-1].encode() + b"," + token_body()[1:]
        assert (await verifier.verify(token(body))).authenticated


def token_body() -> bytes:
    return f'{{"iss":"{ISSUER}","aud":"{AUDIENCE}","exp":{NOW + 60},"sub":"alice"}}'.encode()


async def test_issuers_are_kept_apart(clock: FakeClock) -> None:
    """Each issuer has its own keys, algorithms, audience and size: one cannot speak for another."""
    portal = issuer_settings()
    staff = issuer_settings(
        issuer="https://staff.example",
        audience="staff",
        algorithms=["ES256"],
        key=public_text("ES256"),
        max_token_bytes=400,
    )
    settings = AuthSettings(issuers=(portal, staff))
    verifier = token_verifier(settings, environ={}, clock=clock, literal_keys=True)
    theirs = good_claims(iss="https://staff.example", aud="staff")
    assert (await verifier.verify(token())).issuer == ISSUER
    assert (await verifier.verify(token(theirs, algorithm="ES256"))).issuer == "https://staff.example"
    assert await reason(verifier, token(theirs)) == "algorithm"
    assert await reason(verifier, token(algorithm="ES256")) == "algorithm"
    assert await reason(verifier, token({**theirs, "aud": AUDIENCE}, algorithm="ES256")) == "audience"
    assert await reason(verifier, token({**theirs, "x": "x" * 200}, algorithm="ES256")) == "too_large"
    assert (await verifier.verify(token(good_claims(x="x" * 200)))).authenticated


async def test_without_issuers_nothing_verifies(clock: FakeClock) -> None:
    """A gateway that trusts nobody refuses every token."""
    assert await reason(TokenVerifier([], clock), token()) == "issuer"
