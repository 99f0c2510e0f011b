"""Access rules, written where the field is and printed in the SDL.

`requires` and `owner` are what the reader of the schema sees; the executor enforces the first while planning
(`Policy`), the operations of `resolvers.backends` the second on every record. A test holds the printed rules and the
enforced ones against each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import strawberry
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_non_null_type,
)
from strawberry.schema_directive import Location

from resolvers.errors import Forbidden, Unauthenticated
from resolvers.principal import Principal

SCOPES = "bizgraph.scopes"
AUTHENTICATED = "bizgraph.authenticated"
OWNED = "bizgraph.owned"
PERSONAL = "bizgraph.personal"


@strawberry.schema_directive(
    locations=[Location.OBJECT, Location.FIELD_DEFINITION],
    name="requiresScopes",
    description="Answered only for tokens with all scopes of one of the inner lists; null and FORBIDDEN otherwise.",
)
class RequiresScopes:
    """Federation's directive of the same name."""

    scopes: list[list[str]]


@strawberry.schema_directive(
    locations=[Location.OBJECT, Location.FIELD_DEFINITION],
    name="authenticated",
    description="Answered only for callers with a valid token.",
)
class Authenticated:
    """Federation's directive of the same name."""


@strawberry.schema_directive(
    locations=[Location.OBJECT],
    name="owner",
    description="A token with this claim sees only the records of that customer; others do not exist for it. Without "
    "the claim a token needs a scope of staff: null and FORBIDDEN otherwise.",
)
class Owner:
    """Whose a record is."""

    claim: str
    field: str


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="personal",
    description="Personal data: masked in logs and traces, and its reading is journalled.",
)
class Personal:
    """Marks personal data."""


def requires(*scopes: str) -> RequiresScopes:
    """The caller's token must hold all of these scopes."""
    return RequiresScopes(scopes=[list(scopes)])


def owner(field: str, claim: str = "customer") -> Owner:
    """Records of this type belong to the customer named in this field."""
    return Owner(claim=claim, field=field)


PERSONAL_DATA = Personal()
TOKEN_NEEDED = Authenticated()


class Policy:
    """What such a principal is refused. Equal keys mean equal answers, so that plans can be shared."""

    __slots__ = ("_authenticated", "_scopes", "_unassigned", "key")

    def __init__(self, principal: Principal) -> None:
        self._scopes = principal.scopes
        self._authenticated = principal.authenticated
        self._unassigned = principal.unassigned
        self.key = self.key_of(principal)

    @staticmethod
    def key_of(principal: Principal) -> tuple[bool, bool, frozenset[str]]:
        """What of a principal decides what it is refused."""
        return principal.authenticated, principal.unassigned, principal.scopes

    def refuses(self, parent_type: GraphQLObjectType, field_name: str, field: GraphQLField) -> Exception | None:
        """The error that this field answers with, or None when it may be fetched."""
        needed: frozenset[str] = field.extensions.get(SCOPES, frozenset())
        missing = needed - self._scopes
        if missing or (not self._authenticated and AUTHENTICATED in field.extensions):
            return _refusal(f"{parent_type.name}.{field_name}", missing, self._authenticated)
        if self._unassigned and OWNED in field.extensions:
            return _no_customer(f"{parent_type.name}.{field_name}")
        return None


def _refusal(what: str, missing: frozenset[str], authenticated: bool) -> Exception:
    scopes = sorted(missing)
    if not authenticated:
        return Unauthenticated(f"{what} needs a token" + (f" with {' '.join(scopes)}" if scopes else ""))
    return Forbidden(f"{what} needs the scope {' '.join(scopes)}", missing=scopes)


def _no_customer(what: str) -> Forbidden:
    return Forbidden(f"{what} belongs to customers, and the token is neither for one nor for all of them")


def require_scope(scope: str, what: str, principal: Principal) -> None:
    """Raise for a principal without this scope, where an argument would tell what the scope guards."""
    if scope not in principal.scopes:
        raise _refusal(what, frozenset({scope}), principal.authenticated)


def require_type(found: type, principal: Principal) -> None:
    """Raise for a principal that may not see records of this type of the schema.

    For fields that answer with one of several types, of which the plan cannot know which it will be.
    """
    definition = found.__strawberry_definition__  # type: ignore[attr-defined] # every type of the schema has one
    missing = _scopes_in(definition.directives or ()) - principal.scopes
    if missing:
        raise _refusal(definition.name, missing, principal.authenticated)
    if principal.unassigned and _has_owner(definition.directives or ()):
        raise _no_customer(definition.name)


def guard(schema: GraphQLSchema) -> None:
    """Gather for every field the scopes of the field itself, of the type that it answers with and of its own type, and
    whether one of these types belongs to customers.

    Those of its own type count too, since an interface may lead to the type past the field that guards it. A guarded
    field must be nullable: refusing it must not take its neighbours away. One that is not raises TypeError when the
    schema is built, so it is never served.
    """
    of_type = {
        name: _scopes_in(_directives_of(graphql_type))
        for name, graphql_type in schema.type_map.items()
        if not name.startswith("__")
    }
    owned = _owned_types(schema)
    for graphql_type in schema.type_map.values():
        if not isinstance(graphql_type, (GraphQLObjectType, GraphQLInterfaceType)) or graphql_type.name.startswith(
            "__"
        ):
            continue
        held = of_type[graphql_type.name]
        own = graphql_type.name in owned
        for name, field in graphql_type.fields.items():
            directives = _directives_of(field)
            answer = get_named_type(field.type).name
            scopes = _scopes_in(directives) | of_type.get(answer, frozenset())
            if not scopes <= held and is_non_null_type(field.type):
                raise TypeError(f"{graphql_type.name}.{name} is guarded by {sorted(scopes)} and must be nullable")
            if answer in owned and not own and is_non_null_type(field.type):
                raise TypeError(f"{graphql_type.name}.{name} belongs to customers and must be nullable")
            if own or answer in owned:
                field.extensions[OWNED] = True
            if scopes | held:
                field.extensions[SCOPES] = scopes | held
            marks = {type(directive) for directive in directives}
            if Personal in marks:
                field.extensions[PERSONAL] = True
            if Authenticated in marks:
                field.extensions[AUTHENTICATED] = True


def _owned_types(schema: GraphQLSchema) -> set[str]:
    """The types that are marked with @owner, and the connections to them with their edges."""
    owned = {name for name, found in schema.type_map.items() if _has_owner(_directives_of(found))}
    frames = {
        name
        for name, found in schema.type_map.items()
        if isinstance(found, GraphQLObjectType)
        for frame in {"node", "nodes"} & found.fields.keys()
        if get_named_type(found.fields[frame].type).name in owned
    }
    return owned | frames


def _has_owner(directives: Iterable[object]) -> bool:
    return any(isinstance(directive, Owner) for directive in directives)


def _directives_of(node: Any) -> Iterable[object]:
    definition = node.extensions.get("strawberry-definition")
    return getattr(definition, "directives", None) or ()


def _scopes_in(directives: Iterable[object]) -> frozenset[str]:
    return frozenset(
        scope
        for directive in directives
        if isinstance(directive, RequiresScopes)
        for group in directive.scopes
        for scope in group
    )
