"""The mapping as `bizgraph.toml` writes it: the tables `[customers.fields]` and `[customers.by_ids.fields]`.

A field is a path (`name = "company.name"`), a table of the keys below, or, for lists of records such as `addresses`, a
table with `each` or `one` and `fields`, or a list of those tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from resolvers.backends.mapping.misfit import Misfit
from resolvers.backends.mapping.texts import form

Conversion = Literal[
    "text",
    "integer",
    "boolean",
    "lines",
    "decimal",
    "minor-units",
    "date",
    "datetime",
    "local-datetime",
    "epoch-seconds",
    "epoch-milliseconds",
    "local-midnight",
]


def _scalar(value: Any) -> Any:
    try:
        form(value)
    except Misfit:
        raise ValueError("write a text, number, boolean or date") from None
    return value


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


class _OrAlone:
    """In the JSON Schema, a list of one that may be written as its entry alone."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        listed = handler(schema)
        return {"anyOf": [listed["items"], listed]}


_SCALAR_SCHEMA = {"type": ["string", "number", "boolean"]}
Scalar = Annotated[Any, AfterValidator(_scalar), Field(json_schema_extra=_SCALAR_SCHEMA)]


class Where(BaseModel):
    """A condition on items: those that do not meet it are left out, before anything else of them is read.

    Values are compared as text, so that 1 and "1" are alike; a null or missing value is in no list.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    path: str = Field(description="Where the value is in the item.")
    in_: tuple[Scalar, ...] | None = Field(None, alias="in", description="Keep items whose value is one of these.")
    not_in: tuple[Scalar, ...] | None = Field(None, description="Keep items whose value is none of these.")


Conditions = Annotated[tuple[Where, ...], BeforeValidator(_tuple), _OrAlone()]
"""Conditions that all have to be met; one may stand alone."""


class FieldSettings(BaseModel):
    """Where one field of a record comes from, and how it is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    path: str | None = Field(None, description="Where the value is in the item, such as contact.email.")
    first_of: tuple[str, ...] | None = Field(
        None, description="Several paths; the first value that is not null counts."
    )
    join: tuple[str, ...] | None = Field(None, description="Several paths whose values are joined as text.")
    separator: str | None = Field(
        None, description="What joined values have between them; a blank, or a line break in lines."
    )
    const: Scalar = Field(None, description="The same value for every record.")
    call: str | None = Field(
        None, description="A Python function, module:function, that gets the item and returns the value."
    )

    as_: Annotated[tuple[Conversion, ...], BeforeValidator(_tuple), _OrAlone()] = Field(
        (),
        alias="as",
        description="The conversion, or several: the first that fits counts. By default the field's type decides.",
    )
    values: dict[str, str] | None = Field(None, description="A table from the backend's values to ours.")
    unknown: str | None = Field(
        None, description='A value that the table lacks: "error" (default), "null", "keep", or the value to take.'
    )
    zone: str | None = Field(None, description="The time zone that local times and days are in, such as Europe/Paris.")
    format: str | None = Field(None, description="The format of dates in text, as in Python's strptime.")
    ignore_offset: bool = Field(False, description="Dates carry an offset that is false: read them as local time.")
    currency: str | None = Field(None, description="The currency, where the backend tells none.")
    currency_path: str | None = Field(None, description="Where the currency is.")
    decimal_comma: bool = Field(False, description="Numbers in text have a decimal comma.")
    thousands: Literal[".", ",", " ", "'"] | None = Field(
        None, description="The sign that numbers in text may have between thousands."
    )
    round: int | None = Field(None, ge=0, le=12, description="Round half up to so many decimals.")

    strip: bool = Field(False, description="Take blanks off both ends of texts first.")
    empty: tuple[Scalar, ...] | None = Field(
        None, description='Values that mean null; by default the empty text, [""].'
    )
    null_if: str | None = Field(None, description="Texts in which this regular expression is found mean null.")
    default: Scalar = Field(None, description="The value in place of null.")
    required: bool | None = Field(None, description="Null is an error of the record.")
    on_error: Literal["error", "null"] = Field(
        "error", description="What a value that does not fit is: an error of the record, or null."
    )

    each: str | None = Field(
        None, description="Where the list of entries is; map.* for the values of a map; . for one record."
    )
    one: str | None = Field(None, description="Where the object of a single entry is; . for fields of the item itself.")
    where: Conditions = Field((), description="Which entries are read: those that meet every condition.")
    fields: dict[str, FieldSettings] | None = Field(None, description="The fields of each entry.")
    parts: tuple[FieldSettings, ...] | None = Field(None, description="Several tables whose entries follow each other.")

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"path": value}
        return {"parts": value} if isinstance(value, list) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        table = handler(schema)
        handler.resolve_ref_schema(table)["type"] = ["object", "string", "array"]
        return table

    def given(self) -> frozenset[str]:
        """The names of the keys that were written, under the names they have in the file."""
        return frozenset("as" if name == "as_" else name for name in self.model_fields_set)


class MappingSettings(BaseModel):
    """Fields of a record and which items are read at all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fields: dict[str, FieldSettings] = Field(default_factory=dict)
    where: Conditions = ()

    def overridden(self, fields: Mapping[str, FieldSettings], where: tuple[Where, ...] = ()) -> MappingSettings:
        """This mapping with what one operation says differently: field by field; conditions replace conditions."""
        return MappingSettings(fields=_merged(self.fields, fields), where=where or self.where)


def _merged(base: Mapping[str, FieldSettings], over: Mapping[str, FieldSettings]) -> dict[str, FieldSettings]:
    merged = dict(base)
    for name, field in over.items():
        below = base.get(name)
        if below is not None and below.fields is not None and field.fields is not None:
            written = {key: getattr(field, key) for key in field.model_fields_set}
            field = below.model_copy(update=written | {"fields": _merged(below.fields, field.fields)})
        merged[name] = field
    return merged
