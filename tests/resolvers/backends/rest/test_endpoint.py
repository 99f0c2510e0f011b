"""An endpoint over the wire: keys, lists, what is forwarded, and how it ends."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from resolvers.backends.credentials import FixedCredentials
from resolvers.backends.mapping import InvalidMapping, MappingSettings
from resolvers.backends.ports import Call, Fetched
from resolvers.backends.rest import RestConnector, RestOperationSettings, RestSettings
from resolvers.errors import BackendContract, BackendRejected, BackendUnavailable, BadUserInput
from resolvers.principal import ANONYMOUS, Principal
from resolvers.records import Customer
from tests.resolvers.backends.http.wire import Seen, answer, close, json_answer
from tests.resolvers.backends.rest.clock import FakeClock
from tests.resolvers.backends.rest.conftest import MAPPING, Bench


def row(number: int) -> dict[str, Any]:
    return {"id": str(number), "name": f"Customer {number}"}


def ids(fetched: Fetched[Customer]) -> list[str]:
    return [record.id if isinstance(record, Customer) else "error" for record in fetched.records]


def params(seen: Seen) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(seen.target).query).items()}


# Keys


async def test_records_by_keys(bench: Bench) -> None:
    """One call for all keys, and the records as they come."""
    endpoint = await bench.endpoint(json_answer([row(1), row(7)]), path="/c", query={"ids": "{keys|csv}"})
    fetched = await endpoint.attempt(Call(keys=("1", "5", "7")))
    assert ids(fetched) == ["1", "7"]
    assert [seen.target for seen in bench.wire.seen] == ["/api/c?ids=1,5,7"]
    assert (endpoint.backend, endpoint.operation) == ("crm", "customers.by_ids")


async def test_a_single_record_is_one_record(bench: Bench) -> None:
    """An object where a list could be is the only record."""
    endpoint = await bench.endpoint(json_answer(row(1)), path="/c/{key}", absent=[404])
    assert ids(await endpoint.attempt(Call(keys=("1",)))) == ["1"]


@pytest.mark.parametrize(
    ("settings", "most"),
    [
        ({"path": "/c/{key}"}, 1),
        ({"path": "/c", "query": {"ids": "{keys|csv}"}}, 100),
        ({"path": "/c", "query": {"ids": "{keys|csv}"}, "max_batch": 7}, 7),
        ({"path": "/c"}, 1),
    ],
)
async def test_how_many_keys_a_call_carries(bench: Bench, settings: dict[str, Any], most: int) -> None:
    """`{key}` carries one, `{keys|…}` what is configured, 100 by default."""
    assert (await bench.endpoint(**settings)).max_batch == most


async def test_the_arguments_that_reach_the_backend_are_known(bench: Bench) -> None:
    """Whatever a placeholder names is accepted; keys and what paging fills are not arguments."""
    endpoint = await bench.endpoint(
        path="/c/{shop}",
        query={"a": "{status}", "limit": "{limit}", "o": "{offset}", "s": {"join": "x", "parts": ["{from}"]}},
        headers={"X-A": "{trace}"},
        paging="offset",
    )
    assert endpoint.accepts == {"shop", "status", "from", "trace"}
    derived = await bench.endpoint(
        path="/c/{key}", query={"a": "{sort}", "b": "{order}"}, arguments={"order": {"of": "sort"}}
    )
    assert derived.accepts == {"sort"}
    by_key = await bench.endpoint(path="/c/{key}", query={"limit": "{limit}"})
    assert by_key.accepts == {"limit"}


@pytest.mark.parametrize(
    ("settings", "yes", "no"),
    [
        ({"path": "/c/{key}"}, ["1", "a b", "CO-1", "(PROV1)", "é"], ["", ".", "..", "a/b", "a\nb"]),
        ({"path": "/c/{key}", "min_key": 1}, ["1", "42"], ["0", "-1", "x", "1.0", "007", " 1", "1_0", "٣"]),
        ({"path": "/c/{key}", "key_pattern": "CO[0-9]+"}, ["CO1"], ["XCO1", "CO1X", "co1"]),
        ({"path": "/c", "query": {"q": "{keys|csv}"}}, ["1", "a b", "(x)"], ["", "a,b"]),
        ({"path": "/c", "query": {"q": "(t.id:in:{keys|csv})"}}, ["1", "A_b-1"], ["a b", "1)", "a:b", ""]),
        ({"path": "/c", "query": {"q": "(t.ref:in:{keys|quoted})"}}, ["A b", "A/b"], ["O'Brien", "(PROV1)", "a:b", ""]),
        ({"path": "/c", "query": {"q": "{keys|odata}"}}, ["O'Brien", "(x)"], ["a\nb", ""]),
        ({"path": "/c", "query": {"q": "{keys|repeat}"}}, ["a,b", "x y"], ["", "\ud800"]),
        ({"path": "/c", "method": "POST", "body": {"i": "{keys|integers}"}}, ["5", "-5"], ["x", "", "5.0"]),
        ({"path": "/c", "method": "POST", "body": {"i": "{keys|json}"}}, ["x'\"\\"], [""]),
    ],
)
async def test_keys_that_must_not_be_sent(
    bench: Bench, settings: dict[str, Any], yes: list[str], no: list[str]
) -> None:
    """Keys that the configuration excludes, or that cannot be written safely, are known before any call."""
    endpoint = await bench.endpoint(**settings)
    assert list(endpoint.sendable([*yes, *no])) == yes
    assert [endpoint.sendable([key]) for key in no] == [[]] * len(no)


@pytest.mark.parametrize(
    ("settings", "taken"),
    [
        ({"path": "/c/{key}"}, True),
        ({"path": "/c", "query": {"q": "like:{key|like}"}}, False),
        ({"path": "/c", "query": {"q": "{keys|csv}"}}, True),
        ({"path": "/c", "query": {"q": "(t.id:in:{keys|csv})"}}, True),
        ({"path": "/c", "query": {"q": "(t.ref:in:{keys|quoted})"}}, True),
        ({"path": "/c", "query": {"q": "{keys|odata}"}}, True),
        ({"path": "/c", "query": {"q": "{keys|repeat}"}}, True),
        ({"path": "/c", "method": "POST", "body": {"i": "{keys|strings}"}}, True),
        ({"path": "/c", "method": "POST", "body": {"i": "{keys|json}"}}, True),
        ({"path": "/c", "method": "POST", "body": {"i": "{keys|integers}"}}, False),
        ({"path": "/c/{key}", "key_pattern": "CO[0-9]+"}, False),
        ({"path": "/c/{key}", "min_key": 1}, False),
    ],
)
async def test_usual_keys_are_judged_alike(bench: Bench, settings: dict[str, Any], taken: bool) -> None:
    """Keys of letters, digits, - and _ are all sendable, unless the form or the configuration looks at each of them."""
    endpoint = await bench.endpoint(**settings)
    usual = ["a", "Z", "10", "CO-1", "c7_o1", "0-0__x", "A" * 500]

    assert (list(endpoint.sendable(usual)) == usual) is taken
    assert [key for key in endpoint.sendable(usual) if not endpoint.writable(key)] == []
    assert list(endpoint.sendable(usual)) == [key for key in usual if endpoint.sendable([key])]


async def test_an_unsendable_key_never_reaches_the_wire(bench: Bench) -> None:
    """Even a caller that does not ask first cannot send it."""
    endpoint = await bench.endpoint(path="/c/{key}")
    with pytest.raises(BadUserInput):
        await endpoint.attempt(Call(keys=("../admin",)))
    assert bench.wire.seen == []


async def test_answers_by_keys_are_read_to_their_last_page(bench: Bench) -> None:
    """Orders of a customer that come in pages are all there, not only the first page of them."""

    def page(seen: Seen) -> bytes:
        asked = params(seen)
        start, limit = int(asked["offset"]), int(asked["limit"])
        return json_answer([row(number) for number in range(start, min(start + limit, 25))])

    endpoint = await bench.endpoint(
        respond=page,
        path="/c",
        query={"of": "{keys|csv}", "limit": "{limit}", "offset": "{offset}"},
        paging={"type": "offset", "page_size": 10},
    )
    fetched = await endpoint.attempt(Call(keys=("a", "b")))
    assert ids(fetched) == [str(number) for number in range(25)]
    assert {params(seen)["of"] for seen in bench.wire.seen} == {"a,b"}
    assert len(bench.wire.seen) == 3


async def test_answers_by_keys_have_a_last_page(bench: Bench) -> None:
    """More pages than `max_pages` are an error, never a part of the answer."""
    endpoint = await bench.endpoint(
        respond=lambda seen: json_answer({"rows": [row(1)], "next": seen.target[-3:] + "x"}),
        path="/c",
        query={"of": "{keys|csv}", "cursor": "{cursor}"},
        items="rows",
        paging={"type": "cursor", "next": "next", "max_pages": 4},
    )
    with pytest.raises(BackendContract) as caught:
        await endpoint.attempt(Call(keys=("a",)))
    assert caught.value.cause == "paging"


# Lists


async def walk(endpoint: Any, first: int) -> list[str]:
    """Every record of a list, page by page."""
    found: list[str] = []
    after = None
    while True:
        fetched = await endpoint.attempt(Call(first=first, after=after))
        assert len(fetched.records) <= first
        found += ids(fetched)
        if not fetched.has_next:
            return found
        after = fetched.positions[-1]


COUNT = 23
ROWS = [row(number) for number in range(1, COUNT + 1)]
EVERY = [entry["id"] for entry in ROWS]


def _window(seen: Seen) -> tuple[int, int]:
    asked = params(seen)
    limit = int(asked.get("limit", 10))
    return (int(asked["page"]) * limit if "page" in asked else int(asked.get("offset", 0))), limit


def _sliced(seen: Seen) -> list[dict[str, Any]]:
    start, limit = _window(seen)
    return ROWS[start : start + limit]


def _cursor_body(seen: Seen) -> bytes:
    asked = params(seen)
    start, limit = int(asked.get("c", "p0")[1:]), int(asked["limit"])
    end = start + limit
    return json_answer({"rows": ROWS[start:end], "meta": {"next": f"p{end}" if end < COUNT else None}})


def _next_url(seen: Seen) -> bytes:
    start, limit = _window(seen)
    url = f"http://10.0.0.1/elsewhere?limit={limit}&offset={start + limit}"
    return json_answer({"count": COUNT, "next": url if start + limit < COUNT else None, "results": _sliced(seen)})


def _linked(seen: Seen) -> bytes:
    asked = params(seen)
    page, limit = int(asked.get("page", 1)), int(asked["per_page"])
    links = [f'<http://10.0.0.1/x?page=1>; title="; rel=next"; rel="first", <http://10.0.0.1/x?page={page}>; rel=self']
    if page * limit < COUNT:
        links.append(f'<http://10.0.0.1/x?per_page={limit}&page={page + 1}>; title="a, b"; rel="prefetch next"')
    return json_answer(ROWS[(page - 1) * limit : page * limit], Link=", ".join(links))


def _header_cursor(seen: Seen) -> bytes:
    end = sum(_window(seen))
    return json_answer(_sliced(seen), X_Next=str(end)) if end < COUNT else json_answer(_sliced(seen))


def _more(seen: Seen) -> bytes:
    asked = params(seen)
    start, limit = int(asked.get("c", "0")), int(asked["limit"])
    return json_answer({"rows": ROWS[start : start + limit], "next": str(start + limit), "more": start + limit < COUNT})


def _keyset(seen: Seen) -> bytes:
    asked = params(seen)
    condition = asked.get("sqlfilters", "(t.rowid:>:0)")
    after = int(condition.removeprefix("(t.rowid:>:").removesuffix(")"))
    return json_answer(ROWS[after : after + int(asked["limit"])])


LISTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "none": (lambda seen: json_answer(ROWS), {"query": {}}),
    "offset": (
        lambda seen: json_answer(_sliced(seen)),
        {"query": {"limit": "{limit}", "offset": "{offset}"}, "paging": "offset"},
    ),
    "offset, total in a header": (
        lambda seen: json_answer(_sliced(seen), X_Total_Count=str(COUNT)),
        {
            "query": {"limit": "{limit}", "offset": "{offset}"},
            "paging": "offset",
            "total": "header:X-Total-Count",
        },
    ),
    "page from 0, total as text": (
        lambda seen: json_answer({"data": _sliced(seen), "pagination": {"total": str(COUNT)}}),
        {
            "query": {"limit": "{limit}", "page": "{page}"},
            "paging": {"type": "page", "first_page": 0},
            "items": "data",
            "total": "pagination.total",
        },
    ),
    "page without a limit": (
        lambda seen: json_answer(_sliced(seen)),
        {"query": {"page": "{page}"}, "paging": {"type": "page", "first_page": 0, "page_size": 10}},
    ),
    "cursor": (
        _cursor_body,
        {
            "query": {"limit": "{limit}", "c": "{cursor}"},
            "paging": {"type": "cursor", "next": "meta.next"},
            "items": "rows",
        },
    ),
    "cursor in the next url": (
        _next_url,
        {
            "query": {"limit": "{limit}", "offset": "{cursor}"},
            "paging": {"type": "cursor", "next": "next", "parameter": "offset"},
            "items": "results",
            "total": "count",
        },
    ),
    "cursor with has_more": (
        _more,
        {
            "query": {"limit": "{limit}", "c": "{cursor}"},
            "paging": {"type": "cursor", "next": "next", "more": "more"},
            "items": "rows",
        },
    ),
    "cursor in a header": (
        _header_cursor,
        {"query": {"limit": "{limit}", "offset": "{cursor}"}, "paging": {"type": "cursor", "next": "header:X-Next"}},
    ),
    "link": (
        _linked,
        {"query": {"per_page": "{limit}", "page": "{cursor}"}, "paging": {"type": "link", "parameter": "page"}},
    ),
    "keyset": (
        _keyset,
        {
            "query": {"limit": "{limit}", "sqlfilters": "(t.rowid:>:{after_key})"},
            "paging": {"type": "keyset", "key": "id"},
        },
    ),
}


@pytest.mark.parametrize("way", LISTS)
@pytest.mark.parametrize("first", [1, 5, 22, 23, 50])
async def test_every_way_of_paging_over_the_wire(bench: Bench, way: str, first: int) -> None:
    """Whatever the backend's way, a walk through the list meets every record once, and ends."""
    respond, settings = LISTS[way]
    endpoint = await bench.endpoint(respond=respond, path="/c", operation="customers.list", **settings)
    assert await walk(endpoint, first) == EVERY
    if "total" in settings or way == "none":
        assert (await endpoint.attempt(Call(first=first))).total == COUNT


