"""What a cached operation answers: fresh, stale, absent, renewed, and never another caller's."""

from __future__ import annotations

import asyncio

import pytest

from resolvers.backends.cache import Freshness, LayeredStore, MemoryStore
from resolvers.backends.cache.entries import Entry
from resolvers.backends.cache.shared import RedisStore
from resolvers.errors import BackendContract, BackendUnavailable
from resolvers.principal import Principal
from resolvers.records import Order
from tests.doubles import FakeClock, turns
from tests.resolvers.backends.cache.conftest import House, MakeHouse


async def test_a_fresh_answer_costs_no_call(house: House, clock: FakeClock) -> None:
    """Within its TTL an answer is served as it is, and only what is missing is asked for."""
    assert await house.ask("o1", "o2") == ["1", "1"]
    clock.advance(59)
    assert await house.ask("o1", "o2", "o3") == ["1", "1", "2"]
    assert [call.keys for call in house.shop.calls] == [("o1", "o2"), ("o3",)]


async def test_absence_is_remembered_for_its_own_time(house: House, clock: FakeClock) -> None:
    """That there is no such record is an answer too, and is believed for `absent_ttl`."""
    assert await house.ask("x1") == [None]
    clock.advance(9)
    assert await house.ask("x1") == [None]
    assert len(house.shop.calls) == 1
    clock.advance(1)
    await house.ask("x1")
    assert len(house.shop.calls) == 2


async def test_keys_that_cannot_be_sent_fill_no_memory(house: House, memory: MemoryStore) -> None:
    """What is never sent to the backend is not remembered either, so nonsense pushes nothing out."""
    assert await house.ask("-1") == [None]
    assert (house.shop.calls, len(memory.cache)) == ([], 0)


async def test_a_stale_answer_serves_while_it_is_renewed(house: House, clock: FakeClock) -> None:
    """After its TTL an answer serves at once, is named as stale with its age, and one call renews it."""
    await house.ask("o1")
    clock.advance(75)
    house.shop.endpoint.gate.clear()
    contexts = [house.context(), house.context()]
    for context in contexts:
        assert await house.ask("o1", context=context) == ["1"]
        (stale,) = context.stale
        assert (stale.backend, stale.operation) == ("memory", "orders.by_ids")
        assert (stale.age, stale.reason) == (75, "revalidating")
    house.shop.endpoint.gate.set()
    await house.settled()
    assert len(house.shop.calls) == 2
    context = house.context()
    assert await house.ask("o1", context=context) == ["2"]
    assert context.stale == []


async def test_too_old_an_answer_waits_for_the_new_one(house: House, clock: FakeClock) -> None:
    """Beyond `stale` an answer does not serve while the backend is well."""
    await house.ask("o1")
    clock.advance(91)
    context = house.context()
    assert await house.ask("o1", context=context) == ["2"]
    assert context.stale == []


async def test_an_old_answer_serves_when_the_backend_fails(house: House, clock: FakeClock) -> None:
    """For `stale_if_error` an old answer stands in for a failure, and is named; absences do not, and then it ends."""
    await house.ask("o1", "x1")
    clock.advance(100)
    house.shop.down = True
    context = house.context()
    served, absent, unknown = await house.ask("o1", "x1", "o9", context=context)
    assert served == "1"
    assert isinstance(absent, BackendUnavailable)
    assert isinstance(unknown, BackendUnavailable)
    assert [(stale.age, stale.reason) for stale in context.stale] == [(100, "error")]
    clock.advance(560)
    assert isinstance((await house.ask("o1"))[0], BackendUnavailable)


async def test_what_is_gone_does_not_come_back_when_the_backend_fails(house_of: MakeHouse, clock: FakeClock) -> None:
    """A record that the backend has deleted is shown to nobody afterwards, also where absence is not remembered."""
    freshness = Freshness.model_validate({"ttl": "60s", "stale_if_error": "1h"})
    house = house_of(freshness=freshness)
    assert await house.ask("o1") == ["1"]
    clock.advance(70)
    house.shop.gone = {"o1"}
    assert await house.ask("o1") == [None]
    house.shop.down = True
    (answer,) = await house.ask("o1")
    assert isinstance(answer, BackendUnavailable)


async def test_who_learns_that_a_record_is_gone_tells_all(house_of: MakeHouse) -> None:
    """A caller who asks for fresh data and finds nothing takes the old answer from the others too."""
    house = house_of(freshness=Freshness.model_validate({"ttl": "60s"}))
    assert await house.ask("o1") == ["1"]
    house.shop.gone = {"o1"}
    assert await house.ask("o1", context=house.context(fresh=True)) == [None]
    assert await house.ask("o1") == [None]


