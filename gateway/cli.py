"""The command line: `bizgraph serve | demo | check | init | explain | journal | schema | token`.

Heavy modules are imported inside the commands, so that `--help` and mistakes answer at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module, metadata
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="bizgraph",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The configuration; BIZGRAPH_CONFIG or ./bizgraph.toml where not given."),
]
ConfigOrDemoOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="The configuration; the demo's where not given.")
]
Port = typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")


def main() -> None:
    """The entry point of the script `bizgraph`."""
    app()


def _refuse(lines: list[str]) -> typer.Exit:
    for line in lines:
        typer.echo(line, err=True)
    return typer.Exit(2)


def _own_packages() -> None:
    """Refuse to go on when another package stands in the way of one of ours: PyPI has a `schema`."""
    ours = Path(__file__).resolve().parents[1]
    for name in ("schema", "resolvers"):
        found = import_module(name)
        if not found.__file__ or Path(found.__file__).resolve() != ours / name / "__init__.py":
            where = found.__file__ or next(iter(found.__path__))
            raise _refuse([f"another package named {name} is in the way of bizgraph's own: remove or rename {where}"])


@contextmanager
def _usable(path: Path | None) -> Iterator[None]:
    """End the command with every mistake in the configuration, each with the file or the variable that it is in."""
    from gateway.settings import PREFIX, ConfigurationError

    try:
        yield
    except ConfigurationError as error:
        named = (PREFIX,) if path is None else (PREFIX, f"{path}: ")
        lines = [line if path is None or line.startswith(named) else f"{path}: {line}" for line in error.mistakes]
        raise _refuse(["The configuration cannot be used:", *(f"  {line}" for line in lines)]) from error


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"bizgraph {metadata.version('bizgraph')}")
        raise typer.Exit


@app.callback()
def bizgraph(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """One GraphQL endpoint over CRM, shop, warehouse and accounting."""


@app.command()
def serve(
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, Port] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="How many processes.")] = None,
) -> None:
    """Start the gateway for a configuration. SIGHUP reads it anew, SIGTERM ends it."""
    _own_packages()
    from gateway.settings import CONFIG_VARIABLE, file_of, load
    from gateway.telemetry.workers import shared_metrics

    path = file_of(config, os.environ)
    overrides = {"HOST": host, "PORT": port, "WORKERS": workers}
    for name, value in overrides.items():
        if value is not None:
            os.environ[f"BIZGRAPH_SERVER__{name}"] = str(value)
    os.environ[CONFIG_VARIABLE] = str(path)
    with _usable(path):
        settings = load(path, os.environ)
        with shared_metrics(os.environ, settings.server.workers):
            # Not before: it imports prometheus_client, which looks for the folder of the metrics.
            from gateway.server import run

            run(settings, lambda: load(path, os.environ))


@app.command()
def demo(
    host: Annotated[
        str, typer.Option(help="The address to listen on; the four systems stay on loopback.")
    ] = "127.0.0.1",
    port: Annotated[int, Port] = 8000,
    chaos: Annotated[bool, typer.Option("--chaos", help="Let the demo's systems fail at random.")] = False,
    batches: Annotated[
        bool, typer.Option("--batches/--no-batches", help="Whether the demo's systems take many keys in a call.")
    ] = True,
    seed: Annotated[int, typer.Option(help="Which data and which chaos.")] = 1,
) -> None:
    """Start the gateway with four demo systems, and print address, tokens and a query."""
    _own_packages()
    try:
        from gateway.demo.run import run_demo
    except ModuleNotFoundError as error:
        raise _refuse([f"the demo needs {error.name}: install bizgraph[demo]"]) from error
    from gateway.server import CannotListen

    try:
        with _usable(None):
            run_demo(host=host, port=port, chaos=chaos, batches=batches, seed=seed)
    except CannotListen as error:
        raise _refuse([f"{error}; --port chooses another port, 0 a free one"]) from error


@app.command()
def schema(
    config: Annotated[bool, typer.Option("--config", help="The JSON Schema of bizgraph.toml instead.")] = False,
) -> None:
    """Print the schema of the graph (SDL), or of the configuration."""
    _own_packages()
    if config:
        import json

        from gateway.reference import json_schema

        sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
        return
    from schema.build import sdl

    sys.stdout.write(sdl())


@app.command()
def token(
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", "-s", help="A scope that the token holds; may be repeated."),
    ] = None,
    customer: Annotated[
        str | None,
        typer.Option(help="Limit the token to this customer's records; staff's, for those of all customers, without."),
    ] = None,
    subject: Annotated[str, typer.Option(help="Who the token is for.")] = "demo",
    expires: Annotated[str, typer.Option(help="How long it is valid, such as 8h.")] = "8h",
    config: ConfigOrDemoOption = None,
) -> None:
    """Mint a token for the demo, or for an issuer of the configuration whose key is at hand (HS256)."""
    import time

    from pydantic import SecretStr

    from gateway.auth.mint import mint
    from gateway.auth.secret import resolve_secret
    from gateway.settings import load
    from resolvers.backends.units import seconds

    with _usable(config):
        if config is None:
            from gateway.demo.run import configuration_path
            from gateway.demo.tokens import DEMO_KEY

            issuer = load(configuration_path(), {}).auth.issuers[0]
            key = SecretStr(DEMO_KEY)
        else:
            issuers = [issuer for issuer in load(config, os.environ).auth.issuers if issuer.key is not None]
            if not issuers:
                raise _refuse([f"{config}: auth.issuers: no issuer has a key that could sign a token"])
            issuer = issuers[0]
            assert issuer.key is not None
            key = resolve_secret(issuer.key, os.environ)
    scopes = [*(scope or ())]
    if customer is None:
        scopes += issuer.all_customers[:1]
    try:
        minted = mint(
            issuer,
            key,
            subject=subject,
            now=time.time(),
            expires_in=seconds(expires),
            scopes=scopes,
            customer=customer,
        )
    except ValueError as error:
        raise _refuse([f"no token: {error}"]) from error
    typer.echo(minted)


@app.command()
def explain(
    query: Annotated[
        typer.FileText, typer.Argument(help="A file with the operation; - for standard input.", encoding="utf-8")
    ],
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", help="The configuration; BIZGRAPH_CONFIG, ./bizgraph.toml or the demo's where not given."
        ),
    ] = None,
    token: Annotated[str | None, typer.Option("--as", help="Whose plan: a token; the scopes of staff without.")] = None,
    variables: Annotated[str, typer.Option("--variables", "-v", help="The variables as JSON.")] = "{}",
    operation: Annotated[str | None, typer.Option(help="Which operation, where there are several.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Tell what an operation will take before it runs: calls, scopes, personal fields, warnings. Calls no backend."""
    _own_packages()
    import asyncio

    from gateway.commands.explain import CannotExplain, explain_file

    try:
        text = query.read()
        with _usable(config):
            told = asyncio.run(explain_file(text, config, os.environ, token, variables, operation, as_json))
    except CannotExplain as error:
        raise _refuse([str(error)]) from error
    except UnicodeDecodeError as error:
        raise _refuse([f"{query.name} is not text in UTF-8"]) from error
    typer.echo(told)


