"""Runs the README's commands as written, on this checkout, and compares the answers that it shows.

`make demo` is started, awaited and left running for the commands after it; `make test` is what `.ci/run` calls next,
so it is not run twice. Every other command has to succeed, and to print the JSON block that follows it, if one does.
The answer after a query is compared by tests/gateway/demo/test_run.py.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.error import URLError

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(sh|json|graphql)\n(.*?)^```", re.MULTILINE | re.DOTALL)
READY = "http://127.0.0.1:8000/health/ready"
PATIENCE = 420.0
"""Seconds for `make demo` on a clean clone: packages and GraphiQL are fetched and built."""


def await_demo(demo: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if demo.poll() is not None:
            sys.exit(f"make demo ended with {demo.returncode}")
        try:
            with urllib.request.urlopen(READY, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            pass
        time.sleep(0.5)
    sys.exit("make demo did not become ready")


def main() -> None:
    demo: subprocess.Popen[bytes] | None = None
    printed = ""
    try:
        for kind, text in BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8")):
            if kind == "graphql":
                printed = ""
                continue
            if kind == "json" and not printed:
                continue
            if kind == "json":
                expected, found = json.loads(text), json.loads(printed)
                if expected != found:
                    sys.exit(f"the README shows\n{text}\nbut the answer is\n{printed}")
                print("as shown")
                continue
            print("$ " + text.strip(), flush=True)
            if text.strip() == "make test":
                print("(next step)")
            elif text.strip() == "make demo":
                demo = subprocess.Popen(["make", "demo"], cwd=ROOT, start_new_session=True)
                await_demo(demo)
            else:
                done = subprocess.run(
                    ["bash", "-euo", "pipefail", "-c", text], cwd=ROOT, capture_output=True, text=True, check=False
                )
                printed = done.stdout
                print(printed or done.stderr)
                if done.returncode:
                    sys.exit(f"failed with {done.returncode}: {done.stderr}")
                answer = json.loads(printed)
                if "errors" in answer:
                    sys.exit("the answer holds errors")
    finally:
        if demo is not None and demo.poll() is None:
            os.killpg(demo.pid, signal.SIGINT)
            demo.wait(timeout=30)


if __name__ == "__main__":
    main()
