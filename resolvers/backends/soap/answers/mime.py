"""Answers in several parts: SOAP with attachments of XOP/MTOM (RFC 2387, XOP 1.0 §3)."""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import Error as BinasciiError
from binascii import a2b_base64, a2b_qp
from collections.abc import Mapping
from email.parser import BytesHeaderParser
from typing import Any, Final
from urllib.parse import unquote

from resolvers.backends.soap.problems import AnswerProblem
from resolvers.backends.soap.xml import parameter

MAX_PARTS: Final = 1000
_INCLUDE: Final = "{http://www.w3.org/2004/08/xop/include}Include"


def split(content_type: str, body: bytes) -> tuple[str, bytes, dict[str, bytes]]:
    """The root part's Content-Type and bytes, and every part by its Content-ID. Raises AnswerProblem.

    The root part is the one that `start` names, or else the first (RFC 2387 §3.2).
    """
    boundary = parameter(content_type, "boundary")
    if not boundary:
        raise AnswerProblem("multipart", "the multipart answer tells no boundary")
    mark = rb"\r?\n--" + re.escape(boundary.encode("latin-1", "replace")) + rb"(?=--|[ \t]*\r?\n)"
    chunks = re.split(mark, b"\r\n" + body)
    if len(chunks) < 3 or not chunks[-1].startswith(b"--"):
        raise AnswerProblem("truncated", "the multipart answer ends before its last boundary")
    if len(chunks) - 2 > MAX_PARTS:
        raise AnswerProblem("limit", f"the multipart answer has more than {MAX_PARTS} parts")
    parts: dict[str, bytes] = {}
    types: dict[str, str] = {}
    for number, chunk in enumerate(chunks[1:-1]):
        head, content = _head_and_content(chunk)
        content = _decoded(content, head.get("content-transfer-encoding", "binary").strip().lower())
        name = head.get("content-id", f"#{number}").strip().strip("<>")
        if name in parts:
            raise AnswerProblem("multipart", "two parts of the multipart answer have the same Content-ID")
        parts[name] = content
        types[name] = head.get("content-type", "text/xml")
    start = (parameter(content_type, "start") or next(iter(parts))).strip("<>")
    if start not in parts:
        raise AnswerProblem("multipart", "the multipart answer's root part is missing")
    root_type = types[start]
    if root_type.lower().startswith("application/xop+xml"):
        root_type = f"text/xml; charset={parameter(root_type, 'charset') or 'utf-8'}"
    return root_type, parts[start], parts


def put_in_place(root: Any, parts: Mapping[str, bytes]) -> None:
    """Replace every xop:Include by the bytes that it stands for, as base64 text. Raises AnswerProblem."""
    for include in list(root.iter(_INCLUDE)):
        holder = include.getparent()
        href = include.get("href", "")
        content = parts.get(unquote(href.removeprefix("cid:")))
        if holder is None or content is None:
            raise AnswerProblem("multipart", "the answer refers to a part that is missing")
        holder.remove(include)
        holder.text = b64encode(content).decode("ascii")


def _decoded(content: bytes, encoding: str) -> bytes:
    """The bytes of a part without its Content-Transfer-Encoding (RFC 2045 §6). Raises AnswerProblem."""
    if encoding in ("binary", "8bit", "7bit"):
        return content
    try:
        if encoding == "base64":
            return a2b_base64(content.translate(None, b" \t\r\n"), strict_mode=True)
        if encoding == "quoted-printable":
            return a2b_qp(content)
    except BinasciiError as exc:
        raise AnswerProblem("multipart", "a part of the multipart answer is not in the encoding that it tells") from exc
    raise AnswerProblem("multipart", "a part of the multipart answer has an encoding that nobody knows")


def _head_and_content(chunk: bytes) -> tuple[dict[str, str], bytes]:
    # What follows the boundary on its line is padding (RFC 2046 §5.1.1).
    chunk = chunk.partition(b"\n")[2]
    if chunk.startswith((b"\r\n", b"\n")):
        return {}, chunk.partition(b"\n")[2]
    head, separator, content = chunk.partition(b"\r\n\r\n")
    if not separator:
        head, separator, content = chunk.partition(b"\n\n")
    if not separator:
        raise AnswerProblem("multipart", "a part of the multipart answer has no content")
    return {name.lower(): str(value) for name, value in BytesHeaderParser().parsebytes(head).items()}, content