@pytest.mark.parametrize("way", LISTS)
@pytest.mark.parametrize("dropped", [{"1", "2", "3", "9", "22", "23"}, {"20"}], ids=["many", "one"])
async def test_the_record_filter_leaves_no_gap(bench: Bench, way: str, dropped: set[str]) -> None:
    """Where the mapping leaves records out, pages are filled up, and positions still count as the backend counts."""
    respond, settings = LISTS[way]
    mapping = {"fields": MAPPING, "where": {"path": "id", "not_in": sorted(dropped)}}
    endpoint = await bench.endpoint(respond=respond, path="/c", operation="customers.list", mapping=mapping, **settings)
    kept = [key for key in EVERY if key not in dropped]
    assert await walk(endpoint, 4) == kept
    whole = await endpoint.attempt(Call(first=COUNT))
    assert ids(whole) == kept
    assert whole.total in {None, len(kept)}


async def test_a_filter_that_keeps_nothing_ends(bench: Bench) -> None:
    """A list of nothing but dropped records is empty, and an endless one is an error."""
    mapping = {"fields": MAPPING, "where": {"path": "id", "in": ["none"]}}
    respond, settings = LISTS["offset"]
    endpoint = await bench.endpoint(respond=respond, path="/c", operation="c.list", mapping=mapping, **settings)
    fetched = await endpoint.attempt(Call(first=4))
    assert (list(fetched.records), fetched.has_next) == ([], False)
    endpoint = await bench.endpoint(
        respond=lambda seen: json_answer(ROWS[: int(params(seen)["limit"])]),
        path="/c",
        operation="c.list",
        mapping=mapping,
        **settings,
    )
    with pytest.raises(BackendContract, match="record filter"):
        await endpoint.attempt(Call(first=4))


