"""The tables `[limits.rate]` and `[limits.concurrency]`."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.limits.settings import ConcurrencySettings, RateSettings


def test_defaults() -> None:
    """Limits on callers are off until somebody who knows the load turns them on, or measures first."""
    assert (RateSettings().mode, ConcurrencySettings().mode) == ("off", "off")


@pytest.mark.parametrize(
    "wrong", [{"mode": "on"}, {"cost": 0}, {"per": 60}, {"per": "0s"}, {"per": "2d"}, {"rate": 1}, {"store": "disk"}]
)
def test_wrong_rates(wrong: dict[str, Any]) -> None:
    """What means nothing is refused by name."""
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        RateSettings.model_validate(wrong)


@pytest.mark.parametrize("wrong", [{"operations": 0}, {"mode": "maybe"}, {"most": 1}])
def test_wrong_concurrency(wrong: dict[str, Any]) -> None:
    """So is a concurrency of nothing."""
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ConcurrencySettings.model_validate(wrong)
