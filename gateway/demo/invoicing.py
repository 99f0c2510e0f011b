"""What the demo company bills: most orders once, some twice, some not yet, some back again, and things nobody ordered.

The mess is deliberate: drafts without number or date, prepayments, credit notes with and without an order, part
payments, write-offs, invoices long past due.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count

from gateway.demo.books import SHOWN_CUSTOMER, CustomerRow, InvoiceRow, OrderRow

INVOICE, CREDIT_NOTE, PREPAYMENT = "380", "381", "386"

_Draw = Callable[[], float]


def invoices_of(
    draw: _Draw, today: date, customers: Sequence[CustomerRow], orders: Sequence[OrderRow]
) -> list[InvoiceRow]:
    """All documents of accounting on this day; none is issued later."""
    desk = _Desk(draw, today)
    shown = count()
    for order in orders:
        fate = draw()
        settled = draw()
        if order.customer_id == SHOWN_CUSTOMER:
            settled = (next(shown) * 0.1 + 0.05) % 1
        desk.bill(order, fate, settled)
    for customer in customers:
        desk.bill_without_order(customer, draw())
    return desk.written


class _Desk:
    def __init__(self, draw: _Draw, today: date) -> None:
        self._draw = draw
        self._today = today
        self.written: list[InvoiceRow] = []

    def bill(self, order: OrderRow, fate: float, settled: float) -> None:
        if order.total <= 0 or order.state == "new":
            return
        issued = self._issue_day(order)
        if order.state in {"paid", "picking"}:
            if fate < 0.4:
                self._write(order, PREPAYMENT, "C", issued, order.total, 0)
            elif fate < 0.6:
                self._write(order, INVOICE, "D", None, order.total, order.total)
        elif order.state == "cancelled":
            if fate < 0.5:
                self._write(order, INVOICE, "C", issued, order.total, 0)
                self._write(order, CREDIT_NOTE, "C", issued, -order.total, 0)
        elif order.state == "returned":
            self._write(order, INVOICE, "C", issued, order.total, 0)
            back = -(order.total // 2) if fate < 0.3 else -order.total
            if back:
                applied = settled < 0.5
                self._write(order, CREDIT_NOTE, "C" if applied else "O", issued, back, 0 if applied else back)
        elif fate < 0.08:
            return
        elif fate < 0.11:
            self._write(order, INVOICE, "D", None, order.total, order.total)
        elif fate < 0.18 and order.total > 1:
            half = order.total // 2
            self._write_settled(order, issued, half, self._draw())
            self._write_settled(order, issued, order.total - half, settled)
        else:
            self._write_settled(order, issued, order.total, settled)

    def bill_without_order(self, customer: CustomerRow, fate: float) -> None:
        total = 1_000 + int(self._draw() * 90_000)
        issued = self._today - timedelta(days=int(self._draw() * 400))
        if fate < 0.12 or customer.id == SHOWN_CUSTOMER:
            self._write(customer, INVOICE, "O", issued, total, total)
        elif fate < 0.15:
            self._write(customer, INVOICE, "C", issued, total, 0)
        elif fate < 0.20:
            self._write(customer, CREDIT_NOTE, "O", issued, -total, -total)

    def _issue_day(self, order: OrderRow) -> date:
        placed = datetime.fromtimestamp(order.placed, UTC).date()
        return min(placed + timedelta(days=int(self._draw() * 6)), self._today)

    def _write_settled(self, order: OrderRow, issued: date, total: int, settled: float) -> None:
        """Old invoices are mostly paid, new ones mostly not."""
        age = (self._today - issued).days
        paid = 0.80 if age > 45 else 0.45
        if settled < paid:
            self._write(order, INVOICE, "C", issued, total, 0)
        elif settled < paid + 0.07 and total > 2:
            self._write(order, INVOICE, "P", issued, total, total - total // 3)
        elif settled < paid + 0.09 and age > 180:
            self._write(order, INVOICE, "W", issued, total, 0)
        else:
            self._write(order, INVOICE, "O", issued, total, total)

    def _write(
        self, owner: OrderRow | CustomerRow, kind: str, state: str, issued: date | None, total: int, open_: int
    ) -> None:
        number = len(self.written) + 1
        prefix = "GS" if kind == CREDIT_NOTE else "RE"
        days = 14 if number % 4 == 0 else 30
        self.written.append(
            InvoiceRow(
                f"i{number}",
                f"{prefix}-{issued.year}-{number:05d}" if issued else None,
                kind,
                state,
                owner.customer_id if isinstance(owner, OrderRow) else owner.id,
                owner.id if isinstance(owner, OrderRow) else None,
                issued,
                issued + timedelta(days=days) if issued and kind != CREDIT_NOTE else None,
                owner.currency,
                total,
                open_,
            )
        )
