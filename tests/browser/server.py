"""A small GraphQL server that speaks the gateway's contract: tokens with scopes, explain and trace in `extensions`.

It keeps no promise about plans; it gives the page something of every kind to show.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    graphql,
    parse,
    validate,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gateway.http.graphiql import GraphiQL, wants_page

SDL = '''
"""The business in one graph."""
type Query {
  "Customers, newest first."
  customers(first: Int = 3): [Customer!]
  product(sku: String!): Product
}

"A customer of the business."
type Customer {
  id: ID!
  name: String!
  email: String
  "Orders of this customer; needs orders:read."
  orders: [Order!]
}

type Order {
  id: ID!
  status: String!
  total: String!
  invoices: [Invoice!]
  lines: [Line!]
}

type Line { sku: ID!, product: Product }
type Invoice { id: ID!, balance: String! }
type Product { sku: ID!, name: String!, available: Int }

type Subscription { "Every order as it is shipped." orderShipped: Order }

type Mutation { "Marks an order as shipped." ship(order: ID!): Order }
'''

EXAMPLES = [
    {
        "title": "Customers across four systems",
        "query": "query Customers($first: Int = 2) {\n  customers(first: $first) {\n    id\n    name\n    email\n"
        "    orders {\n      id\n      status\n      total\n      invoices { id balance }\n    }\n  }\n}\n",
        "variables": {"first": 2},
    },
    {
        "title": "Stock of one product",
        "query": 'query Stock {\n  product(sku: "A-100") {\n    sku\n    name\n    available\n  }\n}\n',
    },
]

ALL = frozenset({"customers:read", "orders:read", "invoices:read", "inventory:read", "ops:explain"})
CALLERS = {
    "demo-office": ALL,
    "demo-explorer": ALL - {"invoices:read", "orders:read"},
    "demo-customer": ALL - {"ops:explain"},
}
TOKENS = [
    {"label": "Back office", "description": "Sees everything, and how it is fetched", "token": "demo-office"},
    {"label": "Explorer", "description": "Holds neither orders:read nor invoices:read", "token": "demo-explorer"},
    {"label": "Customer c7", "description": "Sees its own records only, and no plans", "token": "demo-customer"},
    {"label": "Expired", "description": "A token that ran out yesterday", "token": "demo-expired"},
]


@dataclass(frozen=True)
class Relation:
    """What one field costs the imaginary backends."""

    operation: str
    backend: str
    scope: str
    batch: str
    keys: int
    start_ms: float
    duration_ms: float
    outcome: str


RELATIONS = {
    "customers": Relation("customers.list", "crm", "customers:read", "page", 1, 0.6, 14.2, "miss"),
    "orders": Relation("orders.by_customers", "shop", "orders:read", "csv", 100, 15.1, 22.5, "miss"),
    "invoices": Relation("invoices.by_orders", "accounting", "invoices:read", "list", 200, 38.0, 9.4, "error"),
    "product": Relation("products.by_skus", "warehouse", "inventory:read", "single", 500, 38.2, 31.0, "stale"),
    "lines": Relation("orders.lines", "shop", "orders:read", "csv", 100, 38.1, 0.0, "hit"),
}


class Gateway:
    """The fixture as an ASGI application; `explains` off makes a server that never heard of explain and trace."""

    def __init__(self, dist: Path, *, explains: bool = True, config: dict[str, Any] | None = None) -> None:
        told = {
            "endpoint": "./graphql",
            "subscriptionUrl": "./graphql",
            "title": "Demo company",
            "tokens": TOKENS,
            "examples": EXAMPLES,
            "explain": True,
            **(config or {}),
        }
        self._explains = explains
        self._schema = build_schema(SDL)
        self._graphiql = GraphiQL(dist, orjson.dumps(told).decode())
        self._routes = Starlette(routes=[*self._graphiql.routes, Route("/graphql", self._answer, methods=["POST"])])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if request.url.path == "/graphql" and request.method == "GET" and wants_page(request.headers):
            await self._graphiql.page(scope, receive, send)
        else:
            await self._routes(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        body = orjson.loads(await request.body())
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        scopes = CALLERS.get(token, frozenset())
        if token and token not in CALLERS:
            return refusal("The token has expired.", "UNAUTHENTICATED", 401)
        asked = body.get("extensions") or {}
        if self._explains and asked and "ops:explain" not in scopes:
            return refusal("Explain and trace need a scope.", "FORBIDDEN", 200, scopes=["ops:explain"])
        if self._explains and "explain" in asked:
            return explained(self._schema, body, scopes)
        result = await graphql(
            self._schema,
            body["query"],
            Root(),
            context_value=scopes,
            variable_values=body.get("variables"),
            operation_name=body.get("operationName"),
            field_resolver=resolve,
        )
        answer: dict[str, Any] = dict(result.formatted)
        if self._explains and asked.get("trace"):
            answer["extensions"] = {"trace": traced(body["query"])}
        return JSONResponse(answer)


def refusal(message: str, code: str, status: int, **details: Any) -> Response:
    return JSONResponse({"errors": [{"message": message, "extensions": {"code": code, **details}}]}, status)


class Root:
    """Marks the place where a query begins."""


def resolve(source: Any, info: GraphQLResolveInfo[frozenset[str]], **arguments: Any) -> Any:
    name = info.field_name
    relation = RELATIONS.get(name)
    if relation is not None and relation.scope not in info.context:
        raise GraphQLError(f"Needs {relation.scope}.", extensions={"code": "FORBIDDEN"})
    order = {"id": "o1", "status": "SHIPPED", "total": "120.00 EUR", "invoices": [{"id": "i1", "balance": "0.00 EUR"}]}
    product = {"sku": "A-100", "name": "Bolt", "available": 12}
    order["lines"] = [{"sku": "A-100", "product": product}]
    match name:
        case "customers":
            return [
                {"id": f"c{n}", "name": f"Müller & Söhne {n}", "email": None, "orders": [order]}
                for n in range(arguments["first"])
            ]
        case "product":
            return product
        case "ship":
            return order
        case _:
            return source.get(name)


def related(selections: SelectionSetNode | None, path: str, depth: int) -> Iterator[tuple[int, str, Relation]]:
    for node in selections.selections if selections else ():
        if not isinstance(node, FieldNode):
            continue
        below = f"{path}.{node.name.value}".lstrip(".")
        relation = RELATIONS.get(node.name.value)
        if relation is not None:
            yield depth, below, relation
        yield from related(node.selection_set, below, depth + (relation is not None))


def found(query: str) -> list[tuple[int, str, Relation]]:
    operations = [node for node in parse(query).definitions if isinstance(node, OperationDefinitionNode)]
    return [one for operation in operations for one in related(operation.selection_set, "", 0)]


def explained(schema: GraphQLSchema, body: dict[str, Any], scopes: frozenset[str]) -> Response:
    if errors := validate(schema, parse(body["query"])):
        return JSONResponse({"errors": [error.formatted for error in errors]})
    relations = found(body["query"])
    levels: dict[int, list[dict[str, Any]]] = {}
    for depth, path, relation in relations:
        each = relation.batch == "single" and depth > 0
        levels.setdefault(depth, []).append(
            {
                "name": relation.operation,
                "backend": relation.backend,
                "field": path,
                "callsAtMost": relation.keys if each else 1,
                "callsAbout": relation.keys if each else 1,
                "keysAtMost": relation.keys if depth else 1,
                "keysAbout": relation.keys if depth else 1,
                "batch": relation.batch,
                "cache": {"ttl": 60, "mayAnswer": True} if depth else None,
            }
        )
    needed = sorted({relation.scope for _, _, relation in relations})
    missing = sorted(set(needed) - scopes)
    many = [(path, relation) for depth, path, relation in relations if depth and relation.batch == "single"]
    calls = sum(operation["callsAtMost"] for operations in levels.values() for operation in operations)
    plan = {
        "levels": [{"depth": depth, "operations": operations} for depth, operations in sorted(levels.items())],
        "calls": {"most": calls, "about": calls},
        "cost": {"value": sum(relation.keys for _, _, relation in relations), "limit": 1000},
        "scopes": {"needed": needed, "missing": missing},
        "refused": [{"path": path, "scopes": [one.scope]} for _, path, one in relations if one.scope in missing],
        "personal": ["customers.email"] if "email" in body["query"] else [],
        "warnings": [
            {"code": "N_CALLS", "message": f"{one.operation} has no batch form: up to {one.keys} calls", "path": path}
            for path, one in many
        ],
    }
    return JSONResponse({"extensions": {"explain": plan}})


def traced(query: str) -> dict[str, Any]:
    calls = [
        {
            "backend": relation.backend,
            "operation": relation.operation,
            "startMs": relation.start_ms,
            "durationMs": relation.duration_ms,
            "keys": relation.keys,
            "shared": 3 if relation.backend == "shop" else 1,
            "outcome": relation.outcome,
            "attempts": 2 if relation.outcome == "error" else 1,
            "code": "BACKEND_TIMEOUT" if relation.outcome == "error" else None,
        }
        for _, _, relation in found(query)
    ]
    return {"durationMs": 71.3, "calls": calls, "cache": {"hits": 4, "misses": 2, "stale": 1}}


@asynccontextmanager
async def serving(app: Gateway) -> AsyncIterator[str]:
    """Serves the application on a loopback port of its own and yields its origin."""
    settings = Config(app, interface="asgi3", lifespan="off", log_config=None, ws="none")
    settings.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: HttpToolsProtocol(settings, state, app_state={}), "127.0.0.1", 0
    )
    host, port = server.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
