"""`bizgraph check`: from a configuration to a report, with the shapes that are kept and compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from gateway.app import Gateway
from gateway.check.leaks import Leaks
from gateway.check.report import Report
from gateway.check.run import SAMPLE, Check
from gateway.check.shapes import Shapes, UnreadableShapes, load, save
from gateway.settings import Settings
from resolvers.errors import GatewayError
from resolvers.principal import Principal


class CannotCheck(Exception):
    """An option cannot be used; says why."""


def usual_file(config: Path) -> Path:
    """Where shapes are looked for when no file is named: `bizgraph.shapes.json` beside `bizgraph.toml`."""
    return config.with_suffix(".shapes.json")


def samples_of(options: Iterable[str]) -> dict[str, list[str]]:
    """`customers=1,2` as keys by domain. Raises CannotCheck."""
    domains = ("customers", "orders", "products", "invoices")
    samples: dict[str, list[str]] = {}
    for option in options:
        domain, separator, keys = option.partition("=")
        found = [key for key in keys.split(",") if key]
        if not separator or domain not in domains or not found:
            raise CannotCheck(f"--sample {option}: write DOMAIN=KEY,KEY with one of {', '.join(domains)}")
        samples.setdefault(domain, []).extend(found)
    return samples


async def check(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    samples: Mapping[str, Iterable[str]] | None = None,
    size: int = SAMPLE,
    token: str | None = None,
    save_to: Path | None = None,
    compare: Path | None = None,
) -> Report:
    """The report. Raises ConfigurationError and CannotCheck; `compare` is a file that `save_to` named earlier."""
    before: Shapes | None = None
    if compare is not None:
        try:
            before = load(compare)
        except UnreadableShapes as error:
            raise CannotCheck(str(error)) from error
    gateway = Gateway(settings, environment)
    async with gateway.running():
        principal = Principal(subject="check")
        if token is not None:
            try:
                principal = await gateway.verifier.verify(token)
            except GatewayError as error:
                raise CannotCheck(f"--as: {error.message}") from error
        checking = Check(gateway.connections, principal=principal, samples=samples or {}, size=size, before=before)
        report = await checking.run()
    report.compared_with = None if compare is None else str(compare)
    if save_to is not None:
        try:
            save(save_to, checking.shapes)
        except OSError as error:
            raise CannotCheck(f"{save_to}: cannot be written: {error.strerror}") from error
    return report


async def check_leaks(
    settings: Settings, environment: Mapping[str, str], *, samples: Mapping[str, Iterable[str]] | None = None
) -> Report:
    """What two customers see of each other; they are the first two samples of the domain `customers`, if any.

    Raises ConfigurationError.
    """
    gateway = Gateway(settings, environment)
    async with gateway.running():
        return await Leaks(gateway, list((samples or {}).get("customers", ()))).run()