async def test_a_bad_record_keeps_its_position(bench: Bench) -> None:
    """An unreadable record is an error in its place, and the list goes on behind it."""
    rows = [row(1), {"id": None}, row(3)]

    def page(seen: Seen) -> bytes:
        start, limit = _window(seen)
        return json_answer(rows[start : start + limit])

    _, settings = LISTS["offset"]
    endpoint = await bench.endpoint(respond=page, path="/c", operation="customers.list", **settings)
    fetched = await endpoint.attempt(Call(first=2))
    assert ids(fetched) == ["1", "error"]
    assert fetched.positions is not None
    assert ids(await endpoint.attempt(Call(first=2, after=fetched.positions[-1]))) == ["3"]


async def test_the_whole_list_without_first(bench: Bench) -> None:
    """Without `first` every page is read."""
    respond, settings = LISTS["cursor"]
    endpoint = await bench.endpoint(respond=respond, path="/c", operation="customers.list", **settings)
    assert ids(await endpoint.attempt(Call())) == EVERY


@pytest.mark.parametrize("position", ["x", "-1", "1e5", "9" * 20, "٣", "", "1" * 9999])
async def test_a_broken_position_is_the_callers_error(bench: Bench, position: str) -> None:
    """A position that this list never gave is BAD_USER_INPUT, before any call."""
    respond, settings = LISTS["offset"]
    endpoint = await bench.endpoint(respond=respond, path="/c", operation="customers.list", **settings)
    with pytest.raises(BadUserInput) as caught:
        await endpoint.attempt(Call(first=5, after=position))
    assert caught.value.extensions["argument"] == "after"
    assert bench.wire.seen == []


