"""The reference of `bizgraph.toml`, made from the models that read it: as JSON Schema for editors, and as a page.

`bizgraph schema --config` prints the first; `docs/configuration.md` is the second, kept true by a test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from gateway.settings import Settings
from resolvers.backends.mapping.kinds import kinds_of
from resolvers.backends.operation import OPERATIONS
from resolvers.backends.settings import DOMAINS, BackendsSettings, PythonOperation, RestOperation, SoapOperation
from resolvers.backends.units import duration_text, size_text

REF = "#/$defs/{model}"


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the whole file."""
    own = Settings.model_json_schema(ref_template=REF)
    data = BackendsSettings.model_json_schema(ref_template=REF)
    operations = TypeAdapter(RestOperation | SoapOperation | PythonOperation).json_schema(ref_template=REF)
    rest, soap, python = operations["anyOf"]
    # Which of them is meant shows in a key, so that an editor can name the one that is wrong.
    other = {"if": {"required": ["path"]}, "then": rest, "else": python}
    operations |= {"if": {"required": ["operation"]}, "then": soap, "else": other}
    own["properties"].pop("data", None)
    definitions = own.pop("$defs", {}) | data.pop("$defs", {}) | operations.pop("$defs", {})
    domain = definitions.pop("Domain")
    domain["additionalProperties"] = False
    properties = own["properties"] | data["properties"]
    for name in DOMAINS:
        offered = [operation.split(".")[1] for operation in OPERATIONS if operation.startswith(f"{name}.")]
        fields = {field: {"$ref": REF.format(model="FieldSettings")} for field in kinds_of(DOMAINS[name])}
        named = domain["properties"]["fields"] | {"properties": fields, "additionalProperties": False}
        definitions[name.capitalize()] = {
            **domain,
            "title": name.capitalize(),
            "properties": domain["properties"] | {"fields": named} | dict.fromkeys(offered, operations),
        }
        properties[name] = {"$ref": REF.format(model=name.capitalize())}
    definitions = {name: _written(definition) for name, definition in definitions.items()}
    properties = {name: _written(schema) for name, schema in properties.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "bizgraph.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": dict(sorted(definitions.items())),
    }


