"""Plans become Python: one generated function completes a field for all objects of a level.

The code takes the optimistic path: values have the declared types, nothing is null that must not be. Each other value
is handed to a `Surprise` (`complete.py`) with its position and the code goes on with what comes back. Names are spelled
out only where they are identifiers, which GraphQL's are; everything else reaches the code as a closure variable.

Generated for `orders { id total { amount } lines { sku product { name } } }`, shortened:

    for i, d, v in zip(range(len(values)), dicts, values):
        if type(v) is not list and type(v) is not tuple:
            v = X1(A, i, (), v)
        if v is not None:
            r1 = []
            for w1 in v:
                if type(w1) is not c1:
                    w1, c1, m1 = X2(A, i, (len(r1),), w1)
                if w1 is not None:
                    try: v1 = w1.id
                    except Exception as e: v1 = e
                    if type(v1) is not str:
                        v1 = X3(A, i, (len(r1),), v1)
                    ...
                    w1 = {'id': v1, 'total': v2, 'lines': v3}
                r1.append(w1)
            v = r1
        d['orders'] = v
"""

from __future__ import annotations

import re
from collections.abc import Callable
from keyword import iskeyword
from types import CodeType
from typing import Any

from graphql.execution.values import VariableValues

from gateway.execution.admission import is_mapping
from gateway.execution.complete import (
    DepthSurprise,
    LeafSurprise,
    ListSurprise,
    ObjectSurprise,
    Surprise,
    TypeSurprise,
)
from gateway.execution.leaves import leaf_lines
from gateway.execution.lru import Lru
from gateway.execution.selection import Field, Origin, Selection

_NAME = re.compile("[_A-Za-z][_0-9A-Za-z]*")
_MOST_LOOPS = 10  # CPython refuses more than 20 nested blocks
_codes: Lru[str, CodeType] = Lru(entries=512, bytes=16 * 2**20)


class Unit:
    """A generated function, and the selections below it whose objects it gathers because they have late fields."""

    __slots__ = ("function", "pools")

    def __init__(self, function: Callable[..., Any], pools: tuple[Selection, ...]) -> None:
        self.function = function
        self.pools = pools


def root_unit(root: Selection, variables: VariableValues) -> Unit:
    """`f(arrival, source, mapping, data, *gathered)` reads the object of the operation's root into `data`."""
    writer = _Writer(variables, root.plan.keyed)
    writer.line(0, "i = 0")
    writer.body(0, root, "o", "m", "v")
    writer.line(0, "d.update(v)")
    return writer.unit("o, m, d")


def column_unit(field: Field, variables: VariableValues) -> Unit:
    """`f(arrival, values, dicts, *gathered)` completes a late field for all objects of a level."""
    writer = _Writer(variables, field.host.plan.keyed)
    key = writer.key(field.key)
    writer.line(0, "for i, d, v in zip(range(len(values)), dicts, values):")
    writer.loops = 1
    writer.value(1, field, 0, "v", awaited=field.origin is Origin.RESOLVER)
    writer.line(1, f"d[{key}] = v")
    return writer.unit("values, dicts")


def value_unit(field: Field, depth: int, variables: VariableValues) -> Unit:
    """`f(arrival, places, values, *gathered)` completes single values of a field, `depth` lists deep."""
    writer = _Writer(variables, field.host.plan.keyed)
    writer.base = "b"
    writer.line(0, "for (i, b), v in zip(places, values):")
    writer.loops = 1
    writer.value(1, field, depth, "v", awaited=True)
    writer.line(1, f"put(i, {writer.constant('F', field)}, b, v)")
    return writer.unit("places, values", "put = A.level.put")


def object_unit(selection: Selection, variables: VariableValues) -> Unit:
    """`f(arrival, places, objects, *gathered)` answers single objects whose type was asked for."""
    writer = _Writer(variables, keyed=True)
    writer.base = "b"
    writer.line(0, "c = m = None")
    writer.line(0, "for (i, b), o in zip(places, values):")
    writer.line(1, "if type(o) is not c:")
    writer.line(2, f"c = type(o); m = {writer.constant('G', is_mapping)}(o)")
    writer.loops = 1
    writer.body(1, selection, "o", "m", "d")
    writer.line(1, f"put(i, {writer.constant('F', selection.field)}, b, d)")
    return writer.unit("places, values", "put = A.level.put")