@pytest.mark.parametrize("after", [0.0, 65.0, 700.0])
async def test_a_herd_costs_one_call(house: House, clock: FakeClock, after: float) -> None:
    """However many want the same order at once, when it is unknown, has just grown stale or is too old: one call."""
    if after:
        await house.ask("o1")
        clock.advance(after)
        house.shop.calls.clear()
    answers = await asyncio.gather(*(house.ask("o1") for _ in range(200)))
    await house.settled()
    assert len({answer[0] for answer in answers}) == 1
    assert len(house.shop.calls) == 1


async def test_what_is_in_front_of_redis_forgets_too(
    house_of: MakeHouse, redis: RedisStore, memory: MemoryStore, clock: FakeClock
) -> None:
    """An invalidation that another process was told of reaches what this one keeps in front of Redis."""
    house = house_of(store=LayeredStore(memory, redis, 30.0))
    assert await house.ask("o1") == await house.ask("o1") == ["1"]
    clock.advance(1.0)
    house.invalidations.add({"order:o1": clock.time()})
    clock.advance(1.0)
    assert await house.ask("o1") == await house.ask("o1") == ["2"]
    assert len(house.shop.calls) == 2


async def test_news_of_others_costs_nothing(house: House, clock: FakeClock) -> None:
    """While something of another kind is being forgotten, callers who want the same order still share its call."""
    house.invalidations.add({"product:SKU-1": clock.time() + 2.0})
    house.shop.endpoint.gate.clear()
    asked = [asyncio.create_task(house.ask("o1"))]
    await turns()
    asked.append(asyncio.create_task(house.ask("o1")))
    await turns()
    house.shop.endpoint.gate.set()
    assert [await one for one in asked] == [["1"], ["1"]]
    assert len(house.shop.calls) == 1


async def test_failures_are_not_remembered(house: House) -> None:
    """A failure is told once; the next caller asks again."""
    house.shop.down = True
    assert isinstance((await house.ask("o1"))[0], BackendUnavailable)
    house.shop.down = False
    assert await house.ask("o1") == ["2"]


async def test_a_group_with_a_bad_record_is_not_remembered(house_of: MakeHouse) -> None:
    """A record that did not fit its mapping today may fit tomorrow, so its group is asked for again."""
    house = house_of("orders.by_customers")
    answer = house.shop.endpoint._answer
    bad = BackendContract("bad", backend="memory", operation="orders.by_customers", key="c1")

    def with_bad_record(call):  # type: ignore[no-untyped-def] # the endpoint's own signature
        fetched = answer(call)
        return type(fetched)(records=[*fetched.records, bad])

    house.shop.endpoint._answer = with_bad_record
    for _ in range(2):
        (group,) = await house.source.answers(["c1"], (), (), house.context())
        assert bad in group
    assert len(house.shop.calls) == 2


async def test_who_asks_for_fresh_data_gets_it_and_shares_it(house: House) -> None:
    """`no-cache` passes over what is remembered and renews it for everybody."""
    await house.ask("o1")
    assert await house.ask("o1", context=house.context(fresh=True)) == ["2"]
    assert await house.ask("o1") == ["2"]


async def test_who_asks_for_fresh_data_joins_no_call_under_way(house: House, clock: FakeClock) -> None:
    """A call that left before the caller asked may bring what the caller has just changed, so it is not joined."""
    house.shop.endpoint.gate.clear()
    early = asyncio.create_task(house.ask("o1"))
    await turns()
    clock.advance(0.1)
    fresh = asyncio.create_task(house.ask("o1", context=house.context(fresh=True)))
    await house.shop.endpoint.asked(2)
    house.shop.endpoint.gate.set()
    await asyncio.gather(early, fresh)
    assert len(house.shop.calls) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"args": (("limit", 1),)}, {"args": (("limit", 2),)}),
        ({"args": (("status", "A"),)}, {}),
        ({"forwarded": (("Authorization", "Bearer a"),)}, {"forwarded": (("Authorization", "Bearer b"),)}),
        ({"forwarded": (("X-User", "7"),)}, {}),
        ({"args": (("x", "1"),)}, {"forwarded": (("x", "1"),)}),
    ],
)
async def test_what_would_differ_on_the_wire_is_remembered_apart(house: House, one: dict, other: dict) -> None:  # type: ignore[type-arg] # any two identities
    """Two callers whose call would differ never see each other's answer."""
    assert await house.ask("o1", **one) == ["1"]
    assert await house.ask("o1", **other) == ["2"]
    assert await house.ask("o1", **one) == ["1"]