def _written(schema: Any) -> Any:
    """Defaults as they are written in the file: durations and sizes are texts with a unit."""
    if isinstance(schema, list):
        return [_written(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _written(part) for name, part in schema.items()}
    told = found.pop("discriminator", None)
    if told is not None:
        # JSON Schema has no such word: a branch for each value says the same, and lets an editor name the wrong key.
        found["allOf"] = [
            {
                "if": {"properties": {told["propertyName"]: {"const": value}}, "required": [told["propertyName"]]},
                "then": {"$ref": reference},
            }
            for value, reference in told["mapping"].items()
        ]
    default = found.get("default")
    if isinstance(default, int | float) and not isinstance(default, bool):
        units = " ".join(str(part.get("pattern")) for part in (found, *found.get("anyOf", ())))
        if "ms|s|m" in units:
            found["default"] = duration_text(default)
        elif "kB|MB" in units:
            found["default"] = size_text(int(default))
    return found


HEAD = """# Configuration

One file, `bizgraph.toml`, says everything. `bizgraph schema --config` prints its JSON Schema for editors. A variable
such as `BIZGRAPH_SERVER__PORT=8080` overrides the key `server.port`: two underscores separate the levels. What is wrong
is refused at start, all of it at once, with file, key and reason.

Durations and sizes are texts with a unit: `"150ms"`, `"2s"`, `"5m"`, `"1h"`; `"512kB"`, `"32MB"`, `"32MiB"`. Secrets
are never written into the file: `"env:NAME"` reads a variable, `"file:PATH"` a file.

This page is made from the models that read the file (`make reference`), and a test compares the two.
"""


def markdown() -> str:
    """The page `docs/configuration.md`."""
    whole = json_schema()
    definitions: Mapping[str, Any] = whole["$defs"]
    lines = [HEAD]
    seen: set[str] = set()
    for name, schema in whole["properties"].items():
        if name in DOMAINS:
            continue
        lines += _tables(f"{name}.NAME" if "patternProperties" in schema else name, schema, definitions, seen)
    lines.append("## `customers`, `orders`, `products`, `stock`, `invoices`\n")
    lines.append("One table for each domain. Its operations are tables below it:\n")
    for name in DOMAINS:
        offered = [f"`{operation}`" for operation in OPERATIONS if operation.startswith(f"{name}.")]
        lines.append(f"- {', '.join(offered)}")
    lines.append("")
    tables = {operation.partition(".")[2] for operation in OPERATIONS}
    domain = {key: value for key, value in definitions["Customers"]["properties"].items() if key not in tables}
    lines += _rows("customers", domain, definitions, seen)
    titles = {
        "RestOperation": "An operation over REST",
        "SoapOperation": "An operation over SOAP",
        "PythonOperation": "An operation of an adapter in Python",
    }
    for model, title in titles.items():
        lines.append(f"## {title}\n")
        lines += _rows(f"customers.by_ids ({model})", definitions[model]["properties"], definitions, seen)
    return "\n".join(lines).rstrip() + "\n"


def _tables(name: str, schema: Any, definitions: Mapping[str, Any], seen: set[str]) -> Iterator[str]:
    for model in _models(schema, definitions):
        if model in seen or "properties" not in definitions[model]:
            continue
        seen.add(model)
        found = definitions[model]
        yield f"## `{name}`{_kind(found)}\n"
        if found.get("description"):
            yield f"{_line(found['description'])}\n"
        yield from _rows(name, found["properties"], definitions, seen)


def _kind(model: Mapping[str, Any]) -> str:
    """What tells one model of several from the others: its `type` or `kind`."""
    for name in ("kind", "type"):
        const = model["properties"].get(name, {}).get("const")
        if const:
            return f' with `{name} = "{const}"`'
    return ""


def _rows(name: str, properties: Mapping[str, Any], definitions: Mapping[str, Any], seen: set[str]) -> Iterator[str]:
    below: list[tuple[str, Any]] = []
    yield "| key | value | default | what it says |"
    yield "|---|---|---|---|"
    for key, schema in properties.items():
        models = [model for model in _models(schema, definitions) if "properties" in definitions[model]]
        if models:
            below.append((f"{name}.{key}", schema))
        said = _line(schema.get("description", "")) or ("a table, see below" if models else "")
        yield f"| `{key}` | {_value(schema, definitions)} | {_default(schema)} | {said} |"
    yield ""
    for place, schema in below:
        yield from _tables(place, schema, definitions, seen)


def _models(schema: Any, definitions: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield schema["$ref"].rpartition("/")[2]
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for part in schema.get(key, ()):
            yield from _models(part, definitions)
    for key in ("items", "additionalProperties"):
        yield from _models(schema.get(key), definitions)
    for key in ("patternProperties", "properties"):
        for part in schema.get(key, {}).values():
            yield from _models(part, definitions)


def _value(schema: Any, definitions: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        found = definitions[schema["$ref"].rpartition("/")[2]]
        return "table" if "properties" in found else _value(found, definitions)
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            parts = [_value(part, definitions) for part in schema[key] if part.get("type") != "null"]
            if parts[1:] == [f"list of {parts[0]}"]:
                return f"{parts[0]}, or a list of them"
            return " or ".join(dict.fromkeys(parts))
    if schema.get("type") == "array":
        return f"list of {_value(schema.get('items') or {}, definitions)}"
    if schema.get("type") == "object":
        return "table"
    names = {"string": "text", "integer": "integer", "number": "number", "boolean": "true, false"}
    kinds = schema.get("type", "any")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return " or ".join(str(names.get(kind, kind)) for kind in kinds)


def _default(schema: Mapping[str, Any]) -> str:
    if "default" not in schema or schema["default"] is None or schema["default"] in ({}, []):
        return ""
    if isinstance(schema["default"], dict):
        return ""
    return f"`{json.dumps(schema['default'], ensure_ascii=False)}`"


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
