"""The guard against answers from inside: sockets that connect to public addresses only (`public_only = true`)."""

from __future__ import annotations

import socket
from ipaddress import IPv6Address, ip_address

from aiohttp import AddrInfoType


class AddressRefused(OSError):
    """The backend's name resolves to an address that its configuration does not allow."""


def is_public(host: str) -> bool:
    """Whether this IP address is one of the public internet, addresses embedded in IPv6 included (RFC 6890)."""
    address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if embedded:
            return embedded.is_global and not embedded.is_multicast
        if int(address) >> 32 == 0x64FF9B << 64:  # NAT64, RFC 6052: the last 32 bits are an IPv4 address.
            return is_public(str(ip_address(int(address) & 0xFFFFFFFF)))
    return address.is_global and not address.is_multicast


def public_socket(info: AddrInfoType) -> socket.socket:
    """A socket for this address, or AddressRefused.

    It is asked with the final address, after resolution and for IP literals too, so that no second resolution can
    put another address in its place.
    """
    family, kind, protocol, _, address = info
    if not is_public(str(address[0])):
        raise AddressRefused("the address is not public")
    return socket.socket(family, kind, protocol)
