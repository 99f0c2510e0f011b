"""The demo's warehouse: products and stock over SOAP 1.1, document/literal wrapped. The credential is HTTP basic.

Namespace `http://demo.example/warehouse`, service and port `Warehouse`, WSDL at `/soap?wsdl`.

    GetProducts(skus: {sku*})                → products: {Product*}; at most 500 SKUs, unknown ones are left out
    ListProducts(offset?, limit?, text?,     → items: {Product*}, total; limit 1 to 200, default 50; text in SKU or
                 sort?)                        name, whatever the case; sort: sku or name, a minus in front or not,
                                               default sku

A Product: sku, name, unit, stock: {StockLevel*}; a StockLevel: warehouse, onHand (decimal, nil where nobody counted),
reserved (decimal). A product that a warehouse does not keep has no StockLevel there.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from functools import cache
from hmac import compare_digest
from typing import Any

from gateway.demo.books import Books, ProductRow, decimal_of_thousandths, folded
from gateway.demo.soap import Entity, SoapServer, application, checked_keys, operation, page, sorted_rows
from gateway.demo.spyne_door import Array, ComplexModel, Decimal, Soap11, Unicode, UnsignedInteger32

NAMESPACE = "http://demo.example/warehouse"
_SORT_KEYS: dict[str, Callable[[ProductRow], Any]] = {
    "sku": lambda row: row.sku,
    "name": lambda row: (folded(row.name), row.sku),
}


class Warehouse(SoapServer):
    """Serves the products of these books to who knows the password."""

    name = "warehouse"
    operations = ("GetProducts", "ListProducts", "wsdl")
    misfit = re.compile(rb"(<(?:\w+:)?onHand>)[^<]+")

    def __init__(self, books: Books, user: str, password: str) -> None:
        super().__init__()
        self._products = books.products
        self._authorization = b"Basic " + b64encode(f"{user}:{password}".encode())
        self._entities: dict[str, Entity] = {}

    def admits(self, authorization: str, soap_headers: Any) -> bool:
        """Whether the HTTP header holds user and password (RFC 7617)."""
        return compare_digest(authorization.encode(), self._authorization)

    @staticmethod
    def application() -> Any:
        """The WSGI application that answers, built once per process."""
        return _application()

    def get_products(self, skus: list[str | None] | None) -> list[Entity]:
        """The products of these SKUs."""
        return [self._entity(self._products[sku]) for sku in checked_keys(skus) if sku in self._products]

    def list_products(
        self, offset: int | None, limit: int | None, text: str | None, sort: str | None
    ) -> tuple[list[Entity], int]:
        """One page, and how many products there are in all."""
        wanted = folded(text or "")
        rows = [row for row in self._products.values() if wanted in folded(f"{row.sku}\n{row.name}")]
        rows = sorted_rows(rows, sort or "sku", _SORT_KEYS)
        return [self._entity(row) for row in page(rows, offset, limit)], len(rows)

    def _entity(self, row: ProductRow) -> Entity:
        entity = self._entities.get(row.sku)
        if entity is None:
            entity = self._entities[row.sku] = Entity(_product_values(row))
        return entity


def _product_values(row: ProductRow) -> dict[str, Any]:
    return {
        "sku": row.sku,
        "name": row.name,
        "unit": row.unit,
        "stock": [
            {
                "warehouse": level.warehouse,
                "onHand": None if level.on_hand is None else decimal_of_thousandths(level.on_hand),
                "reserved": decimal_of_thousandths(level.reserved),
            }
            for level in row.stock
        ],
    }


@cache
def _application() -> Any:
    text = Unicode.customize(min_occurs=1, nillable=False)
    level = ComplexModel.produce(
        NAMESPACE,
        "StockLevel",
        [
            ("warehouse", text),
            ("onHand", Decimal.customize(min_occurs=1)),
            ("reserved", Decimal.customize(min_occurs=1)),
        ],
    )
    product = ComplexModel.produce(
        NAMESPACE, "Product", [("sku", text), ("name", text), ("unit", text), ("stock", Array(level))]
    )
    operations = [
        operation(
            "GetProducts",
            {"skus": Array(Unicode, member_name="sku")},
            {"products": Array(product)},
            Warehouse.get_products,
        ),
        operation(
            "ListProducts",
            {"offset": UnsignedInteger32, "limit": UnsignedInteger32, "text": Unicode, "sort": Unicode},
            {"items": Array(product), "total": UnsignedInteger32},
            Warehouse.list_products,
        ),
    ]
    return application("Warehouse", NAMESPACE, operations, product, Soap11(validator="lxml"), Soap11())
