"""Who is asking: the verified caller, as far as access and forwarding need to know."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct


class Principal(Struct, frozen=True, kw_only=True, gc=False):
    """A verified caller. `customer` limits it to that customer's records; `None` limits nothing beyond the scopes.

    `unassigned` says that its token names no customer and nothing makes it one for all of them: records that belong to
    customers are then refused as a whole.

    `claims` are the verified claims and `token` the text as received, for backends whose configuration forwards them;
    neither appears in the repr.
    """

    subject: str | None = None
    issuer: str | None = None
    scopes: frozenset[str] = frozenset()
    customer: str | None = None
    unassigned: bool = False
    tenant: str | None = None
    expires_at: float | None = None
    claims: Mapping[str, Any] = MappingProxyType({})
    token: str | None = None

    def __repr__(self) -> str:
        shown = {"subject": self.subject, "customer": self.customer, "scopes": sorted(self.scopes)}
        return f"Principal({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    @property
    def authenticated(self) -> bool:
        """Whether a token was verified; the anonymous principal holds no scope."""
        return self.subject is not None


ANONYMOUS = Principal()
"""The caller without a token."""
