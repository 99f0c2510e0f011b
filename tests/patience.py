"""The demo's configuration with so much time that a busy machine fails no test; tests of time-outs set their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.demo import run
from gateway.demo.company import DemoCompany
from gateway.settings import Settings

PATIENT: Final = {
    "BIZGRAPH_SERVER__DEADLINE": "30s",
    **{f"BIZGRAPH_BACKENDS__{name}__TIMEOUT": "20s" for name in ("CRM", "SHOP", "WAREHOUSE", "ACCOUNTING")},
}


def demo_settings(company: DemoCompany, variables: Mapping[str, str] | None = None) -> tuple[Settings, dict[str, str]]:
    """The settings for a running company and the environment that they were read with; `variables` go last."""
    return run.demo_settings(company, {**PATIENT, **(variables or {})})
