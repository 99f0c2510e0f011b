"""Answers in several parts (MTOM)."""

# ruff: noqa: E501 - XML reads better in one line

from __future__ import annotations

from base64 import encodebytes
from binascii import b2a_qp

import pytest

from resolvers.backends.soap.answers.answer import open_answer
from resolvers.backends.soap.answers.reply import Reply
from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.problems import AnswerProblem
from resolvers.backends.soap.settings import SoapOperationSettings
from tests.resolvers.backends.soap.wsdls import answered, describe, load, response

SERVICE = load(
    describe(
        response(
            '<xs:sequence><xs:element name="name" type="xs:string"/><xs:element name="file" type="xs:base64Binary"/></xs:sequence>'
        )
    )
)
GRAMMAR = Grammar(SERVICE)
ROOT = answered(
    '<name>a</name><file><x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:file%401"/></file>'
)
FILE = bytes(range(256)) + b"\r\n--not the boundary\r\n"
TYPE = 'multipart/related; type="application/xop+xml"; start="<root>"; boundary="b=1"'


def multipart(*parts: tuple[str, str, bytes], end: bytes = b"\r\n--b=1--\r\n") -> bytes:
    body = b"preamble"
    for name, kind, content in parts:
        body += f"\r\n--b=1  \r\nContent-ID: <{name}>\r\nContent-Type: {kind}\r\n\r\n".encode() + content
    return body + end


def read(content_type: str, body: bytes) -> dict[str, object]:
    opened = open_answer(content_type, body, SERVICE, GRAMMAR)
    payload = Reply(SERVICE.operations["Get"], SoapOperationSettings(operation="Get"), GRAMMAR).read(opened, body)
    found: dict[str, object] = payload.items[0]
    return found


ROOT_PART = ("root", 'application/xop+xml; charset=utf-8; type="text/xml"', ROOT)
FILE_PART = ("file@1", "application/octet-stream", FILE)


def test_the_parts_are_put_in_their_places() -> None:
    """An included file arrives byte by byte as it was sent."""
    assert read(TYPE, multipart(ROOT_PART, FILE_PART)) == {"name": "a", "file": FILE}


def test_the_root_part_is_the_one_that_start_names() -> None:
    """The root part need not come first."""
    assert read(TYPE, multipart(FILE_PART, ROOT_PART)) == {"name": "a", "file": FILE}


def test_without_start_the_first_part_is_the_root() -> None:
    """RFC 2387 §3.2."""
    assert read('multipart/related; boundary="b=1"', multipart(ROOT_PART, FILE_PART))["file"] == FILE


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("binary", FILE),
        ("Base64", encodebytes(FILE).replace(b"\n", b"\r\n")),
        ("quoted-printable", b2a_qp(FILE, istext=False)),
    ],
)
def test_parts_are_read_in_the_encoding_that_they_tell(encoding: str, content: bytes) -> None:
    """RFC 2045 §6: what is carried as text is still the file, not the text."""
    part = ("file@1", f"application/octet-stream\r\nContent-Transfer-Encoding: {encoding}", content)
    assert read(TYPE, multipart(ROOT_PART, part))["file"] == FILE


BROKEN = {
    "no boundary": ("multipart/related", multipart(ROOT_PART, FILE_PART), "multipart"),
    "a part that is missing": (TYPE, multipart(ROOT_PART), "multipart"),
    "a root part that is missing": (TYPE, multipart(FILE_PART), "multipart"),
    "an end that is missing": (TYPE, multipart(ROOT_PART, FILE_PART, end=b""), "truncated"),
    "too many parts": (TYPE, multipart(ROOT_PART, *[(f"x{n}", "text/plain", b"") for n in range(1001)]), "limit"),
    "two parts of one name": (TYPE, multipart(ROOT_PART, FILE_PART, FILE_PART), "multipart"),
    "a part under another name": (TYPE, multipart(ROOT_PART, ("file@2", "text/plain", FILE)), "multipart"),
    "a part in an unknown encoding": (
        TYPE,
        multipart(ROOT_PART, ("file@1", "text/plain\r\nContent-Transfer-Encoding: x-uuencode", FILE)),
        "multipart",
    ),
    "a part that is no base64": (
        TYPE,
        multipart(ROOT_PART, ("file@1", "text/plain\r\nContent-Transfer-Encoding: base64", b"a*b=")),
        "multipart",
    ),
    "a part without content": (TYPE, b"\r\n--b=1\r\nContent-ID: <root>\r\n--b=1--", "multipart"),
}


@pytest.mark.parametrize(("content_type", "body", "cause"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_multipart_answers_are_told_as_such(content_type: str, body: bytes, cause: str) -> None:
    """Half of a multipart answer is never a whole one."""
    with pytest.raises(AnswerProblem) as caught:
        read(content_type, body)
    assert caught.value.cause == cause
