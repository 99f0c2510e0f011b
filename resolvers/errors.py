"""The error tree: every failure a caller can see, each with one stable code.

    GatewayError
    ├── Unauthenticated        UNAUTHENTICATED           no valid token
    ├── Forbidden              FORBIDDEN                 a scope is missing
    ├── BadUserInput           BAD_USER_INPUT            an argument does not fit
    ├── OperationTooLarge      OPERATION_TOO_LARGE       a limit on documents or pages
    ├── RateLimited            RATE_LIMITED
    ├── PersistedQueryNotFound PERSISTED_QUERY_NOT_FOUND
    ├── NotConfigured          NOT_CONFIGURED            no backend answers this field
    ├── Internal               INTERNAL                  a fault of ours; details are in the log only
    └── BackendError
        ├── BackendTimeout     BACKEND_TIMEOUT           no answer in time
        ├── BackendUnavailable BACKEND_UNAVAILABLE       refused, reset, breaker open
        ├── BackendRejected    BACKEND_REJECTED          4xx, SOAP fault, business error
        ├── BackendFailed      BACKEND_FAILED            5xx
        └── BackendContract    BACKEND_CONTRACT          the answer does not fit the mapping

Messages and `details` are shown to callers, so they hold no credentials, no addresses and no raw answers. What an
operator needs beyond that is the exception's `__cause__`, which is logged and never shown.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, TypeVar


class GatewayError(Exception):
    """Any failure that is told to the caller as it is; `message` is safe to show."""

    code: ClassVar[str] = "INTERNAL"
    retryable: bool = False

    def __init__(self, message: str, *, retryable: bool | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details: dict[str, Any] = {name: value for name, value in details.items() if value is not None}
        if retryable is not None:
            self.retryable = retryable

    @property
    def extensions(self) -> dict[str, Any]:
        """The error's `extensions` in the GraphQL answer (`correlationId` is added at the door)."""
        return {"code": self.code, **self.details, "retryable": self.retryable}


Error = TypeVar("Error", bound=GatewayError)


def without_frames(error: Error) -> Error:
    """The same error, for whoever keeps or shares it: neither it nor its causes know any more where they were raised.

    A traceback keeps every frame on the way alive, with all that it held: an answer of many megabytes, and whatever the
    error is kept in, so that only the garbage collector could end them.
    """
    known: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in known:
            known.add(id(one))
            one.__traceback__ = None
            waiting += (one.__cause__, one.__context__)
    return error


class Unauthenticated(GatewayError):
    """The caller sent no token where one is needed, or one that does not verify."""

    code = "UNAUTHENTICATED"


class Forbidden(GatewayError):
    """The caller is known but lacks a scope."""

    code = "FORBIDDEN"


class BadUserInput(GatewayError):
    """An argument cannot be used: a broken cursor, a page too large, a filter that the backend does not offer."""

    code = "BAD_USER_INPUT"


class OperationTooLarge(GatewayError):
    """The document passes a limit; the message names the limit and the value."""

    code = "OPERATION_TOO_LARGE"


class RateLimited(GatewayError):
    """The caller, or the gateway towards a backend, has used up its rate."""

    code = "RATE_LIMITED"
    retryable = True


class PersistedQueryNotFound(GatewayError):
    """The hash of a persisted operation is unknown here: send it again with its text."""

    code = "PERSISTED_QUERY_NOT_FOUND"
    retryable = True


class NotConfigured(GatewayError):
    """`bizgraph.toml` connects no backend operation that could answer this field."""

    code = "NOT_CONFIGURED"


class Internal(GatewayError):
    """A fault of the gateway itself; the correlation id leads to the log line that holds the details."""

    code = "INTERNAL"


class BackendError(GatewayError):
    """A backend did not give what was asked for. `backend` and `operation` say where."""

    def __init__(
        self,
        message: str,
        *,
        backend: str,
        operation: str | None = None,
        cause: str | None = None,
        attempts: int | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        **details: Any,
    ) -> None:
        super().__init__(
            message,
            retryable=retryable,
            backend=backend,
            operation=operation,
            cause=cause,
            attempts=attempts,
            **details,
        )
        self.backend = backend
        self.operation = operation
        self.cause = cause
        self.retry_after = retry_after
        """Seconds that the backend asked to wait (Retry-After, RFC 9110 §10.2.3)."""


class BackendTimeout(BackendError):
    """No answer within the attempt's timeout or before the request's deadline."""

    code = "BACKEND_TIMEOUT"
    retryable = True


class BackendUnavailable(BackendError):
    """The backend cannot be reached: refused, reset, name not found, breaker open, no WSDL yet."""

    code = "BACKEND_UNAVAILABLE"
    retryable = True


class BackendRejected(BackendError):
    """The backend refused the call: 4xx, a SOAP fault of the sender, a business error within a 200."""

    code = "BACKEND_REJECTED"


class BackendFailed(BackendError):
    """The backend broke while answering: 5xx, a SOAP fault of the receiver."""

    code = "BACKEND_FAILED"
    retryable = True


IDENTIFYING: Final = frozenset({"id", "sku", "customer_id", "order_id"})
"""Fields of a record that say which it is and whose."""


class Remains:
    """What could be read of a record that does not fit: its ids by field name, and None for every other field."""

    def __init__(self, **known: str) -> None:
        self.__dict__.update(known)

    def __getattr__(self, name: str) -> None:
        return None


class BackendContract(BackendError):
    """The answer is not what the configuration promises: wrong content type, malformed, a field that does not fit.

    `remains` is there when the error is about one record. It says whose the record is, and is shown to nobody.
    """

    code = "BACKEND_CONTRACT"
    remains: Remains | None = None
