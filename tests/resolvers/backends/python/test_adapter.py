"""Adapters in Python, with everything around them that is around other backends."""

from __future__ import annotations

import asyncio
import time
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from gateway.app import Gateway
from gateway.settings import ConfigurationError, parse
from resolvers.backends.connect import Connections
from resolvers.context import Context
from resolvers.errors import BackendContract, BackendError, BackendFailed, BackendRejected, BackendTimeout
from resolvers.principal import Principal
from resolvers.records import Customer, Money
from tests.doubles import FakeClock
from tests.resolvers.backends.python.company import Customers

PLACE = "tests.resolvers.backends.python.company"
CUSTOMERS = f'[customers]\nadapter = "{PLACE}:Customers"\n'
INVOICES = f"""
[invoices]
adapter = "{PLACE}:Invoices"
[invoices.fields]
status = {{ path = "state", values = {{ C = "PAID", O = "SENT" }} }}
"""


@asynccontextmanager
async def connected(toml: str) -> AsyncIterator[Connections]:
    connections = Connections(parse(tomllib.loads(toml), "test").data, {})
    await connections.open()
    try:
        yield connections
    finally:
        await connections.close()


def context(connections: Connections, principal: Principal | None = None, deadline: float = 30.0) -> Context:
    return Context(
        connections.backends,
        time,
        principal=principal or Principal(subject="tester"),
        deadline=time.monotonic() + deadline,
        correlation_id="c",
    )


async def test_records_and_mappings_are_read_alike() -> None:
    """An adapter may give records or mappings of their fields; both become records, in the order of the keys."""
    async with connected(CUSTOMERS) as connections:
        grace, nobody, ada = await connections.backends.customers_by_ids.load(["c2", "c9", "c1"], context(connections))
    assert grace == Customer(id="c2", name="Grace", status="ACTIVE", created_at=datetime(2026, 1, 2, tzinfo=UTC))
    assert nobody is None
    assert isinstance(ada, Customer)
    assert ada.addresses[0].lines == ("1 Analytical Row",)


async def test_a_bad_record_is_an_error_of_its_own() -> None:
    """What does not fit a field is told like any backend's, and takes no other record away."""
    async with connected(CUSTOMERS) as connections:
        good, bad = await connections.backends.customers_by_ids.load(["c1", "c3"], context(connections))
    assert isinstance(good, Customer)
    assert isinstance(bad, BackendContract)
    assert bad.details["field"] == "name"
    assert "Alan" not in bad.message


async def test_keys_of_several_requests_join_one_call_and_answers_are_kept() -> None:
    """Batches and the cache are around an adapter as around any backend."""
    async with connected(CUSTOMERS + '[customers.by_ids]\nttl = "60s"\n') as connections:
        load = connections.backends.customers_by_ids.load
        await asyncio.gather(*(load([key], context(connections)) for key in ("c1", "c2", "c1")))
        await load(["c2"], context(connections))
        assert Customers.last.events == ["open", ("c1", "c2")]
    assert Customers.last.events[-1] == "close"


async def test_batches_are_split_at_max_batch_and_unsendable_keys_stay() -> None:
    """`max_batch` and `key_pattern` hold for adapters too."""
    toml = CUSTOMERS + "[customers.by_ids]\nmax_batch = 2\nkey_pattern = 'c\\d+'\n"
    async with connected(toml) as connections:
        await connections.backends.customers_by_ids.load(["c1", "x", "c2", "c3"], context(connections))
        assert sorted(Customers.last.events[1:]) == [("c1", "c2"), ("c3",)]


async def test_foreign_exceptions_are_told_as_a_failed_backend() -> None:
    """Callers see the kind of failure and never its words; the log has the cause, and a retry is made."""
    async with connected(CUSTOMERS + '[backends.customers]\nkind = "python"\nretries = 1\nbackoff = "1ms"\n') as them:
        Customers.last.fails = cause = LookupError("password=hunter2")
        (error,) = await them.backends.customers_by_ids.load(["c1"], context(them))
    assert isinstance(error, BackendFailed)
    assert error.__cause__ is cause
    assert error.details == {
        "backend": "customers",
        "operation": "customers.by_ids",
        "cause": "LookupError",
        "attempts": 2,
    }
    assert "hunter2" not in str(error.extensions) + error.message


async def test_an_adapter_may_raise_the_errors_of_backends_itself() -> None:
    """A BackendError keeps its code."""
    async with connected(CUSTOMERS) as connections:
        Customers.last.fails = BackendRejected("not on Sundays", backend="customers", cause="sunday")
        (error,) = await connections.backends.customers_by_ids.load(["c1"], context(connections))
    assert isinstance(error, BackendRejected)
    assert error.cause == "sunday"


async def test_an_adapter_that_hangs_is_cancelled() -> None:
    """The backend's `timeout` bounds each attempt."""
    toml = CUSTOMERS + '[backends.customers]\nkind = "python"\ntimeout = "5ms"\nretries = 0\n'
    async with connected(toml) as connections:
        Customers.last.hangs = True
        (error,) = await connections.backends.customers_by_ids.load(["c1"], context(connections))
    assert isinstance(error, BackendTimeout)


