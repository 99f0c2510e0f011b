"""What `bizgraph.toml` says about a REST backend and about each of its operations."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from yarl import URL

from resolvers.backends.credentials.settings import Auth, NoAuth
from resolvers.backends.http.settings import HeaderName, HttpSettings
from resolvers.backends.mapping.texts import form
from resolvers.backends.rest.forward import ForwardSettings
from resolvers.backends.rest.paging.settings import HEADER, AnswerPath, CursorPaging, NoPaging, Paging, PathOrHeader
from resolvers.backends.rest.placeholders import (
    PAGING,
    Placeholders,
    Slot,
    TemplateError,
    parse,
    placeholders_of,
    texts_of,
)
from resolvers.backends.units import Pattern


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _written(value: Any) -> Any:
    """Numbers and booleans of the file in the one way in which they are written for a backend."""
    return form(value) if isinstance(value, (bool, int)) else value


Word = Annotated[str, BeforeValidator(_written), WithJsonSchema({"type": ["string", "integer", "boolean"]})]
"""A text, which may be written as the number or boolean that it looks like: `0` is "0", `true` is "true"."""


class RestSettings(HttpSettings):
    """The connection to a REST backend."""

    url: str = Field(description="The base of every path, such as https://crm.internal/api.")
    auth: Auth = Field(default_factory=NoAuth)
    headers: dict[HeaderName, str] = Field(default_factory=dict, description="Headers of every request.")
    query: dict[str, Word] = Field(default_factory=dict, description="Query parameters of every request.")
    forward: ForwardSettings = Field(default_factory=ForwardSettings)

    @field_validator("url")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        url = URL(value)
        if url.scheme not in {"http", "https"} or not url.raw_host:
            raise ValueError("the url starts with http:// or https:// and names a host")
        if url.raw_user or url.raw_password:
            raise ValueError("the url holds no credentials: write them under auth")
        if url.raw_query_string or url.raw_fragment:
            raise ValueError("the url ends with its path: write parameters under query")
        return value


class Joined(_Model):
    """A value made of several parts; a part whose placeholder has no value is left out."""

    join: str = Field(description='What stands between the parts, such as " and ".')
    parts: list[str] = Field(min_length=1, description="The parts, each a text with placeholders.")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("no such time zone; write one like Europe/Paris") from error
    return name


class ArgumentSettings(_Model):
    """How an argument of the graph is written for the backend."""

    of: str | None = Field(
        None, description="The argument whose value this is, where one argument fills several placeholders."
    )
    default: Word | None = Field(None, description="What the backend is sent when the argument is not given.")
    values: dict[str, Word | list[Word]] | None = Field(
        None, description="A table from our values to the backend's. A value that it lacks is refused."
    )
    as_: Literal["text", "epoch-seconds", "epoch-milliseconds"] = Field(
        "text", alias="as", description="How dates and times are written."
    )
    format: str | None = Field(None, description="The format of dates and times, as in Python's strftime.")
    zone: Annotated[str, AfterValidator(_zone)] | None = Field(
        None, description="The time zone that the backend's dates and times are in."
    )


_ARGUMENT_KEYS: Final = frozenset({"of", "default", "values", "as", "format", "zone"})


def _value_table(value: Any) -> Any:
    """A table without any of our keys is the table of values itself: `arguments.status = { "ACTIVE" = "1" }`."""
    if isinstance(value, dict) and not value.keys() & _ARGUMENT_KEYS:
        return {"values": value}
    return value


class _OrValues:
    """In the JSON Schema, settings that may be a table of values alone."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        text = {"type": ["string", "integer", "boolean"]}
        values = {"anyOf": [text, {"type": "array", "items": text}]}
        names = {"not": {"enum": sorted(_ARGUMENT_KEYS)}}
        table = {"type": "object", "propertyNames": names, "additionalProperties": values, "minProperties": 1}
        return {"anyOf": [handler(schema), table]}


Argument = Annotated[ArgumentSettings, BeforeValidator(_value_table), _OrValues()]


class BusinessErrors(_Model):
    """Errors that the backend reports inside an answer with status 200."""

    path: AnswerPath = Field(description="Where the answer tells how it went, such as result.code.")
    ok: list[Word] = Field(
        default_factory=list, description="The values that mean success; a missing value always does."
    )
    absent: list[Word] = Field(default_factory=list, description="The values that mean that there is none.")
    credentials: list[Word] = Field(
        default_factory=list, description="The values that mean that the gateway's own credentials are refused."
    )
    retryable: list[Word] = Field(
        default_factory=list, description="The values after which another try may succeed (of the backend's fault)."
    )
    message: AnswerPath | None = Field(None, description="Where the answer says why; shown with `show_message` only.")


BATCH: Final = 100
"""Keys that one call carries where nothing is configured: a URL of 100 ids stays far below the usual 8 kB."""
Status = Annotated[int, Field(ge=200, le=599)]
QueryValue = Word | list[Word] | Joined


def _repeats(text: str) -> bool:
    return any(isinstance(piece, Slot) and piece.form == "repeat" for piece in parse(text))


