"""Compare the executor with graphql-core for as long as wanted: `python -m tests.gateway.execution.fuzz --seconds 60`.

Seeds go up from `--seed`, by default one that the clock chooses. The first difference is printed with its seed and
case, and ends the run with status 1; `compare(seed)` repeats it.
"""

from __future__ import annotations

import argparse
import time

from graphql import build_schema

from tests.gateway.execution.differential import Difference, compare
from tests.gateway.execution.test_differential import SDL


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int(time.time())
    first, end, cases, sdl = seed, time.monotonic() + options.seconds, 0, SDL.read_text()
    while time.monotonic() < end:
        try:
            cases += compare(seed, schema=build_schema(sdl) if seed % 5 == 0 else None)
        except Difference as difference:
            print(f"seed {seed} of {'the public schema' if seed % 5 == 0 else 'a random schema'}\n{difference}")
            return 1
        seed += 1
    print(f"{cases} operations over {seed - first} worlds from seed {first}: no difference")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
