"""OAuth2 client credentials: tokens are fetched once, renewed in time, and replaced after a 401."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qs

import pytest

from resolvers.backends.ports import Call
from resolvers.errors import BackendContract, BackendRejected, BackendTimeout, BackendUnavailable
from tests.resolvers.backends.credentials.conftest import SECRET, Office
from tests.resolvers.backends.http.wire import Peer, Reply, Seen, Wire, answer, close, hang, json_answer

ONE = Call(keys=("1",))


class Issuer(Wire):
    """A token URL that numbers its tokens."""

    def __init__(self, *replies: Reply, expires_in: Any = 300) -> None:
        super().__init__(*replies, respond=self.issue)
        self.issued = 0
        self._expires_in = expires_in

    def issue(self, seen: Seen) -> bytes:
        self.issued += 1
        told = {"access_token": f"token-{self.issued}", "token_type": "Bearer", "expires_in": self._expires_in}
        return json_answer({name: value for name, value in told.items() if value is not None})


def auth(issuer: Wire, **more: Any) -> dict[str, Any]:
    return {
        "type": "oauth2",
        "token_url": f"{issuer.url}/oauth/token?realm=a",
        "client_id": "gate way",
        "client_secret": "env:CRM_SECRET",
        **more,
    }


def bearers(wire: Wire) -> list[str]:
    return [seen.headers.get("authorization", "none") for seen in wire.seen]


async def test_the_token_request_is_that_of_the_rfc(office: Office) -> None:
    """Grant, scope, audience and further parameters go out as a form, the client in the Authorization header."""
    async with Issuer() as issuer, Wire(respond=json_answer([])) as wire:
        settings = auth(issuer, scope="crm:read crm:list", audience="crm", parameters={"resource": "x y"})
        endpoint = await office.endpoint(wire, settings)
        await endpoint.attempt(ONE)
    (asked,) = issuer.seen
    assert (asked.method, asked.target) == ("POST", "/oauth/token?realm=a")
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.headers["authorization"] == "Basic " + b64encode(f"gate+way:{SECRET}".encode()).decode()
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["crm:read crm:list"],
        "audience": ["crm"],
        "resource": ["x y"],
    }
    assert bearers(wire) == ["Bearer token-1"]


async def test_the_client_may_be_in_the_form(office: Office) -> None:
    """`client_auth = "post"` sends id and secret in the body only."""
    async with Issuer() as issuer, Wire(respond=json_answer([])) as wire:
        endpoint = await office.endpoint(wire, auth(issuer, client_auth="post"))
        await endpoint.attempt(ONE)
    (asked,) = issuer.seen
    form = parse_qs(asked.body.decode())
    assert (form["client_id"], form["client_secret"]) == (["gate way"], [SECRET])
    assert "authorization" not in asked.headers


async def test_one_token_serves_everybody_until_it_is_renewed_in_time(office: Office) -> None:
    """A token is used until shortly before its end, then renewed beside the calls, which go on with the old one."""
    async with Issuer() as issuer, Wire(respond=json_answer([])) as wire:
        endpoint = await office.endpoint(wire, auth(issuer))
        await endpoint.attempt(ONE)
        office.clock.advance(239)
        await endpoint.attempt(ONE)
        assert issuer.issued == 1
        office.clock.advance(2)
        await endpoint.attempt(ONE)
        await asyncio.wait_for(_seen(issuer, 2), 5)
        await endpoint.attempt(ONE)
        office.clock.advance(400)
        await endpoint.attempt(ONE)
    assert bearers(wire)[:3] == ["Bearer token-1"] * 3
    assert bearers(wire)[4] == "Bearer token-3"


async def test_callers_at_the_same_time_share_one_token_request(office: Office) -> None:
    """A cold start under load asks for one token, not for one each."""
    async with Issuer() as issuer, Wire(respond=json_answer([])) as wire:
        endpoint = await office.endpoint(wire, auth(issuer))
        await asyncio.gather(*(endpoint.attempt(ONE) for _ in range(20)))
    assert issuer.issued == 1
    assert bearers(wire) == ["Bearer token-1"] * 20


async def test_a_caller_that_goes_away_takes_no_token_from_the_others(office: Office) -> None:
    """The token request goes on when the caller who started it is cancelled."""
    release = asyncio.Event()

    async def slowly(seen: Seen, peer: Peer) -> None:
        await release.wait()
        peer.writer.write(issuer.issue(seen))

    async with Issuer(slowly) as issuer, Wire(respond=json_answer([])) as wire:
        endpoint = await office.endpoint(wire, auth(issuer))
        first = asyncio.ensure_future(endpoint.attempt(ONE))
        await asyncio.wait_for(issuer.arrived.wait(), 5)
        second = asyncio.ensure_future(endpoint.attempt(ONE))
        await asyncio.sleep(0)
        first.cancel()
        release.set()
        await second
        with pytest.raises(asyncio.CancelledError):
            await first
    assert issuer.issued == 1


async def test_a_revoked_token_is_replaced_once(office: Office) -> None:
    """After a 401 the call goes out once more with a new token; a second 401 is an error."""
    async with Issuer() as issuer, Wire(json_answer([]), json_answer({}, 401), respond=json_answer([])) as wire:
        endpoint = await office.endpoint(wire, auth(issuer))
        await endpoint.attempt(ONE)
        office.clock.advance(60)
        await endpoint.attempt(ONE)
        assert bearers(wire) == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
        wire.respond = json_answer({}, 401)
        office.clock.advance(60)
        with pytest.raises(BackendRejected) as caught:
            await endpoint.attempt(ONE)
        assert caught.value.cause == "credentials"
        assert len(wire.seen) == 5
        assert issuer.issued == 3


async def test_many_refusals_of_one_token_fetch_one_new_token(office: Office) -> None:
    """When a token is revoked under load, all calls go on with the same new one."""

    def only_second(seen: Seen) -> bytes:
        return json_answer([], 401 if seen.headers["authorization"] == "Bearer token-1" else 200)

    async with Issuer() as issuer, Wire(json_answer([]), respond=only_second) as wire:
        endpoint = await office.endpoint(wire, auth(issuer))
        await endpoint.attempt(ONE)
        office.clock.advance(60)
        await asyncio.gather(*(endpoint.attempt(ONE) for _ in range(10)))
    assert issuer.issued == 2
    assert bearers(wire).count("Bearer token-2") == 10


async def test_a_late_refusal_of_an_old_token_costs_no_further_token(office: Office) -> None:
    """A 401 that comes back after the token was replaced is tried again with the token that is there."""
    patient = Call(keys=("1",), timeout=1000)
    release = asyncio.Event()

    async def late(seen: Seen, peer: Peer) -> None:
        await release.wait()
        peer.writer.write(json_answer({}, 401))

    async with Issuer() as issuer, Wire(json_answer([]), late, json_answer({}, 401), respond=json_answer([])) as wire:
        endpoint = await office.endpoint(wire, auth(issuer))
        await endpoint.attempt(patient)
        office.clock.advance(60)
        waiting = asyncio.ensure_future(endpoint.attempt(patient))
        await asyncio.wait_for(_seen(wire, 2), 5)
        await endpoint.attempt(patient)
        office.clock.advance(60)
        release.set()
        await waiting
    assert issuer.issued == 2
    assert bearers(wire) == ["Bearer token-1"] * 3 + ["Bearer token-2"] * 2


async def test_a_backend_that_refuses_every_token_does_not_flood_the_issuer(office: Office) -> None:
    """A 401 to a token that was just fetched is not answered with yet another one."""
    async with Issuer() as issuer, Wire(respond=json_answer({}, 401)) as wire:
        endpoint = await office.endpoint(wire, auth(issuer))
        for _ in range(5):
            with pytest.raises(BackendRejected):
                await endpoint.attempt(ONE)
    assert issuer.issued == 1


@pytest.mark.parametrize(
    ("expires_in", "lives_at", "dead_at"), [("120", 59, 121), (30, 14, 31), (None, 10**9, None), (0.5, 0.2, 1)]
)
async def test_lifetimes_of_every_writing(
    office: Office, expires_in: Any, lives_at: float, dead_at: float | None
) -> None:
    """Lifetimes may be text, shorter than the renewal margin, or missing: then only a 401 ends the token."""
    async with Issuer(expires_in=expires_in) as issuer, Wire(respond=json_answer([])) as wire:
        endpoint = await office.endpoint(wire, auth(issuer))
        await endpoint.attempt(ONE)
        office.clock.advance(lives_at)
        await endpoint.attempt(ONE)
        assert issuer.issued == 1
        if dead_at is not None:
            office.clock.advance(dead_at)
            await endpoint.attempt(ONE)
            assert issuer.issued == 2


@pytest.mark.parametrize(
    ("reply", "kind", "cause"),
    [
        (json_answer({"error": "invalid_client"}, 401), BackendRejected, "credentials"),
        (json_answer({"error": "invalid_scope"}, 400), BackendRejected, "credentials"),
        (json_answer({}, 503), BackendUnavailable, "token"),
        (json_answer({}, 302, Location="http://10.0.0.1/"), BackendUnavailable, "token"),
        (answer("<html>"), BackendContract, "token"),
        (json_answer({"token": "x"}), BackendContract, "token"),
        (json_answer({"access_token": "x", "token_type": "mac"}), BackendContract, "token"),
        (json_answer({"access_token": "x\r\nX-Admin: 1"}), BackendContract, "token"),
        (json_answer({"access_token": "x", "expires_in": 0}), BackendContract, "token"),
        (json_answer({"access_token": "x", "expires_in": "soon"}), BackendContract, "token"),
        (close, BackendUnavailable, "disconnected"),
    ],
)
async def test_a_token_url_that_fails_is_told_and_asked_again_later(
    office: Office, reply: Reply, kind: type[Exception], cause: str
) -> None:
    """Each failure has its own error; the backend itself is not called, and the next call tries again."""
    async with Issuer(reply) as issuer, Wire(respond=json_answer([])) as wire:
        endpoint = await office.endpoint(wire, auth(issuer))
        with pytest.raises(kind) as caught:
            await endpoint.attempt(ONE)
        assert caught.value.cause == cause  # type: ignore[attr-defined]
        assert caught.value.backend == "crm"  # type: ignore[attr-defined]
        assert caught.value.operation == "customers.by_ids"  # type: ignore[attr-defined]
        assert wire.seen == []
        await endpoint.attempt(ONE)
        assert bearers(wire) == ["Bearer token-1"]


async def test_a_silent_token_url_costs_no_more_than_the_attempt(office: Office) -> None:
    """Waiting for a token counts as part of the attempt."""
    async with Issuer(hang) as issuer, Wire(respond=json_answer([])) as wire:
        endpoint = await office.endpoint(wire, auth(issuer, timeout="10s"))
        with pytest.raises(BackendTimeout) as caught:
            await endpoint.attempt(Call(keys=("1",), timeout=0.05))
        assert caught.value.cause == "token timeout"


async def test_a_failing_renewal_harms_nobody_while_the_token_lasts(office: Office) -> None:
    """When the token URL is down at renewal, calls go on with the old token and it is asked only now and then."""
    async with Issuer() as issuer, Wire(respond=json_answer([])) as wire:
        endpoint = await office.endpoint(wire, auth(issuer))
        await endpoint.attempt(ONE)
        issuer.respond = json_answer({}, 503)
        office.clock.advance(250)
        for _ in range(5):
            issuer.arrived.clear()
            await endpoint.attempt(ONE)
        await asyncio.wait_for(_seen(issuer, 2), 5)
        assert bearers(wire) == ["Bearer token-1"] * 6
        assert len(issuer.seen) == 2
        office.clock.advance(10)
        await endpoint.attempt(ONE)
        await asyncio.wait_for(_seen(issuer, 3), 5)


async def _seen(wire: Wire, count: int) -> None:
    while len(wire.seen) < count:
        wire.arrived.clear()
        await wire.arrived.wait()


async def test_the_header_of_the_token_has_one_author(office: Office) -> None:
    """OAuth2 and a forwarded token cannot both write Authorization."""
    async with Issuer() as issuer, Wire() as wire:
        with pytest.raises(ValueError, match="written by more than one"):
            await office.endpoint(wire, auth(issuer), backend={"forward": {"token": True}})
