"""Shape → one Python function that reads many items in one loop, without a call per field where none is needed.

What it does not take at first sight it hands to the conversions, and what they refuse to the exact way (exact.py).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from resolvers.backends.mapping.amounts import SMALL, decimal
from resolvers.backends.mapping.currencies import CODES, UNITS
from resolvers.backends.mapping.misfit import Misfit
from resolvers.backends.mapping.paths import Path, entries, list_of
from resolvers.backends.mapping.shape import Branch, Constant, Leaf, Part, Shape
from resolvers.backends.mapping.source import Access, Scope, Source
from resolvers.backends.mapping.texts import LONGEST_NUMBER, lines, text
from resolvers.records import Money


def reader_function(shape: Shape, access: Access, *, keyed: bool, filename: str) -> Callable[..., list[Any]]:
    """`read(items, misfit)`: the records of all items that are kept.

    With `keyed`, `items` are (key, item) pairs. What an item that does not fit is answered by is up to
    `misfit(key, item, records)`, which may append to the records or raise.
    """
    source = Source()
    source.open("def read(items, misfit):")
    source.emit("records = []")
    source.emit("add = records.append")
    source.open("for key, item in items:" if keyed else "for item in items:")
    source.open("try:")
    _item(source, shape, Scope(source, access, "item", "key"), "add")
    source.close()
    source.open(f"except ({source.name(Misfit)}, ValueError):")
    source.emit(f"misfit({'key' if keyed else 'None'}, item, records)")
    source.close(2)
    source.emit("return records")
    return source.function("read", filename)


def _item(source: Source, shape: Shape, scope: Scope, add: str) -> None:
    """Reads one item and adds its record, or goes on with the next item."""
    if any(path.keys for path in shape.paths()):
        scope.access.check_item(source, scope.item)
    for condition in shape.where:
        source.emit(f"if not {source.name(condition.holds)}({scope.read(condition.path)}): continue")
    values = [f"{field.name}={_value(source, field, scope)}" for field in shape.fields]
    source.emit(f"{add}({source.name(shape.record)}({', '.join(values)}))")


def _value(source: Source, field: Leaf | Constant | Branch, scope: Scope) -> str:
    """The name that holds the field's value."""
    if isinstance(field, Constant):
        return source.name(field.value)
    if isinstance(field, Branch):
        return _branch(source, field, scope)
    if field.base is None or (field.currency is not None and not field.optional):
        value = source.variable()
        source.emit(f"{value} = {_converted(source, field, scope)}")
        return value
    if field.minor_units and field.currency is not None:
        return _minor_units(source, field, field.currency, scope)
    return _simple(source, field, field.base, scope)


def _converted(source: Source, leaf: Leaf, scope: Scope) -> str:
    """The expression for the conversion of the leaf's values."""
    return f"{source.name(leaf.convert)}({', '.join(map(scope.read, leaf.paths))})"


def _simple(source: Source, leaf: Leaf, base: Callable[[Any], Any], scope: Scope) -> str:
    """Takes the usual value on the spot, in a form that the conversion would give just so."""
    raw = scope.read(leaf.paths[0])
    value = source.variable()
    if leaf.optional:
        null = "()" if base is lines else "None"
        otherwise = f"{null} if {raw} is None or isinstance({raw}, str) and {raw} == '' else {source.name(base)}({raw})"
    else:
        otherwise = _converted(source, leaf, scope)
    if leaf.table is not None:
        source.emit(f"{value} = {source.name(leaf.table)}.get({raw}) if {raw}.__class__ is str else None")
        source.emit(f"if {value} is None: {value} = {otherwise}")
    elif base is text:
        of_integer = f"str({raw}) if {_usual_integer(raw)}"
        source.emit(f"{value} = {raw} if {raw}.__class__ is str and {raw} else {of_integer} else {otherwise}")
    elif base is decimal:
        source.emit(f"{value} = {_decimal(source, raw, bounded=scope.access.bounded)} else {otherwise}")
    elif leaf.usual is not None:
        form = f"{raw}.__class__ is str and {leaf.usual.condition.format(raw)}"
        source.emit(f"{value} = {source.name(leaf.usual.parse)}({raw}) if {form} else {otherwise}")
    elif leaf.optional:
        source.emit(f"{value} = {source.name(base)}({raw}) if {raw}.__class__ is str and {raw} else {otherwise}")
    else:
        source.emit(f"{value} = {otherwise}")
    if leaf.currency is not None:
        code = _code(source, leaf.currency, leaf.paths[1:], scope)
        source.emit(f"if {value} is not None: {value} = {source.name(Money)}({value}, {code})")
    return value