async def test_tenants_are_remembered_apart(house: House) -> None:
    """Callers of two tenants share no entry, even where their calls look the same."""
    for tenant, status in (("a", "1"), ("b", "2"), (None, "3"), ("a", "1")):
        context = house.context(principal=Principal(subject="s", tenant=tenant))
        assert await house.ask("o1", context=context) == [status]


async def test_a_ttl_is_shortened_at_random(house_of: MakeHouse, clock: FakeClock) -> None:
    """What was fetched together does not expire together everywhere: a TTL loses up to the configured share."""
    house = house_of(jitter=0.8)
    await house.ask("o1")
    clock.advance(35)
    assert await house.ask("o1") == ["1"]
    clock.advance(2)
    context = house.context()
    await house.ask("o1", context=context)
    assert context.stale


async def test_pages_are_remembered_and_shared(house_of: MakeHouse, clock: FakeClock) -> None:
    """A page of a list is one call for all who want it at once, and none while it is fresh."""
    house = house_of("orders.list")
    asked = [house.source.listing(2, None, (), (), house.context()) for _ in range(3)]
    pages = [*await asyncio.gather(*asked), await house.source.listing(2, None, (), (), house.context())]
    assert {(tuple(page.records), page.total, tuple(page.positions or ())) for page in pages} == {
        (tuple(pages[0].records), 9, ("p", "p"))
    }
    assert len(house.shop.calls) == 1
    for first, after in ((3, None), (2, "z")):
        await house.source.listing(first, after, (), (), house.context())
    assert [(call.first, call.after) for call in house.shop.calls[1:]] == [(3, None), (2, "z")]


async def test_an_old_page_serves_when_the_backend_fails(house_of: MakeHouse, clock: FakeClock) -> None:
    """Lists are as patient with a failing backend as single records are."""
    house = house_of("orders.list")
    await house.source.listing(2, None, (), (), house.context())
    clock.advance(120)
    house.shop.down = True
    context = house.context()
    assert len((await house.source.listing(2, None, (), (), context)).records) == 2
    assert context.stale[0].reason == "error"
    with pytest.raises(BackendUnavailable):
        await house.source.listing(3, None, (), (), house.context())


async def test_the_backend_may_shorten_a_ttl_but_not_lengthen_it(house: House, clock: FakeClock) -> None:
    """`max-age` of an answer counts where it is shorter than the configured TTL."""
    house.shop.max_age = 20.0
    await house.ask("o1")
    house.shop.max_age = 1000.0
    await house.ask("o2")
    clock.advance(21)
    assert await house.ask("o2") == ["2"]
    context = house.context()
    await house.ask("o1", context=context)
    assert context.stale
    clock.advance(40)
    context = house.context()
    await house.ask("o2", context=context)
    assert context.stale


async def test_what_must_not_be_stored_is_not(house: House, memory: MemoryStore) -> None:
    """An answer with `no-store` or `max-age=0` and without an ETag is asked for each time."""
    house.shop.max_age = 0.0
    assert [await house.ask("o1"), await house.ask("o1")] == [["1"], ["2"]]
    assert len(memory.cache) == 0


async def test_an_etag_is_asked_about(house_of: MakeHouse, clock: FakeClock) -> None:
    """Where the backend is asked key by key, an expired answer is confirmed by If-None-Match and serves again."""
    house = house_of(max_batch=1)
    house.shop.etag = '"v1"'
    assert await house.ask("o1", "o2") == ["1", "2"]
    clock.advance(95)
    assert await house.ask("o1") == ["1"]
    assert house.shop.calls[-1].if_none_match == '"v1"'
    clock.advance(30)
    assert await house.ask("o1") == ["1"]
    assert len(house.shop.calls) == 3
    house.shop.etag = '"v2"'
    clock.advance(95)
    assert await house.ask("o1") == ["4"]