@app.command()
def check(
    config: ConfigOption = None,
    sample: Annotated[
        list[str] | None, typer.Option(help="Keys to ask with, such as customers=1,2; may be repeated.")
    ] = None,
    size: Annotated[int, typer.Option(min=1, max=200, help="How many records or keys a sample has.")] = 50,
    token: Annotated[str | None, typer.Option("--as", help="A token, where backends see the caller.")] = None,
    save: Annotated[Path | None, typer.Option(help="Keep the observed shape in this file.")] = None,
    compare: Annotated[
        Path | None, typer.Option(help="Tell what changed since this file; bizgraph.shapes.json where it is there.")
    ] = None,
    leaks: Annotated[
        bool, typer.Option("--leaks", help="Compare what two customers see, --sample customers=ONE,OTHER, instead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Ask every configured operation, and tell what does not fit. Ends with 1 when there is a problem."""
    _own_packages()
    import asyncio

    from gateway.commands.check import CannotCheck, check, check_leaks, samples_of, usual_file
    from gateway.settings import file_of, load
    from gateway.telemetry.logs import configure_logging

    path = file_of(config, os.environ)
    usual = usual_file(path)
    before = compare or (usual if usual.exists() and save is None else None)
    configure_logging("error", "console")
    try:
        with _usable(path):
            settings = load(path, os.environ)
            samples = samples_of(sample or ())
            if leaks:
                report = asyncio.run(check_leaks(settings, os.environ, samples=samples))
            else:
                report = asyncio.run(
                    check(settings, os.environ, samples=samples, size=size, token=token, save_to=save, compare=before)
                )
    except CannotCheck as error:
        raise _refuse([str(error)]) from error
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode({"ok": report.ok, **msgspec.to_builtins(report)}))
    else:
        from rich.console import Console

        from gateway.check.table import show

        show(report, Console())
    raise typer.Exit(0 if report.ok else 1)


@app.command()
def init(
    openapi: Annotated[
        list[Path] | None, typer.Option(exists=True, help="An OpenAPI 2 or 3 file (JSON or YAML); may be repeated.")
    ] = None,
    wsdl: Annotated[list[Path] | None, typer.Option(exists=True, help="A WSDL file; may be repeated.")] = None,
    out: Annotated[Path, typer.Option(help="The file to write; - for standard output.")] = Path("bizgraph.toml"),
) -> None:
    """Write a configuration to start from, guessed from what systems say about themselves. Overwrites nothing."""
    import asyncio

    from gateway.commands.init import configuration
    from gateway.init.model import Unreadable

    if not openapi and not wsdl:
        raise _refuse(["name at least one file: --openapi FILE or --wsdl FILE"])
    try:
        text = asyncio.run(configuration(openapi or (), wsdl or ()))
    except Unreadable as error:
        raise _refuse([str(error)]) from error
    if str(out) == "-":
        sys.stdout.write(text)
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise _refuse([f"{out} is there already; write elsewhere with --out"]) from error
    guesses = text.count("# guess:")
    typer.echo(f"{out}: {guesses} guesses to look at; what is lacking is said at the top.")


@app.command()
def journal(
    customer: Annotated[str, typer.Option(help="Whose data was read.")],
    since: Annotated[str | None, typer.Option(help="From when on: 24h ago, a day or an instant (UTC).")] = None,
    file: Annotated[
        list[Path] | None, typer.Option(help="Where to look instead; - reads syslog's lines from standard input.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The entries themselves.")] = False,
    config: ConfigOption = None,
) -> None:
    """Tell who read a customer's personal data, from the access journal."""
    import time

    from gateway.journal.search import Searched, files_of, search, since_moment
    from gateway.settings import file_of, load

    searched = Searched()
    try:
        beginning = None if since is None else since_moment(since, time.time())
        files = file
        if files is None:
            path = file_of(config, os.environ)
            with _usable(path):
                kind, _, place = load(path, os.environ).privacy.journal.partition(":")
            if kind != "file":
                raise _refuse([f"{path}: privacy.journal: reads are not kept in a file: name one with --file"])
            files = files_of(Path(place))
        for found in search(files, customer, beginning, searched):
            typer.echo(found.line.decode() if as_json else found.for_people())
    except (OSError, ValueError) as error:
        raise _refuse([f"no answer: {error}"]) from error
    if searched.broken:
        typer.echo(f"{searched.broken} of {searched.lines} lines are no entries", err=True)
