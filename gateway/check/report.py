"""What a check found, in the form that `--json` prints."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Weight = Literal["problem", "warning", "note"]


class Finding(Struct, frozen=True):
    """Something that does not fit. Problems fail the check; `place` is such as `customers.by_ids.email`."""

    weight: Weight
    kind: str
    place: str
    text: str


class Field(Struct):
    """One mapped field over all sampled records (or, in lists, over all their entries)."""

    name: str
    filled: int = 0
    empty: int = 0
    failed: int = 0
    example: str | None = None
    """What one failure was; personal values are not in it."""
    missing: bool = False
    """No item has anything where the mapping looks."""


class OperationReport(Struct, kw_only=True):
    """One operation. `seconds` and `bytes` are those of the sample, `calls` all that the check made."""

    name: str
    backend: str
    outcome: Literal["ok", "failed", "not asked"]
    why: str | None = None
    records: int = 0
    calls: int = 0
    seconds: float = 0.0
    bytes: int = 0
    batch: str = ""
    paging: str = ""
    fields: list[Field] = []
    unmapped: list[str] = []
    """Paths that come and that no field reads."""


class BackendReport(Struct, kw_only=True):
    """One backend. None says that no call could tell."""

    name: str
    kind: str
    reachable: bool | None = None
    authenticated: bool | None = None


class Report(Struct, kw_only=True):
    """A whole check."""

    backends: list[BackendReport] = []
    operations: list[OperationReport] = []
    findings: list[Finding] = []
    compared_with: str | None = None

    @property
    def ok(self) -> bool:
        """Whether there is no problem; warnings and notes are none."""
        return not any(finding.weight == "problem" for finding in self.findings)

    def note(self, weight: Weight, kind: str, place: str, text: str) -> None:
        """Add a finding, once."""
        finding = Finding(weight, kind, place, text)
        if finding not in self.findings:
            self.findings.append(finding)
