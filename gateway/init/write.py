"""Guesses as TOML: every line that is one is marked, and what is lacking is said at the top."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.init.fields import Line, lines_for
from gateway.init.model import Api
from gateway.init.operations import Guess
from resolvers.backends.settings import DOMAINS

_BARE = re.compile(r"[A-Za-z0-9_-]+").fullmatch


def written(apis: Iterable[Api], chosen: Mapping[str, tuple[Api, dict[str, Guess]]], unused: list[str]) -> str:
    """The whole file. `chosen` holds the API and the operations of each domain."""
    body: list[str] = []
    lacks = [lack for api in apis for lack in api.lacks]
    for api in apis:
        body += _backend(api)
    for domain, (api, operations) in chosen.items():
        body += _domain(domain, api, operations, lacks)
    return "\n".join([*_head(lacks, unused, chosen), *body]).rstrip() + "\n"


def _head(lacks: list[str], unused: list[str], chosen: Mapping[str, Any]) -> list[str]:
    head = [
        "# Written by `bizgraph init`. Lines that end with `# guess:` are guesses by name and type: look at each.",
        "# Then set the variables named under `auth`, and run `bizgraph check --config` with this file.",
    ]
    absent = [domain for domain in ("customers", "orders", "products", "invoices") if domain not in chosen]
    head += [f"# Not connected: {domain}; nothing in the descriptions looks like it." for domain in absent]
    head += [f"# Lacking: {lack}" for lack in lacks]
    head += [f"# Not used: {name}" for name in unused]
    return [*head, ""]


def _backend(api: Api) -> list[str]:
    place = "url" if api.kind == "rest" else "wsdl"
    return [
        f"[backends.{api.name}]",
        f'kind = "{api.kind}"',
        f"{place} = {_toml(api.place)}",
        f"auth = {_toml(api.auth)}  # guess: {api.auth_guess}",
        'timeout = "2s"',
        "",
    ]


def _domain(domain: str, api: Api, operations: dict[str, Guess], lacks: list[str]) -> list[str]:
    lines = [f"[{domain}]", f'backend = "{api.name}"', ""]
    best = max(operations.values(), key=lambda guess: len(guess.item.children))
    fields = lines_for(DOMAINS[domain], best.item)
    lines.append(f"# Read from what {best.operation.name} answers.")
    lines += _fields(f"{domain}.fields", fields)
    lacks += [f"{domain}.fields.{line.name}: every record needs it" for line in fields if line.required and line.off]
    for method, guess in operations.items():
        lines += _rest(domain, method, guess) if api.kind == "rest" else _soap(domain, method, guess)
    return lines


def _fields(table: str, fields: list[Line], off: bool = False) -> list[str]:
    lines = [f"{'# ' if off else ''}[{table}]"]
    for line in fields:
        if line.below:
            continue
        if line.value is None:
            lines.append(f'# {line.name} = ""  # {line.why}')
        else:
            lines.append(f"{'# ' if off or line.off else ''}{line.name} = {_toml(line.value)}  # guess: {line.why}")
    lines.append("")
    for line in fields:
        if line.below:
            hidden = off or line.off
            ((key, path),) = line.value.items()
            mark = "# " if hidden else ""
            lines += [f"{mark}[{table}.{line.name}]", f"{mark}{key} = {_toml(path)}  # guess: {line.why}", ""]
            lines += _fields(f"{table}.{line.name}.fields", line.below, hidden)
    return lines


def _rest(domain: str, method: str, guess: Guess) -> list[str]:
    key = guess.key
    path = re.sub(r"\{[^}]*\}", "{key}", guess.operation.name) if key and key.where == "path" else guess.operation.name
    lines = [f"[{domain}.{method}]  # guess: by its path", f"path = {_toml(path)}"]
    query: dict[str, Any] = {}
    if key is not None and key.where == "query":
        query[key.name] = "{key}" if not key.many else "{keys|csv}" if key.joined else "{keys|repeat}"
    query |= {parameter.name: f"{{{placeholder}}}" for placeholder, parameter in guess.window.items()}
    query |= {parameter.name: f"{{{argument}}}" for argument, parameter in guess.filters.items()}
    if query:
        lines.append(f"query = {_toml(query)}  # guess: by the names of parameters")
    lines += _answer(guess)
    if guess.window:
        lines.append(_paging(guess))
    asked = [found.name for found in guess.operation.parameters if found.required and found.where == "query"]
    if others := [name for name in asked if name not in query]:
        lines.append(f"# Needed as well, says the file: {', '.join(others)}")
    if key is not None and key.where == "path":
        lines.append("absent = [404]  # guess: as usual for single records")
    return [*lines, *_kept(key is not None and key.many)]


def _paging(guess: Guess) -> str:
    kind = next(name for name in ("offset", "page", "cursor") if name in guess.window)
    told = f", next = {_toml(guess.next or 'next')}" if kind == "cursor" else ""
    unknown = "; write where the next cursor is" if kind == "cursor" and guess.next is None else ""
    return f'paging = {{ type = "{kind}"{told}, page_size = 50 }}  # guess: ask what its largest page is{unknown}'


def _soap(domain: str, method: str, guess: Guess) -> list[str]:
    lines = [f"[{domain}.{method}]  # guess: by its name", f"operation = {_toml(guess.operation.name)}"]
    arguments: dict[str, Any] = {}
    key = guess.key
    if key is not None:
        value = "{keys}" if key.many else "{key}"
        arguments[key.name] = {key.inside: value} if key.inside else value
    arguments |= {parameter.name: f"{{{placeholder}}}" for placeholder, parameter in guess.window.items()}
    arguments |= {parameter.name: f"{{{argument}}}" for argument, parameter in guess.filters.items()}
    if arguments:
        lines.append(f"arguments = {_toml(arguments)}  # guess: by the names of elements")
    others = [found.name for found in guess.operation.parameters if found.required and found.name not in arguments]
    if others:
        lines.append(f"# Needed as well, says the WSDL: {', '.join(others)}")
    return [*lines, *_answer(guess), *_kept(key is not None and key.many)]


def _answer(guess: Guess) -> list[str]:
    lines = []
    if guess.items is not None:
        lines.append(f"items = {_toml(guess.items)}  # guess: where records seem to be")
    if guess.total is not None:
        lines.append(f"total = {_toml(guess.total)}  # guess: by its name")
    return lines


def _kept(many: bool) -> list[str]:
    batch = ["max_batch = 50  # guess: ask how many keys one call may carry"] if many else []
    return [*batch, '# ttl = "30s"  # how long answers may be kept', ""]


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        entries = ", ".join(
            f"{key if _BARE(key) else json.dumps(key)} = {_toml(entry)}" for key, entry in value.items()
        )
        return f"{{ {entries} }}"
    return json.dumps(value, ensure_ascii=False)
