"""Revocation takes effect on the next request, remembered token or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from gateway.auth.build import denylist_of, token_verifier
from gateway.auth.denylist import Denylist, MemoryDenylist, name_at
from gateway.auth.settings import AuthSettings, DenylistSettings
from gateway.auth.shared_denylist import SharedDenylist
from gateway.auth.verifier import TokenVerifier
from resolvers.errors import BackendUnavailable, Unauthenticated
from tests.gateway.auth.conftest import FakeClock, MakeVerifier, issuer_settings
from tests.gateway.auth.forge import ISSUER, good_claims, token


@pytest.fixture(params=["memory", "redis"])
def denylist(request: pytest.FixtureRequest, clock: FakeClock) -> Denylist:
    if request.param == "memory":
        return MemoryDenylist(clock)
    return SharedDenylist(request.getfixturevalue("redis"), DenylistSettings(store="redis"), clock)


async def reason(verifier: TokenVerifier, text: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(text)
    return str(caught.value.details["reason"])


async def test_a_token_is_revoked(denylist: Denylist, verifier_of: MakeVerifier) -> None:
    """A revoked `jti` stops that token, which was remembered, at once; the subject's other tokens go on."""
    verifier = verifier_of(denylist=denylist)
    lost, kept = token(good_claims(jti="t-1")), token(good_claims(jti="t-2"))
    assert (await verifier.verify(lost)).authenticated
    await denylist.revoke(jti=name_at("https://elsewhere.example", "t-1"), seconds=3600)
    assert (await verifier.verify(lost)).authenticated, "of another issuer"
    await denylist.revoke(jti=name_at(ISSUER, "t-1"), seconds=3600)
    assert await reason(verifier, lost) == "revoked"
    assert (await verifier.verify(kept)).authenticated


async def test_a_subject_is_revoked(denylist: Denylist, verifier_of: MakeVerifier) -> None:
    """A revoked subject's tokens stop, with and without a `jti`; others' do not."""
    verifier = verifier_of(denylist=denylist)
    await denylist.revoke(subject=name_at(ISSUER, "alice"), seconds=3600)
    for text in (token(), token(good_claims(jti="t-1"))):
        assert await reason(verifier, text) == "revoked"
    assert (await verifier.verify(token(good_claims(sub="bob", jti="alice")))).authenticated


@pytest.mark.parametrize("store", ["off", "memory", "redis"])
async def test_the_configured_store(store: str, redis: Redis, clock: FakeClock) -> None:
    """`[auth.denylist]` decides where revocations are kept, or that nobody looks."""
    settings = AuthSettings.model_validate({"denylist": {"store": store}, "issuers": [issuer_settings()]})
    verifier = token_verifier(settings, environ={}, clock=clock, redis=redis, literal_keys=True)
    assert (await verifier.verify(token())).authenticated
    denylist = denylist_of(settings.denylist, clock, redis)
    assert {MemoryDenylist: "memory", SharedDenylist: "redis"}.get(type(denylist), "off") == store


async def test_memory_ends_with_the_revocation(clock: FakeClock) -> None:
    """An entry lasts as long as it was asked for, the longer of two wins, and nothing is revoked before."""
    denylist = MemoryDenylist(clock)
    assert denylist.known("a", "b") is False
    await denylist.revoke(jti="a", seconds=100)
    await denylist.revoke(jti="a", seconds=10)
    clock.now = 99
    assert await denylist.revoked("a", None)
    clock.now = 100
    assert not await denylist.revoked("a", None)


async def test_memory_is_bounded(clock: FakeClock) -> None:
    """What has ended makes room first, then the oldest entries."""
    denylist = MemoryDenylist(clock, max_entries=3)
    await denylist.revoke(jti="ended", seconds=1)
    await denylist.revoke(jti="oldest", seconds=100)
    clock.now = 2
    for name in ("a", "b"):
        await denylist.revoke(jti=name, seconds=100)
    assert await denylist.revoked("oldest", None)
    await denylist.revoke(jti="c", seconds=100)
    assert len(denylist) == 3
    assert not await denylist.revoked("oldest", None)
    assert await denylist.revoked("c", None)


class CountedRedis(Redis):
    """Counts the questions that reach the server."""

    asked = 0

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        self.asked += 1
        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # of redis-py