class RestOperationSettings(BaseModel):
    """One operation: the request, where its answer has what, and how it is paged."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field("GET", description="The HTTP method.")
    path: str = Field(description="The path below the backend's url; may hold {key} and arguments.")
    query: dict[str, QueryValue] = Field(
        default_factory=dict,
        description="Query parameters. One whose placeholder has no value is left out; a list repeats the parameter.",
    )
    headers: dict[HeaderName, str] = Field(default_factory=dict, description="Headers; texts may hold placeholders.")
    body: Any = Field(None, description="The JSON body, as a table or list whose texts may hold placeholders.")
    form: dict[str, QueryValue] | None = Field(None, description="The body as a form, written like `query`.")
    arguments: dict[str, Argument] = Field(default_factory=dict)

    items: AnswerPath | None = Field(None, description="Where in the answer the records are, such as data.customers.")
    total: PathOrHeader | None = Field(
        None, description="Where the number of all records is: a path in the answer, or header:X-Total-Count."
    )
    absent: list[Status] = Field(
        default_factory=list, description="Statuses that mean that none of the keys exists, such as 404."
    )
    empty: list[Status] = Field(
        default_factory=list, description="Statuses that mean that a list has no (more) entries, such as 404."
    )
    errors: BusinessErrors | None = None
    show_message: bool = Field(False, description="Show callers the backend's own message when it refuses a call.")
    content_types: list[str] = Field(
        default_factory=list,
        description='Further content types under which JSON comes, such as text/plain; "" for none at all.',
    )
    idempotent: bool = Field(True, description="Whether a call may be made again when the first try failed.")
    cache_headers: bool = Field(False, description="Heed Cache-Control and ETag of the answers.")

    max_batch: int | None = Field(
        None, ge=1, description="How many keys one call may carry; 100 where nothing is said."
    )
    key: str | None = Field(
        None, description="The record field that the keys are matched with, where not the usual one."
    )
    key_pattern: Pattern | None = Field(
        None, description="Keys that do not match are answered as absent, without a call."
    )
    min_key: int | None = Field(None, description="Keys that are no whole number from here on are answered as absent.")

    paging: Paging = Field(default_factory=NoPaging)

    @field_validator("path")
    @classmethod
    def _absolute(cls, value: str) -> str:
        if not value.startswith("/") or "?" in value or "#" in value:
            raise ValueError("the path starts with / and holds no query: write parameters under query")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        try:
            used = self.placeholders
        except TemplateError as error:
            raise ValueError(str(error)) from error
        self._check_repeated()
        if used.one_key and used.many_keys:
            raise ValueError("{key} and {keys} exclude each other")
        if used.one_key and (self.max_batch or 1) > 1:
            raise ValueError("{key} carries one key: max_batch cannot be more than 1")
        if self.body is not None and self.form is not None:
            raise ValueError("body and form exclude each other")
        if (self.body is not None or self.form is not None) and self.method in {"GET", "DELETE"}:
            raise ValueError(f'{self.method} carries no body: write method = "POST"')
        self.paging.check(used.paging, keyed=used.keyed)
        if used.many_keys and "limit" in used.arguments(self.paging.placeholders):
            raise ValueError("{limit} would cut the answer for several keys: use paging, or leave it out")
        unused = sorted(self.arguments.keys() - used.arguments(self.paging.placeholders))
        if unused:
            raise ValueError(f"arguments.{unused[0]} is used by no placeholder {{{unused[0]}}}")
        for argument in self.arguments.values():
            if (argument.format or argument.zone) and argument.values:
                raise ValueError("an argument has either values, or a format and zone")
        return self

    def check_placeholders(self, *, listed: bool, arguments: Mapping[str, tuple[str, ...]]) -> None:
        """Raises ValueError where the request cannot be filled.

        `arguments` are those that this operation is given, with the words that each may hold where they are fixed.
        """
        used = self.placeholders
        if listed and used.keyed:
            raise ValueError("a list is not asked by keys: {key} and {keys} have no value here")
        if not listed and not used.keyed:
            raise ValueError("the request needs the keys: write {key} where it takes one, or {keys|csv} for several")
        for name in sorted(used.arguments(self.paging.placeholders)):
            argument = self.arguments.get(name)
            source = name if argument is None else argument.of or name
            words = arguments.get(source, ())
            if argument is not None and words and (unknown := sorted((argument.values or {}).keys() - set(words))):
                raise ValueError(f"arguments.{name}: {source} is never {unknown[0]!r}, it is one of {', '.join(words)}")
            if source in arguments or (argument is not None and argument.default is not None):
                continue
            if name in PAGING:
                raise ValueError(f"{{{name}}} needs paging = {{ type = … }}")
            known = ", ".join(sorted(arguments)) or "none here"
            likely = get_close_matches(source, arguments, n=1)
            hint = f"; did you mean {likely[0]}?" if likely else ""
            raise ValueError(f"{{{name}}} has no value: the arguments are {known}{hint}")

    def _check_repeated(self) -> None:
        parameters = (*self.query.values(), *(self.form or {}).values())
        joined = [value.parts for value in parameters if isinstance(value, Joined)]
        plain = [value for value in parameters if not isinstance(value, Joined)]
        elsewhere = texts_of([self.path, self.headers, self.body, joined])
        if any(map(_repeats, elsewhere)) or any(_repeats(text) and len(parse(text)) > 1 for text in texts_of(plain)):
            raise ValueError("the form |repeat must be the whole value of a query parameter")

    @property
    def extract(self) -> dict[str, str]:
        """What the mapping's reader is to take from an answer besides its items, by path."""
        wanted = {"total": self.total}
        if isinstance(self.paging, CursorPaging):
            wanted |= {"next": self.paging.next, "more": self.paging.more}
        if self.errors is not None:
            wanted |= {"outcome": self.errors.path}
        return {name: path for name, path in wanted.items() if path is not None and not path.startswith(HEADER)}

    @property
    def carries(self) -> int:
        """How many keys one call carries at most."""
        return 1 if not self.placeholders.many_keys else self.max_batch or BATCH

    @property
    def placeholders(self) -> Placeholders:
        """The placeholders of path, query, headers, body and form."""
        queries = (*self.query.values(), *(self.form or {}).values())
        texts = [value.parts if isinstance(value, Joined) else value for value in queries]
        return placeholders_of(self.path, texts, self.headers, self.body)
