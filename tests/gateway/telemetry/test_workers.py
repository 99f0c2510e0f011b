"""The folder in which several workers keep their metrics."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.telemetry.workers import VARIABLE, shared_metrics


def test_one_worker_needs_no_folder() -> None:
    """A single process keeps its numbers in memory."""
    environment: dict[str, str] = {}
    with shared_metrics(environment, 1):
        assert environment == {}


def test_several_workers_get_a_folder_of_their_own() -> None:
    """It is there before they start, and gone when they have ended, also after an error."""
    environment: dict[str, str] = {}
    folders = []

    def serve() -> None:
        with shared_metrics(environment, 2):
            folders.append(Path(environment[VARIABLE]))
            (folders[0] / "counter_1.db").touch()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        serve()
    assert not folders[0].exists()
    assert environment == {}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_given_folder_is_emptied_of_old_numbers(tmp_path: Path, workers: int) -> None:
    """What earlier processes counted is not counted again; whatever else lies there is left alone."""
    folder = tmp_path / "metrics"
    folder.mkdir()
    for name in ("counter_17.db", "gauge_livesum_17.db", "histogram_17.db", "notes.db", "counter_17.txt"):
        (folder / name).touch()
    environment = {VARIABLE: str(folder)}
    with shared_metrics(environment, workers):
        assert sorted(file.name for file in folder.iterdir()) == ["counter_17.txt", "notes.db"]
    assert environment == {VARIABLE: str(folder)}


def test_a_given_folder_is_made(tmp_path: Path) -> None:
    """A folder that is named but not there yet is no reason not to start."""
    environment = {VARIABLE: str(tmp_path / "a" / "b")}
    with shared_metrics(environment, 2):
        assert (tmp_path / "a" / "b").is_dir()
