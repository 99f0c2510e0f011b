"""The whole gateway beside its peers: `python -m benchmarks.peers.run [--peers DIR] [--systems handwritten,…]`.

The peer benchmark (its README says what it measures) is copied to a folder of its own, set up there once, and run with
the gateway as one more system. Needs wrk, node and the package registries for the set-up.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DEFAULT = ROOT.parent / "shared" / "bench"
WORK = Path(tempfile.gettempdir()) / "bizgraph-peers"


def prepare(peers: Path, systems: Sequence[str]) -> None:
    """A copy of the benchmark with what the systems need, and the gateway's slot filled in."""
    if not (WORK / "bench.py").exists():
        shutil.copytree(peers, WORK, dirs_exist_ok=True)
        for path in WORK.rglob("*"):
            path.chmod(path.stat().st_mode | 0o200)
    if shutil.which("wrk") is None:
        sys.exit("wrk is needed to make load: install it (Debian: apt-get install wrk)")
    if not (WORK / "venv").exists():
        subprocess.run([sys.executable, "-m", "venv", WORK / "venv"], check=True)
        subprocess.run([WORK / "venv/bin/pip", "install", "-q", "-r", WORK / "requirements.txt"], check=True)
        subprocess.run([sys.executable, WORK / "gen_data.py"], check=True)
    for system in systems:
        folder = WORK / "apps" / system
        if (folder / "package.json").exists() and not (folder / "node_modules").exists():
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True)
    slot = (HERE / "gateway.toml").read_text(encoding="utf-8")
    slot = slot.replace("../../main", str(ROOT)).replace(".venv/bin/python", sys.executable)
    (WORK / "systems" / "gateway.toml").write_text(slot, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter rounds")
    parser.add_argument("--peers", type=Path, default=DEFAULT, help="the folder of the peer benchmark")
    parser.add_argument("--systems", default="handwritten,strawberry,mercurius", help="the peers to run beside")
    parser.add_argument("--modes", default="rest,soap", help="rest, soap or both")
    options = parser.parse_args(arguments)
    if not (options.peers / "bench.py").exists():
        print(f"The peer benchmark is not at {options.peers}: name its folder with --peers to run it.")
        return
    systems = options.systems.split(",")
    prepare(options.peers, systems)
    for mode in options.modes.split(","):
        seconds, rounds = ("3", "2") if options.quick else ("10", "3")
        command = [str(WORK / "venv/bin/python"), "bench.py", "run", "--systems", f"{options.systems},gateway"]
        command += ["--queries", "q1,q2,q3", "--mode", mode, "--seconds", seconds, "--rounds", rounds]
        subprocess.run(command, cwd=WORK, check=True)


if __name__ == "__main__":
    main()
