"""What `bizgraph.toml` says about where data comes from: backends, the domains they answer, and the cache.

[backends.crm]        one system: how it is reached, who we are there, how patient we are (REST or SOAP)
[customers]           one domain: which backend answers it and what its records' fields are
[customers.by_ids]    one operation of the domain
[cache]               where answers are kept
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, cast

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from resolvers.backends.cache import CacheSettings, Freshness
from resolvers.backends.mapping import FieldSettings, MappingSettings, Where, mapping_problems
from resolvers.backends.operation import OPERATIONS
from resolvers.backends.resilience import ResilienceSettings
from resolvers.backends.rest.settings import RestOperationSettings, RestSettings
from resolvers.backends.soap.settings import SoapOperationSettings, SoapSettings
from resolvers.backends.units import Duration
from resolvers.records import Customer, Invoice, Order, Product

DOMAINS: dict[str, type[Struct]] = {
    "customers": Customer,
    "orders": Order,
    "products": Product,
    "stock": Product,
    "invoices": Invoice,
}
"""The record of each domain; `stock` is for systems that know stock but are not asked for products."""


class _BackendKeys(ResilienceSettings):
    """The keys that backends of every kind have."""

    gather: Duration = Field(
        0.01, description="How long keys of several requests may gather for one call while the backend is busy."
    )
    calls_per_identity: Annotated[int, Field(ge=1)] = Field(
        1, description="How many calls of one operation and identity run before keys gather."
    )


class RestBackend(RestSettings, _BackendKeys):
    """A system that speaks REST."""

    kind: Literal["rest"]


class SoapBackend(SoapSettings, _BackendKeys):
    """A system that speaks SOAP."""

    kind: Literal["soap"]


Backend = Annotated[RestBackend | SoapBackend, Field(discriminator="kind")]


class _OperationKeys(Freshness):
    """The keys that operations of every kind have."""

    backend: str | None = Field(None, description="The backend of this operation, where not the domain's.")
    fields: dict[str, FieldSettings] = Field(default_factory=dict, description="Fields that differ from the domain's.")
    where: tuple[Where, ...] = Field((), description="Which items are records, where not as the domain says.")


class RestOperation(RestOperationSettings, _OperationKeys):
    """An operation of a REST backend."""

    idempotent: bool = Field(True, description="Whether a call may be made again when the first try failed.")


class SoapOperation(SoapOperationSettings, _OperationKeys):
    """An operation of a SOAP backend."""


class Domain(BaseModel):
    """Customers, orders, products, stock or invoices: who answers, what the fields are, and the operations.

    The operations are kept as written here; what they may say depends on the kind of their backend.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    backend: str = Field(description="The name of the backend that answers.")
    fields: dict[str, FieldSettings] = Field(default_factory=dict, description="Where each field of a record is.")
    where: tuple[Where, ...] = Field((), description="Which items are records at all.")

    @property
    def operations(self) -> Mapping[str, Any]:
        """The tables of the operations, as written."""
        return self.model_extra or {}


class BackendsSettings(BaseModel):
    """The tables of `bizgraph.toml` that say where data comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backends: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")], Backend] = Field(default_factory=dict)
    customers: Domain | None = None
    orders: Domain | None = None
    products: Domain | None = None
    stock: Domain | None = None
    invoices: Domain | None = None
    cache: CacheSettings = CacheSettings()


class Connected(Struct, frozen=True):
    """One operation, checked: its full name, its backend, what it says, and the whole mapping of its records."""

    name: str
    backend: str
    settings: RestOperation | SoapOperation
    mapping: MappingSettings
    record: type[Struct]


def connected(settings: BackendsSettings) -> tuple[list[Connected], list[tuple[str, str]]]:
    """Every operation that is right, and every mistake as key and reason."""
    operations: list[Connected] = []
    mistakes: list[tuple[str, str]] = []
    for domain_name, record in DOMAINS.items():
        domain = cast("Domain | None", getattr(settings, domain_name))
        if domain is None:
            continue
        offered = [name.split(".")[1] for name in OPERATIONS if name.startswith(f"{domain_name}.")]
        if not domain.operations:
            mistakes.append((domain_name, f"needs one of the operations {', '.join(offered)}"))
        for name, table in domain.operations.items():
            key = f"{domain_name}.{name}"
            if name not in offered or not isinstance(table, dict):
                mistakes.append((key, f"this key is unknown: the operations are {', '.join(offered)}"))
                continue
            try:
                operation = _operation(settings, domain, key, table)
            except ValidationError as error:
                mistakes += _told(key, error)
            except _Mistake as mistake:
                mistakes.append((mistake.key, mistake.reason))
            else:
                base = MappingSettings(fields=domain.fields, where=domain.where)
                mapping = base.overridden(operation.fields, operation.where)
                keyed = (operation.items or "").endswith(".*")
                problems = mapping_problems(record, mapping, keyed=keyed)
                # A mistake in the domain's own fields is told once, not for each of its operations.
                for problem in problems:
                    own = problem.key.split(".")[1:2]
                    place = key if own and own[0] in operation.fields else domain_name
                    if (found := (f"{place}.{problem.key}", problem.reason)) not in mistakes:
                        mistakes.append(found)
                operations.append(Connected(key, operation.backend or domain.backend, operation, mapping, record))
    return operations, mistakes


def check_backends(settings: BackendsSettings) -> Iterator[tuple[str, str]]:
    """Every mistake that the models alone do not see, as key and reason."""
    yield from connected(settings)[1]


class _Mistake(Exception):
    """One mistake in an operation's table."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}: {reason}")
        self.key = key
        self.reason = reason


def _operation(
    settings: BackendsSettings, domain: Domain, key: str, table: dict[str, Any]
) -> RestOperation | SoapOperation:
    name = table.get("backend", domain.backend)
    backend = settings.backends.get(name) if isinstance(name, str) else None
    if backend is None:
        where = f"{key}.backend" if "backend" in table else f"{key.split('.', maxsplit=1)[0]}.backend"
        known = ", ".join(settings.backends) or "none"
        raise _Mistake(where, f"there is no backend {name!r}: configured are {known}")
    if isinstance(backend, RestBackend):
        return RestOperation.model_validate(table)
    return SoapOperation.model_validate(table)


def _told(key: str, error: ValidationError) -> list[tuple[str, str]]:
    told = []
    for problem in error.errors(include_url=False, include_input=False):
        place = ".".join([key, *(str(part) for part in problem["loc"])])
        told.append((place, reason_of(problem)))
    return told


def reason_of(problem: Any) -> str:
    """A reason that pydantic tells, in the words of the configuration."""
    if problem["type"] == "extra_forbidden":
        return "this key is unknown"
    if problem["type"] == "missing":
        return "this key is needed"
    return str(problem["msg"]).removeprefix("Value error, ")
