"""The demo's four systems alone: `python -m gateway.demo`, on 8101 to 8104 as the demo's bizgraph.toml expects them.

They listen on loopback only, for their credentials are known to everybody. SIGTERM and SIGINT end them.
"""

from __future__ import annotations

import argparse
import asyncio
import signal

from gateway.demo.company import DEFAULT_SEED, DemoCompany

FIRST_PORT = 8101


async def _serve(first_port: int, seed: int) -> None:
    company = DemoCompany(seed=seed)
    ports = {server.name: first_port + index for index, server in enumerate(company.servers)}
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await company.start(ports if first_port else None)
    try:
        for server in company.servers:
            print(f"{server.name} {server.url}", flush=True)
        await stop.wait()
    finally:
        await company.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gateway.demo", description="The demo's four systems alone.")
    parser.add_argument("--first-port", type=int, default=FIRST_PORT, help="four ports from here; 0 takes free ones")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="which data")
    given = parser.parse_args()
    asyncio.run(_serve(given.first_port, given.seed))


if __name__ == "__main__":
    main()
