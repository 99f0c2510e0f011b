"""The limits on documents: what is counted, that it is counted in linear time, and that no bomb gets past them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from graphql import GraphQLError, Lexer, Source, TokenKind, get_introspection_query, parse
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.execution.document_limits import DocumentLimits, check_document, check_text, count_tokens
from resolvers.errors import OperationTooLarge

LIMITS = DocumentLimits()


def refusal(text: str, limits: DocumentLimits = LIMITS) -> dict[str, Any]:
    with pytest.raises(OperationTooLarge) as caught:
        check(text, limits)
    return caught.value.details


def check(text: str, limits: DocumentLimits = LIMITS) -> bool:
    check_text(text, limits)
    return check_document(parse(text), limits)


def lexed(text: str) -> int:
    """What graphql-core's lexer finds in the text, comments included."""
    lexer = Lexer(Source(text))
    while lexer.token.kind != TokenKind.EOF:
        lexer.advance()
    token, count = lexer.token.prev, 0
    while token is not None and token.kind != TokenKind.SOF:
        count, token = count + 1, token.prev
    return count


def nested_fragments(levels: int) -> str:
    """The bomb that doubles with each level."""
    fragments = "".join(f"fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }}" for i in range(levels))
    return f"{{ ...F0 }}{fragments}fragment F{levels} on Query {{ greeting }}"


BOMBS = {
    "1,000 duplicate fields": "{" + "a{s}" * 1000 + "}",
    "400 duplicate fields": "{" + "a{s}" * 400 + "}",
    "500 aliases": "{" + " ".join(f"a{i}: s" for i in range(500)) + "}",
    "aliases through fragments": "{ a { ...F0 } }"
    + "".join(
        f"fragment F{i} on A {{ " + " ".join(f"x{j}: a {{ ...F{i + 1} }}" for j in range(10)) + " }" for i in range(9)
    )
    + "fragment F9 on A { s }",
    "nested fragments": nested_fragments(25),
    "300 directives": "{ s " + "@include(if: true) " * 300 + "}",
    "180 levels": "{ a" * 180 + " { s }" + "}" * 180,
    "900 levels": "{ a" * 900 + " { s }" + "}" * 900,
    "30,000 quotes": '"' * 30_000,
    "an unclosed string of escapes": '{ s(x: "' + '\\"' * 15_000,
    "an unclosed block string": '{ s(x: """' + '\\"""' * 7_000,
    "15,000 comments": "#\n" * 15_000,
    "a long name": "{" + "x" * 40_000 + "}",
    "400 operations": " ".join(f"query A{i} {{ s }}" for i in range(400)),
    "100 overlapping fragments": "{ a {"
    + " ".join(f"...F{i}" for i in range(100))
    + "} }"
    + "".join(f"fragment F{i} on A {{ s t }}" for i in range(100)) * 3,
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_for_little(text: str) -> None:
    """No document within the body limit makes the gateway work for long before it is refused."""
    spent = []
    for _ in range(3):
        began = time.process_time()
        with pytest.raises((OperationTooLarge, GraphQLError)):
            check(text)
        spent.append(time.process_time() - began)
    assert min(spent) < 0.1


def test_nested_fragments_cost_what_their_text_costs() -> None:
    """25 levels that stand for 33 million spreads are summed up, not walked."""
    assert refusal(nested_fragments(25)) == {"limit": "spreads", "allowed": 300, "actual": 510}
    wide = DocumentLimits(spreads=10**9, fields=10**9, root_fields=10**9)
    assert check(nested_fragments(25), wide) is False


def test_sums_stop_growing() -> None:
    """A bomb whose size has hundreds of digits is refused like any other, its size told as a billion."""
    unbounded = DocumentLimits(spreads=10**9 - 1, fields=10**9)
    assert refusal(nested_fragments(120), unbounded)["actual"] == 10**9


def test_each_limit_is_named_with_both_values() -> None:
    """A refusal says which limit was passed, what is allowed and what the document has."""
    cases = {
        "characters": ("{ s }" + " " * 10, DocumentLimits(characters=14)),
        "tokens": ("{ a { s } }", DocumentLimits(tokens=5)),
        "operations": ("query A { s } query B { s }", DocumentLimits(operations=1)),
        "depth": ("{ a { a { s } } }", DocumentLimits(depth=2)),
        "root_fields": ("{ a s }", DocumentLimits(root_fields=1)),
        "fields": ("{ a { s t } }", DocumentLimits(fields=2)),
        "aliases": ("{ x: s y: s }", DocumentLimits(aliases=1)),
        "directives": ("query @a { s @a }", DocumentLimits(directives=1)),
        "spreads": ("{ ...F ...F } fragment F on Query { s }", DocumentLimits(spreads=1)),
        "repeats": ("{ s s s }", DocumentLimits(repeats=2)),
    }
    for limit, (text, limits) in cases.items():
        details = refusal(text, limits)
        assert details["limit"] == limit
        assert details["allowed"] == getattr(limits, limit)
        assert details["actual"] > details["allowed"]


def test_a_document_at_the_limits_passes() -> None:
    """The allowed value itself is allowed, for every limit."""
    text = "query @a { x: a { s @a ...F } } fragment F on A { t }"
    exact = DocumentLimits(
        characters=len(text), tokens=count_tokens(text), operations=1, depth=2, root_fields=1, fields=3, aliases=1,
        directives=2, spreads=1, repeats=1,
    )  # fmt: skip
    check(text, exact)


def test_fragments_count_where_they_are_spread() -> None:
    """Fields, aliases, directives and levels of a fragment count once for each of its spreads."""
    text = "{ a { ...F a { ...F } } } fragment F on A { x: a { s @d } }"
    assert refusal(text, DocumentLimits(fields=5))["actual"] == 6
    assert refusal(text, DocumentLimits(aliases=1))["actual"] == 2
    assert refusal(text, DocumentLimits(directives=1))["actual"] == 2
    assert refusal(text, DocumentLimits(depth=3))["actual"] == 4


def test_root_fields_are_found_in_fragments_and_inline_fragments() -> None:
    """What a fragment adds to the first level counts as a root field, however it is written."""
    text = "{ s ... on Query { a { t } ...F } } fragment F on Query { b ...G } fragment G on Query { c d }"
    assert refusal(text, DocumentLimits(root_fields=4))["actual"] == 5
    check(text, DocumentLimits(root_fields=5))


def test_inline_fragments_belong_to_the_selection_around_them() -> None:
    """They add no level, and a field that is repeated inside one is a repetition."""
    text = "{ ... { s ... @include(if: true) { s } } }"
    check(text, DocumentLimits(depth=1))
    assert refusal(text, DocumentLimits(repeats=1))["actual"] == 2


def test_aliases_are_told_from_arguments_and_variables() -> None:
    """Only a colon that renames a field is an alias."""
    check("query Q($x: Int, $y: In = {a: 1}) { s(x: $x, y: {a: 1, b: {c: 2}}) }", DocumentLimits(aliases=0))


def test_introspection_has_room_of_its_own() -> None:
    """GraphiQL's query passes under limits that are tight for everything else."""
    query = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )
    assert check(query, DocumentLimits(depth=1, root_fields=1, aliases=0, directives=0)) is True


