"""What others have read tells a customer nothing: not by headers, not by ages, not while a system is down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from gateway.demo.switches import Switch
from tests.client import Client
from tests.conftest import CallsOf, MakeToken
from tests.doubles import FakeClock
from tests.patience import demo_settings

OWN, OTHER = "c7", "c8"
SYSTEMS = {"order": "shop", "invoice": "accounting"}
MISSING = {"order": "o999999", "invoice": "i999999"}


@pytest.fixture
def time() -> FakeClock:
    """The clock of the caches; tokens are minted by it too."""
    return FakeClock()


@pytest.fixture
async def house(company: DemoCompany, time: FakeClock) -> AsyncIterator[Gateway]:
    """The demo's gateway, with its cache, on a clock that the test moves."""
    plain = {"BIZGRAPH_CACHE__JITTER": "0"}
    for name in ("SHOP", "ACCOUNTING"):  # Attempts and breakers follow what went before, whoever asked it.
        plain |= {f"BIZGRAPH_BACKENDS__{name}__RETRIES": "0", f"BIZGRAPH_BACKENDS__{name}__BREAKER": "off"}
    whole = Gateway(*demo_settings(company, plain), clock=time)
    async with whole.running():
        company.clear_calls()
        yield whole


class Asking:
    """A customer that asks for single records, and whatever of the answers it can see."""

    def __init__(self, house: Gateway, token: MakeToken, time: FakeClock, calls: CallsOf, field: str) -> None:
        app = house.entrance
        lasting = {"now": time.time(), "expires_in": 86_400.0}
        self.customer = Client(app, token(customer=OWN, **lasting))
        self.staff = Client(app, token(**lasting))
        self._calls = calls
        self._field = field

    def query(self, key: str) -> str:
        return f'{{ {self._field}(id: "{key}") {{ id }} }}'

    async def seen(self, key: str) -> list[object]:
        """Status, body and what is told of keeping it, by POST and by GET, and what it has cost."""
        seen: list[object] = []
        self._calls()
        for _ in range(2):
            answer = await self.customer.ask(self.query(key), x_request_id="same")
            seen += [answer.status, answer.body, self._calls()]
            address = f"/graphql?query={quote(self.query(key))}"
            answer = await self.customer.request("GET", address, headers={"x-request-id": "same"})
            told = {name: value for name, value in answer.headers.items() if name != "content-length"}
            seen += [answer.status, answer.body, told, self._calls()]
        return seen


@pytest.mark.parametrize("moment", ["fresh", "stale", "expired", "down"])
@pytest.mark.parametrize("field", ["order", "invoice"])
async def test_a_neighbours_record_in_the_cache(
    house: Gateway, token: MakeToken, time: FakeClock, calls: CallsOf, company: DemoCompany, field: str, moment: str
) -> None:
    """Of a neighbour's record that others have just read, a customer sees what it sees where there is none: the same
    bytes, the same headers and the same calls, whatever the cache knows and the system behind does."""
    asking = Asking(house, token, time, calls, field)
    records = company.books.orders if field == "order" else company.books.invoices
    theirs = next(record.id for record in records.values() if record.customer_id == OTHER)
    assert (await asking.staff.ask(asking.query(theirs))).data[field] is not None
    time.advance({"fresh": 5, "stale": 60, "expired": 400, "down": 60}[moment])
    if moment == "down":
        await getattr(company, SYSTEMS[field]).switch(Switch.ERROR_500)
        house.connections.guards[SYSTEMS[field]].breaker.__init__  # noqa: B018
    there = await asking.seen(theirs)
    time.advance(400)
    absent = await asking.seen(MISSING[field])
    assert there == absent


def asking_calls(seen: list[object]) -> list[object]:
    """The calls among what was seen, in order."""
    return [seen[index] for index in (2, 6, 9, 13)]


async def test_a_customers_own_records_are_remembered(
    house: Gateway, token: MakeToken, time: FakeClock, calls: CallsOf, company: DemoCompany
) -> None:
    """A customer's own record is read from the cache the second time, and can be kept by its browser; what is
    remembered for it is forgotten with everything else about the record."""
    asking = Asking(house, token, time, calls, "order")
    own = next(order.id for order in company.books.orders.values() if order.customer_id == OWN)
    by_post, by_get, *again = asking_calls(await asking.seen(own))
    assert by_post != {}
    assert [by_get, *again] == [{}, {}, {}]
    await house.tenants.cache.invalidate([f"order:{own}"])
    await asking.customer.ask(asking.query(own))
    assert calls() != {}
