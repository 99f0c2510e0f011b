"""What an attempt came to, in the words of `resolvers.errors`: HTTP statuses, faults, business errors, broken answers.

| came                                   | told                                    |
| -------------------------------------- | --------------------------------------- |
| 401, 403, a fault about credentials    | BackendRejected, cause `credentials`    |
| 429, 502, 503, 504                     | BackendUnavailable, with Retry-After    |
| other 5xx without a fault              | BackendFailed, cause `HTTP 500`         |
| other 4xx without a fault              | BackendRejected, cause `HTTP 404`       |
| 3xx                                    | BackendContract, cause `redirect`       |
| a fault of the receiver (Server)       | BackendFailed, cause `fault`            |
| any other fault                        | BackendRejected, cause `fault`          |
| an answer that is no SOAP or not whole | BackendContract, the answer's own cause |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from resolvers.backends.http.retry_after import retry_after
from resolvers.backends.soap.answers.faults import CREDENTIAL_CODES, RECEIVER
from resolvers.backends.soap.problems import ConfigurationProblem, SoapFault, SoapProblem, token
from resolvers.errors import BackendContract, BackendError, BackendFailed, BackendRejected, BackendUnavailable

BY_STATUS: Final = frozenset({401, 403, 429, 502, 503, 504})
"""Statuses that say more than a fault in their body."""

Redact = Callable[[str], str]


class Outcomes:
    """Makes the errors of one operation. `redact` takes the gateway's own secrets out of texts for the log."""

    def __init__(
        self,
        backend: str,
        operation: str,
        *,
        redact: Redact,
        retry_fault: Iterable[str] = (),
        show_message: bool = False,
    ) -> None:
        self._backend = backend
        self._operation = operation
        self._redact = redact
        self._retry_fault = frozenset(retry_fault)
        self._show = show_message

    def problem(self, problem: SoapProblem) -> BackendContract:
        """An answer, argument or configuration that does not fit."""
        if isinstance(problem, ConfigurationProblem):
            # What would fit is for those who configure: health tells it, and the log.
            return self._contract(f"{self._operation} does not fit the WSDL of {self._backend}", problem.cause)
        return self._contract(f"{self._backend}: {self._redact(str(problem))}", problem.cause)

    def no_wsdl(self) -> BackendUnavailable:
        """The service description is not there yet; why is for the log, since it names addresses."""
        return BackendUnavailable(
            f"the WSDL of {self._backend} is not loaded yet",
            backend=self._backend,
            operation=self._operation,
            cause="wsdl",
        )

    def not_forwarded(self) -> BackendRejected:
        """The backend is asked on behalf of its callers, and this one has not what is forwarded."""
        return BackendRejected(
            f"{self._backend} is asked on behalf of its callers, and this one has no token",
            backend=self._backend,
            operation=self._operation,
            cause="not forwarded",
        )

    def status(self, status: int, wait: str | None, now: float) -> BackendError:
        """An HTTP error, by its status alone; `wait` is what Retry-After says."""
        where: dict[str, Any] = {"backend": self._backend, "operation": self._operation}
        told = f"{self._backend} answered HTTP {status}"
        cause = f"HTTP {status}"
        if 300 <= status < 400:
            return self._contract(f"{told}: redirects are not followed", "redirect")
        if status in (401, 403):
            return BackendRejected(f"{self._backend} refused the gateway's credentials", cause="credentials", **where)
        if status in BY_STATUS:
            return BackendUnavailable(told, cause=cause, retry_after=retry_after(wait, now), **where)
        if status >= 500:
            return BackendFailed(
                told, cause=cause, retry_after=retry_after(wait, now), retryable=status not in (501, 505), **where
            )
        if status >= 400:
            return BackendRejected(told, cause=cause, **where)
        return self._contract(told, cause)

    def fault(self, fault: SoapFault) -> BackendError:
        """A fault. Its code and its detail's name are told, its words only where the configuration says so."""
        code = self._word(".".join((fault.code, *fault.subcodes))) or "unknown"
        told = f"{self._backend} answered a fault ({code})"
        if self._show and fault.reason:
            told = f"{told}: {self._redact(fault.reason)[:500]}"
        where: dict[str, Any] = {
            "backend": self._backend,
            "operation": self._operation,
            "cause": "fault",
            "fault": code,
            "faultDetail": self._word(fault.detail_type),
        }
        names = frozenset(fault.names)
        if names & CREDENTIAL_CODES:
            return BackendRejected(told, **{**where, "cause": "credentials"})
        retryable = True if names & self._retry_fault else None
        if fault.code == RECEIVER:
            return BackendFailed(told, retryable=retryable, **where)
        return BackendRejected(told, retryable=retryable, **where)

    def business(self, code: str, message: str | None, *, credentials: bool, retryable: bool) -> BackendError:
        """An error that the backend reports inside a good answer."""
        where: dict[str, Any] = {"backend": self._backend, "operation": self._operation, "result": self._word(code)}
        told = f"{self._backend} answered {where['result'] or 'an error'}"
        if self._show and message:
            told = f"{told}: {self._redact(message)[:500]}"
        if credentials:
            return BackendRejected(told, cause="credentials", **where)
        if retryable:
            return BackendFailed(told, cause="result", **where)
        return BackendRejected(told, cause="result", **where)

    def logged(self, fault: SoapFault) -> SoapFault:
        """The fault as the cause of an error: with the backend's words, without the gateway's own secrets."""
        fault.args = (self._redact(str(fault)),)
        return fault

    def _word(self, text: str | None) -> str | None:
        return None if text is None else token(self._redact(text))

    def _contract(self, message: str, cause: str) -> BackendContract:
        return BackendContract(message, backend=self._backend, operation=self._operation, cause=cause)
