"""The access journal: every read is written once it was accepted, and what cannot be accepted is not answered."""

from __future__ import annotations

import asyncio
import socket
import stat
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.journal.entries import Entry, lines
from gateway.journal.journal import Journal
from gateway.journal.sinks import PRIORITY, FileSink, SyslogSink, sink_of
from resolvers.errors import BackendUnavailable
from resolvers.principal import Principal
from resolvers.privacy import Reads
from resolvers.records import Customer
from tests.doubles import FakeClock

CLERK = Principal(subject="clerk", issuer="https://login.example", scopes=frozenset())
ANN, BOB, CID = (Customer(id=f"c{number}", name="Secret Name") for number in (1, 2, 3))


def entry(number: int = 1, reads: Sequence[tuple[str, Sequence[Any]]] = (("name", (ANN,)),)) -> Entry:
    noted = Reads()
    for field, records in reads:
        noted.note(field, records)
    return Entry(1_772_366_400.5, CLERK, "Overdue", "ab" * 32, f"request-{number}", noted)


def written(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


class Sink:
    """Keeps correlation ids in memory; fails as often as it is told, and can be held."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.ids: list[str] = []
        self.synced = 0
        self.gate = threading.Event()
        self.gate.set()

    def write(self, entries: Sequence[Entry]) -> int:
        self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise OSError("no space left")
        self.ids += [entry.correlation_id for entry in entries]
        return len(entries)

    def sync(self) -> None:
        self.synced += 1

    def close(self) -> None:
        pass


def test_what_a_line_says() -> None:
    """A line tells who, whose, which fields, by which operation and when, and holds none of the data itself."""
    (line,) = lines(entry(reads=[("name", (ANN, BOB)), ("email", (ANN, BOB))]))
    assert orjson.loads(line) == {
        "time": "2026-03-01T12:00:00.500Z",
        "issuer": "https://login.example",
        "subject": "clerk",
        "tenant": None,
        "limitedTo": None,
        "operation": "Overdue",
        "document": "ab" * 32,
        "correlationId": "request-1",
        "fields": ["email", "name"],
        "customers": ["c1", "c2"],
    }
    assert b"Secret" not in line


def test_each_customer_is_told_with_the_fields_that_were_read_of_it() -> None:
    """Customers of whom other fields were read stand on a line of their own; nobody stands there twice."""
    read = entry(reads=[("name", (ANN, BOB, ANN)), ("phone", (BOB, CID)), ("name", (ANN,))])
    told = [(line["fields"], line["customers"]) for line in map(orjson.loads, lines(read))]
    assert told == [(["name"], ["c1"]), (["name", "phone"], ["c2"]), (["phone"], ["c3"])]
    many = entry(reads=[("name", [Customer(id=f"c{number}", name="") for number in range(100)])])
    assert [len(orjson.loads(line)["customers"]) for line in lines(many, most=40)] == [40, 40, 20]


async def test_entries_are_written_in_order_and_completely(tmp_path: Path) -> None:
    """What was accepted is in the file when the journal is closed, in a file that others cannot read."""
    path = tmp_path / "access.jsonl"
    journal = Journal(FileSink(path), FakeClock())
    journal.open()
    for number in range(5_000):
        await journal.record(entry(number), 2_000.0)
    assert await journal.close() == 0
    assert [line["correlationId"] for line in written(path)] == [f"request-{number}" for number in range(5_000)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_failing_sink_loses_nothing() -> None:
    """While the disk is full entries wait and are tried again; the failure is told once, not with every try."""
    told: list[tuple[str, int]] = []
    sink = Sink(failures=5)
    sink.gate.clear()
    journal = Journal(sink, FakeClock(), pause=0.0, failed=lambda error, waiting: told.append((str(error), waiting)))
    journal.open()
    for number in range(10):
        await journal.record(entry(number), 2_000.0)
    sink.gate.set()
    assert await journal.close() == 0
    assert sink.ids == [f"request-{number}" for number in range(10)]
    assert told[0][0] == "no space left"
    assert len(told) == 1
    assert sink.synced > 0


async def test_a_full_queue_holds_operations_up_and_then_refuses_them() -> None:
    """Without room an operation waits; when its time is up it is refused, so that nothing is told without an entry."""
    sink = Sink()
    sink.gate.clear()
    clock = FakeClock()
    journal = Journal(sink, clock, most=2)
    journal.open()
    for number in range(2):
        await journal.record(entry(number), clock.monotonic() + 10)
    with pytest.raises(BackendUnavailable) as caught:
        await journal.record(entry(2), clock.monotonic())
    assert caught.value.details == {"backend": "journal", "cause": "full"}
    assert caught.value.retryable
    waiting = asyncio.create_task(journal.record(entry(3), clock.monotonic() + 10))
    await asyncio.sleep(0)
    assert not waiting.done()
    sink.gate.set()
    await waiting
    assert await journal.close() == 0
    assert sink.ids == ["request-0", "request-1", "request-3"]


async def test_what_cannot_be_written_at_the_end_is_counted() -> None:
    """A journal that is closed while its sink fails says how many entries are lost, instead of hanging."""
    journal = Journal(Sink(failures=10**9), FakeClock(), pause=0.0, farewell=0.0)
    journal.open()
    await journal.record(entry(1), 2_000.0)
    assert await journal.close() == 1


def test_a_line_that_was_torn_does_not_spoil_the_next(tmp_path: Path) -> None:
    """After half a line, left by a full disk, the next entry begins on a line of its own."""
    path = tmp_path / "access.jsonl"
    sink = FileSink(path)
    assert sink.write([entry(1)]) == 1
    with path.open("ab") as file:
        file.write(b'{"time": "20')
    sink._torn = True  # as a short write leaves it
    assert sink.write([entry(2)]) == 1
    sink.close()
    whole, broken, after = path.read_bytes().splitlines()
    assert orjson.loads(whole)["correlationId"] == "request-1"
    assert broken == b'{"time": "20'
    assert orjson.loads(after)["correlationId"] == "request-2"


def test_a_rotated_file_is_followed(tmp_path: Path) -> None:
    """When the file is moved away the journal goes on in a new one under the old name, without a signal."""
    path = tmp_path / "access.jsonl"
    sink = FileSink(path)
    sink.write([entry(1)])
    path.rename(tmp_path / "access.jsonl.1")
    sink.write([entry(2)])
    sink.sync()
    sink.close()
    assert [line["correlationId"] for line in written(tmp_path / "access.jsonl.1")] == ["request-1"]
    assert [line["correlationId"] for line in written(path)] == ["request-2"]


def test_two_processes_share_a_file(tmp_path: Path) -> None:
    """Each appends to what is there, and neither writes over the other."""
    path = tmp_path / "access.jsonl"
    one, two = FileSink(path), FileSink(path)
    for number in range(10):
        (one if number % 2 else two).write([entry(number)])
    one.close()
    two.close()
    assert [line["correlationId"] for line in written(path)] == [f"request-{number}" for number in range(10)]


def test_syslog(tmp_path: Path) -> None:
    """Entries reach the local syslog under authpriv, in messages short enough for it; a restart of it is survived."""
    address = str(tmp_path / "log")
    daemon = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    daemon.bind(address)
    sink = sink_of(f"syslog:{address}")
    assert isinstance(sink, SyslogSink)
    assert sink.write([entry(1, [("name", [Customer(id=f"c{number}", name="") for number in range(100)])])]) == 1
    parts = [daemon.recv(65_536) for _ in range(3)]
    assert all(part.startswith(b"<%d>bizgraph: {" % PRIORITY) and len(part) < 2_000 for part in parts)
    daemon.close()
    Path(address).unlink()
    with pytest.raises(OSError, match="No such file"):
        sink.write([entry(2)])
    again = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    again.bind(address)
    assert sink.write([entry(3)]) == 1
    assert b"request-3" in again.recv(65_536)
    sink.close()
    again.close()
