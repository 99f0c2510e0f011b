"""How refusals are told: RFC 6750 in the header, GraphQL's shape in the body, constant texts in both."""

from __future__ import annotations

import json
import re
from typing import get_args

import pytest

from gateway.auth.refusal import Reason, challenge, refusal_body, refused, scope_challenge
from resolvers.errors import Forbidden, Unauthenticated

REASONS = get_args(Reason)


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_a_clean_challenge(reason: Reason) -> None:
    """Each challenge keeps to the grammar of RFC 6750 §3: quoted strings without quotes, backslashes or line breaks."""
    value = challenge(refused(reason), "bizgraph").decode("ascii")
    assert re.fullmatch(
        r'Bearer realm="[^"\\\r\n]+"(, error="[a-z_]+", error_description="[\x20-\x21\x23-\x5b\x5d-\x7e]+")?', value
    )


@pytest.mark.parametrize("reason", ["missing", "scheme", "unavailable"])
def test_no_error_code_where_no_token_was_judged(reason: Reason) -> None:
    """Without usable credentials, or without a verdict, the challenge names no error (RFC 6750 §3.1)."""
    assert challenge(refused(reason), "shop") == b'Bearer realm="shop"'


def test_invalid_token() -> None:
    """A token that does not verify is an `invalid_token`, with the reason in words."""
    assert challenge(refused("expired"), "bizgraph") == (
        b'Bearer realm="bizgraph", error="invalid_token", error_description="The token has expired."'
    )


@pytest.mark.parametrize("reason", ["several", "csrf"])
def test_invalid_request(reason: Reason) -> None:
    """A request that presents its token wrongly is an `invalid_request`."""
    assert b'error="invalid_request"' in challenge(refused(reason), "bizgraph")


def test_a_foreign_message_never_reaches_the_header() -> None:
    """An Unauthenticated with another text or reason yields the bare challenge."""
    for error in (Unauthenticated('x", error="\r\nSet-Cookie: a=b'), Unauthenticated("x", reason='"\r\n')):
        assert challenge(error, "bizgraph") == b'Bearer realm="bizgraph"'


def test_insufficient_scope() -> None:
    """A missing scope is named, in the order of the alphabet."""
    assert scope_challenge({"orders:read", "customers:read"}, "bizgraph") == (
        b'Bearer realm="bizgraph", error="insufficient_scope", scope="customers:read orders:read"'
    )


@pytest.mark.parametrize("scope", ['a"b', "a\\b", "a b", "", "a\nb", "ä"])
def test_scopes_that_would_break_the_header(scope: str) -> None:
    """A scope that does not fit into the header is refused, not written."""
    with pytest.raises(ValueError, match="RFC 6749"):
        scope_challenge([scope], "bizgraph")


def test_the_body_is_graphqls() -> None:
    """A refused request is answered with `errors` and without `data`."""
    body = json.loads(refusal_body(refused("expired"), "c-1"))
    extensions = {"code": "UNAUTHENTICATED", "reason": "expired", "retryable": False, "correlationId": "c-1"}
    assert body == {"errors": [{"message": "The token has expired.", "extensions": extensions}]}


def test_the_body_of_forbidden() -> None:
    """Other refusals at the door have the same shape, also without a correlation id."""
    body = json.loads(refusal_body(Forbidden("A scope is missing.")))
    assert body == {
        "errors": [{"message": "A scope is missing.", "extensions": {"code": "FORBIDDEN", "retryable": False}}]
    }


@pytest.mark.parametrize("reason", REASONS)
def test_only_unavailable_is_worth_a_retry(reason: Reason) -> None:
    """Clients are told to try again only when keys or denylist could not be had."""
    assert refused(reason).retryable == (reason == "unavailable")
