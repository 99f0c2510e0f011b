"""Keys that an issuer publishes: one fetch for all, rotation at once, no storm, patience while the issuer is down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.auth.jwks import PublishedKeys
from gateway.auth.verifier import TokenVerifier
from resolvers.errors import BackendError, BackendUnavailable, Unauthenticated
from tests.gateway.auth.conftest import FakeClock, MakeVerifier, issuer_settings
from tests.gateway.auth.forge import good_claims, jwk, jwk_set, private_key, token

DOWN = BackendUnavailable("key set refuses connections", backend="key set")


class FakeAddress:
    """An issuer's address: what it answers is set by the test, and every fetch is counted."""

    def __init__(self, answer: bytes | BackendError) -> None:
        self.answer = answer
        self.fetches = 0
        self.closed = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def document(self) -> bytes:
        self.fetches += 1
        await self.gate.wait()
        if isinstance(self.answer, BackendError):
            raise self.answer
        return self.answer

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def address() -> FakeAddress:
    return FakeAddress(jwk_set(jwk("ES256", "k1")))


@pytest.fixture
async def keys(address: FakeAddress, clock: FakeClock) -> AsyncIterator[PublishedKeys]:
    settings = issuer_settings(algorithms=["ES256"], key=None, jwks_url="https://login.example/keys")
    published = PublishedKeys(settings, address, clock)
    yield published
    await published.close()
    assert address.closed


@pytest.fixture
def verifier(keys: PublishedKeys, verifier_of: MakeVerifier) -> TokenVerifier:
    return verifier_of(algorithms=["ES256"], key=None, jwks_url="https://login.example/keys", source=keys)


def signed(name: str, subject: str = "alice", kid: str | None = "") -> str:
    """A token signed with the key of this name; `kid` is that name unless given."""
    header = {} if kid is None else {"kid": kid or name}
    return token(good_claims(sub=subject, exp=2e9), header, algorithm="ES256", key=private_key("ES256", name))


async def settle() -> None:
    """Lets tasks in the background come to rest."""
    for _ in range(5):
        await asyncio.sleep(0)


