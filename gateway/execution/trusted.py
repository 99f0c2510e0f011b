"""Documents by their id: trusted ones from a manifest, and automatic persisted queries (APQ) that clients register.

Modes, chosen per issuer of tokens:
    off            texts are accepted, and the ids of the manifest if there is one; nothing is registered
    apq            as well, and a client may register a text under its SHA-256 (Apollo's protocol, version 1)
    trusted-only   nothing but the documents of the manifest is run, whether named by id or sent as text

An id comes as `documentId` (GraphQL over HTTP, appendix on persisted documents) or as Apollo's
`extensions.persistedQuery.sha256Hash`. A trusted document is found under the manifest's id and under its SHA-256.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

import orjson

from gateway.execution.documents import Document, Documents, text_hash
from gateway.execution.lru import Lru
from gateway.execution.settings import Mode
from resolvers.errors import Forbidden, GatewayError, PersistedQueryNotFound
from resolvers.principal import Principal

_LONGEST_ID = 256


class PersistedQueryNotSupported(GatewayError):
    """Ids are not in use here: the client has to send texts. Clients of APQ stop trying when they read this."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"


class MalformedPersistedQuery(GatewayError):
    """The id cannot be used: not a text, another version of the protocol, or not the hash of the text beside it."""

    code = "BAD_REQUEST"


class DocumentStore(Protocol):
    """Where registered texts are kept. A store that cannot be reached knows and keeps no texts; it never raises."""

    async def get(self, sha256: str) -> str | None: ...
    async def set(self, sha256: str, text: str) -> None: ...


class MemoryStore:
    """The store of one process: at most `entries` texts of at most `bytes` together; the longest unused go first."""

    def __init__(self, *, entries: int = 10_000, bytes: int = 16 * 1024 * 1024) -> None:  # noqa: A002 - as in Lru
        self._texts: Lru[str, str] = Lru(entries=entries, bytes=bytes)

    async def get(self, sha256: str) -> str | None:
        return self._texts.get(sha256)

    async def set(self, sha256: str, text: str) -> None:
        self._texts.put(sha256, text, len(text.encode()) + 200)


class PersistedDocuments:
    """Finds the document of a request, by text or by id, as the mode of the caller's issuer allows.

    `trusted` maps ids to texts (see `read_manifest`); `issuers` maps issuers to their modes, `mode` is for all others
    and for callers without a token.
    """

    def __init__(
        self,
        documents: Documents,
        *,
        trusted: Mapping[str, str] = MappingProxyType({}),
        store: DocumentStore | None = None,
        mode: Mode = "off",
        issuers: Mapping[str, Mode] = MappingProxyType({}),
    ) -> None:
        self._documents = documents
        self._manifest = dict(trusted)
        self._trusted = {text_hash(text): text for text in trusted.values()} | self._manifest
        self._texts = frozenset(trusted.values())
        self._store = store or MemoryStore()
        self._mode: Mode = mode
        self._issuers = dict(issuers)

    def broken(self) -> dict[str, Document]:
        """The trusted documents that the schema or the limits refuse, by id."""
        found = {name: self._documents.get(text) for name, text in self._manifest.items()}
        return {name: document for name, document in found.items() if document.errors}

    async def find(self, text: str | None, name: str | None, principal: Principal) -> Document:
        """The document to run, which may hold errors; `name` is its id (see `persisted_id`).

        Raises PersistedQueryNotFound, PersistedQueryNotSupported, MalformedPersistedQuery (also when there is neither
        text nor id), and Forbidden for a text that is not trusted where only trusted ones are.
        """
        mode = self._issuers.get(principal.issuer, self._mode) if principal.issuer else self._mode
        if name is None:
            if text is None:
                raise MalformedPersistedQuery("The request has no query.")
            if mode == "trusted-only" and text not in self._texts:
                raise Forbidden("Only trusted documents are run here, and this is none of them.")
            return self._documents.get(text)
        trusted = self._trusted.get(name)
        if text is None:
            if trusted is None:
                trusted = await self._registered(name, mode)
            return self._documents.get(trusted)
        if text != trusted and name != text_hash(text):
            raise MalformedPersistedQuery("The id is not the SHA-256 of the query.")
        if text in self._texts:
            return self._documents.get(text)
        if mode == "trusted-only":
            raise Forbidden("Only trusted documents are run here, and this is none of them.")
        document = self._documents.get(text)
        if mode == "apq" and not document.errors:
            await self._store.set(name, text)
        return document

    async def _registered(self, name: str, mode: Mode) -> str:
        if mode == "apq":
            text = await self._store.get(name)
            # The store may be shared: what another has put there is believed only as far as its hash goes.
            if text is not None and text_hash(text) == name:
                return text
        elif not self._trusted:
            raise PersistedQueryNotSupported("PersistedQueryNotSupported")
        raise PersistedQueryNotFound("PersistedQueryNotFound")


def persisted_id(document_id: str | None, extensions: Mapping[str, Any] | None) -> str | None:
    """The id that a request names, None if it names none. Raises MalformedPersistedQuery."""
    persisted = extensions.get("persistedQuery") if extensions else None
    if persisted is not None:
        if not isinstance(persisted, dict) or persisted.get("version") != 1:
            raise MalformedPersistedQuery("extensions.persistedQuery has to be an object with version 1.")
        hashed = persisted.get("sha256Hash")
        if not isinstance(hashed, str) or document_id not in (None, hashed, f"sha256:{hashed}"):
            raise MalformedPersistedQuery("extensions.persistedQuery.sha256Hash has to be a text, and the only id.")
        document_id = hashed
    if document_id is None:
        return None
    if not 0 < len(document_id) <= _LONGEST_ID:
        raise MalformedPersistedQuery(f"The id of a document has 1 to {_LONGEST_ID} characters.")
    return document_id.removeprefix("sha256:")


def read_manifest(manifest: bytes) -> dict[str, str]:
    """Ids and texts from a manifest as Apollo's `generate-persisted-query-manifest`, the Relay compiler or
    graphql-codegen's client preset write it. Raises ValueError that says what does not fit."""
    try:
        content = orjson.loads(manifest)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"the manifest is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError("the manifest is not a JSON object")
    if "format" in content:
        if content["format"] != "apollo-persisted-query-manifest" or content.get("version") != 1:
            raise ValueError("the manifest's format is not apollo-persisted-query-manifest, version 1")
        operations = content.get("operations")
        if not isinstance(operations, list) or not all(isinstance(operation, dict) for operation in operations):
            raise ValueError("the manifest's operations are not a list of objects")
        pairs = [(operation.get("id"), operation.get("body")) for operation in operations]
    else:
        pairs = list(content.items())
    texts: dict[str, str] = {}
    for name, text in pairs:
        if not isinstance(name, str) or not isinstance(text, str):
            raise ValueError(f"the manifest's entry {name!r} is not an id with a text")
        if texts.setdefault(name, text) != text:
            raise ValueError(f"the manifest holds two texts under the id {name!r}")
    return texts
