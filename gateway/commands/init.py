"""`bizgraph init`: descriptions in, a configuration to start from out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from gateway.init import openapi, wsdl
from gateway.init.model import Api
from gateway.init.operations import Guess, guesses
from gateway.init.write import written


async def configuration(openapi_files: Sequence[Path], wsdl_files: Sequence[Path]) -> str:
    """The text of the file. Raises Unreadable."""
    apis = [openapi.read(path) for path in openapi_files]
    apis += [await wsdl.read(path) for path in wsdl_files]
    counts: Counter[str] = Counter()
    for api in apis:
        counts[api.name] += 1
        if counts[api.name] > 1:
            api.name = f"{api.name}-{counts[api.name]}"
    found = [(api, guess) for api in apis for guess in guesses(api)]
    chosen: dict[str, tuple[Api, dict[str, Guess]]] = {}
    for domain in ("customers", "orders", "products", "invoices"):
        best = _best(domain, found)
        if best is not None:
            chosen[domain] = best
    used = {(api.name, guess.operation.name) for api, methods in chosen.values() for guess in methods.values()}
    unused = [
        f"{operation.name} of {api.name}"
        for api in apis
        for operation in api.operations
        if (api.name, operation.name) not in used
    ]
    return written(apis, chosen, unused)


def _best(domain: str, found: list[tuple[Api, Guess]]) -> tuple[Api, dict[str, Guess]] | None:
    """The API with most operations for the domain, and the best guess for each of them."""
    by_api: dict[str, tuple[Api, dict[str, Guess]]] = {}
    for api, guess in found:
        if guess.domain == domain:
            _, methods = by_api.setdefault(api.name, (api, {}))
            before = methods.get(guess.method)
            if before is None or guess.worth > before.worth:
                methods[guess.method] = guess
    best = max(by_api.values(), key=lambda entry: len(entry[1]), default=None)
    return None if best is None else (best[0], dict(sorted(best[1].items())))
