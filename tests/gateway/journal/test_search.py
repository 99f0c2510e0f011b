"""Who read a customer's data: found in the file, in what rotation made of it, and in syslog's lines."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import orjson
import pytest

from gateway.journal.search import Searched, files_of, search, since_moment

NOW = 1_772_366_400.0  # 2026-03-01T12:00:00Z


def line(time: str, customers: list[str], subject: str | None = "clerk", operation: str | None = "Overdue") -> bytes:
    return orjson.dumps(
        {
            "time": time,
            "issuer": "https://login.example" if subject else None,
            "subject": subject,
            "tenant": None,
            "limitedTo": "c7" if subject == "c7" else None,
            "operation": operation,
            "document": "ab" * 32,
            "correlationId": "r1",
            "fields": ["email", "name"],
            "customers": customers,
        }
    )


def found(files: list[Path], customer: str, since: str | None = None) -> tuple[list[str], Searched]:
    searched = Searched()
    return [entry.for_people() for entry in search(files, customer, since, searched)], searched


def test_only_this_customers_reads_are_told(tmp_path: Path) -> None:
    """An id that merely looks alike, stands elsewhere in a line or is older than asked for is not told."""
    path = tmp_path / "access.jsonl"
    path.write_bytes(
        b"\n".join(
            [
                line("2026-02-01T00:00:00.000Z", ["c7"]),
                line("2026-03-01T10:00:00.000Z", ["c77", "c70"]),
                line("2026-03-01T11:00:00.000Z", ["c1", "c7"]),
                line("2026-03-01T11:30:00.000Z", ["c1"], subject="c7"),
                b'{"time": "2026-03-01T11:40:00.000Z", "customers": ["c7"',
                line("2026-03-01T11:50:00.000Z", ["c7"], subject=None, operation=None),
            ]
        )
    )
    told, searched = found([path], "c7", since_moment("24h", NOW))
    assert told == [
        "2026-03-01T11:00:00.000Z  clerk (https://login.example)  email, name  Overdue  r1",
        "2026-03-01T11:50:00.000Z  nobody (no token)  email, name  document abababababab  r1",
    ]
    assert (searched.lines, searched.broken) == (6, 1)
    assert len(found([path], "c7")[0]) == 3


def test_rotated_files_are_searched_oldest_first(tmp_path: Path) -> None:
    """What log rotation moved away or packed belongs to the journal; other files beside it do not."""
    path = tmp_path / "access.jsonl"
    packed = tmp_path / "access.jsonl-20260201.gz"
    packed.write_bytes(gzip.compress(line("2026-02-01T00:00:00.000Z", ["c7"])))
    (tmp_path / "access.jsonl.1").write_bytes(line("2026-02-15T00:00:00.000Z", ["c7"]))
    path.write_bytes(line("2026-03-01T00:00:00.000Z", ["c7"]))
    (tmp_path / "other.jsonl").write_bytes(line("2026-03-01T00:00:00.000Z", ["c7"]))
    os.utime(packed, (1, 1))
    os.utime(tmp_path / "access.jsonl.1", (2, 2))
    told, _ = found(files_of(path), "c7")
    assert [entry[:10] for entry in told] == ["2026-02-01", "2026-02-15", "2026-03-01"]


def test_syslogs_lines_are_read(tmp_path: Path) -> None:
    """What syslog puts before an entry is no hindrance."""
    path = tmp_path / "messages"
    path.write_bytes(b"Mar  1 12:00:00 host bizgraph: " + line("2026-03-01T00:00:00.000Z", ["c7"]) + b"\n")
    assert len(found([path], "c7")[0]) == 1


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("24h", "2026-02-28T12:00:00.000Z"),
        ("2026-02-01", "2026-02-01T00:00:00.000Z"),
        ("2026-02-01T10:00:00+02:00", "2026-02-01T08:00:00.000Z"),
    ],
)
def test_since(text: str, moment: str) -> None:
    """A beginning is said as a stretch of time, a day or an instant."""
    assert since_moment(text, NOW) == moment


def test_since_nonsense() -> None:
    """What is no beginning is refused, not searched for."""
    with pytest.raises(ValueError, match="yesterday"):
        since_moment("yesterday", NOW)


def test_customers_of_two_tenants_are_told_apart(tmp_path: Path) -> None:
    """Two tenants may have a customer of the same id: each line says whose it is."""
    path = tmp_path / "access.jsonl"
    path.write_bytes(line("2026-03-01T11:00:00.000Z", ["c7"]).replace(b'"tenant":null', b'"tenant":"acme"'))
    (told,), _ = found([path], "c7")
    assert told == "2026-03-01T11:00:00.000Z  clerk (https://login.example), tenant acme  email, name  Overdue  r1"
