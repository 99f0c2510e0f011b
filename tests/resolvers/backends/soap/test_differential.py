"""Random schemas with random documents: the compiled decoders, the interpreter and zeep read the same.

Kept out is what zeep is known to get wrong: falsy values in a choice, nil structures, and empty texts (None in zeep).
"""

# ruff: noqa: E501 - XML reads better in one line

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from lxml import etree

from resolvers.backends.soap.decoding.by_column import columns_of
from resolvers.backends.soap.decoding.decode import Compiler
from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.decoding.interpret import Interpreter
from resolvers.backends.soap.decoding.wanted import EVERYTHING, Wanted
from resolvers.backends.soap.requests.request import Request
from tests.resolvers.backends.soap.oracle import Oracle, parsed, tree
from tests.resolvers.backends.soap.wsdls import TNS, answered, describe, load

BATCHES = 10
SCHEMAS = 12
DOCUMENTS = 5

TEXTS = ["a", "Łódź & Söhne", "<tag>", "  kept  ", "line\nbreak", "]]>", "0", "𝄞"]
SAMPLES: dict[str, list[str]] = {
    "string": TEXTS,
    "normalizedString": ["a b", "Łódź"],
    "int": ["0", "-7", "2147483647", " 12 "],
    "long": ["9223372036854775807", "1"],
    "decimal": ["0.00", "-1.5", "12345678901234567890.123456789", "+3"],
    "double": ["1.5", "-2E3", "0"],
    "boolean": ["true", "false", "1", "0"],
    "date": ["2026-02-28", "1999-12-31"],
    "dateTime": [
        "2026-02-28T23:59:59Z",
        "2026-02-28T12:00:00+02:00",
        "2026-02-28T12:00:00",
        "2026-02-28T12:00:00.123456Z",
    ],
    "base64Binary": ["aGVsbG8=", "AA=="],
}
TRUTHY: dict[str, list[str]] = {
    "string": ["x"],
    "int": ["5"],
    "decimal": ["1.5"],
    "boolean": ["true"],
    "date": ["2026-01-01"],
}


@dataclass
class Kind:
    """A random complex type."""

    name: str
    elements: list[tuple[str, Any, bool, bool]] = field(default_factory=list)
    """Name, type (a built-in's name or a Kind), optional, repeated."""
    choice: list[tuple[str, str]] = field(default_factory=list)
    attributes: list[tuple[str, str]] = field(default_factory=list)


class Generator:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.kinds: list[Kind] = []

    def kind(self, depth: int = 0) -> Kind:
        random = self.random
        made = Kind(f"T{len(self.kinds)}")
        self.kinds.append(made)
        for number in range(random.randint(1, 6)):
            nested = number > 0 and depth < 2 and random.random() < 0.25
            type_ = self.kind(depth + 1) if nested else random.choice(list(SAMPLES))
            # The first element is always there: zeep and we differ in what an empty structure is.
            optional = number > 0 and random.random() < 0.4
            made.elements.append((f"e{number}", type_, optional, random.random() < 0.25))
        if random.random() < 0.3:
            made.choice = [(f"c{number}", random.choice(list(TRUTHY))) for number in range(random.randint(2, 3))]
        for number in range(random.choice([0, 0, 1, 2])):
            made.attributes.append(
                (random.choice([f"a{number}", f"e{number}"]), random.choice(["string", "int", "date"]))
            )
        return made

    def schema(self) -> str:
        """A response with a list of the last kind, and a request that takes the same."""
        root = self.kind()
        types = "".join(self._type(kind) for kind in self.kinds)
        inner = f'<xs:sequence><xs:element name="row" type="t:{root.name}" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>'
        return types + "".join(
            f'<xs:element name="{name}"><xs:complexType>{inner}</xs:complexType></xs:element>'
            for name in ("Get", "GetResponse")
        )

    def _type(self, kind: Kind) -> str:
        children = "".join(
            f'<xs:element name="{name}" type="{_name(type_)}" minOccurs="{0 if optional else 1}" '
            f'maxOccurs="{"unbounded" if many else 1}"/>'
            for name, type_, optional, many in kind.elements
        )
        options = "".join(f'<xs:element name="{name}" type="xs:{type_}"/>' for name, type_ in kind.choice)
        choice = f"<xs:choice>{options}</xs:choice>" if options else ""
        attributes = "".join(
            f'<xs:attribute name="{name}" type="xs:{type_}"/>' for name, type_ in dict(kind.attributes).items()
        )
        return f'<xs:complexType name="{kind.name}"><xs:sequence>{children}{choice}</xs:sequence>{attributes}</xs:complexType>'

    def row(self, kind: Kind, tag: str) -> Any:
        """A random element of a kind."""
        random = self.random
        element = etree.Element(f"{{{TNS}}}{tag}")
        for name, type_, optional, many in kind.elements:
            for _ in range(random.randint(0 if optional else 1, 3 if many else 1)):
                if isinstance(type_, Kind):
                    element.append(self.row(type_, name))
                else:
                    etree.SubElement(element, f"{{{TNS}}}{name}").text = random.choice(SAMPLES[type_])
        if kind.choice:
            name, type_ = random.choice(kind.choice)
            etree.SubElement(element, f"{{{TNS}}}{name}").text = random.choice(TRUTHY[type_])
        for name, type_ in dict(kind.attributes).items():
            if random.random() < 0.7:
                element.set(name, random.choice(SAMPLES[type_]).strip())
        return element