async def reason(verifier: TokenVerifier, text: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(text)
    return str(caught.value.details["reason"])


async def test_one_fetch_for_all(verifier: TokenVerifier, address: FakeAddress) -> None:
    """Fifty callers who come before there are keys cause one fetch, and all get in."""
    address.gate.clear()
    callers = [asyncio.create_task(verifier.verify(signed("k1", f"caller-{number}"))) for number in range(50)]
    await settle()
    assert address.fetches == 1
    address.gate.set()
    assert len({principal.subject for principal in await asyncio.gather(*callers)}) == 50
    assert address.fetches == 1


async def test_a_caller_who_leaves_stops_nobody(verifier: TokenVerifier, address: FakeAddress) -> None:
    """When the caller that started the fetch goes away, the others still get their keys from it."""
    address.gate.clear()
    first = asyncio.create_task(verifier.verify(signed("k1", "first")))
    second = asyncio.create_task(verifier.verify(signed("k1", "second")))
    await settle()
    first.cancel()
    await settle()
    assert first.cancelled()
    address.gate.set()
    assert (await second).subject == "second"
    assert address.fetches == 1


async def test_opening_waits_for_nothing(verifier: TokenVerifier, address: FakeAddress) -> None:
    """Opening asks for the keys ahead, and succeeds although the issuer is down."""
    address.gate.clear()
    await verifier.open()
    await settle()
    assert address.fetches == 1
    address.gate.set()
    await settle()
    assert (await verifier.verify(signed("k1"))).subject == "alice"
    assert address.fetches == 1


async def test_rotation_is_picked_up_at_once(verifier: TokenVerifier, address: FakeAddress, clock: FakeClock) -> None:
    """A token of a new key verifies right away, even a second after the last fetch; the old key is gone with it."""
    await verifier.verify(signed("k1"))
    clock.now = 1
    address.answer = jwk_set(jwk("ES256", "k2"))
    assert (await verifier.verify(signed("k2", "bob"))).subject == "bob"
    assert address.fetches == 2
    assert await reason(verifier, signed("k1", "carol")) == "key"


async def test_random_key_ids_cause_no_storm(verifier: TokenVerifier, address: FakeAddress, clock: FakeClock) -> None:
    """Five hundred unknown key ids cause one fetch per cooldown, and no fetch of their own on a cold start."""
    assert await reason(verifier, signed("k1", "x0", kid="unheard-0")) == "key"
    assert address.fetches == 1
    for number in range(500):
        assert await reason(verifier, signed("k1", f"x{number}", kid=f"unheard-{number}")) == "key"
    assert address.fetches == 2
    clock.now = 9.9
    assert await reason(verifier, signed("k1", kid="unheard")) == "key"
    assert address.fetches == 2
    clock.now = 10
    assert await reason(verifier, signed("k1", kid="unheard")) == "key"
    assert address.fetches == 3


async def test_a_rotation_during_the_attack_waits_for_the_cooldown(
    verifier: TokenVerifier, address: FakeAddress, clock: FakeClock
) -> None:
    """While somebody sends random key ids, a new key is learnt with the next permitted fetch."""
    await verifier.verify(signed("k1"))
    assert await reason(verifier, signed("k1", "x", kid="unheard")) == "key"
    address.answer = jwk_set(jwk("ES256", "k2"))
    assert await reason(verifier, signed("k2", "bob")) == "key"
    clock.now = 10
    assert (await verifier.verify(signed("k2", "bob"))).subject == "bob"


async def test_unknown_keys_share_a_fetch(verifier: TokenVerifier, address: FakeAddress) -> None:
    """Tokens of a new key that come together wait for the same fetch, and all verify."""
    await verifier.verify(signed("k1"))
    address.answer = jwk_set(jwk("ES256", "k2"))
    address.gate.clear()
    callers = [asyncio.create_task(verifier.verify(signed("k2", f"caller-{number}"))) for number in range(20)]
    await settle()
    address.gate.set()
    assert all(principal.authenticated for principal in await asyncio.gather(*callers))
    assert address.fetches == 2


async def test_renewed_ahead(keys: PublishedKeys, address: FakeAddress, clock: FakeClock) -> None:
    """Shortly before the keys get old they are renewed in the background: no caller waits."""
    await keys.find("k1", "ES256")
    clock.now = 239
    await keys.find("k1", "ES256")
    assert address.fetches == 1
    clock.now = 240
    address.gate.clear()
    assert len(await keys.find("k1", "ES256")) == 1
    await settle()
    assert address.fetches == 2
    address.gate.set()
    await settle()
    clock.now = 470
    await keys.find("k1", "ES256")
    assert address.fetches == 2


async def test_old_keys_are_renewed_before_use(keys: PublishedKeys, address: FakeAddress, clock: FakeClock) -> None:
    """After a quiet time a withdrawn key does not serve once more: the new set is awaited."""
    await keys.find("k1", "ES256")
    clock.now = 301
    address.answer = jwk_set(jwk("ES256", "k2"))
    assert await keys.find("k1", "ES256") == ()
    assert address.fetches == 2


async def test_while_the_issuer_is_down(verifier: TokenVerifier, address: FakeAddress, clock: FakeClock) -> None:
    """Known keys serve for a day while the issuer is down; it is asked once per cooldown, and nobody waits for it."""
    await verifier.verify(signed("k1"))
    address.answer = DOWN
    clock.now = 301
    for number in range(100):
        assert (await verifier.verify(signed("k1", f"caller-{number}"))).authenticated
    assert address.fetches == 2
    clock.now = 312
    address.gate.clear()
    assert (await verifier.verify(signed("k1", "not-waiting"))).authenticated
    await settle()
    assert address.fetches == 3
    address.gate.set()
    await settle()
    clock.now = 86_399
    assert (await verifier.verify(signed("k1", "x", kid="k1"))).authenticated
    await settle()
    clock.now = 86_400
    assert await reason(verifier, signed("k1", "too late")) == "unavailable"


async def test_the_issuer_comes_back(verifier: TokenVerifier, address: FakeAddress, clock: FakeClock) -> None:
    """An issuer that was down from the start is asked again after the cooldown, and tokens then verify."""
    good = address.answer
    address.answer = DOWN
    for _ in range(20):
        assert await reason(verifier, signed("k1")) == "unavailable"
    assert address.fetches == 1
    address.answer = good
    clock.now = 10
    assert (await verifier.verify(signed("k1"))).authenticated


@pytest.mark.parametrize("answer", [b"<html>", b'{"keys":[]}', b'{"keys":[{"kty":"RSA"}]}'])
async def test_a_broken_set_replaces_nothing(
    answer: bytes, keys: PublishedKeys, address: FakeAddress, clock: FakeClock
) -> None:
    """An answer without usable keys counts as a failure: the last good set stays, and the status says why."""
    await keys.find("k1", "ES256")
    address.answer = answer
    clock.now = 400
    assert len(await keys.find("k1", "ES256")) == 1
    status = keys.status()
    assert (status.usable, status.age, status.fetches) == (1, 400, 2)
    assert status.problem


async def test_status(keys: PublishedKeys, address: FakeAddress, clock: FakeClock) -> None:
    """Operators see how many keys there are, how old, and that all is well."""
    assert keys.status().age is None
    address.answer = jwk_set(jwk("ES256", "k1"), jwk("ES256", "k2", use="enc"))
    await keys.find("k1", "ES256")
    clock.now = 7
    status = keys.status()
    assert (status.usable, status.skipped, status.age, status.fetches, status.problem) == (1, 1, 7, 1, None)


async def test_closing_stops_the_fetch(keys: PublishedKeys, address: FakeAddress) -> None:
    """Closing does not wait for an issuer that does not answer."""
    address.gate.clear()
    await keys.open()
    await settle()
    await keys.close()
    assert address.closed


async def test_a_forged_signature_fetches_nothing(verifier: TokenVerifier, address: FakeAddress) -> None:
    """A token that names a known key but was not signed with it causes no fetch."""
    await verifier.verify(signed("k1"))
    for number in range(20):
        assert await reason(verifier, signed("k2", f"x{number}", kid="k1")) == "signature"
    assert address.fetches == 1


async def test_tokens_without_kid(verifier: TokenVerifier) -> None:
    """A token without a key id is tried on the issuer's keys of its algorithm."""
    assert (await verifier.verify(signed("k1", kid=None))).authenticated
    assert await reason(verifier, signed("k2", kid=None)) == "signature"