async def test_a_forged_key_cannot_change_the_filter(bench: Bench) -> None:
    """A keyset position made up by a client goes through the same rules as every other value."""
    respond, settings = LISTS["keyset"]
    endpoint = await bench.endpoint(respond=respond, path="/c", operation="customers.list", **settings)
    with pytest.raises(BadUserInput):
        await endpoint.attempt(Call(first=5, after="0) or (t.rowid:>:0"))
    assert bench.wire.seen == []


@pytest.mark.parametrize(
    ("way", "reply"),
    [
        ("offset", json_answer(ROWS)),
        ("page from 0, total as text", json_answer({"data": ROWS[:2], "pagination": {"total": "many"}})),
        ("page from 0, total as text", json_answer({"data": ROWS[:2], "pagination": {"total": -1}})),
        ("page from 0, total as text", json_answer({"data": ROWS[:2]})),
        ("offset, total in a header", json_answer(ROWS[:2])),
        ("cursor", json_answer({"rows": ROWS[:2], "meta": {"next": {"a": 1}}})),
        ("cursor with has_more", json_answer({"rows": ROWS[:2], "more": True})),
        ("cursor in the next url", json_answer({"results": ROWS[:2], "count": 9, "next": "http://x/?page=2"})),
        ("link", json_answer(ROWS[:2], Link='<http://x/?p=2>; rel="next"')),
        ("cursor", json_answer({"rows": ROWS[:2], "meta": {"next": "x" * 5000}})),
        ("link", json_answer(ROWS[:2], Link="<http://[broken/?page=2>; rel=next")),
        ("keyset", json_answer([{"name": "without a key"}])),
    ],
)
async def test_paging_that_is_not_as_configured_breaks_the_contract(bench: Bench, way: str, reply: bytes) -> None:
    """Totals, cursors and keys that are not where they should be are told, never guessed."""
    _, settings = LISTS[way]
    endpoint = await bench.endpoint(respond=reply, path="/c", operation="customers.list", **settings)
    with pytest.raises(BackendContract) as caught:
        await endpoint.attempt(Call(first=5))
    assert caught.value.cause in {"paging", "total"}
    assert not caught.value.retryable


