"""One operation of a SOAP backend: one attempt, from keys and arguments to records."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

from msgspec import Struct

from resolvers.backends.http import Answer
from resolvers.backends.operation import unknown_value
from resolvers.backends.ports import Call, Fetched, Forwarded, Reader
from resolvers.backends.rest.forward import Forwarding
from resolvers.backends.soap.answers.answer import fault_of, open_answer
from resolvers.backends.soap.answers.reply import Payload, Reply
from resolvers.backends.soap.channel import Channel
from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.description.loader import WsdlState
from resolvers.backends.soap.outcome import BY_STATUS, Outcomes
from resolvers.backends.soap.paging import Paging, Window
from resolvers.backends.soap.problems import (
    AnswerProblem,
    ArgumentProblem,
    DecodeProblem,
    SoapFault,
    SoapProblem,
    WsdlProblem,
)
from resolvers.backends.soap.requests.request import Request
from resolvers.backends.soap.settings import SoapOperationSettings
from resolvers.backends.soap.setup import Setup
from resolvers.backends.soap.types import Service
from resolvers.errors import BackendContract, BadUserInput, Remains
from resolvers.principal import Principal

Record = TypeVar("Record")
DEFAULT_BATCH: Final = 100


class Workplace(Protocol):
    """What an endpoint needs of its connector."""

    name: str

    @property
    def wsdl_state(self) -> WsdlState: ...
    async def work(self, size: int, function: Callable[[], Any]) -> Any: ...
    def now(self) -> float: ...


class Prepared(Struct, frozen=True):
    """An operation's settings, made ready for the service that was loaded."""

    service: Service
    grammar: Grammar
    request: Request
    reply: Reply


