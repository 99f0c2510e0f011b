"""docs/connect.md, followed to the letter in a shell: only addresses and ports are replaced."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
from pathlib import Path

import pytest

from gateway.demo.company import DemoCompany

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(sh|toml|python|json)\n(.*?)^```", re.MULTILINE | re.DOTALL)
MARK = "--- block "


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def script_of(page: str) -> tuple[str, dict[int, str]]:
    """The page as one shell script: files are written as the page says. And what is expected after which command."""
    lines = ["set -em", "mkdir my_company", "trap 'kill %1 2> /dev/null || true' EXIT"]
    expected: dict[int, str] = {}
    file = "bizgraph.toml"
    for number, (kind, text) in enumerate(BLOCK.findall(page)):
        if kind == "json":
            expected[number - 1] = text
        elif kind == "sh":
            lines += [f"echo; echo '{MARK}{number}'", text]
        elif kind == "python":
            lines += ["cat > my_company/crm.py <<'EOF'", f"{text}EOF"]
            file = "adapted.toml"
        else:
            lines += [f"cat >> {file} <<'EOF'", f"{text}\nEOF"]
    return "\n".join(lines), expected


@pytest.mark.timeout(240)  # nine processes start one after the other
async def test_the_page_works_as_written(company: DemoCompany, tmp_path: Path) -> None:
    """Every file and command of the page does what the page says, and answers what it shows."""
    page = (ROOT / "docs/connect.md").read_text(encoding="utf-8")
    port = free_port()
    for shown, real in (
        ("http://127.0.0.1:8101", company.crm.url),
        ("http://127.0.0.1:8103", company.warehouse.url),
        ("http://127.0.0.1:8000", f"http://127.0.0.1:{port}"),
    ):
        assert shown in page
        page = page.replace(shown, real)
    script, expected = script_of(page)
    commands = tmp_path / "bin"
    commands.mkdir()
    command = commands / "bizgraph"
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}:$PYTHONPATH" exec "{sys.executable}" -P -m gateway "$@"\n')
    command.chmod(0o755)
    environment = {"PATH": f"{commands}:{os.environ['PATH']}", "BIZGRAPH_SERVER__PORT": str(port), "COLUMNS": "160"}
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        script,
        cwd=tmp_path,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        out, _ = await shell.communicate()
    finally:
        if shell.returncode is None:
            os.killpg(shell.pid, signal.SIGKILL)
    text = out.decode()
    assert shell.returncode == 0, text
    told = {int(part.split("\n", 1)[0]): part.split("\n", 1)[1] for part in text.split(MARK)[1:]}
    for number, answer in expected.items():
        found = next(line for line in told[number].splitlines() if line.startswith('{"data"'))
        assert json.loads(found) == json.loads(answer)
    assert "customers.by_ids" in text
    assert "products.list" in text
    assert "compared with bizgraph.shapes.json" in text
    assert "guesses to look at" in text
