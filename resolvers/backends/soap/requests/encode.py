"""The compiled encoder: `arguments` of the configuration and a request's types → a program that writes requests.

Everything constant is written once, when the program is made; a call only fills the gaps. Elements come in the order of
the schema, since servers exist that read parameters by position. What does not fit is a ConfigurationProblem when the
program is made, or an ArgumentProblem before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from resolvers.backends.soap.problems import ArgumentProblem, ConfigurationProblem
from resolvers.backends.soap.requests.program import Part, for_each_key
from resolvers.backends.soap.requests.templates import KEYS, MISSING, PAGING, Secrets, Template, Values, is_secret
from resolvers.backends.soap.requests.writing import ToText, are_plain, escape, escape_attribute, plain, to_text
from resolvers.backends.soap.types import CONTENT, SOAP_ENCODING, XSD, XSI, Anything, Array, Field, Scalar, Struct

Absent = Literal["omit", "nil", "empty"]
"""What stands for an argument that a call does not give."""

_DIRECTIVES = frozenset({"nil", "omit", "value", "absent"})


class Encoder:
    """Writes elements for one message. The prefixes that it used are declared by whoever writes the envelope."""

    def __init__(self, secrets: Secrets, *, rpc: bool = False, absent: Absent | None = None) -> None:
        self._secrets = secrets
        self._rpc = rpc
        self._absent = absent
        self.prefixes: dict[str, str] = {XSI: "xsi", XSD: "xsd"}
        self.key_writers: list[ToText] = []
        """What writes the keys: a key that one of them refuses cannot be sent."""

    def element(self, field: Field, value: Any, path: str = "", *, part: bool = False) -> list[Part]:
        """The element (or elements, where it repeats) for a value of the configuration."""
        path = f"{path}.{field.key}" if path else field.key
        if isinstance(value, Mapping) and _is_directive(field, value):
            return self._directed(field, value, path, part)
        if isinstance(value, Mapping) and field.many and isinstance(field.type, Struct) and _per_key(field.type, value):
            return [for_each_key(self._element(field, _one_key(value), path))]
        if isinstance(value, str) and not is_secret(value):
            template = Template(value)
            if template.names:
                return self._dynamic(field, template, path, part, self._absent)
        if isinstance(value, (list, tuple)) and field.many:
            return [piece for entry in value for piece in self.element(field, entry, path.rpartition(".")[0])]
        return self._element(field, value, path)

    def tags(self, field: Field) -> tuple[str, str]:
        """The start and end tag of an element whose content is written by others."""
        name = self._name(field)
        return f"<{name}>", f"</{name}>"

    def missing(self, field: Field, path: str, *, part: bool) -> list[Part]:
        """What stands for an element that the configuration does not mention."""
        if part or (field.nillable and field.required):
            return [self._nil(field)]
        if not field.required or field.many or self._rpc:
            return []
        raise ConfigurationProblem(
            f"{path}.{field.key} is required: give it a value, or say "
            f"{field.key} = {{ nil = true }} or {field.key} = {{ omit = true }}"
        )

    def _directed(self, field: Field, value: Mapping[str, Any], path: str, part: bool) -> list[Part]:
        if value.get("omit"):
            return []
        if value.get("nil"):
            return [self._nil(field)]
        if "value" not in value:
            raise ConfigurationProblem(f"{path}: `value`, `nil = true` or `omit = true` is missing")
        template = value["value"]
        if not isinstance(template, str) or not Template(template).names:
            return self.element(field, template, path.rpartition(".")[0], part=part)
        absent = value.get("absent", self._absent)
        if absent not in ("omit", "nil", "empty", None):
            raise ConfigurationProblem(f"{path}: absent is one of omit, nil, empty")
        return self._dynamic(field, Template(template), path, part, absent)

    def _dynamic(self, field: Field, template: Template, path: str, part: bool, absent: Absent | None) -> list[Part]:
        """An element whose value comes with the call."""
        if absent is None:
            absent = "nil" if part or (field.required and field.nillable) else "omit"
            optional = template.names - KEYS - PAGING
            if optional and absent == "omit" and field.required and not field.many and not self._rpc:
                raise ConfigurationProblem(
                    f"{path} is required but {', '.join(sorted(optional))} may be missing: say "
                    f'{field.key} = {{ value = "…", absent = "empty" }} (or "nil", or "omit")'
                )
        kind, opened, closed, item = self._shell(field)
        if template.only == "keys" and not (field.many or item):
            raise ConfigurationProblem(
                f"{path} takes one value: {{keys}} stands for a list; write {{key}} or {{keys|csv}}"
            )
        write = _writer(kind, path)
        if template.only in ("key", "keys"):
            self.key_writers.append(write)
        nothing = {"omit": "", "nil": self._nil(field), "empty": f"{opened(0)}{closed}"}[absent]
        several = field.many or item is not None
        before, after = item or (opened(1), closed)
        between = after + before

        def render(values: Values) -> str:
            value = template.value(values)
            if value is MISSING or value is None:
                return nothing
            if not isinstance(value, (tuple, list)):
                value = (value,)
            elif not several:
                raise ArgumentProblem(f"{path} takes one value, not several")
            try:
                texts = value if write is plain and are_plain(value) else [escape(write(entry)) for entry in value]
            except ArgumentProblem as problem:
                raise ArgumentProblem(f"{path}: {problem}") from None
            written = f"{before}{between.join(texts)}{after}" if texts else ""
            return written if item is None else f"{opened(len(texts))}{written}{closed}"

        return [render]

    def _shell(self, field: Field) -> tuple[Any, Callable[[int], str], str, tuple[str, str] | None]:
        """For a dynamic value: its type, the element's tags, and the tags of its items where it wraps a list."""
        name = self._name(field)
        kind = field.type
        if isinstance(kind, Struct) and kind.content is not None:
            kind = kind.content
        if isinstance(kind, Struct) and kind.only_list is not None and not field.many:
            inner = kind.only_list
            item = self._name(inner)
            return inner.type, lambda _: f"<{name}>", f"</{name}>", (f"<{item}>", f"</{item}>")
        if isinstance(kind, Array):
            item_type = self._qname(kind.item_name) if kind.item_name else "xsd:anyType"
            encoding = self._prefix(SOAP_ENCODING)
            start = f'<{name} xsi:type="{encoding}:Array" {encoding}:arrayType="{item_type}['
            return (
                kind.item,
                lambda count: f'{start}{count}]">',
                f"</{name}>",
                (f'<item xsi:type="{item_type}">', "</item>"),
            )
        start = f"<{name}{self._any_type(kind)}>"
        return kind, lambda _: start, f"</{name}>", None

    def _element(self, field: Field, value: Any, path: str) -> list[Part]:
        """One element with a constant value, or with a table of its children."""
        name, kind = self._name(field), field.type
        if isinstance(value, Mapping):
            if isinstance(kind, Struct):
                return self._struct(name, kind, value, path)
            if isinstance(kind, Anything):
                inner = [part for key, entry in value.items() for part in self.element(_loose(key), entry, path)]
                return [f"<{name}>", *inner, f"</{name}>"]
            raise ConfigurationProblem(f"{path} takes one value, not a table")
        if isinstance(value, (list, tuple)):
            return self._listed(field, value, path)
        if isinstance(kind, Struct) and kind.content is not None:
            return self._struct(name, kind, {CONTENT: value}, path)
        if isinstance(kind, (Struct, Array)):
            known = ", ".join(child.key for child in kind.fields) if isinstance(kind, Struct) else "a list"
            if value == "":
                return [f"<{name}/>"]
            raise ConfigurationProblem(f"{path} takes a table of {known}")
        return [f"<{name}{self._any_type(kind)}>{escape(self._constant(kind, value, path))}</{name}>"]

    def _listed(self, field: Field, value: Sequence[Any], path: str) -> list[Part]:
        name, kind = self._name(field), field.type
        if isinstance(kind, Struct) and kind.only_list is not None:
            return [f"<{name}>", *self.element(kind.only_list, value, path), f"</{name}>"]
        if isinstance(kind, Array):
            _, opened, closed, _ = self._shell(field)
            item = Field("item", "item", "", kind.item, many=True)
            return [opened(len(value)), *self.element(item, value, path), closed]
        raise ConfigurationProblem(f"{path} takes one value, not a list")

    def _struct(self, name: str, struct: Struct, table: Mapping[str, Any], path: str) -> list[Part]:
        actual = struct
        attributes: list[Part] = []
        if "xsi:type" in table:
            actual = next((kind for kind in struct.derived.values() if _names(kind, table["xsi:type"])), struct)
            attributes.append(f' xsi:type="{self._qname(actual.name or "")}"')
        known = {child.key for child in actual.fields} | {child.name for child in actual.fields}
        known |= {attribute.key for attribute in actual.attributes} | {"xsi:type", CONTENT}
        unknown = sorted(key for key in table if key not in known)
        if unknown and not (actual.wildcard and not actual.fields):
            told = ", ".join(child.key for child in actual.fields) or "nothing"
            raise ConfigurationProblem(f"{path} has no {', '.join(unknown)}; it has {told}")
        for attribute in actual.attributes:
            if attribute.key in table:
                attributes += self._attribute(
                    attribute.tag, attribute.type, table[attribute.key], f"{path}.{attribute.key}"
                )
        inner: list[Part] = []
        if actual.content is not None:
            if CONTENT in table:
                inner.append(escape(self._constant(actual.content, table[CONTENT], path)))
        else:
            inner += self.children(actual.fields, table, path)
            inner += [part for key in unknown for part in self.element(_loose(key), table[key], path)]
        return [f"<{name}", *attributes, ">", *inner, f"</{name}>"]

    def children(
        self, fields: Sequence[Field], table: Mapping[str, Any], path: str, *, parts: bool = False
    ) -> list[Part]:
        """The elements of a table in the order of the schema."""
        written: list[Part] = []
        for child in fields:
            if child.key in table or child.name in table:
                value = table[child.key] if child.key in table else table[child.name]
                written += self.element(child, value, path, part=parts)
            else:
                written += self.missing(child, path, part=parts)
        return written

    def _attribute(self, tag: str, kind: Scalar, value: Any, path: str) -> list[Part]:
        namespace, _, local = tag.rpartition("}")
        name = f"{self._prefix(namespace[1:])}:{local}" if namespace else local
        if isinstance(value, str) and not is_secret(value) and Template(value).names:
            template, write = Template(value), to_text(kind)

            def render(values: Values) -> str:
                filled = template.value(values)
                return "" if filled is MISSING or filled is None else f' {name}="{escape_attribute(write(filled))}"'

            return [render]
        return [f' {name}="{escape_attribute(self._constant(kind, value, path))}"']

    def _constant(self, kind: Any, value: Any, path: str) -> str:
        if isinstance(value, str):
            value = self._secrets(value) if is_secret(value) else Template(value).value({})
        try:
            return _writer(kind, path)(value)
        except ArgumentProblem as problem:
            raise ConfigurationProblem(f"{path}: {problem}") from None

    def _nil(self, field: Field) -> str:
        return f'<{self._name(field)} xsi:nil="true"/>'

    def _name(self, field: Field) -> str:
        return f"{self._prefix(field.namespace)}:{field.name}" if field.namespace else field.name

    def _qname(self, name: str) -> str:
        namespace, _, local = name.rpartition("}")
        return f"{self._prefix(namespace[1:])}:{local}" if namespace else local

    def _any_type(self, kind: Any) -> str:
        return ' xsi:type="xsd:string"' if isinstance(kind, Anything) else ""

    def _prefix(self, namespace: str) -> str:
        return self.prefixes.setdefault(namespace, f"n{len(self.prefixes)}")