async def test_a_confirmed_answer_serves_those_who_never_had_it(house_of: MakeHouse, clock: FakeClock) -> None:
    """Who joins a call that is answered 304 gets the record itself."""
    house = house_of(max_batch=1)
    house.shop.etag = '"v1"'
    await house.ask("o1")
    clock.advance(95)
    house.shop.endpoint.gate.clear()
    holder = asyncio.create_task(house.ask("o1"))
    await turns()
    stranger = asyncio.create_task(house.source._inner.answers(["o1"], (), (), house.context()))
    await turns()
    house.shop.endpoint.gate.set()
    assert await holder == ["1"]
    assert [order.number for order in await stranger] == ["1"]
    assert len(house.shop.calls) == 2


async def test_what_may_only_serve_when_confirmed_is_confirmed_each_time(house_of: MakeHouse, clock: FakeClock) -> None:
    """`max-age=0` with an ETag is asked about at each use, and never stands in for a failure."""
    house = house_of(max_batch=1)
    house.shop.etag, house.shop.max_age = '"v1"', 0.0
    assert await house.ask("o1") == ["1"]
    clock.advance(1)
    assert await house.ask("o1") == ["1"]
    assert house.shop.calls[-1].if_none_match == '"v1"'
    house.shop.down = True
    assert isinstance((await house.ask("o1"))[0], BackendUnavailable)


async def test_batches_are_not_asked_about(house: House, clock: FakeClock) -> None:
    """The ETag of a batch says nothing about one of its keys, so it is not used."""
    house.shop.etag = '"v1"'
    await house.ask("o1")
    clock.advance(95)
    await house.ask("o1")
    assert [call.if_none_match for call in house.shop.calls] == [None, None]


async def test_an_invalidated_record_is_asked_for_again(house: House, clock: FakeClock) -> None:
    """A tag makes everything that carries it a miss, though it were fresh; nothing else is."""
    await house.ask("o1", "o2")
    clock.advance(1)
    house.invalidations.add({"order:o1": clock.time()})
    clock.advance(1)
    assert await house.ask("o1", "o2") == ["2", "1"]
    assert await house.ask("o1", "o2") == ["2", "1"]


async def test_an_invalidation_covers_a_call_under_way(house: House, clock: FakeClock) -> None:
    """What left before the invalidation may be old: it is not remembered as new, and later askers do not join it."""
    house.shop.endpoint.gate.clear()
    early = asyncio.create_task(house.ask("o1"))
    await turns()
    clock.advance(1)
    house.invalidations.add({"order:o1": clock.time()})
    clock.advance(1)
    late = asyncio.create_task(house.ask("o1"))
    await house.shop.endpoint.asked(2)
    house.shop.endpoint.gate.set()
    await asyncio.gather(early, late)
    await house.ask("o1")
    assert len(house.shop.calls) == 2


async def test_an_older_answer_does_not_replace_a_newer_one(
    house: House, memory: MemoryStore, clock: FakeClock
) -> None:
    """When two calls for one record overtake each other, what left later stays."""
    codec = house.source._codec
    now = clock.time()
    for sent_at, status in ((now + 5, "new"), (now, "old")):
        entry: Entry[Order] = Entry(sent_at, now + 60, Order(id="o1", number=status))
        memory.put({house.source._naming.prefix((), ()) + "o1": entry}, 60.0, codec)
    assert await house.ask("o1") == ["new"]


async def test_the_least_lifetime_of_all_parts_is_told(house: House, clock: FakeClock) -> None:
    """Who wants to know learns how long the whole answer stays fresh."""
    await house.ask("o1")
    clock.advance(20)
    for keys, least in ((("o1",), 40), (("o1", "o2"), 40), (("o2",), 60), (("x1",), 10), (("o1", "x1"), 10)):
        context = house.context(watched=True)
        await house.ask(*keys, context=context)
        assert context.lifetime is not None
        assert context.lifetime.least == least
    clock.advance(45)
    context = house.context(watched=True)
    await house.ask("o1", context=context)
    assert context.lifetime is not None
    assert context.lifetime.least == 0


async def test_one_source_never_reads_what_another_mapping_wrote(house_of: MakeHouse, clock: FakeClock) -> None:
    """Two operations over one store keep their entries apart."""
    one, other = house_of(), house_of("orders.by_customers")
    await one.ask("c1")
    (group,) = await other.source.answers(["c1"], (), (), other.context())
    assert [order.id for order in group] == ["c1"]
    assert len(other.shop.calls) == 1


async def test_closing_ends_what_goes_on_behind(house: House, clock: FakeClock) -> None:
    """No task is left when the process ends."""
    await house.ask("o1")
    clock.advance(75)
    house.shop.endpoint.gate.clear()
    await house.ask("o1")
    (task,) = house.source._background
    await house.source.close()
    assert task.done()
