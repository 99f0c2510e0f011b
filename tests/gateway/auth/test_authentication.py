"""Where a token may stand in a request, and where not."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.auth.authentication import Authentication
from gateway.auth.settings import AuthSettings, CookieSettings
from gateway.auth.verifier import TokenVerifier
from resolvers.errors import Unauthenticated
from resolvers.principal import ANONYMOUS
from tests.gateway.auth.forge import token

Headers = list[tuple[bytes, bytes]]
COOKIE = CookieSettings(name="__Host-bizgraph", origins=("https://portal.example", "https://portal.example:8443"))
ORIGIN = (b"origin", b"https://portal.example")
GUARD = (b"x-bizgraph-csrf", b"1")
OTHERS: Headers = [(b"host", b"api.example"), (b"accept", b"*/*"), (b"x-authorization", b"Bearer x")]


def authentication(verifier: TokenVerifier, **settings: Any) -> Authentication:
    return Authentication(AuthSettings.model_construct(**{"anonymous": True, "cookie": None, **settings}), verifier)


def bearer(text: str) -> tuple[bytes, bytes]:
    return (b"authorization", f"Bearer {text}".encode())


def cookie(text: str) -> tuple[bytes, bytes]:
    return (b"cookie", f"theme=dark; __Host-bizgraph={text}; lang=de".encode())


async def reason(door: Authentication, headers: Headers) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await door.principal(headers)
    return str(caught.value.details["reason"])


@pytest.mark.parametrize("scheme", [b"Bearer ", b"bearer ", b"BEARER   "])
async def test_bearer(scheme: bytes, verifier: TokenVerifier) -> None:
    """`Authorization: Bearer` is read, its scheme in any case."""
    headers = [*OTHERS, (b"authorization", scheme + token().encode())]
    assert (await authentication(verifier).principal(headers)).subject == "alice"


async def test_no_token(verifier: TokenVerifier) -> None:
    """A request without a token is anonymous, or refused where the configuration wants to know everybody."""
    assert await authentication(verifier).principal(OTHERS) is ANONYMOUS
    assert await reason(authentication(verifier, anonymous=False), OTHERS) == "missing"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"Basic YTpi", "scheme"),
        (b"Digest a=b", "scheme"),
        (b"Bearer2 x", "scheme"),
        (b"Token abc", "scheme"),
        (b"", "scheme"),
        (b"Bearer", "malformed"),
        (b"Bearer ", "malformed"),
        (b"Bearer\tabc", "scheme"),
        (b"Bearer \xff\xfe", "malformed"),
        (b"Bearer a b", "malformed"),
        (b"Bearer a.b.c, Bearer a.b.c", "malformed"),
    ],
)
async def test_other_credentials(value: bytes, expected: str, verifier: TokenVerifier) -> None:
    """Other schemes and odd values are refused with their reason; a bad token is never taken for no token."""
    assert await reason(authentication(verifier), [(b"authorization", value)]) == expected


async def test_the_token_stands_alone(verifier: TokenVerifier) -> None:
    """Something behind a good token, or a second header, spoils it."""
    door = authentication(verifier)
    assert await reason(door, [bearer(token() + " x")]) == "malformed"
    assert await reason(door, [bearer(token()), bearer(token())]) == "several"


async def test_cookie_is_off_by_default(verifier: TokenVerifier) -> None:
    """Without `[auth.cookie]` a cookie is no credential."""
    assert await authentication(verifier).principal([cookie(token()), ORIGIN, GUARD]) is ANONYMOUS


@pytest.mark.parametrize(
    "proof",
    [
        [ORIGIN, GUARD],
        [(b"origin", b"https://portal.example:8443"), GUARD],
        [(b"sec-fetch-site", b"same-origin"), GUARD],
        [ORIGIN, (b"sec-fetch-site", b"same-site"), (b"x-bizgraph-csrf", b"")],
    ],
)
async def test_cookie_of_our_own_page(proof: Headers, verifier: TokenVerifier) -> None:
    """With the agreed header and an allowed origin, the cookie speaks for the caller."""
    door = authentication(verifier, cookie=COOKIE)
    assert (await door.principal([*OTHERS, cookie(token()), *proof])).subject == "alice"


@pytest.mark.parametrize(
    "proof",
    [
        [],
        [GUARD],
        [ORIGIN],
        [(b"origin", b"https://evil.example"), GUARD],
        [(b"origin", b"null"), GUARD],
        [(b"origin", b""), GUARD],
        [(b"origin", b"http://portal.example"), GUARD],
        [(b"origin", b"https://portal.example.evil.example"), GUARD],
        [(b"origin", b"https://portal.example:444"), GUARD],
        [ORIGIN, (b"origin", b"https://evil.example"), GUARD],
        [(b"sec-fetch-site", b"same-origin")],
        [(b"sec-fetch-site", b"same-site"), GUARD],
        [(b"sec-fetch-site", b"cross-site"), GUARD],
        [(b"sec-fetch-site", b"none"), GUARD],
        [(b"origin", b"https://evil.example"), (b"sec-fetch-site", b"same-origin"), GUARD],
        [(b"referer", b"https://portal.example/"), GUARD],
    ],
)
async def test_cookie_sent_by_another_page(proof: Headers, verifier: TokenVerifier) -> None:
    """A cookie that a foreign page made the browser send is refused."""
    assert await reason(authentication(verifier, cookie=COOKIE), [cookie(token()), *proof]) == "csrf"


async def test_authorization_goes_before_the_cookie(verifier: TokenVerifier) -> None:
    """A written header is believed or refused by itself; the cookie beside it is not looked at."""
    door = authentication(verifier, cookie=COOKIE)
    assert (await door.principal([cookie("x"), bearer(token())])).subject == "alice"
    assert await reason(door, [cookie(token()), ORIGIN, GUARD, bearer("x")]) == "malformed"


async def test_cookies_of_the_same_name(verifier: TokenVerifier) -> None:
    """Two cookies of the name are refused, since one of them may have been planted by a neighbouring host."""
    door = authentication(verifier, cookie=COOKIE)
    assert await reason(door, [cookie(token()), cookie("x"), ORIGIN, GUARD]) == "several"
    twice = (b"cookie", b"__Host-bizgraph=a; __Host-bizgraph=b")
    assert await reason(door, [twice, ORIGIN, GUARD]) == "several"


async def test_other_cookies_are_nobodys(verifier: TokenVerifier) -> None:
    """Cookies of other names, also of the same in other case or longer, leave the caller anonymous."""
    door = authentication(verifier, cookie=COOKIE)
    header = (b"cookie", b"a=b; __host-bizgraph=x; x__Host-bizgraph=y; __Host-bizgraph; =; ;")
    assert await reason(door, [header, ORIGIN, GUARD]) == "malformed"
    header = (b"cookie", b"a=b; __host-bizgraph=x; x__Host-bizgraph=y; =; ;")
    assert await door.principal([header]) is ANONYMOUS


async def test_missing_cookie_where_everybody_must_be_known(verifier: TokenVerifier) -> None:
    """Without header and cookie, a gateway that knows no strangers asks for a token."""
    assert await reason(authentication(verifier, cookie=COOKIE, anonymous=False), OTHERS) == "missing"
