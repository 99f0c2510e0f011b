"""Makes the demo company's books from a seed: the same rows for the same seed and day, on any machine and Python.

Only `Random.random()` is drawn from, since the standard library promises its sequence across versions, and only
arithmetic that IEEE 754 rounds exactly is done with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from math import sqrt
from random import Random
from typing import TypeVar

from gateway.demo import vocabulary
from gateway.demo.books import SHOWN_CUSTOMER, AddressRow, Books, CustomerRow, LineRow, OrderRow, ProductRow, StockRow
from gateway.demo.invoicing import invoices_of

CUSTOMERS = 1_000
ORDERS_PER_CUSTOMER = 10
PRODUCTS = 500
_PRICE_LEVEL = {"EUR": (1, 1), "USD": (11, 10), "GBP": (17, 20), "JPY": (8, 5)}
_DAY = 86_400

T = TypeVar("T")


@lru_cache(maxsize=4)
def books(seed: int, today: date) -> Books:
    """The books of this seed on this day, generated once per process."""
    chance = Random(seed)
    draw = chance.random
    products = list(_products(draw))
    customers = list(_customers(draw, today))
    orders = list(_orders(draw, today, customers, products))
    return Books.of(seed, today, customers, orders, products, invoices_of(draw, today, customers, orders))


def _pick(draw: Callable[[], float], choices: Sequence[T]) -> T:
    return choices[int(draw() * len(choices))]


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _products(draw: Callable[[], float]) -> Iterator[ProductRow]:
    for number in range(1, PRODUCTS + 1):
        sku = f"SKU-{number:04d}"
        thing, unit = _pick(draw, vocabulary.PRODUCT_THINGS)
        name = f"{_pick(draw, vocabulary.PRODUCT_QUALITIES)} {thing} {number}"
        share = draw()
        price = int(50 + share * share * share * 40_000)
        stock = tuple(_stock(draw, sku, unit))
        yield ProductRow(sku, name, unit, price, stock)


def _stock(draw: Callable[[], float], sku: str, unit: str) -> Iterator[StockRow]:
    step = 1_000 if unit == "pcs" else 125
    for warehouse in vocabulary.WAREHOUSES:
        on_hand: int | None = int(draw() * 400) * step
        reserved = int(draw() * 30) * step  # may exceed what is there: such is life
        fate = draw()
        if sku == vocabulary.ZERO_STOCK_SKU:
            on_hand, reserved = 0, 0
        elif sku != "SKU-0001" and fate < 0.05:
            continue
        elif sku != "SKU-0001" and fate < 0.07:
            on_hand = None
        yield StockRow(warehouse, on_hand, reserved)


def _customers(draw: Callable[[], float], today: date) -> Iterator[CustomerRow]:
    midnight = _midnight(today)
    for number in range(1, CUSTOMERS + 1):
        id_ = f"c{number}"
        awkward = vocabulary.AWKWARD_CUSTOMERS
        name = awkward[number - 1] if number <= len(awkward) else _name(draw)
        place = _pick(draw, vocabulary.CITIES)
        email: str | None = f"contact+{id_}@{_pick(draw, ('mail', 'büro', 'shop', 'post'))}.example"
        phone: str | None = f"{place[5]}{int(draw() * 90) + 10}"
        kinds = _pick(draw, (("billing",), ("billing",), ("billing", "shipping"), ()))
        state = (0, 1, 1, 1, 1, 1, 1, 1, 2, 3)[int(draw() * 10)]
        absent = draw()
        created = midnight - int((760 + draw() * 2_000) * _DAY)
        if id_ == SHOWN_CUSTOMER:
            kinds, state, absent = ("billing", "shipping"), 1, 1.0
        if absent < 0.03 or 0.06 <= absent < 0.16:
            email = None
        if absent < 0.03 or 0.10 <= absent < 0.25:
            phone = None
        addresses = tuple(_address(draw, kind, place) for kind in kinds)
        yield CustomerRow(
            id_, f"K-{10_000 + number}", name, email, phone, absent >= 0.03, addresses, state, created, place[4]
        )


def _name(draw: Callable[[], float]) -> str:
    family = _pick(draw, vocabulary.FAMILY_NAMES)
    if draw() < 0.5:
        return f"{_pick(draw, vocabulary.GIVEN_NAMES)} {family}"
    return f"{family} {_pick(draw, vocabulary.TRADES)} {_pick(draw, vocabulary.COMPANY_FORMS)}"


def _address(draw: Callable[[], float], kind: str, place: tuple[str, str, str | None, str, str, str]) -> AddressRow:
    city, zip_, region, country, _, _ = place
    street: tuple[str, ...] = (f"{_pick(draw, vocabulary.STREETS)} {int(draw() * 198) + 1}",)
    if draw() < 0.3:
        street = (*street, _pick(draw, vocabulary.EXTRA_LINES))
    return AddressRow(kind, street, zip_, city, region, country)


def _orders(
    draw: Callable[[], float], today: date, customers: Sequence[CustomerRow], products: Sequence[ProductRow]
) -> Iterator[OrderRow]:
    midnight = _midnight(today)
    number = 0
    for customer in customers:
        for _ in range(ORDERS_PER_CUSTOMER):
            number += 1
            share = draw()
            age = int(share * sqrt(share) * 720 * _DAY)
            currency = customer.currency if draw() < 0.95 else _pick(draw, ("EUR", "USD", "GBP", "JPY"))
            lines = _lines(draw, currency, products)
            placed = midnight - age
            year = datetime.fromtimestamp(placed, UTC).year
            yield OrderRow(
                f"o{number}",
                f"SO-{year}-{number:06d}",
                customer.id,
                _order_state(draw(), age / _DAY),
                placed,
                currency,
                sum(line.amount for line in lines),
                lines,
            )


def _order_state(fate: float, days: float) -> str:
    if fate < 0.05:
        return "cancelled"
    if days < 4:
        return "new" if fate < 0.6 else "paid"
    if days < 14:
        return "picking" if fate < 0.4 else "shipped"
    return "returned" if fate < 0.08 else "delivered"


def _lines(draw: Callable[[], float], currency: str, products: Sequence[ProductRow]) -> tuple[LineRow, ...]:
    times, per = _PRICE_LEVEL[currency]
    lines: list[LineRow] = []
    for _ in range(int(draw() * 5) + 1):
        kind = draw()
        if kind < 0.94:
            product = products[int(draw() * len(products))]
            price = product.price * times // per
            # Metres, kilos, litres and hours are sold by the fraction, now and then by an odd one.
            quantity = int(draw() * 9 + 1) * 1_000 if product.unit == "pcs" else int(draw() * 20 + 1) * 250
            if product.unit != "pcs" and kind < 0.05:
                quantity += 83
            lines.append(_line(product.sku, product.name, quantity, price))
        elif kind < 0.95:
            lines.append(_line(vocabulary.DISCONTINUED_SKU, "Discontinued: fax ribbon", 1_000, 990 * times // per))
        elif kind < 0.96:
            lines.append(_line(None, "Sample, free of charge", 1_000, 0))
        elif kind < 0.97 and lines:
            discount = -(sum(line.amount for line in lines) // 20)
            lines.append(_line(None, "Discount 5 %", 1_000, discount))
        else:
            lines.append(_line(None, _pick(draw, vocabulary.FREE_TEXTS), 1_000, int(draw() * 5_000) + 100))
    return tuple(lines)


def _line(sku: str | None, text: str, quantity: int, unit_price: int) -> LineRow:
    return LineRow(sku, text, quantity, unit_price, (quantity * unit_price + 500) // 1_000)