def _name(type_: Any) -> str:
    return f"t:{type_.name}" if isinstance(type_, Kind) else f"xs:{type_}"


def plain(value: Any) -> Any:
    """A value in a form that both sides have: floats for doubles, instants as they compare."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return float(value) if isinstance(value, (float, Decimal)) else value


def shuffled(element: Any, random: Random) -> Any:
    """The same element with its children in another order, those of one name in theirs."""
    queues: dict[str, list[Any]] = {}
    for child in element:
        queues.setdefault(child.tag, []).append(child)
    order = [child.tag for child in element]
    random.shuffle(order)
    made = etree.Element(element.tag, dict(element.attrib))
    made.text = element.text
    for tag in order:
        made.append(shuffled(queues[tag].pop(0), random))
    return made


@pytest.mark.parametrize("batch", range(BATCHES))
def test_answers_are_read_as_zeep_reads_them(batch: int) -> None:
    """Every decoder agrees with zeep on every document, and all but zeep on every order of its elements."""
    for number in range(SCHEMAS):
        seed = batch * 1000 + number
        generator = Generator(seed)
        description = describe(generator.schema())
        root = generator.kinds[0]
        oracle, service = Oracle(description), load(description)
        answer = service.operations["Get"].answer
        assert answer is not None
        grammar = Grammar(service)
        compiled = Compiler(grammar).decoder(answer.type, EVERYTHING)
        columns = columns_of(answer.type, ("row",), Wanted({"row": Wanted(item=True)}), grammar)
        for _ in range(DOCUMENTS):
            rows = [generator.row(root, "row") for _ in range(generator.random.randint(1, 4))]
            body = answered("".join(etree.tostring(row).decode() for row in rows))
            element = etree.fromstring(body)[0][0]
            expected = plain(oracle.answer("Get", body))
            found = compiled(element)["row"]
            assert plain(found) == expected, (seed, body)
            assert Interpreter(grammar).value(element, answer.type)["row"] == found, (seed, body)
            assert compiled(shuffled(element, generator.random))["row"] == found, (seed, body)
            by_columns = columns.read(element) if columns is not None else None
            assert by_columns is None or by_columns == found, (seed, body)


def as_arguments(value: Any) -> Any:
    """What zeep takes and the configuration too: a decoded value without what is missing."""
    if isinstance(value, dict):
        return {key: as_arguments(entry) for key, entry in value.items() if entry is not None and entry != []}
    return [as_arguments(entry) for entry in value] if isinstance(value, list) else value


@pytest.mark.parametrize("batch", range(BATCHES // 2))
def test_requests_are_written_as_zeep_writes_them(batch: int) -> None:
    """The compiled encoder gives the tree that zeep gives, for values of every type."""
    for number in range(SCHEMAS):
        seed = batch * 1000 + number
        generator = Generator(seed)
        description = describe(generator.schema())
        oracle, service = Oracle(description), load(description)
        answer = service.operations["Get"].answer
        assert answer is not None
        body = answered(etree.tostring(generator.row(generator.kinds[0], "row")).decode())
        decoded = Interpreter(Grammar(service)).value(etree.fromstring(body)[0][0], answer.type)
        arguments = as_arguments(decoded)
        written = Request(
            service.operations["Get"],
            service,
            address="",
            arguments=arguments,
            headers={},
            secrets=str,
            unique=str,
        ).write({})
        assert comparable(parsed(written)) == comparable(tree(oracle.request("Get", **arguments))), (seed, body)


def comparable(node: Any) -> Any:
    """A tree in which two spellings of a number are one."""
    tag, text, attributes, children = node
    with suppress(ValueError):
        text = repr(float(text))
    return tag, text, attributes, [comparable(child) for child in children]
