"""The last step before an answer leaves: which errors are told, in which words, and how many.

Every transport (HTTP, WebSocket, server-sent events) encodes its answers here and nowhere else, so that nothing a
resolver raised by accident reaches a caller. What is told as it is: the errors of resolvers/errors.py, what the
executor says of itself and of the caller's input, and a GraphQLError that names a code. Anything else becomes
"Internal error" with a correlation id, and is logged once with its traceback.

Five hundred positions that fail for one reason are one error, not five hundred. GraphQL has one `path` per error; here
it is the first position, `extensions.count` tells how many share the error and `extensions.paths` lists the first of
them. Errors are the same when they differ in nothing but list indices of their path. A null in the data without an
error of its own therefore belongs to the error whose path is equal up to list indices.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import orjson
from graphql import ExecutionResult, GraphQLError

from resolvers.errors import BackendError, GatewayError, Internal

Path = Sequence[str | int]

_INPUT = ("Variable '", "Argument '")
"""How graphql-core's errors about the caller's own input begin."""

_TELLS_VALUE = re.compile(r"(Abstract type|Runtime Object type|Expected value of type|Enum) '|\w+ cannot represent ")
"""How its errors begin that print what a resolver returned."""

_NULL = "Cannot return null for non-nullable field "


class ErrorLog(Protocol):
    """Where unexpected exceptions go, with their tracebacks: one call per distinct failure of an answer."""

    def __call__(self, error: BaseException, *, correlation_id: str, path: Path | None) -> None: ...


class Masking:
    """Formats errors and encodes answers.

    At most `max_errors` errors are told; `extensions.omittedErrors` says how many more there were. At most `max_paths`
    positions are listed per error.
    """

    def __init__(self, log: ErrorLog, *, max_errors: int = 100, max_paths: int = 10) -> None:
        self._log = log
        self._max_errors = max_errors
        self._max_paths = max_paths

    def encode(self, result: ExecutionResult, correlation_id: str) -> bytes:
        """The answer as JSON text in UTF-8."""
        return encode(self.answer(result, correlation_id))

    def answer(self, result: ExecutionResult, correlation_id: str) -> dict[str, Any]:
        """The answer as plain values. `data` is left out where the request failed before execution began."""
        if not result.errors:
            if result.extensions:
                return {"data": result.data, "extensions": result.extensions}
            return {"data": result.data}
        errors, omitted = self.errors(result.errors, correlation_id)
        answer: dict[str, Any] = {"errors": errors}
        if not failed_before_execution(result):
            answer["data"] = result.data
        extensions = result.extensions
        if omitted:
            extensions = {**(extensions or {}), "omittedErrors": omitted}
        if extensions:
            answer["extensions"] = extensions
        return answer

    def errors(self, errors: Iterable[GraphQLError], correlation_id: str) -> tuple[list[dict[str, Any]], int]:
        """The errors to tell, equal ones merged, and how many had to be left out."""
        groups: dict[Any, _Group] = {}
        told: list[_Group] = []
        omitted = 0
        for error in errors:
            level = None if error.path is None else tuple([part for part in error.path if part.__class__ is str])
            original = error.original_error
            # Most often one failed call is the error of many positions, as one and the same exception.
            quick = (level, id(original))
            group = None if original is None else groups.get(quick)
            if group is None:
                telling = self._tell(error, original, correlation_id)
                same = (level, telling.message, telling.masked or repr(telling.extensions))
                group = groups.get(same)
                if group is None:
                    if len(told) >= self._max_errors:
                        omitted += 1
                        continue
                    group = groups[same] = _Group(error, telling)
                    told.append(group)
                    if telling.unexpected is not None:
                        self._log(telling.unexpected, correlation_id=correlation_id, path=error.path)
                groups[quick] = group
            group.count += 1
            if error.path is not None and len(group.paths) < self._max_paths:
                group.paths.append(error.path)
        return [group.formatted() for group in told], omitted

    def failure(self, error: Exception, correlation_id: str) -> dict[str, Any]:
        """The one formatted error of a request that failed as a whole."""
        errors, _ = self.errors([GraphQLError(str(error), original_error=error)], correlation_id)
        return errors[0]

    def _tell(self, error: GraphQLError, original: Exception | None, correlation_id: str) -> _Telling:
        if isinstance(original, GatewayError):
            extensions = original.extensions
            if isinstance(original, BackendError | Internal):
                extensions["correlationId"] = correlation_id
            return _Telling(original.message, extensions, original if isinstance(original, Internal) else None)
        message = error.message
        extensions = dict(error.extensions or {})
        if original is None or isinstance(original, GraphQLError):
            if message.startswith(_INPUT):
                extensions.setdefault("code", "BAD_USER_INPUT")
            elif original is None and not _TELLS_VALUE.match(message):
                extensions.setdefault("code", "BAD_USER_INPUT" if error.path is None else "INTERNAL")
            if "code" in extensions:
                return _Telling(message, extensions, None)
        unexpected = original or error
        extensions = {"code": "INTERNAL", "correlationId": correlation_id}
        if isinstance(original, TypeError) and message.startswith(_NULL):
            return _Telling(message, extensions, unexpected)
        return _Telling("Internal error", extensions, unexpected, type(unexpected))


class _Telling:
    """What a caller is told about one error; `unexpected` is for the log."""

    __slots__ = ("extensions", "masked", "message", "unexpected")

    def __init__(
        self,
        message: str,
        extensions: dict[str, Any],
        unexpected: BaseException | None,
        masked: type[BaseException] | None = None,
    ) -> None:
        self.message = message
        self.extensions = extensions
        self.unexpected = unexpected
        self.masked = masked
        """The class behind an "Internal error": different classes are different failures."""


class _Group:
    """Equal errors of one level."""

    __slots__ = ("count", "first", "paths", "telling")

    def __init__(self, first: GraphQLError, telling: _Telling) -> None:
        self.first = first
        self.telling = telling
        self.count = 0
        self.paths: list[list[str | int]] = []

    def formatted(self) -> dict[str, Any]:
        formatted: dict[str, Any] = {"message": self.telling.message}
        if self.first.locations:
            formatted["locations"] = [location.formatted for location in self.first.locations]
        if self.first.path is not None:
            formatted["path"] = self.first.path
        extensions = self.telling.extensions
        if self.count > 1:
            extensions = {**extensions, "count": self.count}
            if self.paths:
                extensions["paths"] = self.paths
        formatted["extensions"] = extensions
        return formatted


def failed_before_execution(result: ExecutionResult) -> bool:
    """Whether this is a request error (GraphQL specification, Errors): no field was run, so no error has a path."""
    return result.data is None and any(error.path is None for error in result.errors or ())


def encode(answer: Any) -> bytes:
    """JSON text in UTF-8, also of integers beyond 64 bits and unpaired surrogates, which a backend may have sent."""
    try:
        return orjson.dumps(answer)
    except TypeError:
        return json.dumps(answer, separators=(",", ":"), allow_nan=False).encode("ascii")
