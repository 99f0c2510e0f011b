"""The CRM: what each of its paths answers."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from gateway.demo.company import DemoCompany
from tests.gateway.demo.conftest import CRM


async def get(http: aiohttp.ClientSession, company: DemoCompany, path: str) -> tuple[int, Any]:
    async with http.get(company.crm.url + path, headers=CRM) as response:
        assert response.content_type == "application/json"
        return response.status, await response.json()


async def test_one_customer(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """A customer is answered bare, in the CRM's own field names, with the creation day as epoch seconds."""
    status, customer = await get(http, company, "/customers/c7")
    row = company.books.customers["c7"]
    assert status == 200
    assert customer == {
        "id": "c7",
        "number": "K-10007",
        "display_name": "Åse Bjørnstad-Müller",
        "contact": {"email": row.email, "phone": row.phone},
        "addresses": [
            {
                "type": address.kind,
                "street": list(address.street),
                "zip": address.zip,
                "city": address.city,
                "region": address.region,
                "country": address.country,
            }
            for address in row.addresses
        ],
        "state": 1,
        "created": row.created,
    }


@pytest.mark.parametrize("path", ["/customers/c0", "/customers/c1001", "/customers/c7%2F", "/customers/"])
async def test_unknown_customer(http: aiohttp.ClientSession, company: DemoCompany, path: str) -> None:
    """A customer that there is not is 404 with an error object."""
    status, answer = await get(http, company, path)
    assert (status, answer["error"]["code"]) == (404, "not_found")


async def test_batch(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """Many customers come in one call, in the order asked, each once, without those that there are not."""
    status, answer = await get(http, company, "/customers?ids=c9,zz,c2,c9")
    assert status == 200
    assert [customer["id"] for customer in answer["data"]] == ["c9", "c2"]
    assert answer["total"] == 2


async def test_batch_too_large(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """At most 100 ids fit into one call."""
    ids = ",".join(f"c{number}" for number in range(1, 102))
    status, answer = await get(http, company, f"/customers?ids={ids}")
    assert (status, answer["error"]["code"]) == (400, "too_many_ids")


async def test_missing_contacts(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """A contact may be null, lack the e-mail address, or hold a null telephone number."""
    contacts = []
    for start in range(1, 1000, 100):
        ids = ",".join(f"c{number}" for number in range(start, start + 100))
        _, answer = await get(http, company, f"/customers?ids={ids}")
        contacts += [customer["contact"] for customer in answer["data"]]
    assert any(contact is None for contact in contacts)
    assert any(contact is not None and "email" not in contact for contact in contacts)
    assert any(contact is not None and contact["phone"] is None for contact in contacts)


async def test_pages_cover_everything_once(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """Walking by offset and limit meets every customer once, and each page tells the total."""
    seen: list[str] = []
    while True:
        _, answer = await get(http, company, f"/customers?offset={len(seen)}&limit=150")
        assert answer["total"] == 1000
        if not answer["data"]:
            break
        seen += [customer["id"] for customer in answer["data"]]
    assert len(seen) == 1000
    assert set(seen) == set(company.books.customers)


async def test_default_page(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """Without parameters the first fifty come, in order of their numbers; empty parameters count as missing."""
    _, answer = await get(http, company, "/customers?q=&status=")
    assert [customer["id"] for customer in answer["data"]] == [f"c{number}" for number in range(1, 51)]
    assert (answer["offset"], answer["limit"]) == (0, 50)


async def test_filters(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """Status codes and text narrow the list, whatever the case of the text."""
    _, answer = await get(http, company, "/customers?status=0,3&limit=200")
    expected = [row.id for row in company.books.customers.values() if row.state in {0, 3}]
    assert answer["total"] == len(expected)
    assert {customer["state"] for customer in answer["data"]} == {0, 3}
    _, answer = await get(http, company, "/customers?q=SÖHNE")
    assert "c1" in [customer["id"] for customer in answer["data"]]
    _, answer = await get(http, company, "/customers?q=k-10007")
    assert [customer["id"] for customer in answer["data"]] == ["c7"]


async def test_created_range(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """A day as bound means the whole day in UTC; an instant or epoch seconds are taken exactly."""
    row = company.books.customers["c7"]
    _, answer = await get(http, company, "/customers?created_from=2024-01-28&created_to=2024-01-28")
    same_day = [row.id for row in company.books.customers.values() if 0 <= row.created - 1_706_400_000 < 86_400]
    assert "c7" in same_day
    assert [customer["id"] for customer in answer["data"]] == same_day
    for bounds in (
        f"created_from={row.created}&created_to={row.created}",
        "created_from=2024-01-28T04:40:45Z&created_to=2024-01-28T04:40:45Z",
    ):
        _, answer = await get(http, company, f"/customers?{bounds}")
        assert [customer["id"] for customer in answer["data"]] == ["c7"]
    _, answer = await get(http, company, "/customers?created_from=2024-01-29&created_to=2024-01-28")
    assert answer == {"data": [], "total": 0, "offset": 0, "limit": 50}
    _, answer = await get(http, company, "/customers?created_from=-9999999999&created_to=9999-12-31")
    assert answer["total"] == 1000


@pytest.mark.parametrize("key", ["name", "number", "created"])
async def test_order(http: aiohttp.ClientSession, company: DemoCompany, key: str) -> None:
    """A minus before the sort key turns the order round."""
    _, up = await get(http, company, f"/customers?sort={key}&limit=200")
    _, down = await get(http, company, f"/customers?sort=-{key}&limit=200&offset=800")
    assert [customer["id"] for customer in up["data"]] == [customer["id"] for customer in down["data"]][::-1]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=٣",
        "offset=-1",
        "status=9",
        "sort=colour",
        "created_from=soon",
        "colour=red",
        "ids=c1&colour=red",
    ],
)
async def test_misfits(http: aiohttp.ClientSession, company: DemoCompany, query: str) -> None:
    """A parameter that is unknown or does not fit is refused, never ignored."""
    status, answer = await get(http, company, f"/customers?{query}")
    assert status == 400
    assert answer["error"]["code"] in {"bad_parameter", "unknown_parameter"}


async def test_other_paths_and_methods(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """Other paths are 404, other methods 405."""
    assert (await get(http, company, "/orders"))[0] == 404
    async with http.delete(f"{company.crm.url}/customers/c7", headers=CRM) as response:
        assert response.status == 405
