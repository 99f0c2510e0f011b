"""The cost of an answer, beside zeep's for the same answer."""

# ruff: noqa: E501 - XML reads better in one line

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from resolvers.backends.soap.answers.answer import open_answer
from resolvers.backends.soap.answers.reply import Reply
from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.settings import SoapOperationSettings
from tests.resolvers.backends.soap.oracle import Oracle
from tests.resolvers.backends.soap.wsdls import answered, describe, load, response

FIELDS = """<xs:element name="id" type="xs:long"/><xs:element name="number" type="xs:string"/><xs:element name="day" type="xs:date"/>
<xs:element name="at" type="xs:dateTime"/><xs:element name="total" type="xs:decimal"/><xs:element name="paid" type="xs:boolean"/>"""
LINE = """<xs:element name="line" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence><xs:element name="sku" type="xs:string"/>
<xs:element name="price" type="xs:decimal"/></xs:sequence></xs:complexType></xs:element>"""
ROW = """<row><id>{0}</id><number>R-{0}</number><day>2026-01-02</day><at>2026-01-02T03:04:05Z</at><total>{0}.50</total>
<paid>true</paid>{1}</row>"""
LINES = "<line><sku>A</sku><price>1.50</price></line>" * 3


def ratio(fields: str, lines: str) -> float:
    """How many times ours zeep's CPU time is, for a hundred rows."""
    row = f'<xs:element name="row" maxOccurs="unbounded"><xs:complexType><xs:sequence>{fields}</xs:sequence></xs:complexType></xs:element>'
    description = describe(response(f"<xs:sequence>{row}</xs:sequence>"))
    service, oracle = load(description), Oracle(description)
    grammar = Grammar(service)
    reply = Reply(service.operations["Get"], SoapOperationSettings(operation="Get", items="row"), grammar)
    body = answered("".join(ROW.format(number, lines) for number in range(100)))

    def ours() -> Any:
        return reply.read(open_answer("text/xml", body, service, grammar), body).items

    def theirs() -> Any:
        return oracle.answer("Get", body)

    assert list(ours()) == theirs()
    return seconds(theirs, 2) / seconds(ours, 10)


def seconds(work: Callable[[], Any], times: int) -> float:
    """The CPU time of one run, the least of several rounds."""
    best = 1e9
    for _ in range(5):
        started = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - started) / times)
    return best


def test_a_flat_answer_costs_a_fraction_of_what_it_costs_with_zeep() -> None:
    """A tenth or less on a quiet machine; the bound leaves room for a busy one."""
    assert ratio(FIELDS, "") > 8


def test_a_nested_answer_costs_a_fraction_of_what_it_costs_with_zeep() -> None:
    """A tenth or less on a quiet machine; the bound leaves room for a busy one."""
    assert ratio(FIELDS + LINE, LINES) > 7
