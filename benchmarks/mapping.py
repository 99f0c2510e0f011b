"""What the mapping costs: CPU µs per record, beside code written by hand for the same payloads and records.

Run `python -m benchmarks.mapping`. Every figure is the best of several rounds, the ways taking turns.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from time import process_time
from typing import Any

import orjson

from resolvers.backends.mapping import MappingSettings, Reader, compile_reader
from resolvers.records import (
    Address,
    Customer,
    CustomerStatus,
    Invoice,
    InvoiceKind,
    InvoiceStatus,
    Money,
    Order,
    OrderLine,
    OrderStatus,
)

COUNT = 500
ROUNDS = 15
CUSTOMER_STATUS: dict[str, CustomerStatus] = {"0": "PROSPECT", "1": "ACTIVE", "2": "BLOCKED", "3": "CLOSED"}
ORDER_STATUS: dict[str, OrderStatus] = {"0": "DRAFT", "1": "CONFIRMED", "2": "SHIPPED", "3": "DELIVERED"}
INVOICE_STATUS: dict[str, InvoiceStatus] = {"0": "DRAFT", "1": "SENT", "2": "PAID", "3": "CANCELLED"}
KINDS: dict[str, InvoiceKind] = {"0": "INVOICE", "2": "CREDIT_NOTE"}

CUSTOMER = {
    "id": "rowid",
    "number": "code",
    "name": "display_name",
    "email": "contact.email",
    "phone": "contact.phone",
    "addresses": {
        "one": ".",
        "fields": {"lines": "address", "postal_code": "zip", "city": "town", "country": "country_code"},
    },
    "status": {"path": "statut", "values": CUSTOMER_STATUS},
    "created_at": {"path": "created", "as": "epoch-seconds"},
}
ORDER = {
    "id": "id",
    "number": "ref",
    "customer_id": "socid",
    "status": {"path": "statut", "values": ORDER_STATUS},
    "placed_at": "date",
    "total": {"path": "total_ttc", "currency_path": "currency"},
    "lines": {
        "each": "lines",
        "fields": {
            "sku": "product_ref",
            "description": "desc",
            "quantity": "qty",
            "unit_price": {"path": "subprice", "currency_path": "^.currency"},
            "line_total": {"path": "total", "currency_path": "^.currency"},
        },
    },
}
INVOICE = {
    "id": "id",
    "number": "ref",
    "customer_id": "socid",
    "order_id": "order.id",
    "kind": {"path": "type", "values": KINDS},
    "status": {"path": "statut", "values": INVOICE_STATUS},
    "issued_on": "date",
    "due_on": "due",
    "total": {"path": "total_ttc", "currency_path": "currency"},
    "balance": {"path": "remaining", "currency_path": "currency"},
}


def customers_by_hand(items: list[Any]) -> list[Customer]:
    """What an integrator writes for CUSTOMER."""
    return [
        Customer(
            id=str(item["rowid"]),
            number=item["code"],
            name=item["display_name"],
            email=item["contact"].get("email"),
            phone=item["contact"].get("phone"),
            addresses=(
                Address(
                    lines=tuple(item["address"].splitlines()),
                    postal_code=item["zip"],
                    city=item["town"],
                    country=item["country_code"],
                ),
            ),
            status=CUSTOMER_STATUS[item["statut"]],
            created_at=datetime.fromtimestamp(item["created"], UTC),
        )
        for item in items
    ]


def orders_by_hand(items: list[Any]) -> list[Order]:
    """What an integrator writes for ORDER."""
    return [
        Order(
            id=item["id"],
            number=item["ref"],
            customer_id=item["socid"],
            status=ORDER_STATUS[item["statut"]],
            placed_at=datetime.fromisoformat(item["date"]),
            total=Money(Decimal(item["total_ttc"]), item["currency"]),
            lines=tuple(
                [
                    OrderLine(
                        sku=line["product_ref"],
                        description=line["desc"],
                        quantity=Decimal(line["qty"]),
                        unit_price=Money(Decimal(line["subprice"]), item["currency"]),
                        line_total=Money(Decimal(line["total"]), item["currency"]),
                    )
                    for line in item["lines"]
                ]
            ),
        )
        for item in items
    ]


def invoices_by_hand(items: list[Any]) -> list[Invoice]:
    """What an integrator writes for INVOICE."""
    return [
        Invoice(
            id=item["id"],
            number=item["ref"],
            customer_id=item["socid"],
            order_id=item["order"]["id"] if item["order"] else None,
            kind=KINDS[item["type"]],
            status=INVOICE_STATUS[item["statut"]],
            issued_on=date.fromisoformat(item["date"]),
            due_on=date.fromisoformat(item["due"]),
            total=Money(Decimal(item["total_ttc"]), item["currency"]),
            balance=Money(Decimal(item["remaining"]), item["currency"]),
        )
        for item in items
    ]


def order_dicts_by_hand(items: list[Any]) -> list[dict[str, Any]]:
    """The mapped fields of ORDER as plain dicts, nothing converted: less than any mapping has to do."""
    return [
        {
            "id": item["id"],
            "number": item["ref"],
            "customer_id": item["socid"],
            "status": item["statut"],
            "placed_at": item["date"],
            "total": item["total_ttc"],
            "currency": item["currency"],
            "lines": [
                {
                    "sku": line["product_ref"],
                    "description": line["desc"],
                    "quantity": line["qty"],
                    "unit_price": line["subprice"],
                    "line_total": line["total"],
                }
                for line in item["lines"]
            ],
        }
        for item in items
    ]


def _extras(chance: random.Random, count: int) -> dict[str, Any]:
    kinds: tuple[Any, ...] = (None, None, "some other text", 12, 3.5, False, [], "0.00000000")
    return {f"extra_{number}": chance.choice(kinds) for number in range(count)}


def _amount(chance: random.Random) -> str:
    return f"{chance.randrange(1_000_000) / 100:.8f}"


def customer_payload(chance: random.Random, number: int) -> dict[str, Any]:
    """One customer as a CRM would answer it, with fields that nobody maps."""
    return {
        "rowid": number,
        "code": f"C{number:06}",
        "display_name": f"Customer {number} & Söhne",
        "contact": {"email": f"c{number}@example.com", "phone": "+33142685300", "fax": None},
        "address": "12, rue de l'Église\n2e étage",
        "zip": "75015",
        "town": "Paris",
        "country_code": "FR",
        "statut": chance.choice("0123"),
        "created": 1_700_000_000 + number,
        **_extras(chance, 20),
    }


def order_payload(chance: random.Random, number: int) -> dict[str, Any]:
    """One order with three lines and fields that nobody maps."""
    return {
        "id": str(number),
        "ref": f"CO{number:06}",
        "socid": str(number % 50),
        "statut": chance.choice("0123"),
        "date": f"2026-0{number % 9 + 1}-11T10:12:{number % 60:02}Z",
        "total_ttc": _amount(chance),
        "currency": "EUR",
        **_extras(chance, 20),
        "lines": [
            {
                "product_ref": f"SKU-{chance.randrange(500)}",
                "desc": "A description of usual length",
                "qty": str(chance.randrange(1, 9)),
                "subprice": _amount(chance),
                "total": _amount(chance),
                **_extras(chance, 10),
            }
            for _ in range(3)
        ],
    }


def invoice_payload(chance: random.Random, number: int) -> dict[str, Any]:
    """One invoice with fields that nobody maps."""
    return {
        "id": str(number),
        "ref": f"FA{number:06}",
        "socid": str(number % 50),
        "order": {"id": str(number * 3), "ref": "CO"},
        "type": chance.choice("02"),
        "statut": chance.choice("0123"),
        "date": f"2026-0{number % 9 + 1}-11",
        "due": f"2026-0{number % 9 + 1}-28",
        "total_ttc": _amount(chance),
        "remaining": _amount(chance),
        "currency": "EUR",
        **_extras(chance, 20),
    }


Ways = dict[str, Callable[[], object]]


def ways(
    payload: Callable[[random.Random, int], dict[str, Any]],
    reader: Reader[Any],
    by_hand: Callable[[list[Any]], list[Any]],
) -> Ways:
    """The ways to compare for one record type, after making sure that they give the same."""
    chance = random.Random(7)
    body = orjson.dumps({"data": [payload(chance, number) for number in range(1, COUNT + 1)], "total": COUNT})

    def loaded() -> list[Any]:
        items: list[Any] = orjson.loads(body)["data"]
        return items

    items = loaded()
    assert reader.read_json(body) == reader.read(items) == by_hand(items)
    assert reader.typed
    assert reader.fallbacks == 0
    return {
        "dicts, by hand": lambda: by_hand(items),
        "dicts, mapping": lambda: reader.read(items),
        "bytes, orjson.loads alone": loaded,
        "bytes, orjson.loads + by hand": lambda: by_hand(loaded()),
        "bytes, orjson.loads + order dicts by hand": lambda: order_dicts_by_hand(loaded()),
        "bytes, mapping": lambda: reader.read_json(body),
    }


def best(ways: Ways, rounds: int = ROUNDS) -> dict[str, float]:
    """CPU µs per record of each way."""
    times = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, run in ways.items():
            gc.collect()
            start = process_time()
            run()
            times[name] = min(times[name], process_time() - start)
    return {name: seconds / COUNT * 1e6 for name, seconds in times.items()}


def reader(record: type[Any], fields: dict[str, Any]) -> Reader[Any]:
    """The compiled mapping of one of the tables above."""
    settings = MappingSettings.model_validate({"fields": fields})
    return compile_reader(record, settings, backend="bench", operation="list", items_path="data")


def main() -> None:
    """Prints the table: each way beside the one by hand that starts from the same."""
    compared = {
        "customer": ways(customer_payload, reader(Customer, CUSTOMER), customers_by_hand),
        "order of 3 lines": ways(order_payload, reader(Order, ORDER), orders_by_hand),
        "invoice": ways(invoice_payload, reader(Invoice, INVOICE), invoices_by_hand),
    }
    for title, taken in compared.items():
        if not title.startswith("order"):
            del taken["bytes, orjson.loads + order dicts by hand"]
        times = best(taken)
        for name, micros in times.items():
            hand = times["dicts, by hand" if name.startswith("dicts") else "bytes, orjson.loads + by hand"]
            print(f"{title:18} {name:44} {micros:7.2f} µs per record {micros / hand:7.2f}")


if __name__ == "__main__":
    main()