class _Writer:
    """Collects the lines of one function, the constants that they name and the selections that they gather."""

    def __init__(self, variables: VariableValues, keyed: bool) -> None:
        self.variables = variables
        self.keyed = keyed
        self.lines: list[str] = []
        self.prologue: list[str] = []
        self.constants: dict[str, Any] = {}
        self.pools: list[Selection] = []
        self.base = ""
        self.indices: list[str] = []
        self.loops = 0
        self.names = 0

    def line(self, indent: int, text: str) -> None:
        self.lines.append(" " * (indent + 2) + text)

    def constant(self, prefix: str, value: Any) -> str:
        name = f"{prefix}{len(self.constants)}"
        self.constants[name] = value
        return name

    def key(self, key: str) -> str:
        """A response key. As literals of the code they make dicts faster, and a GraphQL name can be nothing else."""
        return repr(key) if _NAME.fullmatch(key) else self.constant("K", key)

    def name(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"

    def at(self) -> str:
        """The expression for the list indices of the current position."""
        if not self.indices:
            return self.base or "()"
        own = f"({', '.join(self.indices)},)"
        return f"{self.base} + {own}" if self.base else own

    def unit(self, parameters: str, *prologue: str) -> Unit:
        gathered = "".join(f", S{n}, D{n}" for n in range(len(self.pools)))
        head = [f"def make({', '.join(self.constants)}):", f" def unit(A, {parameters}{gathered}):"]
        head += [f"  {line}" for line in prologue]
        head += [f"  {line}" for line in self.prologue]
        source = "\n".join([*head, *self.lines, " return unit"])
        namespace: dict[str, Any] = {}
        exec(_code(source), namespace)  # noqa: S102 - the source holds identifiers of ours and attributes of the schema
        return Unit(namespace["make"](**self.constants), tuple(self.pools))

    def value(self, indent: int, field: Field, depth: int, var: str, *, awaited: bool = False) -> None:
        """Complete the value in `var`, as the field's type is `depth` lists deep."""
        fresh = field.origin is Origin.DEFAULT and depth == 0 and not awaited
        if depth < field.depth:
            self.items(indent, field, depth, var, fresh=fresh, awaited=awaited)
        elif field.leaf:
            self.leaf(indent, field, depth, var, fresh=fresh, awaited=awaited)
        else:
            self.object(indent, field, depth, var, fresh=fresh, awaited=awaited)

    def surprise(self, indent: int, field: Field, depth: int, var: str, surprise: Surprise, condition: str) -> None:
        """Hand the value over when the condition tells that it is none of the hoped-for kind."""
        if not field.required[depth]:
            condition = f"{var} is not None and {condition}" if condition else f"{var} is not None"
        if condition:
            self.line(indent, f"if {condition}:")
            indent += 1
        self.line(indent, f"{var} = {self.constant('X', surprise)}(A, i, {self.at()}, {var})")

    def leaf(self, indent: int, field: Field, depth: int, var: str, *, fresh: bool, awaited: bool) -> None:
        surprise = LeafSurprise(field, depth, fresh=fresh, awaited=awaited)
        handler = self.constant("X", surprise)
        for extra, text in leaf_lines(surprise, handler, f"A, i, {self.at()}", var, self.constant):
            self.line(indent + extra, text)

    def items(self, indent: int, field: Field, depth: int, var: str, *, fresh: bool, awaited: bool) -> None:
        if self.loops >= _MOST_LOOPS:
            self.surprise(indent, field, depth, var, DepthSurprise(field, depth, fresh=fresh, awaited=awaited), "")
            return
        surprise = ListSurprise(field, depth, fresh=fresh, awaited=awaited)
        self.surprise(indent, field, depth, var, surprise, f"type({var}) is not list and type({var}) is not tuple")
        done, item = self.name("r"), self.name("w")
        self.line(indent, f"if {var} is not None:")
        self.line(indent + 1, f"{done} = []")
        self.line(indent + 1, f"for {item} in {var}:")
        self.indices.append(f"len({done})")
        self.loops += 1
        self.value(indent + 2, field, depth + 1, item)
        self.loops -= 1
        self.indices.pop()
        self.line(indent + 2, f"{done}.append({item})")
        self.line(indent + 1, f"{var} = {done}")

    def object(self, indent: int, field: Field, depth: int, var: str, *, fresh: bool, awaited: bool) -> None:
        selection = field.only_type(self.variables)
        if selection is None:
            self.surprise(indent, field, depth, var, TypeSurprise(field, depth, fresh=fresh, awaited=awaited), "")
            return
        selection.arrange(self.variables)
        cls, mapping = self.name("c"), self.name("m")
        surprise = self.constant("X", ObjectSurprise(field, depth, fresh=fresh, awaited=awaited, keyed=self.keyed))
        self.prologue.append(f"{cls}, {mapping} = {surprise}.seen")
        nullable = "" if field.required[depth] else f"{var} is not None and "
        self.line(indent, f"if {nullable}type({var}) is not {cls}:")
        self.line(indent + 1, f"{var}, {cls}, {mapping} = {surprise}(A, i, {self.at()}, {var})")
        self.line(indent, f"if {var} is not None:")
        self.body(indent + 1, selection, var, mapping, var)

    def body(self, indent: int, selection: Selection, source: str, mapping: str, target: str) -> None:
        """Read and complete the fields of one object, and put its part of the answer into `target`."""
        entries = []
        get = self.name("g")
        if self.keyed and any(f.origin is Origin.DEFAULT and not f.late for f in selection.fields):
            self.line(indent, f"if {mapping}: {get} = {source}.get")
        for field in selection.fields:
            key = self.key(field.key)
            if field.origin is Origin.TYPENAME:
                entries.append(f"{key}: {self.constant('N', field.source)}")
            elif field.origin is Origin.REFUSED:
                refusal = self.constant("X", Surprise(field, 0, fresh=False, awaited=True))
                self.line(indent, f"{refusal}.failed(A, i, {self.at()}, {self.constant('E', field.source)})")
                entries.append(f"{key}: None")
            elif field.late:
                entries.append(f"{key}: None")
            else:
                var = self.name("v")
                self.read(indent, field, source, mapping, get, var)
                self.value(indent, field, 0, var)
                entries.append(f"{key}: {var}")
        if selection.late and selection.field is not None:
            pool = self.pool(selection)
            made = self.name("d")
            self.line(indent, f"{made} = {{{', '.join(entries)}}}")
            self.line(indent, f"S{pool}.append({source}); D{pool}.append({made})")
            self.line(indent, f"{target} = {made}")
        else:
            self.line(indent, f"{target} = {{{', '.join(entries)}}}")

    def pool(self, selection: Selection) -> int:
        self.pools.append(selection)
        return len(self.pools) - 1

    def read(self, indent: int, field: Field, source: str, mapping: str, get: str, var: str) -> None:
        """Put the field's value into `var`; what reading it raises is its value, as an exception."""
        if field.origin is Origin.COMPUTED:
            self.line(indent, f"try: {var} = {self.constant('F', field.source)}({source})")
        else:
            key = self.key(field.source)
            attribute = f"{source}.{field.source}" if _spellable(field.source) else f"getattr({source}, {key})"
            by_key = f"{get}({key})" if field.origin is Origin.DEFAULT else f"{source}[{key}]"
            value = f"{by_key} if {mapping} else {attribute}" if self.keyed else attribute
            self.line(indent, f"try: {var} = {value}")
            if field.origin is Origin.DEFAULT:
                absent = f"e if {mapping} else None" if self.keyed else "None"
                self.line(indent, f"except AttributeError as e: {var} = {absent}")
        self.line(indent, f"except Exception as e: {var} = e")


def _spellable(name: str) -> bool:
    return name.isascii() and name.isidentifier() and not iskeyword(name)


def _code(source: str) -> CodeType:
    """Compiled once for all plans of the same shape."""
    code = _codes.get(source)
    if code is None:
        code = compile(source, "<plan>", "exec")
        _codes.put(source, code, len(source))
    return code
