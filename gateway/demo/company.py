"""The demo company: CRM, shop, warehouse and accounting, four real servers over one set of books.

`bizgraph demo` runs it, and the tests meet it over real sockets. What each server answers is in the docstrings of
`crm.py`, `shop.py`, `warehouse.py` and `accounting.py`; what can go wrong on purpose is in `switches.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Self

from gateway.demo.accounting import Accounting
from gateway.demo.credentials import Credentials
from gateway.demo.crm import Crm
from gateway.demo.generator import books
from gateway.demo.server import DemoServer
from gateway.demo.shop import Shop
from gateway.demo.warehouse import Warehouse

DEFAULT_SEED = 1


class DemoCompany:
    """The four servers, as an async context manager or by `start` and `stop`.

    `today` decides what is overdue and how old everything is; by default it is the current day (UTC). The books of a
    seed and day are generated once per process and shared.
    """

    def __init__(
        self, *, seed: int = DEFAULT_SEED, today: date | None = None, credentials: Credentials | None = None
    ) -> None:
        credentials = credentials or Credentials()
        self.books = books(seed, today or datetime.now(UTC).date())
        self.crm = Crm(self.books, credentials.crm_token)
        self.shop = Shop(self.books, credentials.shop_key)
        self.warehouse = Warehouse(self.books, credentials.warehouse_user, credentials.warehouse_password)
        self.accounting = Accounting(self.books, credentials.accounting_user, credentials.accounting_password)

    @property
    def servers(self) -> tuple[DemoServer, ...]:
        """All four, in the order of their names above."""
        return self.crm, self.shop, self.warehouse, self.accounting

    async def start(self, ports: Mapping[str, int] | None = None) -> None:
        """Starts all four, on the ports given by name (`{"crm": 9001}`) or on free ones.

        Raises OSError where a port is taken, and then none of the four is left running.
        """
        ports = ports or {}
        if unknown := ports.keys() - {server.name for server in self.servers}:
            raise ValueError(f"no server named {', '.join(sorted(unknown))}")
        try:
            for server in self.servers:
                await server.start(ports.get(server.name, 0))
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stops all four at once, whatever they are doing."""
        await asyncio.gather(*(server.stop() for server in self.servers))

    def clear_calls(self) -> None:
        """Forgets the call logs of all four."""
        for server in self.servers:
            server.calls.clear()

    async def switch_off(self) -> None:
        """Everything as it should be again, on all four."""
        for server in self.servers:
            await server.switch_off()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
