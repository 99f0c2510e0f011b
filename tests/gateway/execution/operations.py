"""Random operations over any schema: aliases, fragments, directives, variables, arguments, and some nonsense."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)

SCALARS: dict[str, Any] = {"String": "t", "Int": 4, "Boolean": True, "ID": "i", "Float": 1.5}


class Operation:
    """The text of one operation and the values of its variables. `nonsense` is the probability of what no validation
    would let pass."""

    def __init__(self, schema: GraphQLSchema, seed: int, *, kind: str = "query", nonsense: float = 0.0) -> None:
        self.schema = schema
        self.random = Random(seed)
        self.nonsense = nonsense
        self.values: dict[str, Any] = {}
        self._declared: dict[str, str] = {}
        self._fragments: dict[str, str] = {}
        self._made = 0
        root = schema.query_type if kind == "query" else schema.mutation_type
        assert root is not None
        selection = self._selection(root, 4)
        declared = ", ".join(f"${name}: {declared}" for name, declared in self._declared.items())
        head = f"{kind} Random{f'({declared})' if declared else ''}"
        self.text = "\n".join([f"{head} {selection}", *self._fragments.values()])

    def _selection(self, parent: Any, depth: int) -> str:
        random = self.random
        parts = []
        for _ in range(random.randint(1, 4)):
            roll = random.random()
            if roll < 0.08:
                parts.append("__typename" if random.random() < 0.7 else f"t{self._next()}: __typename")
            elif roll < 0.28 and depth > 1:
                parts.append(self._fragment(parent, depth))
            elif roll < 0.28 + self.nonsense:
                parts.append(random.choice(("nothing", "nothing { x }", "n: nothing(a: 1)")))
            else:
                parts.append(self._field(parent, depth))
        return "{ " + " ".join(parts) + " __typename }"

    def _field(self, parent: Any, depth: int) -> str:
        random = self.random
        fields = getattr(parent, "fields", {})
        deep = depth > 1
        names = [name for name, field in fields.items() if deep or not is_composite_type(get_named_type(field.type))]
        if not names:
            return "__typename"
        name = random.choice(names)
        field = fields[name]
        aliased = random.random() < 0.35
        # Without an alias a field is always asked with the same arguments, so that its selections can be merged.
        settled = random if aliased else Random(f"{parent.name}.{name}")
        arguments = self._arguments(field.args, settled, may_vary=aliased)
        text = f"{f'z{self._next()}: ' if aliased else ''}{name}{arguments}{self._directive()}"
        named = get_named_type(field.type)
        wrong = random.random() < self.nonsense
        if is_composite_type(named):
            return text if wrong else f"{text} {self._selection(named, depth - 1)}"
        return text + " { x }" if wrong else text

    def _fragment(self, parent: Any, depth: int) -> str:
        random = self.random
        types = [parent]
        if is_abstract_type(parent):
            types += self.schema.get_possible_types(parent)
        if isinstance(parent, GraphQLObjectType):
            types += parent.interfaces
        target = random.choice(types)
        if random.random() < 0.5:
            condition = "" if target is parent and random.random() < 0.5 else f" on {target.name}"
            return f"...{condition}{self._directive()} {self._selection(target, depth - 1)}"
        if self._fragments and random.random() < 0.3:
            return f"...{random.choice(list(self._fragments))}"
        name = f"F{self._next()}"
        body = self._selection(target, depth - 1)
        self._fragments[name] = f"fragment {name} on {target.name} {body}"
        return f"...{name}{self._directive()}"

    def _directive(self) -> str:
        random = self.random
        if random.random() > 0.12:
            return ""
        if random.random() < 0.5:
            condition = random.choice(("true", "false"))
        else:
            condition = "$" + self._variable(GraphQLNonNull(GraphQLBoolean), random.random() < 0.5, random)
        return f" @{random.choice(('skip', 'include'))}(if: {condition})"

    def _arguments(self, arguments: dict[str, Any], random: Random, *, may_vary: bool) -> str:
        given = []
        for name, argument in arguments.items():
            optional = not isinstance(argument.type, GraphQLNonNull)
            if (optional and random.random() < 0.3) or random.random() < self.nonsense:
                continue
            value = self._value(argument.type, random, 0)
            if may_vary and random.random() < 0.5:
                given.append(f"{name}: ${self._variable(argument.type, value, random)}")
            else:
                given.append(f"{name}: {_literal(value, argument.type)}")
        return f"({', '.join(given)})" if given else ""

    def _variable(self, wanted: Any, value: Any, random: Random) -> str:
        name = f"v{self._next()}"
        declared = str(wanted)
        if random.random() < self.nonsense:
            declared = declared.removesuffix("!")
            value = random.choice((None, value))
        roll = random.random()
        if roll < 0.15 and value is not None:
            declared += f" = {_literal(value, wanted)}"
        self._declared[name] = declared
        if roll < 0.1 or (roll < 0.25 and not declared.endswith("!")):
            return name
        wrong = random.random() < self.nonsense / 2
        self.values[name] = random.choice((None, "wrong", 5, [1])) if wrong else value
        return name

    def flipped(self) -> dict[str, Any]:
        """The values of the variables with every Boolean turned around."""
        return {name: not value if isinstance(value, bool) else value for name, value in self.values.items()}

    def _value(self, wanted: Any, random: Random, depth: int) -> Any:
        """A JSON value of the input type."""
        if isinstance(wanted, GraphQLNonNull):
            wanted = wanted.of_type
        elif random.random() < 0.1:
            return None
        if isinstance(wanted, GraphQLList):
            return [self._value(wanted.of_type, random, depth) for _ in range(random.randint(0, 2))]
        if isinstance(wanted, GraphQLInputObjectType) and wanted.is_one_of:
            name = random.choice(list(wanted.fields))
            return {name: self._value(GraphQLNonNull(wanted.fields[name].type), random, depth + 1)}
        if isinstance(wanted, GraphQLInputObjectType):
            return {
                name: self._value(field.type, random, depth + 1)
                for name, field in wanted.fields.items()
                if isinstance(field.type, GraphQLNonNull) or (depth < 2 and random.random() < 0.4)
            }
        if isinstance(wanted, GraphQLEnumType):
            return random.choice(list(wanted.values))
        return SCALARS.get(wanted.name, "custom")

    def _next(self) -> int:
        self._made += 1
        return self._made


def _literal(value: Any, wanted: Any) -> str:
    if isinstance(wanted, GraphQLNonNull):
        wanted = wanted.of_type
    if isinstance(value, list):
        return f"[{', '.join(_literal(item, wanted.of_type) for item in value)}]"
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{name}: {_literal(item, wanted.fields[name].type)}" for name, item in value.items()) + "}"
        )
    if isinstance(value, str) and isinstance(wanted, GraphQLEnumType):
        return value
    return json.dumps(value)
