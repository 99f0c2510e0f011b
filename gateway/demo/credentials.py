"""What the demo's systems ask for.

The defaults are no secrets: they open four servers on loopback, full of inventions.
"""

from __future__ import annotations

from msgspec import Struct

CRM_TOKEN = "demo-crm-token"
SHOP_KEY = "demo-shop-key"
WAREHOUSE_USER = "warehouse"
WAREHOUSE_PASSWORD = "demo-warehouse-password"
ACCOUNTING_USER = "accounting"
ACCOUNTING_PASSWORD = "demo-accounting-password"


class Credentials(Struct, frozen=True, kw_only=True):
    """Bearer token of the CRM, `X-Api-Key` of the shop, HTTP basic of the warehouse, WS-Security of accounting."""

    crm_token: str = CRM_TOKEN
    shop_key: str = SHOP_KEY
    warehouse_user: str = WAREHOUSE_USER
    warehouse_password: str = WAREHOUSE_PASSWORD
    accounting_user: str = ACCOUNTING_USER
    accounting_password: str = ACCOUNTING_PASSWORD

    def __repr__(self) -> str:
        return "Credentials(…)"