@pytest.mark.parametrize("field", ["__schema { queryType { name } }", '__type(name: "A") { name }', "_service { sdl }"])
def test_asking_for_the_schema_is_noticed(field: str) -> None:
    """Every way to read the schema is told, also from within a fragment."""
    assert check(f"{{ {field} }}") is True
    assert check(f"{{ ...F }} fragment F on Query {{ ... {{ {field} }} }}") is True
    assert check("{ __typename s }") is False


@pytest.mark.parametrize(
    "text",
    ["{ ...A } fragment A on Query { ...A }", "{ ...A } fragment A on Query { a { ...B } } fragment B on A { ...A }"],
)
def test_a_fragment_that_spreads_itself_is_refused(text: str) -> None:
    """A circle is found before anything is expanded, and the message names a fragment of it."""
    with pytest.raises(GraphQLError, match="spreads itself"):
        check(text)


def test_an_unknown_fragment_is_left_to_validation() -> None:
    """The limits count what is there; what is missing is for the rules to tell."""
    check("{ ...Missing }")


LEXEMES = [
    *"{}()[]:=!|&@$,", "...", "name", "_x9", "12", "-1", "1.5e+3", '""', '"a \\" b"', '"\\u0041"',
    '"""block " and "" text"""', '"""\\""""""', "# comment\n", " ", "\n", "\ufeff",
]  # fmt: skip


@given(st.lists(st.sampled_from(LEXEMES), max_size=60))
def test_tokens_are_counted_as_the_lexer_does(parts: list[str]) -> None:
    """For any text that can be lexed, the count is the lexer's own."""
    text = " ".join(parts)
    assert count_tokens(text) == lexed(text)


DIRECTIVES = st.sampled_from(["", " @d", " @d(a: {b: 1}) @e"])
LEAVES = st.builds(
    "{}{}".format, st.sampled_from(["s", "x: s", "s(a: {b: $v})", "fragment", "on", "on: on", "...F"]), DIRECTIVES
)
SELECTIONS = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        lambda head, body: f"{head} {{ {' '.join(body)} }}",
        st.sampled_from(["a", "y: a", "... on A", "... @d"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=8,
)
HEADS = st.sampled_from(["query Q", "query ($v: I = {b: 1} @d)", "mutation fragment @d", "", "fragment F on Query"])
DEFINITIONS = st.builds(
    lambda head, body: f"{head} {{ {' '.join(body)} }}", HEADS, st.lists(SELECTIONS, min_size=1, max_size=3)
)


@given(st.lists(DEFINITIONS, min_size=1, max_size=4), st.integers(0, 3), st.integers(1, 3), st.integers(1, 12))
def test_what_is_seen_before_parsing_is_there_after_it(
    definitions: list[str], few: int, operations: int, fields: int
) -> None:
    """The look at the bare text never refuses a document that the look at the parsed one would let pass."""
    assume(sum(definition.startswith("fragment F on Query {") for definition in definitions) < 2)
    text = " # {\n".join(definitions)
    limits = DocumentLimits(aliases=few, directives=few, operations=operations, fields=fields, repeats=operations)
    try:
        check_text(text, limits)
    except OperationTooLarge:
        with pytest.raises((OperationTooLarge, GraphQLError)):
            check_document(parse(text), limits)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("{ a { " + "s " * 26 + "} }", "repeats"),
        ("{ a { " + "s ... on A @d { s } " * 13 + "} }", "repeats"),
        ("{ " + "x: s " * 26 + "}", "repeats"),
        ("{ a { " + "... on A { " + " ".join(f"s{n}" for n in range(1_000)) + " } } }", "fields"),
    ],
)
def test_what_is_costly_to_parse_is_refused_without(text: str, limit: str) -> None:
    """A thousand fields, or one field many times, are told from the bare text; parsing costs fifty times as much."""
    with pytest.raises(OperationTooLarge) as caught:
        check_text(text, LIMITS)
    assert caught.value.details["limit"] == limit
