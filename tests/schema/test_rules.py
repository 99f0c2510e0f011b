"""What the SDL promises is what is enforced: scopes, owners, personal fields."""

from __future__ import annotations

from typing import Any

import pytest
import strawberry
from graphql import GraphQLObjectType

from resolvers import privacy
from resolvers.ownership import OWNER_OF, PUBLIC
from resolvers.records import Customer, type_names
from schema.access import AUTHENTICATED, PERSONAL, SCOPES, Owner, RequiresScopes, guard, requires
from schema.build import build_schema, graphql_schema

SCHEMA = graphql_schema(build_schema())


OF_TYPES = {
    "Customer": "customers:read",
    "CustomerConnection": "customers:read",
    "Order": "orders:read",
    "OrderConnection": "orders:read",
    "Product": "inventory:read",
    "ProductConnection": "inventory:read",
    "StockLevel": "inventory:stock",
    "Invoice": "invoices:read",
    "InvoiceConnection": "invoices:read",
}
OF_FIELDS = {
    "Customer.email": "customers:contact",
    "Customer.phone": "customers:contact",
    "Customer.addresses": "customers:contact",
    "Customer.balance": "invoices:read",
}
"""The rules once more, by hand: the generated proofs take them from the schema, and would follow it into a hole."""
ABOUT_PEOPLE = {"name", "email", "phone", "addresses"}
ABOUT_BUSINESS = {"id", "sourceId", "number", "status", "createdAt", "orders", "invoices", "balance"}


def marks(node: Any, kind: type) -> list[Any]:
    directives = getattr(node.extensions.get("strawberry-definition"), "directives", None) or ()
    return [directive for directive in directives if isinstance(directive, kind)]


def test_nothing_is_open() -> None:
    """A root field that needs neither a scope nor a token fails here."""
    assert SCHEMA.query_type is not None
    for name, field in SCHEMA.query_type.fields.items():
        assert field.extensions.get(SCOPES) or AUTHENTICATED in field.extensions, name


def test_the_printed_owners_are_the_enforced_ones() -> None:
    """A type that says @owner is one whose records are checked, and the other way round; no record is neither."""
    printed = {name for name, found in SCHEMA.type_map.items() if marks(found, Owner)}
    assert printed == {record.__name__ for record in OWNER_OF}
    assert set(OWNER_OF) | set(PUBLIC) == set(type_names.values())


def test_the_printed_personal_fields_are_the_masked_ones() -> None:
    """A field that says @personal is one whose values are kept out of errors, and the other way round."""
    printed = {
        (name, getattr(field.extensions["strawberry-definition"], "python_name", ""))
        for name, found in SCHEMA.type_map.items()
        if isinstance(found, GraphQLObjectType)
        for field in found.fields.values()
        if PERSONAL in field.extensions
    }
    assert printed == {(record.__name__, name) for record, names in privacy.PERSONAL.items() for name in names}
    assert Customer in privacy.PERSONAL


def test_me_is_marked_as_needing_a_token() -> None:
    """What is enforced is printed: `me` carries @authenticated."""
    assert SCHEMA.query_type is not None
    assert AUTHENTICATED in SCHEMA.query_type.fields["me"].extensions


def test_an_interface_is_no_way_around_the_scopes_of_a_type() -> None:
    """Every field of a guarded type needs the type's scopes, by whatever way the type is reached."""
    for name, scope in OF_TYPES.items():
        found = SCHEMA.type_map[name]
        assert isinstance(found, GraphQLObjectType)
        assert all(scope in field.extensions[SCOPES] for field in found.fields.values())


def test_the_scopes_are_these() -> None:
    """A scope that is taken from a type or a field, or put there, is a decision, and is taken here too."""
    of_types, of_fields = {}, {}
    for name, found in SCHEMA.type_map.items():
        for rule in marks(found, RequiresScopes):
            of_types[name] = " ".join(*rule.scopes)
        if isinstance(found, GraphQLObjectType):
            for field, definition in found.fields.items():
                for rule in marks(definition, RequiresScopes):
                    of_fields[f"{name}.{field}"] = " ".join(*rule.scopes)
    assert of_types == OF_TYPES
    assert of_fields == OF_FIELDS


def test_what_is_personal_of_a_customer_is_decided() -> None:
    """A new field of a customer is personal or it is not: whoever adds one says which, and cannot forget to."""
    customer = SCHEMA.type_map["Customer"]
    assert isinstance(customer, GraphQLObjectType)
    assert set(customer.fields) == ABOUT_PEOPLE | ABOUT_BUSINESS
    assert {name for name, field in customer.fields.items() if PERSONAL in field.extensions} == ABOUT_PEOPLE


def test_a_guarded_field_must_be_nullable() -> None:
    """A schema in which a refusal would take a whole record away is not served at all."""

    @strawberry.type
    class Query:
        secret: str = strawberry.field(directives=[requires("secrets:read")], resolver=lambda: "")

    with pytest.raises(TypeError, match=r"Query\.secret is guarded by \['secrets:read'\] and must be nullable"):
        guard(strawberry.Schema(query=Query)._schema)


def test_everything_is_described() -> None:
    """Whoever explores reads what the schema and each type, field, argument, enum value and directive is for."""
    nameless = [] if SCHEMA.description else ["the schema"]
    nameless += [f"@{directive.name}" for directive in SCHEMA.directives if not directive.description]
    for name, graphql_type in SCHEMA.type_map.items():
        if name.startswith("__"):
            continue
        if not graphql_type.description:
            nameless.append(name)
        members = {**getattr(graphql_type, "fields", {}), **getattr(graphql_type, "values", {})}
        for member_name, member in members.items():
            inner = {f"({argument})": given for argument, given in getattr(member, "args", {}).items()}
            described = {f"{name}.{member_name}": member} | {
                f"{name}.{member_name}{arg}": a for arg, a in inner.items()
            }
            nameless += [path for path, found in described.items() if not found.description]
    assert nameless == []
