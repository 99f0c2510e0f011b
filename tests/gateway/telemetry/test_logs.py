"""Lines of the log that cannot be written, or hold what JSON cannot."""

from __future__ import annotations

import io
import time

import pytest

from gateway.app import Gateway
from gateway.telemetry.logs import Format, Output, configure_logging, get_logger
from gateway.telemetry.telemetry import Telemetry
from tests.client import Client
from tests.gateway.telemetry.conftest import Lines

CUSTOMER = '{ customer(id: "c7") { name } }'


class Full(io.BytesIO):
    """A disk without space."""

    full = True

    def flush(self) -> None:
        if self.full:
            raise OSError(28, "No space left on device")


@pytest.fixture
def full() -> Full:
    return Full()


@pytest.mark.parametrize("form", ["json", "console"])
async def test_an_answer_does_not_wait_for_a_disk(form: Format, full: Full, client: Client) -> None:
    """Whoever asks is answered while no line can be written, and lines are written again when they can be."""
    output = configure_logging("info", form, full)
    answer = await client.ask(CUSTOMER)
    assert (answer.status, answer.errors) == (200, [])
    assert output.lost == 1
    full.full = False
    await client.ask(CUSTOMER)
    assert output.lost == 1
    assert b"operation" in full.getvalue()


def test_lost_lines_are_counted(full: Full, house: Gateway) -> None:
    """Operators see that the log is not whole."""
    output = configure_logging("info", "json", full)
    telemetry = Telemetry(house.settings.telemetry, time, metrics=house.telemetry.metrics, output=output)
    for _ in range(3):
        telemetry.log.info("operation")
    telemetry.sample()
    assert telemetry.metrics.registry.get_sample_value("bizgraph_log_lines_lost_total") == 3


def test_closed_streams_lose_lines_and_nothing_else() -> None:
    """Standard error that is closed, at the start or later, raises nothing."""
    closed = io.BytesIO()
    closed.close()
    for output in (Output(None), Output(closed)):
        output.write(b"line")
        assert output.lost == 1


def test_every_value_can_be_written(lines: Lines) -> None:
    """Numbers beyond 64 bits and broken text, which a backend may have sent, end up in a line all the same."""
    get_logger().error("operation.crashed", path=["a", 2**70], exception="broken \ud800 text")
    (line,) = lines("operation.crashed")
    assert line["path"] == ["a", pytest.approx(2**70)]
    assert line["exception"] == "broken ? text"
