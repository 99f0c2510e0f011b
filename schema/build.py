"""The schema as one value: types, scalars, rules, and what the executor needs on every field."""

from __future__ import annotations

from graphql import GraphQLSchema
from strawberry import Schema
from strawberry.schema.config import StrawberryConfig

from schema.access import guard
from schema.binding import bind
from schema.cost import weigh
from schema.query import Query
from schema.scalars import SCALARS, glance

DESCRIPTION = (
    "Customers, orders, products and invoices of the business, from the systems that keep them. A null with an error "
    "says what could not be had and why; a null without one says that there is nothing."
)


def build_schema() -> Schema:
    """A new schema. Raises TypeError where a guarded field is not nullable."""
    schema = Schema(query=Query, config=StrawberryConfig(scalar_map=SCALARS))
    graphql_schema(schema).description = DESCRIPTION
    bind(schema)
    glance(graphql_schema(schema))
    guard(graphql_schema(schema))
    weigh(graphql_schema(schema))
    return schema


def graphql_schema(schema: Schema) -> GraphQLSchema:
    """The graphql-core schema within; Strawberry offers it under a private name only."""
    return schema._schema


def sdl() -> str:
    """The printed schema, as kept in `schema/schema.graphql`."""
    # Strawberry prints no description of the schema itself.
    return f'"""\n{DESCRIPTION}\n"""\nschema {{\n  query: Query\n}}\n\n{build_schema().as_str()}\n'
