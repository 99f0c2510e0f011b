"""`bizgraph explain`: the plan of an operation in a file, for a configuration and a token. Calls no backend."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from gateway.app import Gateway
from gateway.explain.facts import facts_of
from gateway.explain.predict import predict
from gateway.explain.text import readable
from gateway.limits.cost import cost_of
from gateway.settings import CONFIG_VARIABLE, file_of, load
from resolvers.errors import GatewayError
from resolvers.principal import Principal
from schema.access import SCOPES


class CannotExplain(Exception):
    """The operation, its variables or the token cannot be used; says why."""


async def explain_file(
    query: str,
    config: Path | None,
    environment: Mapping[str, str],
    token: str | None,
    variables: str,
    operation: str | None,
    as_json: bool,
) -> str:
    """The explanation as text or JSON. Raises CannotExplain, and ConfigurationError for what `config` says.

    Without `config` it is for what `bizgraph serve` would start here, or else for the demo.
    """
    path = file_of(config, environment)
    if config is None and CONFIG_VARIABLE not in environment and not path.exists():
        gateway = _demo()
    else:
        gateway = Gateway(load(path, environment), environment)
    document = gateway.documents.get(query)
    if document.errors:
        raise CannotExplain("\n".join(_placed(error) for error in document.errors))
    try:
        given = orjson.loads(variables)
    except orjson.JSONDecodeError as error:
        raise CannotExplain(f"--variables is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise CannotExplain("--variables has to be a JSON object")
    try:
        principal = await gateway.verifier.verify(token) if token else _staff(gateway)
        chosen = document.operation(operation)
        found = predict(gateway.schema, document.ast, chosen.name, given, principal, facts_of(gateway.connections))
    except GatewayError as error:
        raise CannotExplain(error.message) from error
    assert document.ast is not None  # it has no errors
    limits = gateway.settings.limits
    cost = cost_of(gateway.schema, document.ast, chosen.node, given, limits.max_page)
    told = found.told({"value": cost.value, "limit": limits.cost})
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode() if as_json else readable(told)


def _placed(error: Mapping[str, Any]) -> str:
    """The message of an error in the document, and where in it that is."""
    places = ", ".join(f"line {at['line']}, column {at['column']}" for at in error.get("locations") or ())
    return f"{error['message']}{places and f' ({places})'}"


def _staff(gateway: Gateway) -> Principal:
    """Somebody who holds every scope that the schema asks for."""
    held: set[str] = set()
    for graphql_type in gateway.schema.type_map.values():
        fields: Mapping[str, Any] = getattr(graphql_type, "fields", {})
        for field in fields.values():
            held |= getattr(field, "extensions", {}).get(SCOPES, frozenset())
    return Principal(subject="staff", scopes=frozenset(held))


def _demo() -> Gateway:
    """The demo's configuration, with its systems where they would be; none of them is called."""
    # The demo is an extra, and needs more than explaining does.
    from gateway.demo.run import configuration_path, demo_secrets  # noqa: PLC0415

    return Gateway(load(configuration_path(), {}), demo_secrets())
