"""The pages for frontends and operators, the alerts and the dashboard say what the code does, no more and no less."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import gateway.app  # noqa: F401 - loads every class of errors
from gateway.telemetry.logs import EVENTS
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.settings import TelemetrySettings
from resolvers.errors import GatewayError

ROOT = Path(__file__).parents[2]
ERRORS = (ROOT / "docs/errors.md").read_text("utf-8")
OPERATIONS = (ROOT / "docs/operations.md").read_text("utf-8")
ALERTS = (ROOT / "deploy/prometheus/alerts.yaml").read_text("utf-8")
DASHBOARD = (ROOT / "deploy/grafana/bizgraph.json").read_text("utf-8")
LEVELS = {"debug", "info", "warning", "error", "critical"}
SOURCES = [path for folder in ("gateway", "resolvers", "schema") for path in sorted((ROOT / folder).rglob("*.py"))]


def headings(text: str, level: int) -> list[str]:
    return re.findall(rf"^{'#' * level} (\S.*)$", text, re.MULTILINE)


def rows(text: str) -> Iterator[list[str]]:
    """The cells of the rows of all tables whose first cell is code."""
    for line in text.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip()[1:-1].split("|")]


def classes(base: type[GatewayError]) -> Iterator[type[GatewayError]]:
    yield base
    for below in base.__subclasses__():
        yield from classes(below)


def test_every_code_is_explained() -> None:
    """Each code that a caller can see has a section: what happened, and what a frontend does."""
    codes = {error.code for error in classes(GatewayError)}
    for path in SOURCES:
        codes |= set(re.findall(r'"(GRAPHQL_[A-Z_]+|NOT_FOUND)"', path.read_text("utf-8")))
    sections = dict(re.findall(r"^### (\S+)\n\n(.*?)(?=\n#|\Z)", ERRORS, re.MULTILINE | re.DOTALL))
    assert set(sections) == codes
    assert [code for code, section in sections.items() if "*Frontend:*" not in section] == []


CAUSE_IS = {
    "AnswerProblem": 0,
    "contract": 0,
    "rejected": 0,
    "unavailable": 0,
    "_given_up": 0,
    "__init__": 0,
    "_contract": 1,
}
"""Functions that make an error of a backend, and which of their arguments says why."""


def causes() -> set[str]:
    """The causes that the sources of the backends name."""
    found: set[str] = set()
    for path in SOURCES:
        if not {"backends", "journal"} & set(path.parts):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            said: list[ast.expr] = []
            if isinstance(node, ast.Dict):
                named = zip(node.keys, node.values, strict=True)
                said = [value for key, value in named if isinstance(key, ast.Constant) and key.value == "cause"]
            elif isinstance(node, ast.Call):
                said = [keyword.value for keyword in node.keywords if keyword.arg == "cause"]
                name = ast.unparse(node.func).rpartition(".")[2]
                if name in CAUSE_IS:
                    said += node.args[CAUSE_IS[name] : CAUSE_IS[name] + 1]
            for value in said:
                branches = (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,)
                found |= {b.value for b in branches if isinstance(b, ast.Constant) and isinstance(b.value, str)}
    return found


def test_every_cause_is_listed() -> None:
    """The table of causes holds each that a caller can be told, and none that there is not."""
    told = {cause for row in rows(ERRORS[ERRORS.index("## Causes") :]) for cause in re.findall(r"`([^`]+)`", row[1])}
    told -= {"concurrency", "backend", "journal"}  # which the table speaks of
    assert {cause for cause in told if not cause.startswith("HTTP ")} == causes()


def test_every_event_is_explained() -> None:
    """The table of events holds those that are logged, in the same words."""
    told = {row[0].strip("`"): row[1] for row in rows(OPERATIONS) if "." in row[0] or row[0] == "`operation`"}
    assert {name: told.get(name) for name in EVENTS} == EVENTS
    assert set(told) == set(EVENTS)


def test_every_line_of_the_log_has_a_known_name() -> None:
    """Whatever is logged has a fixed name from the list, and no name of the list is without a line."""
    logged: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS
                and ast.unparse(node.func.value).rpartition(".")[2] == "log"
            ):
                logged.add(ast.literal_eval(node.args[0]))
    assert logged == set(EVENTS)


def metrics() -> dict[str, tuple[str, tuple[str, ...], str]]:
    """Type, labels and help of every metric by the name that Prometheus knows it by."""
    found = {}
    for metric in vars(Metrics()).values():
        if not hasattr(metric, "_labelnames"):
            continue
        (family,) = metric.describe()
        name = f"{family.name}_total" if family.type == "counter" else family.name
        found[name] = (family.type, tuple(metric._labelnames), family.documentation)
    return found


def test_every_metric_is_explained() -> None:
    """The tables of metrics hold every metric with its type, its labels and its meaning."""
    told = {
        row[0].strip("`"): (row[1], tuple(re.findall(r"`(\w+)`", row[2])), row[3])
        for row in rows(OPERATIONS)
        if row[0].startswith("`bizgraph_")
    }
    assert told == metrics()


def test_every_setting_is_explained() -> None:
    """Each key of [telemetry] stands in the page that says what it is for."""
    assert [name for name in TelemetrySettings.model_fields if f"{name}" not in OPERATIONS] == []


@pytest.mark.parametrize("text", [ALERTS, DASHBOARD], ids=["alerts", "dashboard"])
def test_expressions_name_what_there_is(text: str) -> None:
    """Alerts and dashboard use metrics that exist, and labels that these have."""
    known = metrics()
    series = {name for name, (kind, _, _) in known.items() if kind != "histogram"}
    histograms = {name for name, (kind, _, _) in known.items() if kind == "histogram"}
    series |= {f"{name}{part}" for name in histograms for part in ("_bucket", "_sum", "_count")}
    used = set(re.findall(r"\bbizgraph_\w+", text))
    assert used <= series
    labels = {label for _, labels, _ in known.values() for label in labels} | {"instance", "le"}
    text = text.replace('\\"', '"')
    assert set(re.findall(r"(\w+)(?:=~|!=|!~|=)\"", text)) <= labels
    grouped = {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", text) for label in group.split(",")}
    assert grouped <= labels


def test_the_dashboard_shows_every_metric() -> None:
    """What is measured can be seen."""
    assert [name for name in metrics() if name not in DASHBOARD] == []
    assert {panel["type"] for panel in json.loads(DASHBOARD)["panels"]} >= {"row", "timeseries", "state-timeline"}


def test_every_alert_has_a_runbook() -> None:
    """Whoever is woken by an alert finds what to do under its name."""
    alerts = re.findall(r"alert: (\w+)", ALERTS)
    runbooks = headings(OPERATIONS[OPERATIONS.index("## Alerts and runbooks") : OPERATIONS.index("## Soak")], 3)
    assert runbooks == sorted(runbooks, key=alerts.index)
    assert set(runbooks) == set(alerts)
    proved = (ROOT / "deploy/prometheus/alerts.test.yaml").read_text("utf-8")
    assert set(re.findall(r"alertname: (\w+)", proved)) == set(alerts)


def test_links_lead_somewhere() -> None:
    """Files that the pages name are there."""
    for page in (ERRORS, OPERATIONS):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page):
            assert (ROOT / "docs" / target).exists(), target
