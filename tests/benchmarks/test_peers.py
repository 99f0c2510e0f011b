"""The queries of the peer benchmark."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import build_schema

from gateway.execution.documents import Documents

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["q1", "q2", "q3"])
def test_the_queries_of_the_peer_benchmark_are_valid(name: str) -> None:
    """What is measured are answers, not refusals."""
    documents = Documents(build_schema((ROOT / "schema" / "schema.graphql").read_text()))

    assert documents.get((ROOT / "benchmarks" / "peers" / f"{name}.graphql").read_text()).errors == ()