def _writer(kind: Any, path: str) -> ToText:
    if isinstance(kind, Scalar):
        return to_text(kind)
    if isinstance(kind, Anything):
        return plain
    raise ConfigurationProblem(f"{path} takes a table, not one value")


def _is_directive(field: Field, value: Mapping[str, Any]) -> bool:
    if not value or not value.keys() <= _DIRECTIVES:
        return False
    return not isinstance(field.type, Struct) or not any(field.type.field_named(key) for key in value)


def _per_key(struct: Struct, table: Mapping[str, Any]) -> bool:
    """Whether a repeated element is to be written once per key: `{keys}` stands where one value belongs."""
    for name, value in table.items():
        child = struct.field_named(name)
        if child is None or child.many:
            continue
        if value == "{keys}" and isinstance(child.type, Scalar):
            return True
        if isinstance(value, Mapping) and isinstance(child.type, Struct) and _per_key(child.type, value):
            return True
    return False


def _one_key(table: Any) -> Any:
    if isinstance(table, Mapping):
        return {name: _one_key(value) for name, value in table.items()}
    return "{key}" if table == "{keys}" else table


def _loose(name: str) -> Field:
    """An element that no schema describes; `{namespace}name` is understood."""
    namespace, _, local = name.rpartition("}")
    return Field(local, local, namespace[1:], Anything(), required=False)


def _names(struct: Struct, wanted: Any) -> bool:
    return struct.name is not None and wanted in (struct.name, struct.name.rpartition("}")[2])
