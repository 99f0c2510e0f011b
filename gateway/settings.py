"""The whole configuration: `bizgraph.toml` and the environment, refused by name when wrong.

A variable `BIZGRAPH_SERVER__PORT=8080` overrides the key `server.port`; two underscores separate the levels. Every
mistake is collected and told at once, with file, key and reason.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from gateway.auth.settings import AuthSettings
from gateway.execution.settings import DocumentsSettings
from gateway.http.settings import CorsSettings, GraphiqlSettings, IntrospectionSettings, ServerSettings
from gateway.journal.settings import PrivacySettings
from gateway.limits.settings import ConcurrencySettings, RateSettings
from gateway.telemetry.settings import TelemetrySettings
from resolvers.backends.mistakes import dotted, mistakes_in
from resolvers.backends.settings import BackendsSettings, read_backends

PREFIX = "BIZGRAPH_"
CONFIG_VARIABLE = "BIZGRAPH_CONFIG"
"""Names the file; it is the one variable of the prefix that is not a key of the file."""


def file_of(given: Path | None, environment: Mapping[str, str]) -> Path:
    """The file that a command reads: the one that is given, else what BIZGRAPH_CONFIG names, else ./bizgraph.toml."""
    return given if given is not None else Path(environment.get(CONFIG_VARIABLE, "bizgraph.toml"))


class ConfigurationError(Exception):
    """The configuration cannot be used; `mistakes` are lines of the form `source: key: reason`."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


