"""Ids of the graph: `Customer:c7` is unique in the whole graph (Relay), `c7` is the id in the system of record.

Clients should treat them as opaque. Where the type is known, the system's own id is taken as well.
"""

from __future__ import annotations

from resolvers.errors import BadUserInput

LONGEST = 256
"""Characters of an id or of a text to search for. Thousands of them in an address make some systems break off."""
NODE_TYPES = ("Customer", "Order", "Product", "Invoice")


def global_id(type_name: str, source_id: str) -> str:
    """The id of a record of this type in the whole graph."""
    return f"{type_name}:{source_id}"


def source_id(type_name: str, given: str) -> str:
    """The system's own id, from either form. BadUserInput when it is the id of another type, or too long for any."""
    require_short("id", given)
    prefix, separator, rest = given.partition(":")
    if not separator or prefix not in NODE_TYPES:
        return given
    if prefix != type_name:
        raise BadUserInput(f"id is the id of a record of type {prefix}, not {type_name}", argument="id")
    return rest


def typed_id(given: str) -> tuple[str, str]:
    """Type name and system's own id of a graph-wide id. BadUserInput for anything else."""
    require_short("id", given)
    prefix, separator, rest = given.partition(":")
    if not separator or prefix not in NODE_TYPES or not rest:
        raise BadUserInput("id is not an id of this graph, such as Customer:c7", argument="id")
    return prefix, rest


def require_short(argument: str, given: str) -> None:
    """Raise BadUserInput for a text that is longer than any id or search needs to be."""
    if len(given) > LONGEST:
        raise BadUserInput(
            f"{argument} has {len(given)} characters, at most {LONGEST} are taken",
            argument=argument,
            value=len(given),
            limit=LONGEST,
        )