async def test_all_pages_share_one_timeout(bench: Bench) -> None:
    """An attempt of several calls ends at the same time as one of a single call."""
    clock = bench.clock

    def slow(seen: Seen) -> bytes:
        clock.advance(3)
        return _cursor_body(seen)

    _, settings = LISTS["cursor"]
    settings = settings | {"paging": {"type": "cursor", "next": "meta.next", "page_size": 2}}
    endpoint = await bench.endpoint(respond=slow, path="/c", operation="customers.list", **settings)
    with pytest.raises(Exception, match="all pages in time"):
        await endpoint.attempt(Call(first=20, timeout=5))
    assert len(bench.wire.seen) == 2


async def test_pages_tell_the_shortest_freshness(bench: Bench) -> None:
    """A page put together from several answers is as fresh as the oldest of them."""
    ages = iter(["60", "20", "40"])
    _, settings = LISTS["offset"]
    settings = settings | {"paging": {"type": "offset", "page_size": 4}}
    endpoint = await bench.endpoint(
        respond=lambda seen: json_answer(_sliced(seen), Cache_Control=f"max-age={next(ages)}"),
        path="/c",
        operation="customers.list",
        cache_headers=True,
        **settings,
    )
    assert (await endpoint.attempt(Call(first=10))).max_age == 20.0


