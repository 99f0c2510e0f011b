"""What came back is told as what it is: an envelope, or whatever came in its place."""

from __future__ import annotations

from typing import Any

import pytest

from resolvers.backends.soap.answers.answer import open_answer
from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.problems import AnswerProblem
from tests.resolvers.backends.soap.hostile import ATTACKS, HARMLESS
from tests.resolvers.backends.soap.wsdls import SOAP11, SOAP12, answered, describe, envelope, load, response

SERVICE = load(describe(response('<xs:sequence><xs:element name="name" type="xs:string"/></xs:sequence>')))
GRAMMAR = Grammar(SERVICE)


def opened(content_type: str, body: bytes, *, huge: bool = False) -> Any:
    return open_answer(content_type, body, SERVICE, GRAMMAR, huge=huge)


def text_of(body: Any) -> str | None:
    found: str | None = body[0][0].text
    return found


GOOD = answered("<name>é€</name>").decode()
LATIN = answered("<name>é</name>").decode()
UNDECLARED = LATIN.partition("?>")[2]
CHARSETS = {
    "UTF-8 by default": ("text/xml", UNDECLARED.encode(), "é"),
    "UTF-8 with a byte order mark": ("text/xml; charset=iso-8859-1", b"\xef\xbb\xbf" + UNDECLARED.encode(), "é"),
    "UTF-16 with a byte order mark": ("text/xml", UNDECLARED.encode("utf-16"), "é"),
    "ISO-8859-1 by declaration": ("text/xml", LATIN.replace("UTF-8", "ISO-8859-1").encode("latin-1"), "é"),
    "windows-1252 by declaration": ("text/xml", GOOD.replace("UTF-8", "windows-1252").encode("cp1252"), "é€"),
    "charset in the Content-Type only": ("text/xml; charset=ISO-8859-1", UNDECLARED.encode("latin-1"), "é"),
    "charset quoted": ('text/xml; foo=bar; charset="iso-8859-1"', UNDECLARED.encode("latin-1"), "é"),
    "blank lines before the declaration": ("text/xml", b"\r\n\n " + LATIN.encode(), "é"),
    "no Content-Type": ("", LATIN.encode(), "é"),
    "another XML type": ("application/vnd.company+xml", LATIN.encode(), "é"),
    "XML as plain text": ("text/plain; charset=utf-8", LATIN.encode(), "é"),
}


@pytest.mark.parametrize(("content_type", "body", "expected"), CHARSETS.values(), ids=CHARSETS.keys())
def test_answers_are_read_in_their_charset(content_type: str, body: bytes, expected: str) -> None:
    """A declaration or byte order mark counts; without one the Content-Type does."""
    assert text_of(opened(content_type, body)) == expected


PAGE = b"<!DOCTYPE html><html><body><form action=login></form></body></html>"
WARNINGS = b"<br />\n<b>Warning</b>:  Undefined variable in <b>/srv/x.php</b> on line <b>5</b><br />\n" + GOOD.encode()
BROKEN: dict[str, tuple[str, bytes, str]] = {
    "an HTML page": ("text/html", PAGE, "html"),
    "an HTML page that says it is XML": ("text/xml", PAGE, "html"),
    "XHTML": ("text/xml", b'<html xmlns="http://www.w3.org/1999/xhtml"><body/></html>', "html"),
    "PHP warnings before the envelope": ("text/html", WARNINGS, "html"),
    "PHP warnings before the envelope, as XML": ("text/xml", WARNINGS, "html"),
    "a PHP notice behind the envelope": ("text/xml", GOOD.encode() + b"\n<br />\n<b>Notice</b>: x", "malformed"),
    "JSON": ("application/json", b'{"error": 1}', "json"),
    "JSON that says it is XML": ("text/xml", b'{"error": 1}', "json"),
    "nothing": ("text/xml", b"", "empty"),
    "blanks": ("text/xml", b" \r\n", "empty"),
    "a PDF": ("application/pdf", b"%PDF-1.7", "content type"),
    "plain text": ("text/plain", b"Service temporarily unavailable", "content type"),
    "half an envelope": ("text/xml", GOOD.encode()[:-20], "truncated"),
    "an envelope cut within a tag": ("text/xml", GOOD.encode()[:-5], "truncated"),
    "an envelope cut within a character": ("text/xml", GOOD.encode()[: GOOD.encode().index(b"\xc3") + 1], "truncated"),
    "tags that do not match": ("text/xml", GOOD.replace("</name>", "</nome>").encode(), "malformed"),
    "bytes that are not of the charset": ("text/xml", GOOD.encode().replace(b"\xc3", b"\xff"), "malformed"),
    "a charset that nobody knows": ("text/xml; charset=klingon", UNDECLARED.encode(), "charset"),
    "XML that is no envelope": ("text/xml", b"<rss/>", "not soap"),
    "an envelope of another version of SOAP": ("text/xml", GOOD.replace(SOAP11, "urn:soap2").encode(), "not soap"),
    "an envelope without a body": ("text/xml", f'<s:Envelope xmlns:s="{SOAP11}"/>'.encode(), "no body"),
}


@pytest.mark.parametrize(("content_type", "body", "cause"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_envelope_is_told_as_what_it_is(content_type: str, body: bytes, cause: str) -> None:
    """A login page is `html` and half an answer is `truncated`; neither is ever an empty result."""
    with pytest.raises(AnswerProblem) as caught:
        opened(content_type, body)
    assert caught.value.cause == cause


@pytest.mark.parametrize(("body", "cause"), ATTACKS.values(), ids=ATTACKS.keys())
def test_attacks_are_refused(body: bytes, cause: str) -> None:
    """No entity is expanded, no file or host is asked, no memory is filled."""
    with pytest.raises(AnswerProblem) as caught:
        opened("text/xml", body)
    assert caught.value.cause == cause


@pytest.mark.parametrize("body", HARMLESS.values(), ids=HARMLESS.keys())
def test_what_looks_like_an_attack_but_does_nothing_is_read(body: bytes) -> None:
    """Includes, stylesheets and schema locations are data: nothing is loaded."""
    assert opened("text/xml", body)[0].tag == "r"


def test_large_files_are_read_where_the_operation_allows_them() -> None:
    """`files = true` lifts the limit of 10 MB for one text; the cap on bytes stays."""
    body = answered(f"<name>{'x' * 10_500_000}</name>")
    assert len(text_of(opened("text/xml", body, huge=True)) or "") == 10_500_000


@pytest.mark.parametrize("namespace", [SOAP11, SOAP12])
def test_both_versions_are_understood_whatever_was_asked(namespace: str) -> None:
    """The version of an answer is that of its envelope, not that of the request."""
    assert (
        opened("application/soap+xml", envelope("<r>1</r>", namespace=namespace, header="<s:Header/>"))[0].text == "1"
    )
