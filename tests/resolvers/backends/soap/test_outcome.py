"""What happened, told in the one vocabulary of errors."""

from __future__ import annotations

import pytest

from resolvers.backends.soap.outcome import Outcomes
from resolvers.backends.soap.problems import SoapFault
from resolvers.errors import BackendContract, BackendError, BackendFailed, BackendRejected, BackendUnavailable

OUTCOMES = Outcomes("erp", "orders.by_ids", redact=lambda text: text.replace("hunter2", "***"), retry_fault=["Busy"])

STATUSES: list[tuple[int, type[BackendError], str, bool]] = [
    (301, BackendContract, "redirect", False),
    (307, BackendContract, "redirect", False),
    (400, BackendRejected, "HTTP 400", False),
    (401, BackendRejected, "credentials", False),
    (403, BackendRejected, "credentials", False),
    (404, BackendRejected, "HTTP 404", False),
    (429, BackendUnavailable, "HTTP 429", True),
    (500, BackendFailed, "HTTP 500", True),
    (501, BackendFailed, "HTTP 501", False),
    (502, BackendUnavailable, "HTTP 502", True),
    (503, BackendUnavailable, "HTTP 503", True),
    (504, BackendUnavailable, "HTTP 504", True),
]


@pytest.mark.parametrize(("status", "kind", "cause", "retryable"), STATUSES)
def test_statuses(status: int, kind: type[BackendError], cause: str, retryable: bool) -> None:
    """Each status has one class, one cause, and says whether another try makes sense."""
    error = OUTCOMES.status(status, "7", 0.0)
    assert (type(error), error.cause, error.retryable) == (kind, cause, retryable)
    assert (error.backend, error.operation) == ("erp", "orders.by_ids")
    assert error.retry_after == (7.0 if status in (429, 500, 501, 502, 503, 504) else None)


FAULTS: list[tuple[SoapFault, type[BackendError], str, bool]] = [
    (SoapFault("Client", (), "no"), BackendRejected, "fault", False),
    (SoapFault("Server", (), "no"), BackendFailed, "fault", True),
    (SoapFault("VersionMismatch", (), "no"), BackendRejected, "fault", False),
    (SoapFault("MustUnderstand", (), "no"), BackendRejected, "fault", False),
    (SoapFault("404", (), "no"), BackendRejected, "fault", False),
    (SoapFault("Client", ("Busy",), "no"), BackendRejected, "fault", True),
    (SoapFault("FailedAuthentication", (), "no"), BackendRejected, "credentials", False),
    (SoapFault("Client", ("Authentication",), "no"), BackendRejected, "credentials", False),
    (SoapFault("Server", ("InvalidSecurityToken",), "no"), BackendRejected, "credentials", False),
]


@pytest.mark.parametrize(("fault", "kind", "cause", "retryable"), FAULTS)
def test_faults(fault: SoapFault, kind: type[BackendError], cause: str, retryable: bool) -> None:
    """The sender's faults are rejections, the receiver's are failures; some say that the credentials are wrong."""
    error = OUTCOMES.fault(fault)
    assert (type(error), error.cause, error.retryable) == (kind, cause, retryable)


def test_a_fault_tells_callers_its_code_and_not_its_words() -> None:
    """What a backend writes may name tables and hosts: it goes to the log, without the gateway's own secrets."""
    fault = SoapFault("Client", ("Bad",), "table T_USERS, password hunter2", detail_type="NotFound", detail={"id": 7})
    error = OUTCOMES.fault(fault)
    assert error.extensions["fault"] == "Client.Bad"
    assert error.extensions["faultDetail"] == "NotFound"
    assert "T_USERS" not in repr(error.extensions) + error.message
    assert OUTCOMES.logged(fault) is fault
    assert "T_USERS" in str(fault)
    assert "hunter2" not in str(fault) + repr(fault)


def test_a_fault_code_that_is_a_sentence_is_not_told() -> None:
    """Only what looks like a code word is one."""
    error = OUTCOMES.fault(SoapFault("Error in line 5 of /srv/x.php", (), ""))
    assert error.extensions["fault"] == "unknown"
    assert "/srv" not in error.message


def test_the_backend_s_words_are_shown_where_that_is_configured() -> None:
    """`show_message` is for backends whose messages are made for people, and hides secrets all the same."""
    shown = Outcomes("erp", "x", redact=lambda text: text.replace("hunter2", "***"), show_message=True)
    assert shown.fault(SoapFault("Client", (), "not found hunter2")).message.endswith("not found ***")
    told = shown.business("NOT", "no such order", credentials=False, retryable=False)
    assert told.message.endswith("NOT: no such order")


def test_business_errors() -> None:
    """A code inside a good answer is a rejection, a failure that may pass, or about the credentials."""
    plain = OUTCOMES.business("PERMISSION_DENIED", "x", credentials=False, retryable=False)
    assert (type(plain), plain.cause, plain.extensions["result"]) == (BackendRejected, "result", "PERMISSION_DENIED")
    assert OUTCOMES.business("BAD_CREDENTIALS", "x", credentials=True, retryable=False).cause == "credentials"
    assert OUTCOMES.business("DB_ERROR", "x", credentials=False, retryable=True).retryable