class SoapEndpoint(Generic[Record]):
    """`Endpoint` (ports.py) for one operation. Attempts raise BackendError, or BadUserInput for an argument."""

    def __init__(
        self,
        workplace: Workplace,
        channel: Channel,
        setup: Setup,
        operation: str,
        settings: SoapOperationSettings,
        reader: Reader[Record],
        outcomes: Outcomes,
        forwarding: Forwarding,
    ) -> None:
        self._workplace = workplace
        self._channel = channel
        self._setup = setup
        self._operation = operation
        self._settings = settings
        self._reader = reader
        self._outcomes = outcomes
        self._forwarding = forwarding
        self._prepared: Prepared | None = None
        self._pattern = None if settings.key_pattern is None else re.compile(settings.key_pattern)
        placeholders = settings.placeholders
        self._accepts = settings.accepts
        self._keyed = settings.keyed
        self._max_batch = 1 if "key" in placeholders else settings.max_batch or DEFAULT_BATCH
        self._paging = Paging(
            placeholders,
            first_page=settings.first_page,
            page_size=settings.page_size,
            total=settings.total is not None,
        )

    @property
    def backend(self) -> str:
        return self._workplace.name

    @property
    def operation(self) -> str:
        return self._operation

    @property
    def max_batch(self) -> int:
        return self._max_batch

    @property
    def accepts(self) -> frozenset[str]:
        return self._accepts

    @property
    def idempotent(self) -> bool:
        """Whether the configuration allows the call to be repeated; HTTP cannot tell, since everything is a POST."""
        return self._settings.idempotent

    def forwarded(self, principal: Principal) -> Forwarded:
        return self._forwarding.of(principal)

    def sendable(self, keys: Sequence[str]) -> Sequence[str]:
        return [key for key in keys if self._allowed(key)]

    def _allowed(self, key: str) -> bool:
        if self._pattern is not None and not self._pattern.fullmatch(key):
            return False
        least = self._settings.min_key
        if least is not None and not (key.isascii() and key.removeprefix("-").isdigit() and int(key) >= least):
            return False
        return self._prepared is None or self._prepared.request.takes(key)

    def prepare(self) -> Prepared:
        """Fit the settings to the service. Raises ConfigurationProblem, or BackendUnavailable while there is none."""
        service = self._setup.service
        if service is None:
            why = self._workplace.wsdl_state.problem
            raise self._outcomes.no_wsdl() from (None if why is None else WsdlProblem(why))
        if self._prepared is None or self._prepared.service is not service:
            operation = self._setup.operation(service, self._settings.operation)
            grammar = self._setup.grammar(service, self._settings)
            self._prepared = Prepared(
                service,
                grammar,
                self._setup.request(service, operation, self._settings),
                Reply(operation, self._settings, grammar, getattr(self._reader, "needs", None)),
            )
        return self._prepared

    async def attempt(self, call: Call) -> Fetched[Record]:
        if not self._forwarding.complete(call.forwarded):
            raise self._outcomes.not_forwarded()
        try:
            prepared = self.prepare()
        except SoapProblem as problem:
            raise self._outcomes.problem(problem) from problem
        values: dict[str, Any] = self._values(call)
        window = None
        if not self._keyed and call.first is not None:
            window = self._paging.window(call.first, call.after)
            values.update(window.arguments)
        try:
            body = prepared.request.write(values)
        except ArgumentProblem as problem:
            raise BadUserInput(str(problem), operation=self._operation) from problem
        answer = await self._channel.post(
            prepared.request.headers, body, call, self._operation, again=self._settings.idempotent
        )
        fetched: Fetched[Record] = await self._workplace.work(
            len(answer.body), lambda: self._fetched(prepared, answer, window)
        )
        return fetched

    def _values(self, call: Call) -> dict[str, Any]:
        values: dict[str, Any] = {"keys": call.keys}
        if call.keys:
            values["key"] = call.keys[0]
        for name, value in call.args:
            table = self._settings.values.get(name)
            values[name] = value if table is None else _translated(name, value, table, self._operation)
        return values

    def _fetched(self, prepared: Prepared, answer: Answer, window: Window | None) -> Fetched[Record]:
        payload = self._payload(prepared, answer)
        if window is not None:
            return self._page(payload, window)
        return Fetched(records=self._read(payload.items)[0], total=payload.total)

    def _payload(self, prepared: Prepared, answer: Answer) -> Payload:
        """The decoded answer. Raises BackendError; its cause is for the log."""
        content_type = answer.headers.get("Content-Type", "")
        service, grammar = prepared.service, prepared.grammar
        try:
            if answer.status != 200:
                raise self._http_error(answer, content_type, service, grammar)
            body = open_answer(content_type, answer.body, service, grammar, huge=self._settings.files)
            payload = prepared.reply.read(body, answer.body)
        except SoapFault as fault:
            if frozenset(fault.names) & frozenset(self._settings.absent_fault):
                return Payload((), 0, None, None)
            raise self._outcomes.fault(fault) from self._outcomes.logged(fault)
        except AnswerProblem as problem:
            raise self._outcomes.problem(problem) from problem
        return self._checked(payload)

    def _http_error(self, answer: Answer, content_type: str, service: Service, grammar: Grammar) -> Exception:
        """A fault where the body holds one, unless the status says more."""
        if answer.status not in BY_STATUS and not 300 <= answer.status < 400:
            fault = fault_of(content_type, answer.body, service, grammar)
            if fault is not None:
                return fault
        if 200 <= answer.status < 300 and not answer.body.strip():
            return AnswerProblem("empty", "the answer is empty")
        return self._outcomes.status(answer.status, answer.headers.get("Retry-After"), self._workplace.now())

    def _checked(self, payload: Payload) -> Payload:
        errors, code = self._settings.errors, payload.code
        if errors is None or code is None or code in errors.ok:
            return payload
        if code in errors.absent:
            return Payload((), 0, None, None)
        credentials, retryable = code in errors.credentials, code in errors.retryable
        if not errors.ok and not credentials and not retryable:
            return payload
        error = self._outcomes.business(code, payload.message, credentials=credentials, retryable=retryable)
        raise error from self._outcomes.logged(SoapFault(code, (), payload.message or "no message"))

    def _page(self, payload: Payload, window: Window) -> Fetched[Record]:
        cut = self._paging.cut(payload.items, window, payload.total)
        records, indexes = self._read(cut.items)
        return Fetched(
            records=records,
            total=cut.total,
            positions=[str(cut.offset + index + 1) for index in indexes],
            has_next=cut.has_next,
        )

    def _read(self, items: Sequence[Any]) -> tuple[list[Record | BackendContract], Sequence[int]]:
        """The records, and of each the index of its item: the record filter may have dropped some in between."""
        if DecodeProblem not in set(map(type, items)):
            records = self._reader.read(items)
            if len(records) == len(items):
                return records, range(len(items))
        read: list[Record | BackendContract] = []
        indexes: list[int] = []
        for index, item in enumerate(items):
            read += [self._unreadable(item)] if isinstance(item, DecodeProblem) else self._reader.read([item])
            indexes += [index] * (len(read) - len(indexes))
        return read, indexes

    def _unreadable(self, problem: DecodeProblem) -> BackendContract:
        error = self._outcomes.problem(problem)
        error.remains = Remains()
        return error


def _translated(name: str, value: Any, table: Mapping[str, str], operation: str) -> Any:
    """Our values in the backend's words."""
    if value is None:
        return None
    if isinstance(value, tuple):
        return tuple(_translated(name, entry, table, operation) for entry in value)
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if text not in table:
        why = unknown_value(text, table)
        raise BadUserInput(f"{name} cannot be used here: {why}", operation=operation, argument=name)
    return table[text]