@pytest.fixture
async def counted(redis: Redis) -> CountedRedis:
    return CountedRedis(connection_pool=redis.connection_pool)


async def test_answers_of_redis_are_remembered(counted: CountedRedis, clock: FakeClock) -> None:
    """Redis is asked once per few seconds and token, so that long a revocation elsewhere may take to arrive."""
    denylist = SharedDenylist(counted, DenylistSettings(store="redis", remember="5s"), clock)
    elsewhere = SharedDenylist(counted, DenylistSettings(store="redis"), clock)
    for _ in range(10):
        assert not await denylist.revoked("t", "alice")
    assert counted.asked == 1
    await elsewhere.revoke(jti="t", seconds=60)
    clock.now = 4.9
    assert not await denylist.revoked("t", "alice")
    clock.now = 5
    assert denylist.known("t", "alice") is None
    assert await denylist.revoked("t", "alice")
    assert denylist.known("t", "alice") is True


async def test_entries_of_redis_expire(redis: Redis, clock: FakeClock) -> None:
    """An entry carries its own end, and its name tells neither subject nor token."""
    denylist = SharedDenylist(redis, DenylistSettings(store="redis"), clock, prefix="test:denied")
    await denylist.revoke(jti="t-planted", subject="alice-planted", seconds=90)
    names = await redis.keys("*")
    assert len(names) == 2
    for name in names:
        assert str(name).startswith("b'test:denied:")
        assert "planted" not in str(name)
        assert 80_000 < await redis.pttl(name) <= 90_000


async def test_tokens_without_names_are_not_asked_about(counted: CountedRedis, clock: FakeClock) -> None:
    """Where neither `jti` nor subject is known there is nothing to ask."""
    denylist = SharedDenylist(counted, DenylistSettings(store="redis"), clock)
    assert not await denylist.revoked(None, None)
    assert counted.asked == 0


@pytest.fixture
async def nobody(tmp_path: Path) -> CountedRedis:
    return CountedRedis(unix_socket_path=str(tmp_path / "nobody"), retry=Retry(NoBackoff(), 0))


async def test_redis_is_away_and_callers_are_let_in(nobody: CountedRedis, clock: FakeClock) -> None:
    """With `allow`, an unreachable Redis stops nobody, is counted, and is asked once a second only."""
    denylist = SharedDenylist(nobody, DenylistSettings(store="redis"), clock)
    for number in range(20):
        assert not await denylist.revoked(f"t-{number}", "alice")
    assert (denylist.failures, nobody.asked) == (1, 1)
    clock.now = 1
    assert not await denylist.revoked("t", "alice")
    assert denylist.failures == 2


async def test_redis_is_away_and_callers_are_refused(
    nobody: CountedRedis, clock: FakeClock, verifier_of: MakeVerifier
) -> None:
    """With `refuse`, nobody gets in while it cannot be said whether a token was revoked; it is worth a retry."""
    denylist = SharedDenylist(nobody, DenylistSettings(store="redis", when_unreachable="refuse"), clock)
    verifier = verifier_of(denylist=denylist)
    for _ in range(3):
        assert await reason(verifier, token()) == "unavailable"


async def test_a_revocation_that_is_lost_is_told(nobody: CountedRedis, clock: FakeClock) -> None:
    """Whoever revokes learns that it did not work."""
    denylist = SharedDenylist(nobody, DenylistSettings(store="redis"), clock)
    with pytest.raises(BackendUnavailable, match="revocation"):
        await denylist.revoke(jti="t", seconds=60)


async def test_a_silent_redis_costs_its_timeout(redis: Redis, clock: FakeClock) -> None:
    """A Redis that takes the question and does not answer is given up after `timeout`."""
    settings = DenylistSettings(store="redis", timeout="20ms")
    denylist = SharedDenylist(redis, settings, clock)
    await redis.client_pause(200)
    assert not await denylist.revoked("t", "alice")
    assert denylist.failures == 1


async def test_answers_are_bounded(counted: CountedRedis, clock: FakeClock) -> None:
    """A flood of subjects does not fill the memory of answers."""
    denylist = SharedDenylist(counted, DenylistSettings(store="redis"), clock, max_answers=100)
    for number in range(150):
        await denylist.revoked(None, f"s-{number}")
    assert denylist.known(None, "s-49") is None
    assert denylist.known(None, "s-50") is False
