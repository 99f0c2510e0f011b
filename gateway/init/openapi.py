"""OpenAPI 3 (JSON) → model: the GET operations and what they answer with 200."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from gateway.init.model import Api, Element, Kind, Operation, Parameter, Unreadable

_DEEPEST: Final = 8
_KINDS: Final[dict[str, Kind]] = {
    "object": "object",
    "array": "list",
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}


def read(path: Path) -> Api:
    """Raises Unreadable."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unreadable(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{path}: is not JSON; save an OpenAPI file in YAML as JSON first") from error
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3"):
        raise Unreadable(f"{path}: is not OpenAPI 3")
    return _Reader(document).api(path)


class _Reader:
    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def api(self, path: Path) -> Api:
        lacks = []
        servers = self._document.get("servers") or [{}]
        url = str(self._resolved(servers[0]).get("url", ""))
        name = _slug(str(self._document.get("info", {}).get("title") or path.stem))
        if not re.match(r"https?://[^{}]+$", url):
            url = "https://backend.invalid"
            lacks.append(f"backends.{name}.url: the file names no server")
        auth, guess = self._auth(name)
        return Api(name, "rest", url.rstrip("/"), list(self._operations()), auth, guess, lacks)

    def _operations(self) -> Any:
        for path, item in (self._document.get("paths") or {}).items():
            get = self._resolved(item).get("get")
            if not isinstance(get, dict):
                continue
            given = [*self._resolved(item).get("parameters", ()), *get.get("parameters", ())]
            parameters = [found for entry in given if (found := self._parameter(self._resolved(entry))) is not None]
            responses = get.get("responses", {})
            answer = self._resolved(responses.get("200") or responses.get("2XX") or responses.get("default") or {})
            for media, content in (answer.get("content") or {}).items():
                if "json" in media:
                    yield Operation(path, parameters, self._element(content.get("schema"), 0))
                    break

    def _parameter(self, entry: dict[str, Any]) -> Parameter | None:
        where = entry.get("in")
        if where not in ("query", "path"):
            return None
        element = self._element(entry.get("schema"), 0)
        name = str(entry.get("name"))
        csv = element.kind == "text" and "comma" in str(entry.get("description", "")).lower()
        many = element.kind == "list" or csv
        joined = csv or entry.get("explode") is False
        return Parameter(name, where, element, many=many, required=bool(entry.get("required")), joined=joined)

    def _element(self, schema: Any, depth: int) -> Element:
        name = str(schema.get("$ref", "")).rpartition("/")[2] if isinstance(schema, dict) else ""
        found = self._resolved(schema)
        if depth > _DEEPEST:
            return Element()
        for key in ("oneOf", "anyOf"):
            options = [option for option in found.get(key, ()) if self._resolved(option).get("type") != "null"]
            if options:
                return self._element(options[0], depth + 1)
        merged: dict[str, Any] = dict(found.get("properties") or {})
        for part in found.get("allOf", ()):
            merged |= self._resolved(part).get("properties") or {}
        stated = found.get("type")
        first = next((kind for kind in stated if kind != "null"), None) if isinstance(stated, list) else stated
        kind: Kind = "object" if merged else _KINDS.get(str(first), "any")
        words = tuple(str(word) for word in found.get("enum", ()) if word is not None)
        if kind == "text" and found.get("format") == "date":
            kind = "date"
        if kind == "text" and found.get("format") == "date-time":
            kind = "datetime"
        item = self._element(found.get("items"), depth + 1) if kind == "list" else None
        children = {key: self._element(value, depth + 1) for key, value in merged.items()}
        return Element(kind, name, children, item, words)

    def _resolved(self, entry: Any) -> dict[str, Any]:
        """The object itself, or the one that its `$ref` into this file names; empty where there is none."""
        for _ in range(_DEEPEST):
            if not isinstance(entry, dict):
                return {}
            reference = entry.get("$ref")
            if not isinstance(reference, str):
                return entry
            entry = self._document
            for step in reference.removeprefix("#/").split("/"):
                step = step.replace("~1", "/").replace("~0", "~")
                entry = entry.get(step) if isinstance(entry, dict) else None
        return {}

    def _auth(self, name: str) -> tuple[dict[str, Any], str]:
        secret = f"env:{name.upper().replace('-', '_')}"
        schemes = (self._document.get("components") or {}).get("securitySchemes") or {}
        for scheme in map(self._resolved, schemes.values()):
            kind = (scheme.get("type"), str(scheme.get("scheme", "")).lower())
            if kind == ("http", "bearer"):
                return {"type": "bearer", "token": f"{secret}_TOKEN"}, "the file says bearer tokens"
            if kind == ("http", "basic"):
                guess = "the file says basic; the user name is made up"
                return {"type": "basic", "username": "bizgraph", "password": f"{secret}_PASSWORD"}, guess
            if kind[0] == "apiKey" and scheme.get("in") in ("header", "query"):
                where = str(scheme["in"])
                return {
                    "type": "api-key",
                    where: str(scheme.get("name")),
                    "key": f"{secret}_KEY",
                }, f"a key in the {where}"
            flow = (scheme.get("flows") or {}).get("clientCredentials")
            if flow:
                return {
                    "type": "oauth2",
                    "token_url": str(flow.get("tokenUrl", "")),
                    "client_id": "bizgraph",
                    "client_secret": f"{secret}_SECRET",
                }, "the file says client credentials; the client's id is made up"
        return {"type": "none"}, "the file says nothing about credentials"


def _slug(text: str) -> str:
    """A name for a backend."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    slug = re.sub(r"-?(api|service|rest|v[0-9]+)$", "", slug) or "backend"
    return slug if slug[0].isalpha() else f"backend-{slug}"
