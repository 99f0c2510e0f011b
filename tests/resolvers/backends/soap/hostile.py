"""XML that is made to hurt its reader, one document per attack (the payloads of the usual lists)."""

from __future__ import annotations

_BODY = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><r>{}</r></s:Body></s:Envelope>'


def _with_dtd(subset: str, content: str) -> bytes:
    return f'<?xml version="1.0"?><!DOCTYPE x [{subset}]>{_BODY.format(content)}'.encode()


def _laughs(levels: int) -> str:
    return '<!ENTITY a0 "lol">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, levels))


ATTACKS: dict[str, tuple[bytes, str]] = {
    "entity of a file": (_with_dtd('<!ENTITY f SYSTEM "file:///etc/passwd">', "&f;"), "dtd"),
    "entity over http": (_with_dtd('<!ENTITY f SYSTEM "http://127.0.0.1:9/x">', "&f;"), "dtd"),
    "parameter entity": (_with_dtd('<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;', ""), "dtd"),
    "external DTD": (b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + _BODY.format("1").encode(), "dtd"),
    "bare DOCTYPE": (b"<!DOCTYPE x>" + _BODY.format("1").encode(), "dtd"),
    "internal entity": (_with_dtd('<!ENTITY x "expanded">', "&x;"), "dtd"),
    "DOCTYPE behind a comment": (b"<!-- c --><!DOCTYPE x>" + _BODY.format("1").encode(), "dtd"),
    "billion laughs": (_with_dtd(_laughs(12), "&a11;"), "dtd"),
    "quadratic blow-up": (_with_dtd(f'<!ENTITY q "{"x" * 100_000}">', "&q;" * 10_000), "dtd"),
    "text over 10 MB": (_BODY.format("x" * 10_500_000).encode(), "limit"),
    "depth over 256": (_BODY.format("<a>" * 300 + "</a>" * 300).encode(), "limit"),
    "depth of 100,000": (_BODY.format("<a>" * 100_000 + "</a>" * 100_000).encode(), "limit"),
    "undeclared entity": (_BODY.format("&nbsp;").encode(), "malformed"),
    "null byte": (_BODY.format("a\x00b").encode(), "malformed"),
}
"""Name → document and the cause that it is told with."""

HARMLESS: dict[str, bytes] = {
    "100,000 attributes": _BODY.format("<a " + " ".join(f"x{n}='1'" for n in range(100_000)) + "/>").encode(),
    "XInclude": _BODY.format(
        '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'
    ).encode(),
    "stylesheet instruction": b'<?xml-stylesheet href="http://127.0.0.1:9/x"?>' + _BODY.format("1").encode(),
    "schemaLocation": _BODY.format(
        '<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x http://127.0.0.1:9/x"/>'
    ).encode(),
}
