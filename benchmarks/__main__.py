"""`make bench`: the executor, the stages of a request, the mapping, and the whole gateway beside its peers.

Every figure is a ratio to a baseline of the same run, or stands beside one: machines differ and are noisy.
"""

from __future__ import annotations

import argparse
import subprocess
import sys


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--peers", help="the folder of the peer benchmark; ../shared/bench where it is there")
    options = parser.parse_args()
    quick = ["--quick"] if options.quick else []
    where = ["--peers", options.peers] if options.peers else []
    # Each in a process of its own, so that none inherits another's heap.
    for module, arguments in (
        ("benchmarks.executor", ["--rounds", "3"] if options.quick else []),
        ("benchmarks.stages", quick),
        ("benchmarks.access", []),
        ("benchmarks.mapping", []),
        ("benchmarks.cache", []),
        ("benchmarks.concurrency", quick),
        ("benchmarks.peers.run", [*quick, *where]),
    ):
        print(f"\n== {module}", flush=True)
        subprocess.run([sys.executable, "-m", module, *arguments], check=True)


if __name__ == "__main__":
    main()
