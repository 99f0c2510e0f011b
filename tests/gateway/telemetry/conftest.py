"""The lines of the log, and the values of metrics."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
import structlog

from gateway.app import Gateway
from gateway.telemetry.logs import configure_logging

Lines = Callable[..., list[dict[str, Any]]]
Value = Callable[..., float]


@pytest.fixture(autouse=True)
def lines() -> Iterator[Lines]:
    """What was logged so far, read from the JSON; only events of this name where one is given."""
    before = structlog.get_config()
    stream = io.BytesIO()
    configure_logging("info", "json", stream)

    def read(event: str | None = None) -> list[dict[str, Any]]:
        told = [orjson.loads(line) for line in stream.getvalue().splitlines()]
        return [line for line in told if event in (None, line["event"])]

    yield read
    structlog.configure(**before)


@pytest.fixture
def value(house: Gateway) -> Value:
    """What a metric shows: `value("operations_total", outcome="ok")` is the sum of all samples with these labels."""

    def read(name: str, **labels: str) -> float:
        house.telemetry.sample()
        return sum(
            sample.value
            for metric in house.telemetry.metrics.registry.collect()
            for sample in metric.samples
            if sample.name == f"bizgraph_{name}" and labels.items() <= sample.labels.items()
        )

    return read
