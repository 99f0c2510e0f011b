"""What a foreign web page can make a browser send, and what of it is refused."""

from __future__ import annotations

import pytest

from tests.gateway.http.door import Door

QUERY = b"query=%7Bgreeting%7D"


@pytest.mark.parametrize(
    "headers",
    [
        {"cookie": "session=1"},
        {"cookie": "session=1", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"},
        {"cookie": "session=1", "sec-fetch-site": "same-site", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
        {"sec-fetch-mode": "no-cors"},
    ],
)
async def test_a_get_that_a_foreign_page_may_have_made_is_refused(door: Door, headers: dict[str, str]) -> None:
    """Cookies without a sign that the browser asked first, and anything embedded in another site's page."""
    answer = await door.ask("GET", query_string=QUERY, headers=headers)
    assert (answer.status, answer.code) == (403, "BAD_REQUEST")
    assert door.requests == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer anna"},
        {"cookie": "session=1", "authorization": "Bearer anna"},
        {"cookie": "session=1", "graphql-require-preflight": "1"},
        {"cookie": "session=1", "apollo-require-preflight": "1"},
        {"cookie": "session=1", "x-apollo-operation-name": "A"},
        {"cookie": "session=1", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"},
        {"cookie": "session=1", "sec-fetch-site": "none", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"},
    ],
)
async def test_other_gets_are_answered(door: Door, headers: dict[str, str]) -> None:
    """Without ambient credentials, from our own page, or after a preflight, a GET is as good as a POST."""
    answer = await door.ask("GET", query_string=QUERY, headers=headers)
    assert (answer.status, answer.json) == (200, {"data": {"greeting": "Hello world"}})


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None]
)
async def test_a_form_cannot_post(door: Door, content_type: str | None) -> None:
    """The bodies that a browser sends without asking first are not read, whatever they hold."""
    headers = {} if content_type is None else {"content-type": content_type}
    answer = await door.ask(body=b'{"query": "mutation { rename(name: \\"x\\") }"}', headers=headers)
    assert (answer.status, answer.code) == (415, "BAD_REQUEST")
    assert answer.headers["accept-post"] == "application/json"
    assert door.requests == []