# Forwarding

CALLER = Principal(
    subject="jane",
    token="caller-token",
    claims={
        "sub": "jane",
        "email": "jane@x.example",
        "realm": {"roles": ["a", "b"]},
        "https://x.example/tenant": 7,
        "evil": "a\r\nX-Admin: 1",
        "odd": ["a,b"],
        "flag": True,
        "object": {"a": 1},
    },
)


async def test_nothing_is_forwarded_by_default(bench: Bench) -> None:
    """Without `forward` a backend learns nothing of any caller."""
    endpoint = await bench.endpoint(json_answer([]), path="/c/{key}")
    assert endpoint.forwarded(CALLER) == ()
    await endpoint.attempt(Call(keys=("1",), forwarded=endpoint.forwarded(CALLER)))
    assert b"jane" not in bench.wire.seen[0].raw
    assert b"caller-token" not in bench.wire.seen[0].raw


async def test_what_is_allowed_is_forwarded(bench: Bench) -> None:
    """Token and claims that the configuration names go out under the headers that it names, and no others."""
    endpoint = await bench.endpoint(
        json_answer([]),
        backend={
            "forward": {
                "token": True,
                "claims": {"X-User": "sub", "X-Roles": "realm.roles", "X-Tenant": "https://x.example/tenant"},
            }
        },
        path="/c/{key}",
    )
    forwarded = endpoint.forwarded(CALLER)
    assert forwarded == (
        ("Authorization", "Bearer caller-token"),
        ("X-Roles", "a,b"),
        ("X-Tenant", "7"),
        ("X-User", "jane"),
    )
    await endpoint.attempt(Call(keys=("1",), forwarded=forwarded))
    headers = bench.wire.seen[0].headers
    assert headers["authorization"] == "Bearer caller-token"
    assert headers["x-roles"] == "a,b"
    assert "jane@x.example" not in bench.wire.seen[0].raw.decode()


@pytest.mark.parametrize("claim", ["missing", "realm.missing", "evil", "odd", "object", "sub.x"])
@pytest.mark.parametrize("principal", [CALLER, ANONYMOUS], ids=["caller", "anonymous"])
async def test_a_call_on_behalf_of_nobody_is_not_made(bench: Bench, claim: str, principal: Principal) -> None:
    """Without the claim that tells callers apart the backend is not asked: it might answer for everybody."""
    endpoint = await bench.endpoint(backend={"forward": {"claims": {"X-User": claim}}}, path="/c/{key}")
    forwarded = endpoint.forwarded(principal)
    assert forwarded == ()
    with pytest.raises(BackendRejected) as caught:
        await endpoint.attempt(Call(keys=("1",), forwarded=forwarded))
    assert caught.value.cause == "not forwarded"
    assert bench.wire.seen == []


async def test_forwarding_can_be_optional(bench: Bench) -> None:
    """A backend that may be asked by anybody is asked without the header."""
    endpoint = await bench.endpoint(
        json_answer([]), backend={"forward": {"token": True, "optional": True}}, path="/c/{key}"
    )
    await endpoint.attempt(Call(keys=("1",), forwarded=endpoint.forwarded(ANONYMOUS)))
    assert "authorization" not in bench.wire.seen[0].headers


async def test_service_credentials_and_the_callers_token_go_together(bench: Bench) -> None:
    """The gateway's own credentials and the caller's token travel in different headers of the same call."""
    endpoint = await bench.endpoint(
        json_answer([]),
        backend={"forward": {"token": True, "token_header": "X-On-Behalf-Of"}},
        credentials=FixedCredentials((("Authorization", "Bearer service"),)),
        path="/c/{key}",
    )
    await endpoint.attempt(Call(keys=("1",), forwarded=endpoint.forwarded(CALLER)))
    headers = bench.wire.seen[0].headers
    assert (headers["authorization"], headers["x-on-behalf-of"]) == ("Bearer service", "Bearer caller-token")


