"""Bytes of an answer → an element tree, with everything refused that XML can be made to do to its reader.

Entities, DTDs, network access and trees of any depth are off, and a document with a DTD is refused whole (SOAP 1.1 §3,
SOAP 1.2 part 1 §5). Broken documents are never mended: half an answer would pass for a whole one.
"""

from __future__ import annotations

import re
from typing import Any, Final

from lxml import etree

from resolvers.backends.soap.problems import AnswerProblem

_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_DECLARED = re.compile(rb"<\?xml[^>]*\sencoding\s*=")
_PROLOG = re.compile(rb"\s*(?:<\?xml[^>]*\?>)?(?:\s|<!--.*?-->|<\?.*?\?>)*", re.DOTALL)
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|br|b|p|h1|div)\b", re.IGNORECASE)
_LIMITS = re.compile("XML_PARSE_HUGE|Excessive depth|amplification|entity reference loop")
HEAD: Final = 2048
"""How much of an answer is looked at to tell what it is instead."""


def parse(body: bytes, charset: str | None = None, *, huge: bool = False) -> Any:
    """The root element. `charset` is that of the Content-Type; it counts where the document does not tell its own.

    `huge` lifts the limits of libxml2 (text of 10 MB, depth of 256), for operations that carry files.
    Raises AnswerProblem.
    """
    if body[:1].isspace():
        body = body.lstrip()  # blank lines before the declaration are common and harmless
    encoding = None
    if charset is not None and not body.startswith(_BOMS) and not _DECLARED.match(body):
        encoding = charset
    try:
        # One parser per document: parsers must not be shared between threads.
        parser = etree.XMLParser(
            encoding=encoding,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=huge,
            remove_comments=True,
            remove_pis=True,
        )
    except LookupError as exc:
        raise AnswerProblem("charset", "the answer's charset is not known") from exc
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as exc:
        raise _unreadable(body, exc) from None  # libxml2's message may quote the document
    if root is None:
        raise AnswerProblem("malformed", "the answer is not XML")
    if root.getroottree().docinfo.internalDTD is not None:
        raise _with_dtd(body)
    return root


def charset_of(content_type: str) -> str | None:
    """The charset parameter of a Content-Type (RFC 9110 §8.3.2)."""
    return parameter(content_type, "charset")


def parameter(content_type: str, name: str) -> str | None:
    """One parameter of a Content-Type, unquoted; None where it is not given."""
    found = re.search(rf';\s*{name}\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))', content_type, re.IGNORECASE)
    if not found:
        return None
    return re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2]


def looks_like(body: bytes) -> str:
    """What a body is by its first bytes: `xml`, `html`, `json`, `empty` or `text`."""
    start = _PROLOG.match(body[:HEAD])
    rest = body[start.end() : HEAD] if start else body[:HEAD]
    if not body.strip():
        return "empty"
    if _HTML.match(rest):
        return "html"
    if rest[:1] in (b"{", b"["):
        return "json"
    return "xml" if rest[:1] == b"<" or body.startswith(_BOMS) else "text"


def _with_dtd(body: bytes) -> AnswerProblem:
    if looks_like(body) == "html":
        return AnswerProblem("html", "the answer is an HTML page")
    return AnswerProblem("dtd", "the answer has a DTD, which SOAP forbids")


def _unreadable(body: bytes, exc: Exception) -> AnswerProblem:
    kind = looks_like(body)
    if kind in ("html", "json", "empty"):
        return AnswerProblem(kind, f"the answer is {kind if kind == 'empty' else kind.upper()}")
    start = _PROLOG.match(body[:HEAD])
    if start and body[start.end() : start.end() + 9].upper() == b"<!DOCTYPE":
        return _with_dtd(body)
    code = getattr(exc, "code", None)
    if code == etree.ErrorTypes.ERR_DOCUMENT_END:
        return AnswerProblem("malformed", "something follows the answer's XML")
    if code == etree.ErrorTypes.ERR_TAG_NOT_FINISHED or not body.rstrip().endswith(b">"):
        return AnswerProblem("truncated", "the answer ends before its XML does")
    if _LIMITS.search(str(exc)):
        return AnswerProblem("limit", "the answer is deeper or has longer texts than is allowed")
    line, column = getattr(exc, "position", (0, 0))
    return AnswerProblem("malformed", f"the answer is not well-formed XML (line {line}, column {column})")
