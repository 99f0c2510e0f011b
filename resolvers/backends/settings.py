"""What `bizgraph.toml` says about where data comes from: backends, the domains they answer, and the cache.

[backends.crm]        one system: how it is reached, who we are there, how patient we are (REST or SOAP)
[customers]           one domain: which backend answers it and what its records' fields are
[customers.by_ids]    one operation of the domain
[cache]               where answers are kept
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, cast

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from resolvers.backends.adapter import AdapterError, check_accepts, find, offered
from resolvers.backends.cache import CacheSettings, Freshness
from resolvers.backends.mapping import Conditions, FieldSettings, MappingSettings, mapping_problems
from resolvers.backends.mapping.kinds import kinds_of
from resolvers.backends.mistakes import Key, dotted, mistakes_in, without
from resolvers.backends.operation import ARGUMENTS, OPERATIONS
from resolvers.backends.python.fields import own_names
from resolvers.backends.python.settings import PythonOperationSettings, PythonSettings
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

    kind: Literal["rest"] = Field(description="How it is spoken to.")


class SoapBackend(SoapSettings, _BackendKeys):
    """A system that speaks SOAP."""

    kind: Literal["soap"] = Field(description="How it is spoken to.")


class PythonBackend(PythonSettings, _BackendKeys):
    """An adapter in Python; a domain with `adapter` and without `backend` has one of its own with the defaults."""

    kind: Literal["python"] = Field(description="How it is spoken to.")


Backend = Annotated[RestBackend | SoapBackend | PythonBackend, Field(discriminator="kind")]
KINDS: dict[object, Any] = {"rest": RestBackend, "soap": SoapBackend, "python": PythonBackend}


class _OperationKeys(Freshness):
    """The keys that operations of every kind have."""

    backend: str | None = Field(None, description="The backend of this operation, where not the domain's.")
    fields: dict[str, FieldSettings] = Field(default_factory=dict, description="Fields that differ from the domain's.")
    where: Conditions = Field((), description="Which items are records, where not as the domain says.")


class RestOperation(RestOperationSettings, _OperationKeys):
    """An operation of a REST backend."""

    idempotent: bool = Field(True, description="Whether a call may be made again when the first try failed.")


class SoapOperation(SoapOperationSettings, _OperationKeys):
    """An operation of a SOAP backend."""


class PythonOperation(PythonOperationSettings, _OperationKeys):
    """An operation of an adapter in Python."""


Operation = RestOperation | SoapOperation | PythonOperation


class Domain(BaseModel):
    """Customers, orders, products, stock or invoices: who answers, what the fields are, and the operations.

    The operations are kept as written here; what they may say depends on the kind of their backend.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    backend: str | None = Field(None, description="The name of the backend that answers.")
    adapter: str | None = Field(
        None, description="The Python class that answers in place of one, such as my_company.crm:Customers."
    )
    fields: dict[str, FieldSettings] = Field(default_factory=dict, description="Where each field of a record is.")
    where: Conditions = Field((), description="Which items are records at all.")

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
    settings: Operation
    mapping: MappingSettings
    record: type[Struct]
    adapter: str | None = None


def backends_of(settings: BackendsSettings) -> dict[str, RestBackend | SoapBackend | PythonBackend]:
    """The configured backends, and those of adapters that name none: each has the name of its domain."""
    own = {
        name: PythonBackend(kind="python")
        for name in DOMAINS
        if (domain := getattr(settings, name)) is not None and domain.adapter is not None and domain.backend is None
    }
    return own | settings.backends


def connected(
    settings: BackendsSettings, unreadable: Collection[str] = ()
) -> tuple[list[Connected], list[tuple[str, str]]]:
    """Every operation that is right, and every mistake as key and reason.

    Operations of `unreadable` backends are passed over: what they may say is not known.
    """
    operations: list[Connected] = []
    mistakes: list[tuple[str, str]] = []
    for domain_name, record in DOMAINS.items():
        domain = cast("Domain | None", getattr(settings, domain_name))
        if domain is None:
            continue
        try:
            tables, offered_here = _tables(domain_name, domain)
        except _Mistake as mistake:
            mistakes.append((mistake.key, mistake.reason))
            continue
        right = len(operations)
        for name, table in tables.items():
            key = f"{domain_name}.{name}"
            if name not in offered_here or not isinstance(table, dict):
                mistakes.append((key, f"this key is unknown: the operations are {', '.join(offered_here)}"))
                continue
            if table.get("backend", domain.backend) in unreadable:
                continue
            try:
                operation = _operation(settings, domain, key, table)
            except ValidationError as error:
                mistakes += [(dotted((key, *place)), reason) for place, reason in mistakes_in(table, error)]
            except _Mistake as mistake:
                mistakes.append((mistake.key, mistake.reason))
            else:
                base = MappingSettings(fields=domain.fields, where=domain.where)
                adapted = isinstance(operation, PythonOperation)
                if adapted:
                    base = own_names(record).overridden(domain.fields, domain.where)
                mapping = base.overridden(operation.fields, operation.where)
                keyed = not isinstance(operation, PythonOperation) and (operation.items or "").endswith(".*")
                for problem in mapping_problems(record, mapping, keyed=keyed):
                    own = problem.key.split(".")[1:2]
                    place = key if own and own[0] in operation.fields else domain_name
                    mistakes.append((f"{place}.{problem.key}", problem.reason))
                mistakes += _unmatched(key, operation, mapping, record)
                backend = operation.backend or domain.backend or domain_name
                adapter = domain.adapter if adapted else None
                operations.append(Connected(key, backend, operation, mapping, record, adapter))
        if len(operations) == right:
            mistakes += _in_fields(domain_name, domain, record)
    # A mistake in what operations share is told once, not for each of them.
    return operations, list(dict.fromkeys(mistakes))


