"""The command line: `bizgraph serve | demo | check | init | explain | journal | schema | token`.

Heavy modules are imported inside the commands, so that `--help` and mistakes answer at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="bizgraph",
    help="One GraphQL endpoint over CRM, shop, warehouse and accounting.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The configuration; BIZGRAPH_CONFIG or ./bizgraph.toml where not given."),
]


def main() -> None:
    """The entry point of the script `bizgraph`."""
    app()


def _refuse(lines: list[str]) -> typer.Exit:
    for line in lines:
        typer.echo(line, err=True)
    return typer.Exit(2)


def _own_schema() -> None:
    """Refuse to go on when another package named `schema` shadows ours: PyPI has one."""
    import gateway
    import schema

    ours = Path(gateway.__file__).parent.parent / "schema" / "__init__.py"
    if Path(str(schema.__file__)).resolve() != ours.resolve():
        raise _refuse([f"another package named schema is in the way: {schema.__file__}; uninstall it"])


@app.command()
def serve(
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="How many processes.")] = None,
) -> None:
    """Start the gateway for a configuration."""
    _own_schema()
    from gateway.settings import CONFIG_VARIABLE, ConfigurationError, load
    from gateway.telemetry.workers import shared_metrics

    path = config if config is not None else Path(os.environ.get(CONFIG_VARIABLE, "bizgraph.toml"))
    overrides = {"HOST": host, "PORT": port, "WORKERS": workers}
    for name, value in overrides.items():
        if value is not None:
            os.environ[f"BIZGRAPH_SERVER__{name}"] = str(value)
    os.environ[CONFIG_VARIABLE] = str(path)
    try:
        settings = load(path, os.environ)
        with shared_metrics(os.environ, settings.server.workers):
            # Not before: it imports prometheus_client, which looks for the folder of the metrics.
            from gateway.server import run

            run(settings, lambda: load(path, os.environ))
    except ConfigurationError as error:
        raise _refuse(["The configuration cannot be used:", *(f"  {line}" for line in error.mistakes)]) from error


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="The port of the gateway.")] = 8000,
    chaos: Annotated[bool, typer.Option("--chaos", help="Let the demo's systems fail at random.")] = False,
    batches: Annotated[
        bool, typer.Option("--batches/--no-batches", help="Whether the demo's systems take many keys in a call.")
    ] = True,
    seed: Annotated[int, typer.Option(help="Which data and which chaos.")] = 1,
) -> None:
    """Start the gateway with four demo systems, and print address, tokens and a query."""
    _own_schema()
    try:
        from gateway.demo.run import run_demo
    except ModuleNotFoundError as error:
        raise _refuse([f"the demo needs {error.name}: install bizgraph[demo]"]) from error
    run_demo(port=port, chaos=chaos, batches=batches, seed=seed)


@app.command()
def schema(
    config: Annotated[bool, typer.Option("--config", help="The JSON Schema of bizgraph.toml instead.")] = False,
) -> None:
    """Print the schema of the graph (SDL), or of the configuration."""
    _own_schema()
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
        list[str] | None, typer.Option("--scope", "-s", help="A scope that the token holds; may be repeated.")
    ] = None,
    customer: Annotated[str | None, typer.Option(help="Limit the token to this customer's records.")] = None,
    subject: Annotated[str, typer.Option(help="Who the token is for.")] = "demo",
    expires: Annotated[str, typer.Option(help="How long it is valid, such as 8h.")] = "8h",
    config: ConfigOption = None,
) -> None:
    """Mint a token for the demo, or for an issuer of the configuration whose key is at hand (HS256)."""
    import time

    from pydantic import SecretStr

    from gateway.auth.mint import mint
    from gateway.auth.secret import resolve_secret
    from gateway.settings import ConfigurationError, load
    from resolvers.backends.units import seconds

    try:
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
        minted = mint(
            issuer,
            key,
            subject=subject,
            now=time.time(),
            expires_in=seconds(expires),
            scopes=scope or (),
            customer=customer,
        )
    except ConfigurationError as error:
        raise _refuse(list(error.mistakes)) from error
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
    _own_schema()
    import asyncio

    from gateway.explain.command import CannotExplain, explain_file
    from gateway.settings import ConfigurationError

    try:
        text = query.read()
        told = asyncio.run(explain_file(text, config, os.environ, token, variables, operation, as_json))
    except ConfigurationError as error:
        raise _refuse(list(error.mistakes)) from error
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
    _own_schema()
    import asyncio

    from gateway.check.command import CannotCheck, check, check_leaks, samples_of, usual_file
    from gateway.settings import CONFIG_VARIABLE, ConfigurationError, load
    from gateway.telemetry.logs import configure_logging

    path = config if config is not None else Path(os.environ.get(CONFIG_VARIABLE, "bizgraph.toml"))
    usual = usual_file(path)
    before = compare or (usual if usual.exists() and save is None else None)
    configure_logging("error", "console")
    try:
        settings = load(path, os.environ)
        samples = samples_of(sample or ())
        if leaks:
            report = asyncio.run(check_leaks(settings, os.environ, samples=samples))
        else:
            report = asyncio.run(
                check(settings, os.environ, samples=samples, size=size, token=token, save_to=save, compare=before)
            )
    except ConfigurationError as error:
        raise _refuse(["The configuration cannot be used:", *(f"  {line}" for line in error.mistakes)]) from error
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
        list[Path] | None, typer.Option(exists=True, help="An OpenAPI 3 file (JSON); may be repeated.")
    ] = None,
    wsdl: Annotated[list[Path] | None, typer.Option(exists=True, help="A WSDL file; may be repeated.")] = None,
    out: Annotated[Path, typer.Option(help="The file to write; - for standard output.")] = Path("bizgraph.toml"),
) -> None:
    """Write a configuration to start from, guessed from what systems say about themselves. Overwrites nothing."""
    import asyncio

    from gateway.init.command import configuration
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
    from gateway.settings import CONFIG_VARIABLE, ConfigurationError, load

    searched = Searched()
    try:
        beginning = None if since is None else since_moment(since, time.time())
        files = file
        if files is None:
            path = config if config is not None else Path(os.environ.get(CONFIG_VARIABLE, "bizgraph.toml"))
            kind, _, place = load(path, os.environ).privacy.journal.partition(":")
            if kind != "file":
                raise _refuse([f"{path}: privacy.journal: reads are not kept in a file: name one with --file"])
            files = files_of(Path(place))
        for found in search(files, customer, beginning, searched):
            typer.echo(found.line.decode() if as_json else found.for_people())
    except ConfigurationError as error:
        raise _refuse(list(error.mistakes)) from error
    except (OSError, ValueError) as error:
        raise _refuse([f"no answer: {error}"]) from error
    if searched.broken:
        typer.echo(f"{searched.broken} of {searched.lines} lines are no entries", err=True)
