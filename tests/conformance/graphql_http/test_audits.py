"""The GraphQL-over-HTTP audits that npm's `graphql-http` ships, run against the door on a real socket."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import orjson
import pytest

from tests.gateway.http.conftest import served
from tests.gateway.http.door import Door

HERE = Path(__file__).parent
AUDITS = 61
"""How many the locked version has, so that one that goes missing is missed."""


async def output_of(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=HERE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, f"{' '.join(command)}\n{output.decode()}{errors.decode()}"
    return output.decode()


@pytest.mark.timeout(180)
async def test_every_audit_passes() -> None:
    """Every audit, whether it says MUST, SHOULD or MAY, finds what it looks for."""
    node, npm = shutil.which("node"), shutil.which("npm")
    assert node is not None, "the audits need node"
    assert npm is not None, "the audits need npm"
    if not (HERE / "node_modules").is_dir():
        await output_of(npm, "ci")
    async with served(Door().endpoint) as port:
        output = await output_of(node, "audit.mjs", f"http://127.0.0.1:{port}/graphql")
    results = [orjson.loads(line) for line in output.splitlines()]
    assert len({result["id"] for result in results}) == AUDITS
    assert [result for result in results if result["status"] != "ok"] == []