def _decimal(source: Source, raw: str, *, bounded: bool) -> str:
    """The expression, up to its last `else`, for a number or the text of one. `bounded`: the decoder bounds numbers."""
    made = f"{source.name(Decimal)}({raw})"
    # Digits with at most one point: Decimal takes much else, from 1_5 to NaN.
    digits = f"{raw}.replace('.', '', 1).isdigit() and {raw}.isascii() and len({raw}) <= {LONGEST_NUMBER}"
    of_text = f"{made} if {raw}.__class__ is str and {digits}"
    of_small = f"{source.name(SMALL)}[{raw}] if {raw}.__class__ is int and 0 <= {raw} < {len(SMALL)}"
    of_integer = f"{of_small} else {made} if {_usual_integer(raw)}"
    as_it_is = f"{raw} if {raw}.__class__ is {source.name(Decimal)}"
    if bounded:
        return f"{as_it_is} else {of_integer} else {of_text}"
    within = f"-{LONGEST_NUMBER} <= {raw}.adjusted() <= {LONGEST_NUMBER} and {raw}.is_finite()"
    return f"{of_text} else {as_it_is} and {within} else {of_integer}"


def _usual_integer(raw: str) -> str:
    """The condition for an integer that is taken on the spot; the conversion bounds the longer ones."""
    return f"{raw}.__class__ is int and -{10**18} < {raw} < {10**18}"


def _minor_units(source: Source, leaf: Leaf, currency: Callable[[Any], str], scope: Scope) -> str:
    """Takes an integer in a currency of the list on the spot."""
    raw = scope.read(leaf.paths[0])
    if leaf.paths[1:]:
        code, unit = scope.read(leaf.paths[1]), _known(source, UNITS, leaf.paths[1], scope)
    else:
        code, unit = source.name(currency(None)), source.name(UNITS.get(currency(None)))
    value = source.variable()
    money = f"{source.name(Money)}({source.name(Decimal)}({raw}) * {unit}, {code})"
    otherwise = f"None if {raw} is None else {_converted(source, leaf, scope)}"
    source.emit(f"{value} = {money} if {_usual_integer(raw)} and {unit} is not None else {otherwise}")
    return value


def _code(source: Source, currency: Callable[[Any], str], paths: tuple[Path, ...], scope: Scope) -> str:
    """The expression for an amount's currency."""
    if not paths:
        return source.name(currency(None))
    return f"{_known(source, CODES, paths[0], scope)} or {source.name(currency)}({scope.read(paths[0])})"


def _known(source: Source, table: dict[str, Any], path: Path, scope: Scope) -> str:
    """The variable for the look-up of a currency, which nearly always finds it: once for all amounts that share it."""
    while path.up:
        assert scope.around is not None
        path, scope = Path(path.steps, path.up - 1), scope.around
    raw = scope.read(path)
    look_up = f"{source.name(table)}.get({raw}) if {raw}.__class__ is str else None"
    if look_up not in scope.known:
        scope.known[look_up] = known = source.variable()
        source.emit(f"{known} = {look_up}")
    return scope.known[look_up]


def _branch(source: Source, branch: Branch, scope: Scope) -> str:
    found = source.variable()
    if len(branch.parts) == 1 and branch.parts[0].each is None:
        record, told = _single(source, branch.parts[0], scope)
        source.emit(f"{found} = ({record},) if {told} else ()")
        return found
    source.emit(f"{found} = []")
    for part in branch.parts:
        if part.each is None:
            record, told = _single(source, part, scope)
            source.emit(f"if {told}: {found}.append({record})")
        else:
            _entries(source, part, part.each, scope, found)
    source.emit(f"{found} = tuple({found})")
    return found


def _single(source: Source, part: Part, scope: Scope) -> tuple[str, str]:
    """The expressions for a record made of the item itself, and for whether anything is known of it."""
    told = []
    values = []
    for field in part.shape.fields:
        value = _value(source, field, scope)
        values.append(f"{field.name}={value}")
        if not isinstance(field, Constant):
            told.append(f"({value} is not None and {value} != ())")
    return f"{source.name(part.shape.record)}({', '.join(values)})", " or ".join(told) or "False"


def _entries(source: Source, part: Part, each: Path, scope: Scope, found: str) -> None:
    """Adds a record for every entry of a list or a map."""
    # What the entries need from around them is read before the loop: once, and not only when there are entries.
    for path in part.shape.paths(level=1):
        scope.read(Path(path.steps))
    for field in part.shape.fields:
        if isinstance(field, Leaf) and field.currency is not None and field.paths[-1].up == 1:
            _known(source, UNITS if field.minor_units else CODES, Path(field.paths[-1].steps), scope)
    raw = scope.read(each)
    item, key = source.variable(), source.variable()
    if part.keyed:
        source.open(f"for {key}, {item} in {source.name(entries)}({raw}):")
    else:
        source.open(f"for {item} in {raw} if {raw}.__class__ is list else {source.name(list_of)}({raw}):")
    _item(source, part.shape, Scope(source, scope.access.entry(each), item, key, scope), f"{found}.append")
    source.close()
