"""`paging` in `bizgraph.toml`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from resolvers.backends.mapping.paths import parse_path

_MARK: Final = frozenset({"cursor", "limit"})

HEADER: Final = "header:"
"""What stands before the name of a header, where a path may be written as well."""


def _path(text: str) -> str:
    parse_path(text)
    return text


def _path_or_header(text: str) -> str:
    return text if text.startswith(HEADER) else _path(text)


AnswerPath = Annotated[str, AfterValidator(_path)]
"""Where in an answer something is (mapping/paths.py)."""
PathOrHeader = Annotated[str, AfterValidator(_path_or_header)]
"""The same, or the header of the answer that holds it: `header:X-Total-Count`."""


class _Paging(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    placeholders: ClassVar[frozenset[str]] = frozenset()
    """The placeholders that this way of paging fills."""
    needed: ClassVar[str | None] = None
    """The placeholder without which every page would be the first."""

    page_size: int = Field(
        100,
        ge=1,
        le=100_000,
        description="The largest page that the backend gives, or the only one where it has no {limit}.",
    )
    max_pages: int = Field(100, ge=1, description="How many pages of an answer by keys are read before it is refused.")

    def check(self, used: frozenset[str], *, keyed: bool) -> None:
        """Raises ValueError when the operation's placeholders do not fit; `used` are those of paging."""
        if self.needed is not None and self.needed not in used:
            raise ValueError(f"paging needs the placeholder {{{self.needed}}} in the request")
        foreign = sorted(used - self.placeholders)
        if foreign and not keyed:
            raise ValueError(f"{{{foreign[0]}}} does not belong to this kind of paging")


class NoPaging(BaseModel):
    """The backend answers the whole list at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["none"] = "none"
    placeholders: ClassVar[frozenset[str]] = frozenset()

    def check(self, used: frozenset[str], *, keyed: bool) -> None:
        """Raises ValueError when a list uses placeholders of paging; by keys they are arguments."""
        if used and not keyed:
            raise ValueError(f"{{{min(used)}}} needs paging = {{ type = … }}")


class OffsetPaging(_Paging):
    """`limit` records from the `offset`-th on."""

    type: Literal["offset"]
    placeholders: ClassVar[frozenset[str]] = frozenset({"limit", "offset"})
    needed: ClassVar[str | None] = "offset"


class PagePaging(_Paging):
    """The `page`-th page of `limit` records."""

    type: Literal["page"]
    placeholders: ClassVar[frozenset[str]] = frozenset({"limit", "page"})
    needed: ClassVar[str | None] = "page"

    first_page: Literal[0, 1] = Field(1, description="The number of the first page.")


class CursorPaging(_Paging):
    """Each answer tells the cursor of the next page; null, empty or missing on the last one."""

    type: Literal["cursor"]
    placeholders: ClassVar[frozenset[str]] = _MARK
    needed: ClassVar[str | None] = "cursor"

    next: PathOrHeader = Field(description="Where the cursor is: a path in the answer, or header:X-Next-Cursor.")
    parameter: str | None = Field(
        None, description="Where `next` is a URL: the query parameter of it that is the cursor."
    )
    more: AnswerPath | None = Field(
        None, description="Where the answer says whether there is a next page, such as has_more."
    )


class LinkPaging(_Paging):
    """The next page is in the Link header (RFC 8288), under rel="next"."""

    type: Literal["link"]
    placeholders: ClassVar[frozenset[str]] = _MARK
    needed: ClassVar[str | None] = "cursor"

    parameter: str = Field(description="The query parameter of the linked URL that is the cursor, such as page_info.")


class KeysetPaging(_Paging):
    """The records after a key, in the order of that key."""

    type: Literal["keyset"]
    placeholders: ClassVar[frozenset[str]] = frozenset({"after_key", "limit"})
    needed: ClassVar[str | None] = "after_key"

    key: AnswerPath = Field(description="Where in an item the key is by which the list is sorted. It must be unique.")


class _OrType:
    """In the JSON Schema, a table that may be its `type` alone where that needs nothing else."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"enum": ["none", "offset", "page"]}]}


def _short_form(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


Paging = Annotated[
    Annotated[
        NoPaging | OffsetPaging | PagePaging | CursorPaging | LinkPaging | KeysetPaging, Field(discriminator="type")
    ],
    BeforeValidator(_short_form),
    _OrType(),
]
"""The `paging` key of an operation; `paging = "offset"` is short for a table with the type only."""
