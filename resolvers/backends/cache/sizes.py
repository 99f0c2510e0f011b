"""What records weigh in memory: a function per type, compiled once, because every stored entry is weighed.

The figures are those of 64-bit CPython with its small-object allocator, which rounds up to 16 bytes. They are an upper
bound: a text that several records share is counted for each of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

Weigh = Callable[[Any], int]

_WORD = 8
_FIXED: dict[type, int] = {Decimal: 112, datetime: 64, date: 32, int: 32, float: 32}
_SHARED: frozenset[type] = frozenset({bool, type(None)})
_TUPLE = 64
"""An empty place for a tuple: header, length, the collector's header and rounding; each item adds a word."""


def weigher(shape: Any) -> Weigh:
    """The function that tells the bytes of a value of this type: a Struct, a tuple of them, or a plain type.

    Raises TypeError for types that records do not use.
    """
    names: dict[str, Any] = {"sizeof": sys.getsizeof}
    lines: list[str] = []
    _write(shape, names, lines)
    exec("\n".join(lines), names)  # noqa: S102 - the source is made of our own record types, of nothing that was sent
    function: Weigh = names[_name(shape)]
    return function


def _name(shape: Any) -> str:
    return f"weigh_{getattr(shape, '__name__', 'it')}"


def _write(shape: Any, names: dict[str, Any], lines: list[str]) -> None:
    """The function of a Struct, after those of the Structs within it."""
    if not (isinstance(shape, type) and issubclass(shape, msgspec.Struct)):
        raise TypeError(f"{shape} is not a record")
    if _name(shape) in names:
        return
    names[_name(shape)] = None
    fields = msgspec.structs.fields(shape)
    fixed = _rounded(shape.__basicsize__)
    body: list[str] = []
    for field in fields:
        fixed += _field(field.name, field.type, names, lines, body)
    lines += [f"def {_name(shape)}(it):", f"    n = {fixed}", *(f"    {line}" for line in body), "    return n"]


def _field(name: str, declared: Any, names: dict[str, Any], lines: list[str], body: list[str]) -> int:
    """Write the lines for one field; returns what it weighs whatever it holds."""
    info = msgspec.inspect.type_info(declared)
    kinds = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    optional = any(isinstance(kind, msgspec.inspect.NoneType) for kind in kinds)
    (kind,) = [kind for kind in kinds if not isinstance(kind, msgspec.inspect.NoneType)]
    match kind:
        case msgspec.inspect.StrType() | msgspec.inspect.LiteralType():
            line = "n += sizeof(v) + 8"
        case msgspec.inspect.StructType(cls=cls):
            _write(cls, names, lines)
            line = f"n += {_name(cls)}(v)"
        case msgspec.inspect.VarTupleType(item_type=item):
            line = f"n += {_TUPLE} + {_WORD} * len(v)"
            body.append(f"v = it.{name}")
            body.append(f"if v: {line}")
            match item:
                case msgspec.inspect.StructType(cls=cls):
                    _write(cls, names, lines)
                    body.append(f"for i in v: n += {_name(cls)}(i)")
                case msgspec.inspect.StrType():
                    body.append("for i in v: n += sizeof(i) + 8")
                case _:
                    raise TypeError(f"{name} is a tuple of {item}, which records do not use")
            return 0
        case _:
            python = _PYTHON.get(type(kind))
            if python in _SHARED:
                return 0
            if python is None or python not in _FIXED:
                raise TypeError(f"{name} is of a type that records do not use")
            if not optional:
                return _FIXED[python]
            body.append(f"if it.{name} is not None: n += {_FIXED[python]}")
            return 0
    body.append(f"v = it.{name}")
    body.append(f"if v is not None: {line}" if optional else line)
    return 0


_PYTHON: dict[type, type] = {
    msgspec.inspect.DecimalType: Decimal,
    msgspec.inspect.DateTimeType: datetime,
    msgspec.inspect.DateType: date,
    msgspec.inspect.IntType: int,
    msgspec.inspect.FloatType: float,
    msgspec.inspect.BoolType: bool,
}


def _rounded(size: int) -> int:
    return (size + 15) & ~15
