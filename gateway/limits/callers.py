"""Whom a limit counts: a principal, or the address of somebody without a token."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from msgspec import Struct

from resolvers.principal import Principal

_UNIT = "\x1f"


class Caller(Struct, frozen=True):
    """One party that limits count for. `key` holds its identity: it belongs into no log."""

    key: str
    anonymous: bool = False

    def __repr__(self) -> str:
        return f"Caller(anonymous={self.anonymous})"


def caller_of(principal: Principal, address: str) -> Caller:
    """The caller behind a request: issuer and subject of the principal, else the client's address.

    Of an IPv6 address the first 64 bits count, because the rest is the client's own choice. `address` must come from
    the connection or from a trusted proxy.
    """
    if principal.subject is not None:
        return Caller(f"{principal.issuer}{_UNIT}{principal.subject}")
    # No issuer is empty, so no address can pass for a principal.
    return Caller(f"{_UNIT}{_network(address)}", anonymous=True)


def _network(address: str) -> str:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Address(int(parsed) >> 64 << 64))
