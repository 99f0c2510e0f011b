"""What `bizgraph.toml` says about a SOAP backend and about each of its operations."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from resolvers.backends.credentials.settings import Auth, NoAuth, SecretReference
from resolvers.backends.http import HttpSettings
from resolvers.backends.rest.forward import ForwardSettings
from resolvers.backends.soap.problems import ConfigurationProblem
from resolvers.backends.soap.requests.templates import KEYS, PAGING, names_in
from resolvers.backends.units import Duration


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class WssUsername(_Model):
    """WS-Security UsernameToken, beside another `auth` (`auth = { type = "wss-username" }` does it alone)."""

    type: Literal["username"]
    username: str = Field(description="The user that the gateway is to the backend.")
    password: SecretReference
    digest: bool = Field(False, description="Send PasswordDigest with nonce and time instead of the password itself.")


class WssX509(_Model):
    """WS-Security X.509 signature (RSA, SHA-256) over Body and timestamp."""

    type: Literal["x509"]
    certificate: str = Field(description="PEM file of the certificate.")
    key: str = Field(description="PEM file of its private RSA key.")
    password: SecretReference | None = Field(None, description="The password of an encrypted private key.")


Wss = Annotated[WssUsername | WssX509, Field(discriminator="type")]


class SoapSettings(HttpSettings):
    """The connection to a SOAP backend."""

    wsdl: str = Field(description="The URL of the WSDL, or the path of a file with it.")
    wsdl_hosts: list[str] = Field(
        default_factory=list, description="Further hosts (name or name:port) that the WSDL may import from."
    )
    wsdl_timeout: Duration = Field(10.0, gt=0, description="How long fetching the WSDL and its imports may take.")
    url: str | None = Field(
        None, description="Where calls go, when the address in the WSDL is not the one to be used from here."
    )
    service: str | None = Field(None, description="The service, where the WSDL has several.")
    port: str | None = Field(None, description="The port, where the service has several that speak SOAP.")
    auth: Auth = Field(default_factory=NoAuth)
    wss: Wss | None = None
    wss_timestamp: bool = Field(False, description="Send a timestamp with a UsernameToken too.")
    http_headers: dict[str, str] = Field(default_factory=dict, description="HTTP headers of every call.")
    forward: ForwardSettings = Field(default_factory=ForwardSettings)
    zone: str | None = Field(None, description="The time zone of dateTime values that tell none, such as Europe/Paris.")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError) as error:
                raise ValueError(f"there is no time zone {value}") from error
        return value


class BusinessErrors(_Model):
    """Errors that the backend reports inside a good answer."""

    path: str = Field(description="Where the answer tells how it went, such as result.result_code.")
    ok: list[str] = Field(
        default_factory=list, description="The values that mean success; a missing value always does."
    )
    absent: list[str] = Field(default_factory=list, description="The values that mean that there is none.")
    credentials: list[str] = Field(
        default_factory=list, description="The values that mean that the gateway's own credentials are refused."
    )
    retryable: list[str] = Field(
        default_factory=list, description="The values after which another try may succeed (of the backend's fault)."
    )
    message: str | None = Field(None, description="Where the answer says why; logged, shown with `show_message` only.")


class SoapOperationSettings(_Model):
    """One operation: its arguments, and where its answer has what.

    `arguments` and `headers` are tables of the elements to send. Their texts may be `"{key}"`, `"{keys}"`, `"{limit}"`,
    `"{offset}"`, `"{page}"`, `"{first}"`, the name of an argument (`"{status}"`), a mixture (`"INV-{key}"`,
    `"{keys|csv}"`) or a secret (`"env:NAME"`, `"file:PATH"`). `{ nil = true }` sends xsi:nil, `{ omit = true }` leaves
    a required element out, and `{ value = "{status}", absent = "empty" }` says what stands for an argument not given.
    """

    operation: str = Field(description="The operation's name in the WSDL.")
    arguments: dict[str, Any] = Field(default_factory=dict, description="The elements of the request.")
    headers: dict[str, Any] = Field(default_factory=dict, description="The elements of the SOAP header.")
    absent_arguments: Literal["omit", "nil", "empty"] | None = Field(
        None, description="What stands for arguments that a call does not give, where nothing else is said."
    )
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="For an argument, a table from our values to the backend's. A value that it lacks is refused.",
    )

    items: str | None = Field(
        None, description="Where in the answer the records are, such as invoices.invoice; without it the answer is one."
    )
    total: str | None = Field(None, description="Where the answer tells the number of all records.")
    errors: BusinessErrors | None = None
    absent_fault: list[str] = Field(
        default_factory=list, description="Faults that mean that there is none: a code, subcode or detail element."
    )
    retry_fault: list[str] = Field(
        default_factory=list, description="Faults of any kind after which another try may succeed."
    )
    show_message: bool = Field(False, description="Show callers the backend's own message when it refuses a call.")
    types: Literal["declared", "text"] = Field(
        "declared",
        description="`text` ignores the declared simple types and hands every value on as the text that came, for "
        "servers whose declarations are not true.",
    )
    files: bool = Field(False, description="Allow texts over 10 MB and depths over 256, for answers that carry files.")

    idempotent: bool = Field(True, description="Whether the call may be repeated. Reads may; say false for writes.")
    max_batch: int | None = Field(
        None, ge=1, description="How many keys one call may carry; 100 where nothing is said."
    )
    key: str | None = Field(
        None, description="The record field that the keys are matched with, where not the usual one."
    )
    key_pattern: str | None = Field(None, description="Keys that do not match are answered as absent, without a call.")
    min_key: int | None = Field(None, description="Keys that are no whole number from here on are answered as absent.")
    first_page: int = Field(1, ge=0, le=1, description="The number of the first page, for {page}.")
    page_size: int | None = Field(
        None, ge=1, description="How many records a page has, where the backend fixes it and takes no {limit}."
    )

    @field_validator("key_pattern")
    @classmethod
    def _regular(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        try:
            used = self.placeholders
        except ConfigurationProblem as error:
            raise ValueError(str(error)) from error
        if used >= KEYS:
            raise ValueError("{key} and {keys} exclude each other")
        if "key" in used and (self.max_batch or 1) > 1:
            raise ValueError("{key} carries one key: max_batch cannot be more than 1")
        if "page" in used and "limit" not in used and self.page_size is None:
            raise ValueError("{page} needs {limit}, or page_size where the backend fixes the size of a page")
        if used & KEYS and used & PAGING:
            raise ValueError(f"{{{min(used & PAGING)}}} is for lists; write {{per_key}} for how many a key may bring")
        if {"page", "offset"} <= used:
            raise ValueError("{page} and {offset} exclude each other")
        if "offset" in used and not used & {"limit", "first"}:
            raise ValueError("{offset} needs {limit}")
        unused = sorted(self.values.keys() - used)
        if unused:
            raise ValueError(f"values.{unused[0]} is used by no placeholder {{{unused[0]}}}")
        return self

    @property
    def placeholders(self) -> frozenset[str]:
        """The placeholders of arguments and headers."""
        return names_in(self.arguments) | names_in(self.headers)

    @property
    def keyed(self) -> bool:
        """Whether calls carry keys; other operations are lists."""
        return bool(self.placeholders & KEYS)

    @property
    def accepts(self) -> frozenset[str]:
        """The arguments that reach the backend: in lists, paging fills its own placeholders."""
        return self.placeholders - KEYS - (frozenset() if self.keyed else PAGING)
