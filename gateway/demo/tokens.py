"""The demo's own tokens: a back office, one customer, and somebody who may see the inventory only."""

from __future__ import annotations

from pydantic import SecretStr

from gateway.auth.mint import mint
from gateway.auth.settings import IssuerSettings
from gateway.operations import EXPLAIN_SCOPE

DEMO_KEY = "demo-key-for-loopback-only-0123456789abcdef"
"""Signs the demo's tokens. It opens inventions on loopback and nothing else."""

SCOPES = (
    "customers:all",
    "customers:read",
    "customers:contact",
    "orders:read",
    "inventory:read",
    "inventory:stock",
    "invoices:read",
)
PORTAL_SCOPES = tuple(scope for scope in SCOPES if scope not in ("customers:all", "inventory:stock"))
"""What a customer portal's tokens hold: what can be sold is told to customers, what lies in which warehouse is not."""
DEMO_CUSTOMER = "c7"


def demo_tokens(issuer: IssuerSettings, key: SecretStr, now: float, expires_in: float) -> list[dict[str, str]]:
    """Three tokens with a label and a description, as GraphiQL's token picker takes them."""
    people: list[tuple[str, str, str, tuple[str, ...], str | None]] = [
        (
            "Back office",
            "Sees every customer, order, product and invoice.",
            "back-office",
            (*SCOPES, EXPLAIN_SCOPE),
            None,
        ),
        (
            f"Customer {DEMO_CUSTOMER}",
            "Sees its own records only, as a customer portal would.",
            f"customer-{DEMO_CUSTOMER}",
            PORTAL_SCOPES,
            DEMO_CUSTOMER,
        ),
        (
            "Inventory only",
            "Sees products and stock; everything else is refused.",
            "warehouse",
            ("inventory:read", "inventory:stock", EXPLAIN_SCOPE),
            None,
        ),
    ]
    return [
        {
            "label": label,
            "description": description,
            "token": mint(
                issuer, key, subject=subject, now=now, expires_in=expires_in, scopes=scopes, customer=customer
            ),
        }
        for label, description, subject, scopes, customer in people
    ]
