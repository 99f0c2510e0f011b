"""Metrics of several workers: a folder of files that all of them write to and any of them reads (prometheus_client).

It has to be named in the environment, and emptied, before prometheus_client is imported: this module does not.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
_FILE: Final = re.compile(r"(counter|histogram|summary|gauge_[a-z]+)_[0-9]+\.db")


@contextmanager
def shared_metrics(environment: MutableMapping[str, str], workers: int) -> Iterator[None]:
    """Prepare the folder, for several workers or where the environment names one.

    A folder of our own is removed at the end. In one that was given, files of earlier processes are removed at the
    start, because their numbers would be added to ours; nothing else in it is touched.
    """
    given = environment.get(VARIABLE)
    if given is None and workers == 1:
        yield
        return
    folder = Path(given) if given else Path(tempfile.mkdtemp(prefix="bizgraph-metrics-"))
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        if _FILE.fullmatch(file.name):
            file.unlink()
    environment[VARIABLE] = str(folder)
    try:
        yield
    finally:
        if not given:
            del environment[VARIABLE]
            shutil.rmtree(folder, ignore_errors=True)
