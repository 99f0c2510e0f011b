"""The report for people."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.check.report import BackendReport, OperationReport, Report

_COLOURS = {"problem": "red", "warning": "yellow", "note": "cyan"}


def show(report: Report, console: Console) -> None:
    """Print backends, operations, fields and findings."""
    if report.operations:
        console.print(_backends(report))
        console.print(_operations(report))
    for operation in report.operations:
        if operation.fields:
            console.print(_fields(operation))
    for finding in report.findings:
        line = Text(f"{finding.weight:<8}", _COLOURS[finding.weight])
        line.append(f" {finding.place}: {finding.text}", "default")
        console.print(line)
    problems = sum(finding.weight == "problem" for finding in report.findings)
    warnings = sum(finding.weight == "warning" for finding in report.findings)
    verdict = f"{problems} problems, {warnings} warnings" if problems else f"everything fits ({warnings} warnings)"
    if report.compared_with is not None:
        verdict += f"; compared with {report.compared_with}"
    console.print(Text(verdict, "bold red" if problems else "bold green"))


def _table(title: str, *headings: str) -> Table:
    """A table of as little width as can be: eighty columns have to do."""
    return Table(*headings, title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))


def _backends(report: Report) -> Table:
    table = _table("Backends", "backend", "kind", "reachable", "authenticated")
    for backend in report.backends:
        table.add_row(backend.name, backend.kind, _yes(backend.reachable), _authenticated(backend))
    return table


def _yes(value: bool | None) -> Text:
    return Text("?") if value is None else Text("yes", "green") if value else Text("no", "red")


def _authenticated(backend: BackendReport) -> Text:
    return Text("-") if backend.kind == "python" else _yes(backend.authenticated)


def _operations(report: Report) -> Table:
    table = _table("Operations")
    table.add_column("operation", no_wrap=True)
    table.add_column("backend", overflow="fold")
    table.add_column("outcome", no_wrap=True)
    for heading in ("records", "time", "size"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("batch or pages", overflow="fold")
    for operation in report.operations:
        colour = {"ok": "green", "failed": "red", "not asked": "yellow"}[operation.outcome]
        agreed = operation.batch or operation.paging
        table.add_row(
            operation.name,
            operation.backend,
            Text(operation.outcome, colour),
            str(operation.records),
            f"{operation.seconds * 1000:.0f} ms",
            f"{operation.bytes / 1000:.1f} kB" if operation.bytes else "",
            Text(agreed, "red" if agreed in ("differs", "fails") else "default"),
        )
    return table


def _fields(operation: OperationReport) -> Table:
    table = _table(operation.name)
    table.add_column("field", no_wrap=True)
    for heading in ("filled", "empty", "failed"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("example of a failure", overflow="fold")
    for field in operation.fields:
        colour = "red" if field.failed else "yellow" if field.missing or not field.filled else "default"
        example = field.example or ("nothing is there" if field.missing else "")
        table.add_row(Text(field.name, colour), str(field.filled), str(field.empty), str(field.failed), Text(example))
    if operation.unmapped:
        table.caption = f"Not mapped: {', '.join(operation.unmapped)}"
        table.caption_justify = "left"
    return table
