"""Nothing is shared that would differ on the wire: the claim of batches and cache, over real REST calls.

The backend writes into each record all that it saw of the request besides the keys. So an answer that was fetched on
behalf of somebody whose request differs shows it, whichever part of the request it was.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import orjson
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.backends.cache import CachedSource, Codec, Freshness, Invalidations, MemoryStore, Naming
from resolvers.backends.credentials import FixedCredentials
from resolvers.backends.mapping import MappingSettings
from resolvers.backends.operation import Backends, Operation
from resolvers.backends.rest import RestConnector, RestEndpoint, RestOperationSettings, RestSettings
from resolvers.backends.source import BatchedSource
from resolvers.context import Context
from resolvers.principal import Principal
from resolvers.records import Customer
from tests.doubles import DirectCaller

FORWARDS: list[dict[str, Any]] = [
    {},
    {"token": True, "optional": True},
    {"claims": {"X-User": "sub"}, "optional": True},
    {"claims": {"X-User": "sub", "X-Tenant": "tenant"}, "optional": True},
    {"token": True, "claims": {"X-Roles": "roles"}, "optional": True},
    {"token": True},
]
OPERATIONS: list[dict[str, Any]] = [
    {"path": "/customers", "query": {"ids": "{keys|csv}", "status": "{status|csv}", "n": "{per_key}"}, "max_batch": 3},
    {"path": "/customers", "query": {"ids": "{keys|csv}"}, "headers": {"X-Status": "{status}"}, "max_batch": 100},
    {"path": "/customers/{key}", "query": {"status": "{status}", "n": "{per_key}"}},
    {
        "path": "/customers",
        "method": "POST",
        "body": {"ids": "{keys|csv}", "filter": {"status": "{status}", "n": "{per_key}"}},
        "max_batch": 2,
    },
]

principals = st.builds(
    Principal,
    subject=st.just("s"),
    token=st.sampled_from([None, "t1", "t2"]),
    tenant=st.sampled_from([None, "a"]),
    claims=st.fixed_dictionaries(
        {},
        optional={
            "sub": st.sampled_from(["7", "8", 7]),
            "tenant": st.sampled_from(["a", "b"]),
            "roles": st.sampled_from([["x"], ["x", "y"], ["x,y"]]),
        },
    ),
)
arguments = st.fixed_dictionaries(
    {}, optional={"status": st.sampled_from(["A", "B", "A,B", None]), "per_key": st.sampled_from([1, 2, "1", True])}
)
callers = st.lists(
    st.tuples(principals, arguments, st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4)),
    min_size=2,
    max_size=6,
)


async def seen(request: web.Request) -> web.Response:
    """Every key that is asked for, as a record whose name is all else that the request holds."""
    body = orjson.loads(await request.read() or b"{}")
    query = sorted((name, value) for name, value in request.query.items() if name != "ids")
    keys = (body.pop("ids", None) or request.query.get("ids", request.path.rpartition("/")[2])).split(",")
    headers = sorted((name.lower(), value) for name, value in request.headers.items() if name != "Content-Length")
    path = request.path if "ids" in request.query or request.method == "POST" else "/customers/*"
    told = orjson.dumps([request.method, path, query, headers, body]).decode()
    return web.json_response([{"id": str(key), "name": told} for key in keys])


def operation_over(endpoint: RestEndpoint[Customer], store: MemoryStore | None) -> Operation[Customer]:
    inner = BatchedSource(endpoint, DirectCaller(), key_of=lambda record: record.id, grouped=False, clock=time)
    if store is None:
        return Operation("customers.by_ids", inner)
    source = CachedSource(
        inner,
        store,
        freshness=Freshness.model_validate({"ttl": "60s"}),
        naming=Naming("test", "customers.by_ids", Customer, ""),
        codec=Codec(Customer),
        invalidations=Invalidations(),
        jitter=lambda: 0.0,
    )
    return Operation("customers.by_ids", source)


async def answers(
    operation: Operation[Customer], principal: Principal, given: dict[str, Any], keys: list[str]
) -> list[str]:
    """What this caller is told, in texts that can be compared."""
    context = Context(Backends({}), time, principal=principal, deadline=time.monotonic() + 10, correlation_id="test")
    wanted = {name: value for name, value in given.items() if name in operation.accepts}
    found = await operation.load(keys, context, wanted)
    return [found_one.name if isinstance(found_one, Customer) else str(found_one) for found_one in found]


async def compare(forward: dict[str, Any], asked: dict[str, Any], people: list[Any]) -> tuple[int, int]:
    """Ask together and alone. Returns how many calls each way took."""
    calls = 0

    async def counted(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        return await seen(request)

    server = web.Server(counted)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    connector = RestConnector(
        "crm",
        RestSettings.model_validate({"url": f"http://127.0.0.1:{port}", "forward": forward}),
        credentials=FixedCredentials(),
        clock=time,
    )
    await connector.open()
    try:
        endpoint = connector.endpoint(
            "customers.by_ids",
            RestOperationSettings.model_validate(asked),
            Customer,
            MappingSettings.model_validate({"fields": {"id": "id", "name": "name"}}),
        )
        shared = operation_over(endpoint, MemoryStore(max_entries=1000, max_bytes=10**7, clock=time))
        together = await asyncio.gather(*(answers(shared, *person) for person in people))
        calls_together = calls
        remembered = [await answers(shared, *person) for person in people]
        calls = 0
        alone = [await answers(operation_over(endpoint, None), *person) for person in people]
        assert together == alone
        assert remembered == alone
        return calls_together, calls
    finally:
        await connector.close()
        listener.close()
        await server.shutdown(1.0)


@settings(max_examples=60, deadline=None)
@given(forward=st.sampled_from(FORWARDS), asked=st.sampled_from(OPERATIONS), people=callers)
def test_each_caller_is_told_what_its_own_call_would_have_brought(
    forward: dict[str, Any], asked: dict[str, Any], people: list[Any]
) -> None:
    """Whatever callers share, together or from the cache, each answer is exactly the one of a call of its own."""
    together, alone = asyncio.run(compare(forward, asked, people))
    assert together <= alone


def test_callers_whose_requests_are_alike_do_share() -> None:
    """The comparison is worth something: who sends the same request shares one call, who does not does not."""
    one, other = Principal(subject="a", token="t1"), Principal(subject="b", token="t2")
    people = [(one, {}, ["a", "b"]), (other, {}, ["b", "c"])]
    assert asyncio.run(compare({}, OPERATIONS[1], people)) == (1, 2)
    assert asyncio.run(compare({"token": True}, OPERATIONS[1], people)) == (2, 2)
