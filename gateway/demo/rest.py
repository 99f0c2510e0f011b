"""What the two REST servers share: query parameters read strictly, JSON answers, JSON errors, credentials.

Errors are `{"error": {"code": "...", "message": "..."}}`: 400 for a parameter that is unknown or does not fit, 401
without the right credential, 404 for an unknown path or record, 405 for any method but GET.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, NoReturn, TypeVar

import orjson
from aiohttp import web

from gateway.demo.exchange import Answer
from gateway.demo.server import DemoServer

MAX_KEYS = 100
"""How many ids one call may name."""
MAX_PAGE = 200
_DAY = 86_400

T = TypeVar("T")


class Refusal(Exception):
    """The call is answered with this status and error object."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Parameters:
    """The query parameters of one call, each to be read once; empty ones are missing, and `done` refuses the unread."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self._left = {name: value for name, value in query.items() if value != ""}
        self.names = frozenset(self._left)

    def text(self, name: str) -> str | None:
        """The value as it is; None where the parameter is missing."""
        return self._left.pop(name, None)

    def csv(self, name: str) -> tuple[str, ...]:
        """The comma-separated values; empty where the parameter is missing."""
        value = self._left.pop(name, None)
        return tuple(part for part in value.split(",") if part) if value else ()

    def codes(self, name: str, known: Iterable[str]) -> frozenset[str]:
        """Comma-separated codes, each of which must be known."""
        codes = frozenset(self.csv(name))
        if not codes <= frozenset(known):
            _misfit(name, f"one or more of {', '.join(known)}")
        return codes

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number within these bounds."""
        value = self._left.pop(name, None)
        if value is None:
            return default
        if not re.fullmatch(r"\d{1,9}", value, re.ASCII) or not low <= int(value) <= high:
            _misfit(name, f"a whole number from {low} to {high}")
        return int(value)

    def since(self, name: str) -> float:
        """Epoch seconds of a day's first moment, an instant or epoch seconds; minus infinity where missing."""
        value = self._left.pop(name, None)
        return float("-inf") if value is None else _instant(name, value).timestamp()

    def until(self, name: str) -> float:
        """Epoch seconds of a day's last moment, an instant or epoch seconds; infinity where missing."""
        value = self._left.pop(name, None)
        if value is None:
            return float("inf")
        moment = _instant(name, value).timestamp()
        return moment + _DAY - 1e-6 if re.fullmatch(r"\d{4}-\d\d-\d\d", value) else moment

    def order(self, rows: Iterable[T], default: str, keys: Mapping[str, Callable[[T], Any]]) -> list[T]:
        """The rows in the order named by `sort`: one of the keys, with a minus in front for the reverse."""
        wanted = self._left.pop("sort", default)
        key = keys.get(wanted.removeprefix("-"))
        if key is None:
            _misfit("sort", f"one of {', '.join(keys)}, or one of them after a minus")
        return sorted(rows, key=key, reverse=wanted.startswith("-"))

    def done(self) -> None:
        """Refuses what is left, so that a misspelt parameter is not silently ignored."""
        if self._left:
            raise Refusal(400, "unknown_parameter", f"Unknown here: {', '.join(sorted(self._left))}")


def _instant(name: str, value: str) -> datetime:
    if re.fullmatch(r"-?\d{1,10}", value, re.ASCII):
        return datetime.fromtimestamp(int(value), UTC)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        _misfit(name, "a date, an instant (ISO 8601) or epoch seconds")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _misfit(name: str, expected: str) -> NoReturn:
    raise Refusal(400, "bad_parameter", f"{name} must be {expected}")


class Found(NamedTuple):
    """The JSON to answer, and headers beside the usual."""

    body: Any
    headers: Mapping[str, str] = MappingProxyType({})


class RestServer(DemoServer):
    """A REST server of one collection, `/customers` say; a subclass tells how to find by id, by batch and by page."""

    protocol = "rest"
    collection: ClassVar[str]
    batches: ClassVar[Mapping[str, str]]
    """The parameters that hold keys, and the name of the operation of each; without any of them it is `list`."""
    misfit: ClassVar[tuple[re.Pattern[bytes], bytes]]
    """What WRONG_TYPE replaces in the body, and by what."""

    @abstractmethod
    def admits(self, request: web.BaseRequest) -> bool:
        """Whether the call carries the right credential."""

    @abstractmethod
    def by_id(self, key: str) -> Any:
        """The JSON of this record; None where there is none."""

    @abstractmethod
    def by_batch(self, parameter: str, keys: Sequence[str], parameters: Parameters) -> Found:
        """The records of these keys, in their order; those of unknown keys are left out."""

    @abstractmethod
    def page(self, parameters: Parameters) -> Found:
        """One page of the records that fit the parameters."""

    async def answer(self, request: web.BaseRequest) -> Answer:
        """The JSON, or the error object, for this call."""
        parameters = Parameters(request.query)
        operation, parameter, keys = self._understood(request.path, parameters)
        arguments = {name: value for name, value in request.query.items() if name != parameter}
        status = 200
        try:
            if not self.admits(request):
                raise Refusal(401, "unauthorized", "This needs a valid credential")
            found = self._found(request, operation, parameter, keys, parameters)
        except Refusal as exc:
            status = exc.status
            headers = {"WWW-Authenticate": 'Bearer realm="demo"'} if status == 401 else {}
            found = Found({"error": {"code": exc.code, "message": str(exc)}}, headers)
        return Answer(
            operation=f"{self.collection}.{operation}" if operation else "unknown",
            keys=keys,
            arguments=arguments,
            status=status,
            headers=found.headers,
            content_type="application/json; charset=utf-8",
            body=orjson.dumps(found.body),
        )

    def _understood(self, path: str, parameters: Parameters) -> tuple[str | None, str | None, tuple[str, ...]]:
        if path == f"/{self.collection}":
            for parameter, operation in self.batches.items():
                if parameter in parameters.names:
                    return operation, parameter, parameters.csv(parameter)
            return "list", None, ()
        if path.startswith(f"/{self.collection}/"):
            return "by_id", None, (path.removeprefix(f"/{self.collection}/"),)
        return None, None, ()

    def _found(
        self,
        request: web.BaseRequest,
        operation: str | None,
        parameter: str | None,
        keys: Sequence[str],
        parameters: Parameters,
    ) -> Found:
        if operation is None:
            raise Refusal(404, "not_found", f"There is /{self.collection} here, and nothing else")
        if request.method != "GET":
            raise Refusal(405, "method_not_allowed", "Only GET is allowed")
        if operation == "by_id":
            parameters.done()
            record = self.by_id(keys[0])
            if record is None:
                raise Refusal(404, "not_found", f"No {self.collection.removesuffix('s')} {keys[0]}")
            return Found(record)
        if parameter is None:
            return self.page(parameters)
        if len(keys) > MAX_KEYS:
            raise Refusal(400, "too_many_ids", f"{parameter} names {len(keys)} ids; {MAX_KEYS} are allowed")
        return self.by_batch(parameter, tuple(dict.fromkeys(keys)), parameters)

    def spoilt(self, answer: Answer) -> Answer:
        """Every number that `misfit` finds becomes a word."""
        pattern, word = self.misfit
        return answer.replaced(body=pattern.sub(word, answer.body))
