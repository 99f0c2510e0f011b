"""The ERP's filter language, as far as the examples use it: `(t.rowid:in:1,5) and ((t.ref:like:'%a%') or (…))`.

Names are those of database columns. A parenthesis in a value is refused, as the ERP does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
Row = Mapping[str, Any]
Keep = Callable[[Row], bool]

TERM = re.compile(r"\(t\.([a-z_]+):(>=|<=|=|>|<|in|like):([^()]*)\)")
TOKEN = re.compile(r"\s*(?:(#\d+)|(and|or)\b|([()]))")


def _moment(row: Row, name: str) -> datetime:
    return datetime.fromtimestamp(row[name], PARIS).replace(tzinfo=None)


COLUMNS: dict[str, Callable[[Row], Any]] = {
    "rowid": lambda row: int(row["id"]),
    "nom": lambda row: row["name"] or "",
    "email": lambda row: row["email"] or "",
    "code_client": lambda row: row["code_client"] or "",
    "datec": lambda row: _moment(row, "date_creation"),
    "ref": lambda row: row["ref"],
    "label": lambda row: row["label"],
    "type": lambda row: int(row["type"]),
    "fk_statut": lambda row: int(row["status"]),
    "date_commande": lambda row: _moment(row, "date"),
    "datef": lambda row: _moment(row, "date"),
    "date_lim_reglement": lambda row: _moment(row, "date_lim_reglement"),
}


class BadFilter(Exception):
    """The ERP would answer 400."""


def parsed(text: str) -> Keep:
    """The predicate that a filter writes. Raises BadFilter."""
    terms: list[Keep] = []

    def noted(match: re.Match[str]) -> str:
        terms.append(_term(*match.groups()))
        return f"#{len(terms) - 1}"

    reduced = TERM.sub(noted, text)
    tokens: list[str] = []
    at = 0
    while at < len(reduced):
        token = TOKEN.match(reduced, at)
        if token is None:
            raise BadFilter(text)
        tokens.append(token[1] or token[2] or token[3])
        at = token.end()
    keep, rest = _alternatives(tokens, terms)
    if rest:
        raise BadFilter(text)
    return keep


def _alternatives(tokens: list[str], terms: list[Keep]) -> tuple[Keep, list[str]]:
    keep, tokens = _all(tokens, terms)
    while tokens[:1] == ["or"]:
        other, tokens = _all(tokens[1:], terms)
        keep = _either(keep, other)
    return keep, tokens


def _all(tokens: list[str], terms: list[Keep]) -> tuple[Keep, list[str]]:
    keep, tokens = _one(tokens, terms)
    while tokens[:1] == ["and"]:
        other, tokens = _one(tokens[1:], terms)
        keep = _both(keep, other)
    return keep, tokens


def _one(tokens: list[str], terms: list[Keep]) -> tuple[Keep, list[str]]:
    if tokens[:1] == ["("]:
        keep, tokens = _alternatives(tokens[1:], terms)
        if tokens[:1] != [")"]:
            raise BadFilter("a parenthesis is not closed")
        return keep, tokens[1:]
    if not tokens or not tokens[0].startswith("#"):
        raise BadFilter("a term is missing")
    return terms[int(tokens[0][1:])], tokens[1:]


def _either(one: Keep, other: Keep) -> Keep:
    return lambda row: one(row) or other(row)


def _both(one: Keep, other: Keep) -> Keep:
    return lambda row: one(row) and other(row)


def _term(column: str, operator: str, written: str) -> Keep:
    value_of = COLUMNS[column]
    if operator == "in":
        wanted = {collated(part.strip("'")) for part in written.split(",")}
        return lambda row: collated(str(value_of(row))) in wanted
    if not (written.isdigit() or re.fullmatch(r"'[^']*'", written)):
        raise BadFilter(written)
    text = written.strip("'")
    if operator == "like":
        pattern = "".join({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in collated(text))
        return lambda row: re.fullmatch(pattern, collated(value_of(row)), re.DOTALL) is not None

    def compared(row: Row) -> bool:
        value = value_of(row)
        limit: Any = datetime.fromisoformat(text) if isinstance(value, datetime) else type(value)(text)
        found: bool = {
            "=": value == limit,
            ">": value > limit,
            "<": value < limit,
            ">=": value >= limit,
            "<=": value <= limit,
        }[operator]
        return found

    return compared


def collated(value: Any) -> Any:
    """The value as the database compares it: texts without case and accents."""
    if not isinstance(value, str):
        return value
    plain = unicodedata.normalize("NFD", value)
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold()