@pytest.mark.parametrize(
    "backend",
    [
        {"forward": {"token": True}},
        {"headers": {"authorization": "x"}},
        {"forward": {"claims": {"AUTHORIZATION": "sub"}}},
    ],
)
async def test_one_header_has_one_author(bench: Bench, backend: dict[str, Any]) -> None:
    """headers, auth and forward cannot write the same header: which would win is nobody's guess."""
    with pytest.raises(ValueError, match="written by more than one"):
        await bench.endpoint(
            backend=backend, credentials=FixedCredentials((("Authorization", "Bearer s"),)), path="/c/{key}"
        )


# Life


async def test_a_connector_that_is_not_open_says_so() -> None:
    """Before `open` and after `close` calls end as BACKEND_UNAVAILABLE."""
    clock = FakeClock()
    connector = RestConnector(
        "crm", RestSettings(url="http://127.0.0.1:9"), credentials=FixedCredentials(), clock=clock
    )
    endpoint = connector.endpoint(
        "customers.by_ids", RestOperationSettings(path="/c/{key}"), Customer, MappingSettings(fields=MAPPING)
    )
    for _ in range(2):
        with pytest.raises(BackendUnavailable) as caught:
            await endpoint.attempt(Call(keys=("1",)))
        assert caught.value.cause == "not open"
        await connector.open()
        await connector.close()


async def test_opening_needs_no_live_backend() -> None:
    """A backend that is down when the gateway starts is found when it is back."""
    connector = RestConnector(
        "crm", RestSettings(url="http://127.0.0.1:9"), credentials=FixedCredentials(), clock=FakeClock()
    )
    await connector.open()
    endpoint = connector.endpoint(
        "customers.by_ids", RestOperationSettings(path="/c/{key}"), Customer, MappingSettings(fields=MAPPING)
    )
    with pytest.raises(BackendUnavailable) as caught:
        await endpoint.attempt(Call(keys=("1",)))
    assert caught.value.cause == "refused"
    await connector.close()


async def test_a_read_by_post_survives_a_stale_connection(bench: Bench) -> None:
    """A search by POST on a connection that the backend has just closed goes out again, once."""
    endpoint = await bench.endpoint(
        json_answer([row(1)]), close, json_answer([row(1)]), method="POST", path="/c", body={"ids": "{keys|json}"}
    )
    for _ in range(2):
        assert ids(await endpoint.attempt(Call(keys=("1",)))) == ["1"]
    assert len(bench.wire.seen) == 3
    assert bench.wire.seen[1].body == bench.wire.seen[2].body == b'{"ids":["1"]}'


async def test_a_call_that_must_not_be_repeated_is_not(bench: Bench) -> None:
    """With `idempotent = false` a stale connection is an error, as nobody knows whether the call arrived."""
    endpoint = await bench.endpoint(json_answer([row(1)]), close, path="/c/{key}", idempotent=False)
    await endpoint.attempt(Call(keys=("1",)))
    with pytest.raises(BackendUnavailable) as caught:
        await endpoint.attempt(Call(keys=("1",)))
    assert caught.value.cause == "disconnected"
    assert len(bench.wire.seen) == 2


async def test_closing_leaves_no_socket(bench: Bench) -> None:
    """After `close` the backend has no connection left, however many calls there were."""
    endpoint = await bench.endpoint(respond=json_answer([row(1)]), path="/c/{key}")
    await asyncio.gather(*(endpoint.attempt(Call(keys=(str(key),))) for key in range(8)))
    assert bench.wire.open == 8
    await bench.close()
    await asyncio.wait_for(bench.wire.all_closed.wait(), 5)


async def test_a_wrong_mapping_is_told_at_start(bench: Bench) -> None:
    """A mapping that cannot be used is found when the endpoint is made, not when it is called."""
    with pytest.raises(InvalidMapping):
        await bench.endpoint(path="/c/{key}", mapping={"fields": {"nmae": "name"}})


async def test_a_connection_carries_any_operation(bench: Bench) -> None:
    """The base path of the url stands before every path, with or without a slash at its end."""
    endpoint = await bench.endpoint(respond=answer("[]"), path="/c/{key}")
    await endpoint.attempt(Call(keys=("1",)))
    connector = RestConnector(
        "crm", RestSettings(url=bench.wire.url), credentials=FixedCredentials(), clock=bench.clock
    )
    await connector.open()
    other = connector.endpoint("o", RestOperationSettings(path="/x"), Customer, MappingSettings(fields=MAPPING))
    await other.attempt(Call())
    await connector.close()
    assert [seen.target for seen in bench.wire.seen] == ["/api/c/1", "/x"]
