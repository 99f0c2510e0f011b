"""`bizgraph serve --workers 2`: a worker that dies is replaced, and an orderly end finishes what is under way."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

from gateway.http.settings import ServerSettings
from gateway.server import uvicorn_config
from tests.scale.processes import Company, GatewayProcess, ask, until

CUSTOMER = '{ customer(id: "c7") { name } }'


def workers_of(pid: int) -> set[int]:
    """The processes that this one started and that serve: its resource tracker does not."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child) for child in children if b"spawn_main" in _command(child)}


def _command(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_workers_are_replaced_and_end_in_order(company: Company, tmp_path: Path) -> None:
    """Two processes serve one port; one killed is replaced while the other answers; SIGTERM lets the running request
    end, and the exit status is 0."""
    with GatewayProcess(company, tmp_path / "log", "--workers", "2", BIZGRAPH_CACHE__STORE="off") as gateway:
        gateway.ready()
        assert "gateway.apart" not in gateway.log.read_text("utf-8")
        before = until(lambda: found if len(found := workers_of(gateway.pid)) == 2 else None)
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        after = until(lambda: found if len(found := workers_of(gateway.pid)) == 2 and victim not in found else None)
        assert len(after & before) == 1
        until(lambda: (gateway.query(CUSTOMER) or {}).get("data"))

        company.calls()
        company.switch("crm", name="slow", seconds=1.5, times=1)
        answers: list[Any] = []
        asking = threading.Thread(target=lambda: answers.append(gateway.query(CUSTOMER)))
        asking.start()
        until(lambda: company.calls() or answers)
        assert gateway.end() == 0
        asking.join()
        assert answers[0]["data"]["customer"]["name"]
        assert not any(Path(f"/proc/{pid}").exists() for pid in after)


def test_one_worker_ends_in_order(company: Company, tmp_path: Path) -> None:
    """Without workers the process itself finishes what is under way before it ends."""
    with GatewayProcess(company, tmp_path / "log", BIZGRAPH_CACHE__STORE="off") as gateway:
        gateway.ready()
        company.calls()
        company.switch("crm", name="slow", seconds=1.5, times=1)
        answers: list[Any] = []
        asking = threading.Thread(target=lambda: answers.append(gateway.query(CUSTOMER)))
        asking.start()
        until(lambda: company.calls() or answers)
        gateway.end()
        asking.join()
        assert answers[0]["data"]["customer"]["name"]


def test_a_slow_start_is_no_reason_to_be_killed() -> None:
    """A worker has longer to show a sign of life than a start takes on a machine that has little to spare."""
    assert uvicorn_config("gateway.server:worker", ServerSettings(workers=2)).timeout_worker_healthcheck >= 30


def test_workers_that_share_nothing_say_so(company: Company, tmp_path: Path) -> None:
    """With a cache in each process the log warns, and an invalidation says that it reached one process only."""
    with GatewayProcess(company, tmp_path / "log", "--workers", "2", BIZGRAPH_CACHE__STORE="memory") as gateway:
        gateway.ready()
        assert "gateway.apart" in gateway.log.read_text("utf-8")
        status, answer = ask(gateway.port, "POST", "/cache/invalidate", {"tags": ["order:o1"]}, gateway.headers)
        assert (status, answer) == (200, {"invalidated": 1, "reached": "this process"})
