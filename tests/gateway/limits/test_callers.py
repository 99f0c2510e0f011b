"""Whom limits count for."""

from __future__ import annotations

import pytest

from gateway.limits.callers import caller_of
from resolvers.principal import ANONYMOUS, Principal


def test_a_principal_counts_wherever_it_comes_from() -> None:
    """A caller with a token is its issuer and subject, whatever its address; two issuers' subjects are two."""
    alice = Principal(subject="alice", issuer="a")
    assert caller_of(alice, "192.0.2.1") == caller_of(alice, "192.0.2.2")
    assert caller_of(alice, "192.0.2.1") != caller_of(Principal(subject="alice", issuer="b"), "192.0.2.1")
    assert not caller_of(alice, "192.0.2.1").anonymous


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("", "unix", False),
    ],
)
def test_strangers_count_by_address(one: str, other: str, same: bool) -> None:
    """Without a token the address counts; of IPv6 the network, since a client may choose the rest."""
    assert (caller_of(ANONYMOUS, one) == caller_of(ANONYMOUS, other)) is same
    assert caller_of(ANONYMOUS, one).anonymous


def test_an_address_is_no_principal() -> None:
    """No text in place of an address takes a principal's place."""
    alice = caller_of(Principal(subject="alice", issuer="a"), "192.0.2.1")
    assert caller_of(ANONYMOUS, alice.key).key != alice.key


def test_a_caller_does_not_show_who_it_is() -> None:
    """The repr of a caller is fit for a log."""
    assert "alice" not in repr(caller_of(Principal(subject="alice", issuer="a"), "192.0.2.1"))
