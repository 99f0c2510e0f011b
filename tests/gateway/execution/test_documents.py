"""Documents: what is told about a text, and that it is worked out once."""

from __future__ import annotations

import hashlib

import orjson
import pytest
from graphql import build_schema

from gateway.execution.document_limits import DocumentLimits
from gateway.execution.documents import Documents, UnknownOperation

SCHEMA = build_schema("""
    type Query { greeting(name: String): String, customer(id: ID!): Customer }
    type Mutation { rename(name: String): Customer }
    type Subscription { ticks: Int }
    type Customer { id: ID!, name: String, friends: [Customer] }
""")


@pytest.fixture
def documents() -> Documents:
    return Documents(SCHEMA)


def test_a_valid_document_knows_its_operations(documents: Documents) -> None:
    """Names and kinds of the operations are there, and nothing is refused."""
    document = documents.get("query A { greeting } mutation B { rename { id } } subscription C { ticks }")
    assert document.errors == ()
    assert document.refusal is None
    assert document.ast is not None
    kinds = {name: operation.kind for name, operation in document.operations.items()}
    assert kinds == {"A": "query", "B": "mutation", "C": "subscription"}


def test_plans_can_key_on_a_document(documents: Documents) -> None:
    """The same text gives the same objects, as long as it is remembered."""
    text = "{ greeting }"
    first, second = documents.get(text), documents.get("{ greeting } ".strip())
    assert first is second
    assert first.operation(None) is second.operation(None)


def test_the_hash_is_the_one_that_clients_send(documents: Documents) -> None:
    """It is the SHA-256 of the text as sent, as in Apollo's protocol."""
    text = '{ greeting(name: "Zoë") }'
    assert documents.get(text).hash == hashlib.sha256(text.encode()).hexdigest()


def test_one_operation_needs_no_name(documents: Documents) -> None:
    """A lone operation runs by its name or without one; a wrong name is refused."""
    document = documents.get("query A { greeting }")
    assert document.operation(None).name == "A"
    assert document.operation("A").name == "A"
    with pytest.raises(UnknownOperation, match="no operation named 'B'") as caught:
        document.operation("B")
    assert caught.value.code == "OPERATION_RESOLUTION_FAILURE"


def test_several_operations_need_a_name(documents: Documents) -> None:
    """Which of several operations is meant is never guessed."""
    document = documents.get("query A { greeting } query B { greeting }")
    assert document.operation("B").name == "B"
    with pytest.raises(UnknownOperation, match="operationName"):
        document.operation(None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{ greeting", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ('{ greeting(name: "\ud800") }', "GRAPHQL_PARSE_FAILED"),
        ("{ missing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...A } fragment A on Query { ...A }", "GRAPHQL_VALIDATION_FAILED"),
        ("type A { a: Int }", "GRAPHQL_VALIDATION_FAILED"),
        ("{" + "greeting " * 3_000 + "}", "OPERATION_TOO_LARGE"),
    ],
)  # fmt: skip
def test_a_refused_document_says_why(documents: Documents, text: str, code: str) -> None:
    """Errors are ready to send, with Apollo's codes, and no operation can be taken from the document."""
    document = documents.get(text)
    assert {error["extensions"]["code"] for error in document.errors} == {code}
    assert document.refusal is not None
    assert orjson.loads(document.refusal) == {"errors": list(document.errors)}
    assert (document.ast, document.operations) == (None, {})


def test_refusals_are_remembered(documents: Documents) -> None:
    """A client that repeats its mistake does not make the gateway validate it again."""
    assert documents.get("{ missing }") is documents.get("{ missing }")
    assert (documents.cache.hits, documents.cache.misses) == (1, 1)


def test_an_error_tells_where(documents: Documents) -> None:
    """Line and column lead to the mistake."""
    (error,) = documents.get("{\n  missing\n}").errors
    assert error["locations"] == [{"line": 2, "column": 3}]


def test_names_are_not_suggested_unless_asked_for() -> None:
    """The schema cannot be guessed field by field from "Did you mean", except where developers want it."""
    text = "{ greetin }"
    (hidden,) = Documents(SCHEMA).get(text).errors
    (shown,) = Documents(SCHEMA, suggestions=True).get(text).errors
    assert "Did you mean" not in hidden["message"]
    assert "Did you mean 'greeting'?" in shown["message"]


def test_errors_are_few_and_short(documents: Documents) -> None:
    """What is sent back is bounded, however many mistakes there are and however long their names."""
    assert len(documents.get("{" + " ".join(f"x{i}" for i in range(20)) + "}").errors) == 6
    (error,) = documents.get("{" + "x" * 20_000 + "}").errors
    assert len(error["message"]) <= 301
    (error,) = documents.get("{ greeting(" + "name: null " * 400 + ") }").errors
    assert len(error["locations"]) == 10


def test_merging_is_bounded() -> None:
    """Fields that overlap through many fragments are refused when comparing them costs too much."""
    names = range(60)
    text = (
        "{ customer(id: 1) {" + " ".join(f"...F{i}" for i in names) + "} }"
        + "".join(f"fragment F{i} on Customer {{ id name }}" for i in names)
    )  # fmt: skip
    assert Documents(SCHEMA, DocumentLimits(merges=100_000)).get(text).errors == ()
    (error,) = Documents(SCHEMA, DocumentLimits(merges=1_000)).get(text).errors
    assert error["extensions"] == {
        "code": "OPERATION_TOO_LARGE",
        "limit": "merges",
        "allowed": 1_000,
        "retryable": False,
    }


def test_a_bound_on_errors_is_no_bound_on_merging() -> None:
    """Fields that cannot be merged are told as such, also when there are more of them than are told."""
    conflicts = " ".join(f"a{i}: greeting a{i}: __typename" for i in range(8))
    errors = Documents(SCHEMA).get(f"{{ {conflicts} }}").errors
    assert len(errors) == 6
    assert {error["extensions"]["code"] for error in errors} == {"GRAPHQL_VALIDATION_FAILED"}


def test_the_memory_is_bounded() -> None:
    """Old documents go when new ones come, and a very large one is not kept at all."""
    documents = Documents(SCHEMA, entries=2)
    first = documents.get("query A { greeting }")
    for name in "BC":
        documents.get(f"query {name} {{ greeting }}")
    assert documents.get("query A { greeting }") is not first
    small = Documents(SCHEMA, bytes=40_000)
    text = "{ greeting }" + " " * 100
    assert small.get(text) is not small.get(text)


def test_asking_for_the_schema_is_told(documents: Documents) -> None:
    """Whoever decides about introspection can see from the document that it is asked for."""
    assert documents.get("{ __schema { queryType { name } } }").introspects
    assert not documents.get("{ __typename }").introspects
