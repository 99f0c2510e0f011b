"""Documents by id: manifests, automatic persisted queries, and which mode allows what."""

from __future__ import annotations

import hashlib

import orjson
import pytest
from graphql import build_schema

from gateway.execution.documents import Documents
from gateway.execution.trusted import (
    MalformedPersistedQuery,
    MemoryStore,
    Mode,
    PersistedDocuments,
    PersistedQueryNotSupported,
    persisted_id,
    read_manifest,
)
from resolvers.errors import Forbidden, PersistedQueryNotFound
from resolvers.principal import ANONYMOUS, Principal

SCHEMA = build_schema("type Query { greeting: String }")
TEXT = "query Hello { greeting }"
OTHER = "query Other { greeting }"
MANIFEST = {"md5-of-hello": TEXT}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def persisted(mode: Mode = "off", *, trusted: dict[str, str] | None = None, **issuers: Mode) -> PersistedDocuments:
    return PersistedDocuments(Documents(SCHEMA), mode=mode, trusted=trusted or {}, issuers=issuers)


@pytest.mark.parametrize("mode", ["off", "apq"])
async def test_texts_need_no_id(mode: Mode) -> None:
    """Without an id a text is simply run, in every mode but trusted-only."""
    document = await persisted(mode).find(TEXT, None, ANONYMOUS)
    assert document.text == TEXT


async def test_a_text_is_registered_under_its_hash() -> None:
    """Apollo's three steps: the hash is unknown, text and hash come together, from then on the hash is enough."""
    documents = persisted("apq")
    with pytest.raises(PersistedQueryNotFound, match=r"^PersistedQueryNotFound$"):
        await documents.find(None, sha256(TEXT), ANONYMOUS)
    await documents.find(TEXT, sha256(TEXT), ANONYMOUS)
    assert (await documents.find(None, sha256(TEXT), ANONYMOUS)).text == TEXT


async def test_a_wrong_hash_registers_nothing() -> None:
    """Nobody can make another client run a text by registering it under that client's hash."""
    documents = persisted("apq")
    with pytest.raises(MalformedPersistedQuery):
        await documents.find(OTHER, sha256(TEXT), ANONYMOUS)
    with pytest.raises(PersistedQueryNotFound):
        await documents.find(None, sha256(TEXT), ANONYMOUS)


async def test_only_valid_documents_are_registered() -> None:
    """The store is not filled with what will never run."""
    documents = persisted("apq")
    document = await documents.find("{ missing }", sha256("{ missing }"), ANONYMOUS)
    assert document.errors
    with pytest.raises(PersistedQueryNotFound):
        await documents.find(None, sha256("{ missing }"), ANONYMOUS)


async def test_a_shared_store_is_not_believed() -> None:
    """A text that does not have its hash counts as unknown, whoever put it into the store."""
    store = MemoryStore()
    await store.set(sha256(TEXT), OTHER)
    documents = PersistedDocuments(Documents(SCHEMA), mode="apq", store=store)
    with pytest.raises(PersistedQueryNotFound):
        await documents.find(None, sha256(TEXT), ANONYMOUS)


async def test_ids_are_refused_where_they_are_not_in_use() -> None:
    """Clients of APQ are told to stop asking; a text beside its hash still runs."""
    documents = persisted("off")
    with pytest.raises(PersistedQueryNotSupported, match=r"^PersistedQueryNotSupported$"):
        await documents.find(None, sha256(TEXT), ANONYMOUS)
    assert (await documents.find(TEXT, sha256(TEXT), ANONYMOUS)).errors == ()
    with pytest.raises(PersistedQueryNotSupported):
        await documents.find(None, sha256(TEXT), ANONYMOUS)


@pytest.mark.parametrize("mode", ["off", "apq", "trusted-only"])
async def test_a_trusted_document_is_found_in_every_mode(mode: Mode) -> None:
    """By the manifest's id, by its SHA-256, and as text."""
    documents = persisted(mode, trusted=MANIFEST)
    for text, name in ((None, "md5-of-hello"), (None, sha256(TEXT)), (TEXT, None), (TEXT, "md5-of-hello")):
        assert (await documents.find(text, name, ANONYMOUS)).text == TEXT


@pytest.mark.parametrize("name", [None, sha256(OTHER)])
async def test_other_texts_are_forbidden_where_only_trusted_ones_run(name: str | None) -> None:
    """Neither a plain text nor a registration gets around the manifest."""
    documents = persisted("trusted-only", trusted=MANIFEST)
    with pytest.raises(Forbidden):
        await documents.find(OTHER, name, ANONYMOUS)
    with pytest.raises(PersistedQueryNotFound):
        await documents.find(None, sha256(OTHER), ANONYMOUS)