Count = Annotated[int, Field(ge=1)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class DocumentLimitSettings(_Model):
    """The most that one document may have; counts are per operation, with fragments expanded."""

    characters: Count = 32_000
    """Characters of the text."""
    tokens: Count = 2_000
    """Lexical tokens, comments included."""
    operations: Count = 20
    """Operations in one document."""
    depth: Count = 15
    """Levels of fields."""
    root_fields: Count = 20
    """Fields of the root."""
    fields: Count = 1_000
    """Fields in all."""
    aliases: Count = 60
    """Aliases in all."""
    directives: Count = 60
    """Directives in all."""
    spreads: Count = 300
    """Fragment spreads in all."""
    repeats: Count = 25
    """How often one response name may stand in one selection."""
    merges: Count = 20_000
    """Comparisons that validation may spend on fields of the same response name."""


class LimitsSettings(_Model):
    """What a caller may ask at most."""

    document: DocumentLimitSettings = DocumentLimitSettings()
    max_page: Count = 200
    """How many records one page of a list may hold."""
    cost: Count = 50_000
    """What one operation may cost: the records that its answer may hold at most, as `@cost` and `@listSize` tell."""
    cost_mode: Literal["measure", "enforce"] = "enforce"
    """Count the operations that cost more, or refuse them."""
    rate: RateSettings = RateSettings()
    concurrency: ConcurrencySettings = ConcurrencySettings()


class TenantSettings(_Model):
    """One tenant: the tokens that name it are answered from backends of its own."""

    issuers: tuple[str, ...] = ()
    """The issuers whose tokens may name this tenant; every trusted one where none is named."""
    backends: dict[str, dict[str, Any]] = {}
    """What is different for it in the tables of `[backends]`, key by key."""


TenantName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Settings(_Model):
    """Everything in `bizgraph.toml`."""

    server: ServerSettings = ServerSettings()
    auth: AuthSettings = AuthSettings()
    limits: LimitsSettings = LimitsSettings()
    documents: DocumentsSettings = DocumentsSettings()
    introspection: IntrospectionSettings = IntrospectionSettings()
    graphiql: GraphiqlSettings = GraphiqlSettings()
    cors: CorsSettings = CorsSettings()
    privacy: PrivacySettings = PrivacySettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    tenants: dict[TenantName, TenantSettings] = {}
    """Where the claim of the tenant leads. With any, tokens that name no tenant, or another, are refused."""
    data: BackendsSettings = Field(default_factory=BackendsSettings, exclude=True)
    _of_tenants: dict[str, BackendsSettings] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _issuers_are_known(self) -> Settings:
        known = {issuer.issuer for issuer in self.auth.issuers}
        named = {
            "documents": self.documents.issuers,
            **{f"tenants.{name}": t.issuers for name, t in self.tenants.items()},
        }
        for place, issuers in named.items():
            if unknown := sorted(set(issuers) - known):
                # A rule for an issuer that is written otherwise would hold for nobody.
                raise ValueError(f"{place}.issuers: not among auth.issuers: {', '.join(unknown)}")
        return self

    @property
    def of_tenants(self) -> Mapping[str, BackendsSettings]:
        """Where each tenant's data comes from."""
        return self._of_tenants


DATA_KEYS = frozenset(BackendsSettings.model_fields)
"""The tables that say where data comes from stand at the top level of the file, beside the gateway's own."""


def load(path: Path | None, environment: Mapping[str, str]) -> Settings:
    """The settings from a file and the environment. Raises ConfigurationError with everything that is wrong."""
    content: dict[str, Any] = {}
    source = str(path) if path else "environment"
    if path is not None:
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ConfigurationError([f"{source}: there is no such file"]) from error
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError([f"{source}: cannot be read: {error}"]) from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError([f"{source}: is not TOML: {error}"]) from error
    overlay = _Overlay(content, environment)
    try:
        settings = parse(overlay.content, source, overlay.names)
    except ConfigurationError as error:
        raise ConfigurationError([*overlay.mistakes, *error.mistakes]) from error
    if overlay.mistakes:
        raise ConfigurationError(overlay.mistakes)
    return settings


def parse(content: Mapping[str, Any], source: str, names: Mapping[str, str] | None = None) -> Settings:
    """The settings from parsed TOML. `names` are the variables that set keys, and tables of their own, by key."""
    own = {key: value for key, value in content.items() if key not in DATA_KEYS and key != "data"}
    data = {key: value for key, value in content.items() if key in DATA_KEYS}
    found: list[tuple[str, str]] = []
    if "data" in content:
        found.append(("data", "this key is unknown"))
    settings = None
    try:
        settings = Settings.model_validate(own)
    except ValidationError as error:
        found += [(dotted(key), reason) for key, reason in mistakes_in(own, error)]
    backends, mistakes = read_backends(data)
    found += mistakes
    of_tenants: dict[str, BackendsSettings] = {}
    if settings is not None and backends is not None:
        for name, tenant in settings.tenants.items():
            changed, mistakes = _of_tenant(data, tenant)
            found += [(f"tenants.{name}.{key}", reason) for key, reason in mistakes]
            if changed is not None:
                of_tenants[name] = changed
    if found or settings is None or backends is None:
        raise ConfigurationError([f"{_origin(key, names or {}) or source}: {key}: {reason}" for key, reason in found])
    whole = settings.model_copy(update={"data": backends})
    whole._of_tenants = of_tenants
    return whole


def _origin(key: str, names: Mapping[str, str]) -> str | None:
    """The variable that set the key, or the table around it; None where the file did."""
    while key:
        if key in names:
            return names[key]
        key = key.rpartition(".")[0]
    return None


def _of_tenant(
    data: Mapping[str, Any], tenant: TenantSettings
) -> tuple[BackendsSettings | None, list[tuple[str, str]]]:
    """The backends with what is different for the tenant; or None, and every mistake as key and reason."""
    known: dict[str, Any] = data.get("backends", {})
    if unknown := sorted(tenant.backends.keys() - known.keys()):
        return None, [(f"backends.{name}", "there is no backend of this name") for name in unknown]
    backends = {name: _laid_over(table, tenant.backends.get(name, {})) for name, table in known.items()}
    return read_backends({**data, "backends": backends})


def _laid_over(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The table with the changes in it, table by table where both have one of a name and, if any, type."""
    laid = dict(table)
    for name, value in changes.items():
        below = laid.get(name)
        if isinstance(below, dict) and isinstance(value, dict) and value.get("type") in (None, below.get("type")):
            laid[name] = _laid_over(below, value)
        else:
            laid[name] = value
    return laid


class _Overlay:
    """The file's content with the variables laid over it.

    `names` has the variable for each key that one set, and for each table that only variables wrote. `mistakes` are the
    variables that could not be laid anywhere.
    """

    def __init__(self, content: dict[str, Any], environment: Mapping[str, str]) -> None:
        self.content = content
        self.names: dict[str, str] = {}
        self.mistakes: list[str] = []
        for name in sorted(environment):
            if name.startswith(PREFIX) and name != CONFIG_VARIABLE:
                self._lay(name, environment[name])

    def _lay(self, name: str, value: str) -> None:
        keys = name.removeprefix(PREFIX).lower().split("__")
        if len(keys) == 1:
            self.mistakes.append(
                f"{name}: names no key of a table: two underscores separate the levels, as in {PREFIX}SERVER__PORT"
            )
            return
        table = self.content
        for depth, key in enumerate(keys[:-1], start=1):
            if key not in table:
                self.names[dotted(keys[:depth])] = name
            table = table.setdefault(key, {})
            if not isinstance(table, dict):
                self.mistakes.append(f"{name}: {dotted(keys[:depth])} is not a table")
                return
        table[keys[-1]] = _value(value)
        self.names[dotted(keys)] = name


def _value(text: str) -> Any:
    """A variable's value: as TOML where it is a number, a truth value or a list; text otherwise."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
