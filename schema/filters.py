"""What lists can be filtered and sorted by, and the enums of the states that records are in."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any

import strawberry

from resolvers import filters
from schema.ids import require_short


@strawberry.enum(description="How the business stands with a customer.")
class CustomerStatus(Enum):
    """Presents `resolvers.records.Customer.status`."""

    PROSPECT = strawberry.enum_value("PROSPECT", description="Has not bought yet.")
    ACTIVE = strawberry.enum_value("ACTIVE", description="Buys.")
    BLOCKED = strawberry.enum_value("BLOCKED", description="May not order at present.")
    CLOSED = strawberry.enum_value("CLOSED", description="No longer a customer.")


@strawberry.enum(description="How far an order is.")
class OrderStatus(Enum):
    """Presents `resolvers.records.Order.status`."""

    DRAFT = strawberry.enum_value("DRAFT", description="Not sent by the customer yet.")
    PENDING = strawberry.enum_value("PENDING", description="Received, not confirmed.")
    CONFIRMED = strawberry.enum_value("CONFIRMED", description="Accepted by the business.")
    PICKED = strawberry.enum_value("PICKED", description="Taken from the shelves.")
    SHIPPED = strawberry.enum_value("SHIPPED", description="Under way, wholly or in part.")
    DELIVERED = strawberry.enum_value("DELIVERED", description="Arrived; nothing is left to do.")
    CANCELLED = strawberry.enum_value("CANCELLED", description="Will not be delivered.")
    RETURNED = strawberry.enum_value("RETURNED", description="Came back.")


@strawberry.enum(description="What kind of document an invoice is.")
class InvoiceKind(Enum):
    """Presents `resolvers.records.Invoice.kind`."""

    INVOICE = strawberry.enum_value("INVOICE", description="Asks for payment.")
    CREDIT_NOTE = strawberry.enum_value("CREDIT_NOTE", description="Gives back; its totals are negative.")
    DEPOSIT = strawberry.enum_value("DEPOSIT", description="Asks for a part in advance.")
    REPLACEMENT = strawberry.enum_value("REPLACEMENT", description="Stands for an earlier invoice.")
    PROFORMA = strawberry.enum_value("PROFORMA", description="Asks for nothing yet.")


@strawberry.enum(description="How far the payment of an invoice is.")
class InvoiceStatus(Enum):
    """Presents `resolvers.records.Invoice.status`."""

    DRAFT = strawberry.enum_value("DRAFT", description="Not issued yet.")
    SENT = strawberry.enum_value("SENT", description="Issued and open.")
    PARTLY_PAID = strawberry.enum_value("PARTLY_PAID", description="Open, with a part paid.")
    PAID = strawberry.enum_value("PAID", description="Paid in full.")
    OVERDUE = strawberry.enum_value(
        "OVERDUE",
        description="Open after the day it was due, says the backend itself. Few do; `Invoice.overdue` and the filter "
        "`overdue` know it of all.",
    )
    WRITTEN_OFF = strawberry.enum_value("WRITTEN_OFF", description="Closed without having been paid in full.")
    CANCELLED = strawberry.enum_value("CANCELLED", description="Withdrawn.")


@strawberry.enum(description="The order of a list of customers.")
class CustomerSort(Enum):
    """Presents the argument `sort` of `resolvers.filters`."""

    NAME_ASC = strawberry.enum_value("name:asc", description="By name, from A to Z.")
    NAME_DESC = strawberry.enum_value("name:desc", description="By name, from Z to A.")
    CREATED_AT_ASC = strawberry.enum_value("created_at:asc", description="Oldest first.")
    CREATED_AT_DESC = strawberry.enum_value("created_at:desc", description="Newest first.")


@strawberry.enum(description="The order of a list of orders.")
class OrderSort(Enum):
    """Presents the argument `sort` of `resolvers.filters`."""

    PLACED_AT_ASC = strawberry.enum_value("placed_at:asc", description="Oldest first.")
    PLACED_AT_DESC = strawberry.enum_value("placed_at:desc", description="Newest first.")
    NUMBER_ASC = strawberry.enum_value("number:asc", description="By number, lowest first.")
    NUMBER_DESC = strawberry.enum_value("number:desc", description="By number, highest first.")


@strawberry.enum(description="The order of a list of products.")
class ProductSort(Enum):
    """Presents the argument `sort` of `resolvers.filters`."""

    SKU_ASC = strawberry.enum_value("sku:asc", description="By SKU, from A to Z.")
    SKU_DESC = strawberry.enum_value("sku:desc", description="By SKU, from Z to A.")
    NAME_ASC = strawberry.enum_value("name:asc", description="By name, from A to Z.")
    NAME_DESC = strawberry.enum_value("name:desc", description="By name, from Z to A.")


@strawberry.enum(description="The order of a list of invoices.")
class InvoiceSort(Enum):
    """Presents the argument `sort` of `resolvers.filters`."""

    ISSUED_ON_ASC = strawberry.enum_value("issued_on:asc", description="Oldest first.")
    ISSUED_ON_DESC = strawberry.enum_value("issued_on:desc", description="Newest first.")
    DUE_ON_ASC = strawberry.enum_value("due_on:asc", description="Due first comes first.")
    DUE_ON_DESC = strawberry.enum_value("due_on:desc", description="Due last comes first.")


STATES = "One of these states; all where none is named."
FROM = "Not before this; itself included."
TO = "Not after this; itself included."


@strawberry.input(description="Which customers are wanted; all conditions must hold.")
class CustomerFilter:
    """Presents `resolvers.filters.CustomerFilter`."""

    status: list[CustomerStatus] | None = strawberry.field(default=None, description=STATES)
    text: str | None = strawberry.field(
        default=None,
        description="Looked for in number, name and e-mail; needs the scope customers:contact as reading those does.",
    )
    created_from: datetime | None = strawberry.field(default=None, description=FROM)
    created_to: datetime | None = strawberry.field(default=None, description=TO)

    def criteria(self) -> filters.CustomerFilter:
        return filters.CustomerFilter(
            status=_values(self.status),
            text=_text(self.text),
            created_from=self.created_from,
            created_to=self.created_to,
        )


@strawberry.input(description="Which orders are wanted; all conditions must hold.")
class OrderFilter:
    """Presents `resolvers.filters.OrderFilter`."""

    status: list[OrderStatus] | None = strawberry.field(default=None, description=STATES)
    text: str | None = strawberry.field(default=None, description="Looked for in the number and the lines.")
    placed_from: datetime | None = strawberry.field(default=None, description=FROM)
    placed_to: datetime | None = strawberry.field(default=None, description=TO)

    def criteria(self) -> filters.OrderFilter:
        return filters.OrderFilter(
            status=_values(self.status), text=_text(self.text), placed_from=self.placed_from, placed_to=self.placed_to
        )


@strawberry.input(description="Which products are wanted; all conditions must hold.")
class ProductFilter:
    """Presents `resolvers.filters.ProductFilter`."""

    text: str | None = strawberry.field(default=None, description="Looked for in SKU and name.")

    def criteria(self) -> filters.ProductFilter:
        return filters.ProductFilter(text=_text(self.text))


@strawberry.input(description="Which invoices are wanted; all conditions must hold.")
class InvoiceFilter:
    """Presents `resolvers.filters.InvoiceFilter`."""

    status: list[InvoiceStatus] | None = strawberry.field(default=None, description=STATES)
    kind: list[InvoiceKind] | None = strawberry.field(
        default=None, description="One of these kinds; all where none is named."
    )
    text: str | None = strawberry.field(default=None, description="Looked for in the number.")
    issued_from: date | None = strawberry.field(default=None, description=FROM)
    issued_to: date | None = strawberry.field(default=None, description=TO)
    due_from: date | None = strawberry.field(default=None, description=FROM)
    due_to: date | None = strawberry.field(default=None, description=TO)
    overdue: bool | None = strawberry.field(
        default=None, description="Only those that are (not) overdue: open after the day they were due."
    )

    def criteria(self) -> filters.InvoiceFilter:
        return filters.InvoiceFilter(
            status=_values(self.status),
            kind=_values(self.kind),
            text=_text(self.text),
            issued_from=self.issued_from,
            issued_to=self.issued_to,
            due_from=self.due_from,
            due_to=self.due_to,
            overdue=self.overdue,
        )


OfCustomers = Annotated[
    CustomerFilter | None, strawberry.argument(name="filter", description="Which customers are wanted.")
]
OfOrders = Annotated[OrderFilter | None, strawberry.argument(name="filter", description="Which orders are wanted.")]
OfProducts = Annotated[
    ProductFilter | None, strawberry.argument(name="filter", description="Which products are wanted.")
]
OfInvoices = Annotated[
    InvoiceFilter | None, strawberry.argument(name="filter", description="Which invoices are wanted.")
]
SORT = "In which order; the backend's own where none is given."
CustomersBy = Annotated[CustomerSort | None, strawberry.argument(name="sort", description=SORT)]
OrdersBy = Annotated[OrderSort | None, strawberry.argument(name="sort", description=SORT)]
ProductsBy = Annotated[ProductSort | None, strawberry.argument(name="sort", description=SORT)]
InvoicesBy = Annotated[InvoiceSort | None, strawberry.argument(name="sort", description=SORT)]


def criteria_of(wanted: Any) -> Any:
    """The resolvers' filter for an input of this module; None where none was given. Raises BadUserInput."""
    if wanted is None:
        return None
    if wanted.text is not None:
        require_short("filter.text", wanted.text)
    return wanted.criteria()


def sort_of(wanted: Enum | None) -> str | None:
    """The resolvers' argument `sort` for an enum of this module."""
    return None if wanted is None else wanted.value


def _text(wanted: str | None) -> str | None:
    """What is looked for, without blanks around it; a search field that was left empty looks for nothing."""
    return (wanted or "").strip() or None


def _values(members: list[Any] | None) -> tuple[str, ...]:
    return tuple(member.value for member in members or ())
