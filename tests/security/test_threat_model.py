"""The threat model says what is proved: every test that it names exists, and no table is without one."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]


def test_every_named_test_exists() -> None:
    """Each row of each table names one test, and the file that is meant holds it."""
    rows = 0
    for section in SECTIONS:
        usual = re.search(r"Tests: `([^`]+)`", section)
        for row in re.findall(r"^\| (?!threat|---)(.+) \|$", section, flags=re.MULTILINE):
            rows += 1
            threat, _, named = (cell.strip() for cell in row.split(" | "))
            found = re.fullmatch(r"`(?:([^`:]+)::)?(test_[a-z0-9_]+)`", named)
            assert found is not None, f"{threat}: {named} names no test"
            assert usual is not None
            file, test = found.groups()
            path = ROOT / (file if file and "/" in file else f"tests/security/{file}" if file else usual[1])
            assert path.is_file(), f"{threat}: there is no {path}"
            assert re.search(rf"def {test}\(", path.read_text(encoding="utf-8")), f"{threat}: no {test} in {path}"
    assert rows > 50


def test_every_surface_has_its_table() -> None:
    """A surface without a threat, or a threat without a defence, is a page that nobody finished."""
    surfaces = [section.partition("\n")[0] for section in SECTIONS]
    assert surfaces == [
        "Tokens",
        "Browsers",
        "HTTP",
        "Documents",
        "Access",
        "Personal data",
        "Systems behind the gateway",
        "Defaults",
        "What is left",
    ]
    for section in SECTIONS[:-2]:
        assert "| threat | what stands against it | test |" in section


def test_the_open_defaults_are_those_that_are_told() -> None:
    """What the page says of a default is what the settings say."""
    page = next(section for section in SECTIONS if section.startswith("Defaults"))
    told = re.findall(r"`([a-z_.]+) = \"(\w+)\"`", page)
    assert len(told) >= 7
    for key, value in told:
        assert _default(key) == value, key


def test_what_nobody_has_configured_is_closed() -> None:
    """The defaults that the page calls closed: opening one is a decision, and is taken here too."""
    closed = {
        "server.host": "127.0.0.1",
        "server.trusted_proxies": (),
        "auth.issuers": (),
        "auth.cookie": None,
        "introspection.access": "scope",
        "introspection.suggestions": False,
        "cors.origins": (),
        "telemetry.metrics": "scope",
        "limits.cost_mode": "enforce",
        "limits.cost": 50_000,
        "limits.max_page": 200,
        "limits.document.depth": 15,
        "limits.document.aliases": 60,
        "limits.document.root_fields": 20,
        "server.max_body": 1_000_000,
        "data.cache.personal": "memory",
    }
    assert {key: _default(key) for key in closed} == closed


def _default(key: str) -> object:
    found: object = Settings()
    for name in key.split("."):
        found = getattr(found, name)
    return found
