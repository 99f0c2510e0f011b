"""Starts the gateway as a system of the peer benchmark: `python -m benchmarks.peers.serve rest|soap PORT`.

The benchmark tells the backends' addresses in CRM_URL, ORDERS_URL, INVENTORY_URL and INVOICES_URL. The cache is off, as
it is for the peers, unless BENCH_CACHE=memory.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gateway.server import run
from gateway.settings import load

BENCH_KEY = "bench-key-for-loopback-only-0123456789abcdef"
"""Signs the token in gateway.toml, which opens generated data on loopback."""


def main() -> None:
    mode, port = sys.argv[1:]
    os.environ["BENCH_KEY"] = BENCH_KEY
    urls = {name: os.environ[f"{name}_URL"] for name in ("CRM", "ORDERS", "INVENTORY", "INVOICES")}
    variables = {
        "BIZGRAPH_SERVER__PORT": port,
        "BIZGRAPH_CACHE__STORE": os.environ.get("BENCH_CACHE", "off"),
        "BIZGRAPH_BACKENDS__CRM__URL": urls["CRM"],
        "BIZGRAPH_BACKENDS__SHOP__URL": urls["ORDERS"],
    }
    for backend, name in (("INVENTORY", "INVENTORY"), ("INVOICES", "INVOICES")):
        if mode == "soap":
            variables[f"BIZGRAPH_BACKENDS__{backend}__WSDL"] = f"{urls[name]}/soap/{name.lower()}?wsdl"
        else:
            variables[f"BIZGRAPH_BACKENDS__{backend}__URL"] = urls[name]
    run(load(Path(__file__).parent / f"{mode}.toml", variables))


if __name__ == "__main__":
    main()
