"""Retry-After as backends write it, absurd values too."""

from __future__ import annotations

import pytest

from resolvers.backends.http.retry_after import retry_after


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 5 ", 5.0),
        ("0", 0.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 40.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:01:40", 40.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
        ("1" * 40, 86_400.0),
        ("9" * 5000, 86_400.0),
        ("Thu, 01 Jan 99999999999 00:00:00 GMT", None),
        ("Thu, 99 Foo 1970 00:00:00 GMT", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_both_forms_are_understood(text: str | None, seconds: float | None) -> None:
    """Seconds or a date, at most a day; anything else says nothing, and never fails a request."""
    assert retry_after(text, 60.0) == seconds
