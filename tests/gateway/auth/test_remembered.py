"""Verified tokens are remembered for a minute at most, within bounds, and never longer than they live."""

from __future__ import annotations

import pytest

from gateway.auth.keysets import FixedKeys, Keys, key_set
from gateway.auth.remembered import MAX_REFUSALS, RememberedTokens
from gateway.auth.tokens import VerificationKey, key_from_text
from gateway.auth.verifier import TokenVerifier
from resolvers.errors import Unauthenticated
from resolvers.principal import Principal
from tests.gateway.auth.conftest import FakeClock, MakeVerifier, issuer_settings
from tests.gateway.auth.forge import NOW, good_claims, private_key, token


class CountedKeys(FixedKeys):
    """A fixed key that counts how often it is looked for."""

    def __init__(self) -> None:
        settings = issuer_settings()
        assert settings.key is not None
        key: VerificationKey = key_from_text(settings.key, settings.algorithms)
        super().__init__(key_set([key]))
        self.asked = 0

    async def find(self, kid: str | None, algorithm: str) -> Keys:
        self.asked += 1
        return await super().find(kid, algorithm)


@pytest.fixture
def keys() -> CountedKeys:
    return CountedKeys()


@pytest.fixture
def counted(verifier_of: MakeVerifier, keys: CountedKeys) -> TokenVerifier:
    return verifier_of(source=keys)


async def test_a_token_is_verified_once_a_minute(counted: TokenVerifier, keys: CountedKeys, clock: FakeClock) -> None:
    """Within a minute the second request with a token does no cryptography; after it, the token is verified again."""
    text = token()
    principal = await counted.verify(text)
    clock.now = 59.9
    assert await counted.verify(text) is principal
    assert keys.asked == 1
    clock.now = 60
    assert await counted.verify(text) is not principal
    assert keys.asked == 2


async def test_not_beyond_exp(counted: TokenVerifier, keys: CountedKeys, clock: FakeClock) -> None:
    """A token that expires within the minute is forgotten at its `exp`, and then judged anew."""
    text = token(good_claims(exp=NOW + 10))
    await counted.verify(text)
    clock.now = 9.9
    await counted.verify(text)
    assert keys.asked == 1
    clock.now = 10
    await counted.verify(text)
    assert keys.asked == 2
    clock.now = 40
    with pytest.raises(Unauthenticated, match="expired"):
        await counted.verify(text)


async def test_within_leeway_nothing_is_remembered(counted: TokenVerifier, keys: CountedKeys) -> None:
    """A token that lives by the leeway alone is verified every time."""
    text = token(good_claims(exp=NOW - 1))
    await counted.verify(text)
    await counted.verify(text)
    assert keys.asked == 2


async def test_a_longer_token_is_another(counted: TokenVerifier) -> None:
    """The whole text counts: a remembered token with something behind it is not remembered."""
    text = token()
    await counted.verify(text)
    for other in (text + "A", text[:-1], text + "=", text.swapcase()):
        with pytest.raises(Unauthenticated):
            await counted.verify(other)


async def test_forged_tokens_are_refused_from_memory(
    counted: TokenVerifier, keys: CountedKeys, clock: FakeClock
) -> None:
    """A forged token that is sent again and again costs one check of its signature per few seconds."""
    text = token(key=private_key("HS256", "other"))
    for _ in range(5):
        with pytest.raises(Unauthenticated, match="signature"):
            await counted.verify(text)
    assert keys.asked == 1
    clock.now = 5
    with pytest.raises(Unauthenticated, match="signature"):
        await counted.verify(text)
    assert keys.asked == 2


def principal(name: str) -> Principal:
    return Principal(subject=name)


def test_bounded_by_count(clock: FakeClock) -> None:
    """The oldest tokens give way to new ones; those in use stay."""
    remembered = RememberedTokens(60, clock, max_tokens=3)
    for name in "abc":
        remembered.keep(name, principal(name))
    assert remembered.find("a") == principal("a")
    remembered.keep("d", principal("d"))
    assert len(remembered) == 3
    assert remembered.find("b") is None
    assert remembered.find("a") == principal("a")


def test_bounded_by_size(clock: FakeClock) -> None:
    """Few large tokens are bounded like many small ones, and one larger than all the room is not kept."""
    remembered = RememberedTokens(60, clock, max_bytes=1000)
    for number in range(100):
        remembered.keep(f"{number:0400}", principal(str(number)))
    assert len(remembered) == 2
    remembered.keep("x" * 1001, principal("x"))
    assert len(remembered) == 2
    assert remembered.find("x" * 1001) is None
    remembered.keep(f"{99:0400}", principal("again"))
    assert len(remembered) == 2


def test_refusals_push_nothing_out(clock: FakeClock) -> None:
    """A flood of forged tokens is bounded by itself and leaves the verified ones alone."""
    remembered = RememberedTokens(60, clock)
    remembered.keep("good", principal("good"))
    for number in range(MAX_REFUSALS * 3):
        remembered.refuse(f"forged-{number}", "signature")
    assert len(remembered) == MAX_REFUSALS + 1
    assert remembered.find("good") == principal("good")


def test_expired_memories_are_dropped_on_sight(clock: FakeClock) -> None:
    """What has run out is removed when it is looked at, refusals too."""
    remembered = RememberedTokens(60, clock)
    remembered.keep("good", principal("good"))
    remembered.refuse("bad", "signature")
    clock.now = 60
    assert remembered.find("good") is None
    assert remembered.find("bad") is None
    assert len(remembered) == 0


def test_repr_tells_numbers_only(clock: FakeClock) -> None:
    """The memory shows how much it holds, never what."""
    remembered = RememberedTokens(60, clock)
    remembered.keep("planted", principal("planted"))
    assert repr(remembered) == "RememberedTokens(1 verified, 0 refused)"
