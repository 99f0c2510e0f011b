"""docs/connect.md, "Two worked examples", followed to the letter in a shell: only programs and ports are replaced."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(console|text)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


@pytest.mark.timeout(120)  # five processes start one after the other
async def test_both_examples_answer_as_the_page_says() -> None:
    """The commands of the section, in its order: the ERP starts, REST answers, SOAP answers the same."""
    page = (ROOT / "docs/connect.md").read_text(encoding="utf-8").partition("## Two worked examples")[2]
    gateway, erp = free_ports()
    blocks = BLOCK.findall(page)
    script = "\n".join(
        ["set -m", "trap 'kill $(jobs -p) 2> /dev/null' EXIT", *(t for kind, t in blocks if kind == "console")]
    )
    real = {
        "8000": str(gateway),
        "8110": str(erp),
        ".venv/bin/bizgraph": f"'{sys.executable}' -m gateway",
        ".venv/bin/python": f"'{sys.executable}'",
    }
    assert all(shown in script for shown in real)
    script = re.sub("|".join(map(re.escape, real)), lambda shown: real[shown[0]], script)
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        script,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "BIZGRAPH_SERVER__PORT": str(gateway)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        out, _ = await shell.communicate()
    finally:
        if shell.returncode is None:
            os.killpg(shell.pid, signal.SIGKILL)
    (expected,) = [text.strip() for kind, text in blocks if kind == "text"]
    assert out.decode().count(expected) == 2, out.decode()