async def test_what_one_issuer_registers_is_no_way_around_for_another() -> None:
    """Texts that were registered under apq stay unknown to callers whose issuer is held to the manifest."""
    documents = persisted("trusted-only", trusted=MANIFEST, partner="apq", staff="off")
    partner, staff = Principal(subject="p", issuer="partner"), Principal(subject="s", issuer="staff")
    await documents.find(OTHER, sha256(OTHER), partner)
    assert (await documents.find(None, sha256(OTHER), partner)).text == OTHER
    assert (await documents.find(OTHER, None, staff)).text == OTHER
    for caller in (ANONYMOUS, Principal(subject="x", issuer="unlisted")):
        with pytest.raises(PersistedQueryNotFound):
            await documents.find(None, sha256(OTHER), caller)
        with pytest.raises(Forbidden):
            await documents.find(OTHER, None, caller)


async def test_a_request_needs_a_document() -> None:
    """Neither text nor id is a malformed request."""
    with pytest.raises(MalformedPersistedQuery, match="no query"):
        await persisted().find(None, None, ANONYMOUS)


def test_trusted_documents_can_be_checked_beforehand() -> None:
    """A manifest that no longer fits the schema shows before a client meets it."""
    broken = persisted(trusted={"a": TEXT, "b": "{ missing }"}).broken()
    assert list(broken) == ["b"]
    assert "missing" in broken["b"].errors[0]["message"]


async def test_the_memory_of_registered_texts_is_bounded() -> None:
    """Clients that register without end push out what was used longest ago."""
    store = MemoryStore(entries=2)
    for text in "abc":
        await store.set(sha256(text), text)
    assert [await store.get(sha256(text)) for text in "abc"] == [None, "b", "c"]


HASH = "a" * 64


@pytest.mark.parametrize(
    ("document_id", "extensions", "expected"),
    [
        (None, None, None),
        (None, {"other": 1}, None),
        (None, {"persistedQuery": None}, None),
        (None, {"persistedQuery": {"version": 1, "sha256Hash": HASH}}, HASH),
        (f"sha256:{HASH}", None, HASH),
        (f"sha256:{HASH}", {"persistedQuery": {"version": 1, "sha256Hash": HASH}}, HASH),
        ("custom", None, "custom"),
    ],
)
def test_ids_are_read_in_all_their_forms(
    document_id: str | None, extensions: dict[str, object] | None, expected: str | None
) -> None:
    """Apollo's extension, the specification's documentId, and ids that a manifest makes up."""
    assert persisted_id(document_id, extensions) == expected


@pytest.mark.parametrize(
    ("document_id", "extension"),
    [
        (None, "x"),
        (None, []),
        (None, {}),
        (None, {"version": 2, "sha256Hash": HASH}),
        (None, {"version": 1}),
        (None, {"version": 1, "sha256Hash": 5}),
        (None, {"version": 1, "sha256Hash": ""}),
        (None, {"version": 1, "sha256Hash": "a" * 257}),
        ("other", {"version": 1, "sha256Hash": HASH}),
    ],
)
def test_a_malformed_id_is_refused(document_id: str | None, extension: object) -> None:
    """Another version, another type, or two different ids: nothing is guessed."""
    with pytest.raises(MalformedPersistedQuery):
        persisted_id(document_id, {"persistedQuery": extension})


def test_manifests_of_all_tools_are_read() -> None:
    """Apollo writes a list with a format, Relay and graphql-codegen an object from id to text."""
    apollo = {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": [{"id": "1", "name": "Hello", "type": "query", "body": TEXT}],
    }
    assert read_manifest(orjson.dumps(apollo)) == {"1": TEXT}
    assert read_manifest(orjson.dumps({"1": TEXT, "2": OTHER})) == {"1": TEXT, "2": OTHER}
    assert read_manifest(b"{}") == {}


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"format": "other", "version": 1}', "version 1"),
        (b'{"format": "apollo-persisted-query-manifest", "version": 2}', "version 1"),
        (b'{"format": "apollo-persisted-query-manifest", "version": 1}', "list of objects"),
        (b'{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id": "1"}]}', "'1'"),
        (b'{"1": 5}', "'1'"),
        (
            b'{"format": "apollo-persisted-query-manifest", "version": 1,'
            b' "operations": [{"id": "1", "body": "a"}, {"id": "1", "body": "b"}]}',
            "two texts",
        ),
    ],
)
def test_a_manifest_that_does_not_fit_says_why(manifest: bytes, complaint: str) -> None:
    """A broken manifest stops the start with a message that names what is wrong."""
    with pytest.raises(ValueError, match=complaint):
        read_manifest(manifest)
