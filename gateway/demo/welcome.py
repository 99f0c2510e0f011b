"""What `bizgraph demo` prints once it can be asked: addresses, tokens and a question to paste."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape

from gateway.demo.company import DemoCompany

QUERY = (
    '{ customer(id: "c7") { name orders(filter: { status: [CANCELLED] }) { nodes { total { amount currency } '
    "lines { quantity product { name available } } invoices { nodes { kind status } } } } } }"
)
"""One question that all four systems answer. The README shows it with its answer, which is the same on every day."""


def print_welcome(
    console: Console, company: DemoCompany, origin: str, tokens: Sequence[Mapping[str, str]], *, portal: bool
) -> None:
    """Print it; in colour where the console has any, and with every address, token and command on a line of its own."""
    books = company.books
    warehouses = {level.warehouse for product in books.products.values() for level in product.stock}
    holds = {
        "crm": f"{len(books.customers):,} customers",
        "shop": f"{len(books.orders):,} orders",
        "warehouse": f"{len(books.products):,} products in {len(warehouses)} warehouses",
        "accounting": f"{len(books.invoices):,} invoices and credit notes",
    }
    lines = [
        "",
        "[bold]bizgraph demo[/]: one graph over four systems",
        "",
        f"  [bold]GraphiQL[/]    {origin}/graphql   with queries to try and tokens to pick",
    ]
    if portal:
        lines.append(f"  [bold]Portal[/]      {origin}/portal/   what a customer sees; one click signs in")
    lines += [
        "",
        *(
            f"  {server.name:<11} {server.url}   {server.protocol.upper()}, {holds[server.name]}"
            for server in company.servers
        ),
        "  [dim]Each lists its calls at /__calls, and fails in the way that is PUT to /__switch.[/]",
        "",
    ]
    for token in tokens:
        lines += [f"[bold]{escape(token['label'])}[/]: {escape(token['description'])}", f"[dim]{token['token']}[/]", ""]
    lines += [
        "[bold]One question, four systems.[/] Paste it into a shell; ask again, and no system is called.",
        escape(question(f"{origin}/graphql", tokens[0]["token"])),
        "",
        "Ctrl+C ends it.",
    ]
    console.print("\n".join(lines), soft_wrap=True, highlight=False)


def question(address: str, token: str) -> str:
    """The query as a command for a POSIX shell."""
    body = '{"query": "' + QUERY.replace('"', '\\"') + '"}'
    return (
        f"curl -s {address} -H 'content-type: application/json' \\\n"
        f"  -H 'authorization: Bearer {token}' \\\n"
        f"  -d '{body}'"
    )