def _unmatched(
    name: str, operation: Operation, mapping: MappingSettings, record: type[Struct]
) -> Iterator[tuple[str, str]]:
    """Why the records of an operation cannot be matched with the keys that it was asked by."""
    field = operation.key or OPERATIONS[name]
    if not field:
        return
    texts = [text for text, kind in kinds_of(record).items() if kind.name == "text"]
    if field not in texts:
        likely = get_close_matches(field, texts, n=1)
        hint = f"; did you mean {likely[0]}?" if likely else ""
        yield f"{name}.key", f"{record.__name__} has no text field {field}{hint}"
    elif field not in mapping.fields and isinstance(operation, RestOperation) and operation.carries > 1:
        reason = f"a call carries several keys, and records are matched with theirs by {field}: map it under fields"
        yield name, f"{reason}, or name another field by `key`"


def _in_fields(domain_name: str, domain: Domain, record: type[Struct]) -> list[tuple[str, str]]:
    """What is wrong with the domain's fields whatever its operations are, for when none of them could be read."""
    problems = mapping_problems(record, MappingSettings(fields=domain.fields, where=domain.where), keyed=True)
    own = [problem for problem in problems if set(problem.key.split(".")[1:2]) & domain.fields.keys()]
    return [(f"{domain_name}.{problem.key}", problem.reason) for problem in own]


def _tables(domain_name: str, domain: Domain) -> tuple[dict[str, Any], list[str]]:
    """The operations' tables, those of an adapter's methods included, and the names that they may have."""
    names = [name.split(".")[1] for name in OPERATIONS if name.startswith(f"{domain_name}.")]
    tables = dict(domain.operations)
    if domain.adapter is not None:
        try:
            target = find(domain.adapter)
            methods = offered(target, names)
            check_accepts(target, {name: ARGUMENTS[f"{domain_name}.{name}"] for name in names})
        except AdapterError as error:
            raise _Mistake(f"{domain_name}.adapter", str(error)) from error
        elsewhere = [name for name in names if isinstance(tables.get(name), dict) and "backend" in tables[name]]
        tables = {name: {} for name in methods} | tables
        names = [name for name in names if name in methods or name in elsewhere]
    elif domain.backend is None:
        raise _Mistake(f"{domain_name}.backend", "this key is needed")
    if not tables:
        raise _Mistake(domain_name, f"needs one of the operations {', '.join(names)}")
    return tables, names


def read_backends(data: Mapping[str, Any]) -> tuple[BackendsSettings | None, list[tuple[str, str]]]:
    """The settings in these tables; or None, and every mistake as key and reason.

    What is wrong in one place is laid aside while the rest is looked at, so that all of it is told at once.
    """
    wrong: list[tuple[Key, str]] = []
    left = dict(data)
    while True:
        try:
            settings = BackendsSettings.model_validate(left)
            break
        except ValidationError as error:
            found = mistakes_in(left, error)
            wrong = wrong or found  # Later ones are there only because something was laid aside.
            left = without(left, [key for key, _ in found])
    lost: dict[str, Any] = {}
    if wrong and isinstance(tables := data.get("backends"), dict):
        lost = {name: table for name, table in tables.items() if name not in settings.backends}
    kinds = {name: KINDS.get(table.get("kind")) if isinstance(table, dict) else None for name, table in lost.items()}
    stand_ins = {name: kind.model_construct() for name, kind in kinds.items() if kind is not None}
    whole = settings.model_copy(update={"backends": {**settings.backends, **stand_ins}})
    mistakes = [(dotted(key), reason) for key, reason in wrong]
    mistakes += connected(whole, kinds.keys() - stand_ins.keys())[1]
    return (None if mistakes else settings), mistakes


class _Mistake(Exception):
    """One mistake in an operation's table."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}: {reason}")
        self.key = key
        self.reason = reason


def _operation(settings: BackendsSettings, domain: Domain, key: str, table: dict[str, Any]) -> Operation:
    domain_name = key.split(".", maxsplit=1)[0]
    name = table.get("backend", domain.backend or domain_name)
    backend = backends_of(settings).get(name) if isinstance(name, str) else None
    where = f"{key}.backend" if "backend" in table else f"{domain_name}.backend"
    if backend is None:
        known = ", ".join(settings.backends) or "none"
        raise _Mistake(where, f"there is no backend {name!r}: configured are {known}")
    if isinstance(backend, PythonBackend):
        if domain.adapter is None:
            raise _Mistake(where, f"the backend {name!r} is Python: name the class under {domain_name}.adapter")
        return PythonOperation.model_validate(table)
    if domain.adapter is not None and "backend" not in table:
        raise _Mistake(where, f'the backend of an adapter has kind = "python", {name!r} has not')
    if isinstance(backend, RestBackend):
        operation = RestOperation.model_validate(table)
        try:
            operation.check_placeholders(listed=not OPERATIONS[key], arguments=ARGUMENTS[key])
        except ValueError as error:
            raise _Mistake(key, str(error)) from error
        return operation
    return SoapOperation.model_validate(table)
