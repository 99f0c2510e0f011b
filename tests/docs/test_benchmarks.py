"""The benchmarks can be run as the repository is."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.settings import load

PEERS = Path(__file__).parents[2] / "benchmarks" / "peers"


@pytest.mark.parametrize("mode", ["rest", "soap"])
def test_the_gateway_s_side_of_the_peer_benchmark_is_accepted(mode: str) -> None:
    """Its settings have no key that the gateway does not know (any more)."""
    settings = load(PEERS / f"{mode}.toml", {"BIZGRAPH_CACHE__STORE": "off"})
    assert {"crm", "shop", "inventory", "invoices"} == set(settings.data.backends)
