"""Fetching a key set over a real socket: small, quick, from where it was configured, and nothing else."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.auth.build import token_verifier
from gateway.auth.jwks import MAX_DOCUMENT, JwksAddress
from gateway.auth.settings import AuthSettings
from resolvers.errors import BackendContract, BackendError, BackendTimeout, BackendUnavailable
from tests.gateway.auth.conftest import FakeClock, issuer_settings
from tests.gateway.auth.forge import good_claims, jwk, jwk_set, private_key, token

KEYS = jwk_set(jwk("ES256", "k1"))
Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Issuer:
    """An issuer on a socket of its own: notes the requests, answers as the test wants."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.answer: Answering = self.keys
        app = web.Application()
        app.router.add_get("/{path:.*}", self._handle)
        self.server = TestServer(app)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        return await self.answer(request)

    async def keys(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=KEYS, content_type="application/json")

    def address(self, timeout: float = 5.0) -> JwksAddress:
        return JwksAddress(str(self.server.make_url("/keys?tenant=a%20b")), timeout=timeout)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    made = Issuer()
    await made.server.start_server()
    yield made
    await made.server.close()


async def fetched(address: JwksAddress) -> bytes:
    try:
        return await address.document()
    finally:
        await address.close()


async def failure(address: JwksAddress) -> BackendError:
    with pytest.raises(BackendError) as caught:
        await fetched(address)
    return caught.value


@pytest.mark.parametrize("kind", ["application/json", "application/jwk-set+json", "application/json; charset=utf-8"])
async def test_the_document(kind: str, issuer: Issuer) -> None:
    """The document is asked for at exactly the configured address, without credentials or cookies."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=KEYS, headers={"Content-Type": kind, "Set-Cookie": "a=b"})

    issuer.answer = answer
    address = issuer.address()
    assert await address.document() == KEYS
    assert await fetched(address) == KEYS
    assert issuer.requests[0].path_qs == "/keys?tenant=a%20b"
    for request in issuer.requests:
        assert not {"Authorization", "Cookie", "Referer"} & set(request.headers)


async def test_compressed(issuer: Issuer) -> None:
    """A compressed document is read."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(
            body=gzip.compress(KEYS), headers={"Content-Encoding": "gzip", "Content-Type": "application/json"}
        )

    issuer.answer = answer
    assert await fetched(issuer.address()) == KEYS


async def test_redirects_are_not_followed(issuer: Issuer) -> None:
    """An issuer that points elsewhere, such as to an address of the inside, is not followed."""

    async def answer(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/inside")

    issuer.answer = answer
    assert isinstance(await failure(issuer.address()), BackendUnavailable)
    assert [request.path for request in issuer.requests] == ["/keys"]


@pytest.mark.parametrize("status", [204, 304, 401, 404, 500, 503])
async def test_other_statuses(status: int, issuer: Issuer) -> None:
    """Only 200 brings keys, whatever the body says."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=KEYS if status >= 400 else None, content_type="application/json")

    issuer.answer = answer
    error = await failure(issuer.address())
    assert str(status) in error.message


@pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/octet-stream", "application/jsonx"])
async def test_other_content(kind: str, issuer: Issuer) -> None:
    """A page in place of keys is named as what it is."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=KEYS, content_type=kind)

    issuer.answer = answer
    error = await failure(issuer.address())
    assert isinstance(error, BackendContract)
    assert error.cause == "content type"


@pytest.mark.parametrize("declared", [True, False])
async def test_size_is_capped(declared: bool, issuer: Issuer) -> None:
    """A document without end is dropped at the limit, declared or streamed."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if declared:
            return web.Response(body=b" " * (MAX_DOCUMENT + 1), content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while True:
            await response.write(b" " * 65_536)

    issuer.answer = answer
    error = await failure(issuer.address())
    assert error.cause == "too large"


async def test_gzip_bomb(issuer: Issuer) -> None:
    """A small answer that would become 100 MB does not take that memory."""
    bomb = gzip.compress(b" " * 100_000_000)

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})

    issuer.answer = answer
    tracemalloc.start()
    try:
        error = await failure(issuer.address())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert error.cause == "too large"
    assert peak < 5_000_000


async def test_an_issuer_that_says_nothing(issuer: Issuer) -> None:
    """An issuer that takes the question and never answers is given up after its timeout."""
    release = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.Response()

    issuer.answer = answer
    error = await failure(issuer.address(timeout=0.05))
    release.set()
    assert isinstance(error, BackendTimeout)


async def test_nobody_there(issuer: Issuer) -> None:
    """An address where nobody listens is an unavailable issuer."""
    address = issuer.address()
    await issuer.server.close()
    assert isinstance(await failure(address), BackendUnavailable)


async def test_from_configuration_to_principal(issuer: Issuer, clock: FakeClock) -> None:
    """Fifty first callers of a configured issuer cost it one request, and all of them are known."""
    settings = AuthSettings(
        issuers=(issuer_settings(algorithms=["ES256"], key=None, jwks_url=str(issuer.server.make_url("/keys"))),)
    )
    verifier = token_verifier(settings, environ={}, clock=clock)
    await verifier.open()
    key = private_key("ES256", "k1")
    tokens = [token(good_claims(sub=f"s{n}"), {"kid": "k1"}, algorithm="ES256", key=key) for n in range(50)]
    principals = await asyncio.gather(*(verifier.verify(text) for text in tokens))
    await verifier.close()
    assert {principal.subject for principal in principals} == {f"s{n}" for n in range(50)}
    assert len(issuer.requests) == 1
