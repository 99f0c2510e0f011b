"""OpenAPI 2 and 3, in JSON or YAML → model: the GET operations and what they answer with 200."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module
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
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Unreadable(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path}: is not text in UTF-8") from error
    document = _document(path, text)
    version = str(document.get("openapi") or document.get("swagger") or "") if isinstance(document, dict) else ""
    if not isinstance(document, dict) or not version.startswith(("2", "3")):
        raise Unreadable(f"{path}: is not OpenAPI 2 or 3")
    return _Reader(document).api(path)


def _document(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        # YAML is read only where a file is one.
        yaml: Any = import_module("yaml")
    try:
        # Keys such as 200 and values such as 2020-01-01 become what they are in JSON.
        return json.loads(json.dumps(yaml.safe_load(text), default=str))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise Unreadable(f"{path}: is neither JSON nor YAML") from error


class _Reader:
    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._named: dict[tuple[str, int], Element] = {}
        """Types by their reference and depth, so that types that refer to each other are read once."""
        self._elsewhere: dict[str, None] = {}

    def api(self, path: Path) -> Api:
        name = _slug(str(self._document.get("info", {}).get("title") or path.stem))
        url = self._url()
        lacks = []
        if not re.match(r"https?://[^{}]+$", url):
            url = "https://backend.invalid"
            lacks.append(f"backends.{name}.url: the file names no server")
        auth, guess = self._auth(name)
        operations = list(self._operations())
        lacks += [f"{file}: the file refers to it; bundle them into one first" for file in self._elsewhere]
        return Api(name, "rest", url.rstrip("/"), operations, auth, guess, lacks)

    def _url(self) -> str:
        """The first server, variables at their defaults."""
        document = self._document
        if document.get("host"):
            schemes = document.get("schemes") or ["https"]
            scheme = "https" if "https" in schemes else str(schemes[0])
            return f"{scheme}://{document['host']}{document.get('basePath', '')}"
        server = self._resolved((document.get("servers") or [{}])[0])
        variables = server.get("variables") or {}
        defaults = {name: self._resolved(found).get("default") for name, found in variables.items()}
        return re.sub(r"{([^{}]*)}", lambda found: str(defaults.get(found[1]) or found[0]), str(server.get("url", "")))

    def _operations(self) -> Iterator[Operation]:
        for path, item in (self._document.get("paths") or {}).items():
            get = self._resolved(item).get("get")
            if not isinstance(get, dict):
                continue
            given = [*(self._resolved(item).get("parameters") or ()), *(get.get("parameters") or ())]
            parameters = {
                (found.name, found.where): found
                for entry in given
                if (found := self._parameter(self._resolved(entry))) is not None
            }
            for name in re.findall(r"{([^{}]*)}", path):
                # The path itself says so where the list of parameters forgot it.
                parameters.setdefault((name, "path"), Parameter(name, "path", Element("text"), required=True))
            answer = self._answer(get)
            if answer is not None:
                yield Operation(path, list(parameters.values()), self._element(answer, 0))

    def _answer(self, get: dict[str, Any]) -> Any:
        """The schema of a good answer in JSON; None where there is none."""
        responses = get.get("responses") or {}
        good = next((responses[status] for status in ("200", "2XX", "2xx", "default") if status in responses), None)
        answer = self._resolved(good)
        if "schema" in answer:
            return answer["schema"]
        for media, content in (answer.get("content") or {}).items():
            if "json" in media:
                return self._resolved(content).get("schema") or {}
        return None

    def _parameter(self, entry: dict[str, Any]) -> Parameter | None:
        where = entry.get("in")
        if where not in ("query", "path"):
            return None
        inline = "schema" not in entry
        element = self._element(entry if inline else entry["schema"], 0)
        name = str(entry.get("name"))
        csv = element.kind == "text" and "comma" in str(entry.get("description", "")).lower()
        many = element.kind == "list" or csv
        # OpenAPI 2 has commas where nothing is said, OpenAPI 3 has repeated parameters.
        joined = csv or (entry.get("collectionFormat") != "multi" if inline else entry.get("explode") is False)
        return Parameter(name, where, element, many=many, required=bool(entry.get("required")), joined=joined)

    def _element(self, schema: Any, depth: int) -> Element:
        """The type that a schema describes; beyond a depth that no path reaches, anything."""
        if depth > _DEEPEST:
            return Element()
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(reference, str):
            return self._described(self._resolved(schema), "", depth)
        key = (reference, depth)
        if key not in self._named:
            self._named[key] = self._described(self._resolved(schema), reference.rpartition("/")[2], depth)
        return self._named[key]

    def _described(self, found: dict[str, Any], name: str, depth: int) -> Element:
        children = {key: self._element(value, depth + 1) for key, value in (found.get("properties") or {}).items()}
        parts = [self._element(part, depth + 1) for part in found.get("allOf") or ()]
        for key in ("oneOf", "anyOf"):
            options = [option for option in found.get(key) or () if self._resolved(option).get("type") != "null"]
            parts += [self._element(option, depth + 1) for option in options[:1]]
        for part in parts:
            children = {**part.children, **children}
        stated = found.get("type")
        first = next((kind for kind in stated if kind != "null"), None) if isinstance(stated, list) else stated
        kind: Kind = "object" if children else _KINDS.get(str(first), "any")
        if kind == "text" and found.get("format") in ("date", "date-time"):
            kind = "date" if found["format"] == "date" else "datetime"
        words = [found["const"]] if "const" in found else found.get("enum") or ()
        item = self._element(found.get("items"), depth + 1) if kind == "list" else None
        element = Element(kind, name, children, item, tuple(str(word) for word in words if word is not None))
        alone = next((part for part in parts if part.kind != "any"), None)
        return alone if kind == "any" and alone is not None else element

    def _resolved(self, entry: Any) -> dict[str, Any]:
        """The object itself, or the one that its `$ref` into this file names; empty where there is none."""
        for _ in range(_DEEPEST):
            if not isinstance(entry, dict):
                return {}
            reference = entry.get("$ref")
            if not isinstance(reference, str):
                return entry
            if not reference.startswith("#"):
                self._elsewhere[reference.partition("#")[0]] = None
                return {}
            entry = self._document
            for step in reference.removeprefix("#/").split("/"):
                step = step.replace("~1", "/").replace("~0", "~")
                entry = entry.get(step) if isinstance(entry, dict) else None
        return {}

    def _auth(self, name: str) -> tuple[dict[str, Any], str]:
        secret = f"env:{name.upper().replace('-', '_')}"
        components = self._document.get("components") or {}
        schemes = components.get("securitySchemes") or self._document.get("securityDefinitions") or {}
        for scheme in map(self._resolved, schemes.values()):
            kind = (scheme.get("type"), str(scheme.get("scheme", "")).lower())
            if kind == ("http", "bearer"):
                return {"type": "bearer", "token": f"{secret}_TOKEN"}, "the file says bearer tokens"
            if kind == ("http", "basic") or kind[0] == "basic":
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
            if scheme.get("flow") == "application":
                flow = scheme
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
    slug = re.sub(r"(-?(api|service|rest|v[0-9]+))+$", "", slug) or "backend"
    return slug if slug[0].isalpha() else f"backend-{slug}"