async def test_lists_are_paged_by_the_adapter_or_cut_by_the_gateway() -> None:
    """A Listing is a page as it is; any other iterable is the whole list."""
    async with connected(CUSTOMERS + INVOICES) as connections:
        asked = context(connections)
        page = await connections.backends.customers_list.page(2, None, asked, {"status": ("ACTIVE",)})
        assert (page.total, page.has_next, page.positions) == (3, True, ["1", "2"])
        rest = await connections.backends.customers_list.page(2, page.positions[-1], asked)
        assert isinstance(rest.records[0], BackendContract)
        assert not rest.has_next
        whole = await connections.backends.invoices_list.page(2, "1", asked)
        assert [getattr(record, "id", None) for record in whole.records] == ["i2", "i3"]
        assert (whole.total, whole.has_next) == (3, False)
        assert Customers.last.events[1] == (2, None, {"status": ("ACTIVE",)})


async def test_groups_and_mappings() -> None:
    """`[DOMAIN.fields]` reads what the adapter names differently; money comes as Money or as amount and currency."""
    async with connected(INVOICES) as connections:
        (groups,) = await connections.backends.invoices_by_customers.load_groups(["c1"], context(connections))
    assert not isinstance(groups, BackendError)
    first, second = groups
    assert (first.status, first.issued_on, first.total) == ("PAID", date(2026, 5, 1), Money(Decimal("9.50"), "EUR"))
    assert second.total == Money(Decimal(3), "JPY")


async def test_callers_are_told_apart_only_where_something_is_forwarded() -> None:
    """What `forward` names reaches the adapter, and callers then share no call; without it, nothing does."""
    forward = 'backend = "mine"\n[backends.mine]\nkind = "python"\nforward = { claims = { X-User = "sub" } }\n'
    async with connected(CUSTOMERS + forward) as connections:
        people = [Principal(subject=name, claims={"sub": name}) for name in ("ann", "bob")]
        load = connections.backends.customers_by_ids.load
        await asyncio.gather(*(load(["c1"], context(connections, person)) for person in people))
        assert sorted(caller["X-User"] for caller in Customers.last.callers) == ["ann", "bob"]
        (error,) = await load(["c1"], context(connections))
        assert isinstance(error, BackendRejected)
    async with connected(CUSTOMERS) as connections:
        await connections.backends.customers_by_ids.load(["c1"], context(connections, people[0]))
        assert Customers.last.callers == [{}]


async def test_access_is_around_adapters() -> None:
    """Another's record answers like one that does not exist, and is not even asked for."""
    async with connected(CUSTOMERS) as connections:
        own = context(connections, Principal(subject="c1", customer="c1"))
        mine, theirs = await connections.backends.customers_by_ids.load(["c1", "c2"], own)
        assert isinstance(mine, Customer)
        assert theirs is None
        assert Customers.last.events == ["open", ("c1",)]


async def test_a_gateway_serves_an_adapter() -> None:
    """A file of two lines connects a domain, and operations that the adapter lacks are not configured."""
    gateway = Gateway(parse(tomllib.loads(CUSTOMERS), "test"), {}, clock=FakeClock())
    async with gateway.running():
        assert gateway.connections.backends.customers_by_ids.configured
        assert not gateway.connections.backends.orders_by_ids.configured


@pytest.mark.parametrize(
    ("toml", "mistake"),
    [
        ('[customers]\nadapter = "nowhere:Customers"', "customers.adapter: cannot import nowhere:Customers"),
        ('[customers]\nadapter = "nowhere"', "customers.adapter: write module:class"),
        (f'[customers]\nadapter = "{PLACE}:Blocking"', "customers.adapter: by_ids has to be an async method"),
        (
            f'[customers]\nadapter = "{PLACE}:Misspelt"',
            "customers.adapter: accepts of list names statuss: write a set of",
        ),
        (f'[orders]\nadapter = "{PLACE}:Misspelt"', "orders.adapter: accepts of list names statuss"),
        (f'[customers]\nadapter = "{PLACE}:Worded"', "customers.adapter: accepts of list names status: write a set of"),
        (f'[customers]\nadapter = "{PLACE}:Unfounded"', "customers.adapter: accepts names lists, and there is no such"),
        (f'[orders]\nadapter = "{PLACE}:Customers"\n[orders.by_customers]', "orders.by_customers: this key is unknown"),
        (CUSTOMERS + '[customers.by_ids]\npath = "/customers"', "customers.by_ids.path: this key is unknown"),
        (CUSTOMERS + '[backends.customers]\nkind = "rest"\nurl = "http://a"', 'has kind = "python"'),
        ('[customers]\nbackend = "a"\n[customers.by_ids]\n[backends.a]\nkind = "python"', "name the class under"),
        ("[customers]\n[customers.by_ids]", "customers.backend: this key is needed"),
    ],
)
def test_mistakes_are_told_by_key(toml: str, mistake: str) -> None:
    """An adapter that cannot be used is refused at start, with the key and the reason."""
    with pytest.raises(ConfigurationError) as refused:
        parse(tomllib.loads(toml), "test")
    assert mistake in str(refused.value)


def test_an_adapter_that_cannot_be_made_stops_the_start() -> None:
    """What its constructor raises is told, with its reason."""
    settings = parse(tomllib.loads(f'[customers]\nadapter = "{PLACE}:Unmakeable"'), "test")
    with pytest.raises(ConfigurationError, match=r"customers\.adapter: Unmakeable\(\) failed: .*no connection string"):
        Gateway(settings, {})
