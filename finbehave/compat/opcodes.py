"""What each pickle opcode does to the machine. The names and meanings are those of Python's ``pickletools``."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from finbehave.compat.states import check_items
from finbehave.compat.stream import HEAD, Broken
from finbehave.compat.symbols import LONGEST_TEXT, Blob, Made, Sequence, Symbol, Table

if TYPE_CHECKING:
    from finbehave.compat.machine import Machine

Operation = Callable[["Machine"], None]
TABLE: list[Operation | None] = [None] * 256
_MOST_DIGITS = 4096


class _Mark:
    """The mark object of the stack."""


MARK: Any = _Mark()


def _operation(*codes: bytes) -> Callable[[Operation], Operation]:
    def add(function: Operation) -> Operation:
        for code in codes:
            TABLE[code[0]] = function
        return function

    return add


def _constant(code: bytes, value: Any) -> None:
    TABLE[code[0]] = lambda m: m.stack.append(value)


for _code, _value in ((b"N", None), (b"\x88", True), (b"\x89", False), (b")", ())):
    _constant(_code, _value)


# --- the frame of things ----------------------------------------------------------------------------------------


@_operation(b"\x80")
def _proto(m: Machine) -> None:
    m.protocol = m.source.read(1)[0]
    if m.protocol > 5:
        raise Broken("model-corrupt", f"it says pickle protocol {m.protocol}, and there are 0 to 5")
    m.note_protocol(m.protocol)


@_operation(b"\x95")
def _frame(m: Machine) -> None:
    (length,) = struct.unpack("<Q", m.source.read(8))
    m.frame_end = max(m.frame_end, m.source.position + length)


@_operation(b".")
def _stop(m: Machine) -> None:
    if not m.stack or m.stack[-1] is MARK:
        raise Broken("model-corrupt", f"at byte {m.source.position} the pickle stops with nothing made")
    m.done = True


@_operation(b"(")
def _mark(m: Machine) -> None:
    m.marks.append(len(m.stack))
    m.stack.append(MARK)


@_operation(b"0")
def _pop(m: Machine) -> None:
    m.pop()


@_operation(b"1")
def _pop_mark(m: Machine) -> None:
    m.pop_mark()


@_operation(b"2")
def _dup(m: Machine) -> None:
    m.push(m.stack[-1])


# --- plain values -------------------------------------------------------------------------------------------------


@_operation(b"K")
def _binint1(m: Machine) -> None:
    m.stack.append(m.source.read(1)[0])


@_operation(b"M")
def _binint2(m: Machine) -> None:
    m.stack.append(int.from_bytes(m.source.read(2), "little"))


@_operation(b"J")
def _binint(m: Machine) -> None:
    m.stack.append(int.from_bytes(m.source.read(4), "little", signed=True))


@_operation(b"G")
def _binfloat(m: Machine) -> None:
    m.stack.append(struct.unpack(">d", m.source.read(8))[0])


def _long(m: Machine, length: int) -> None:
    data = m.source.blob(length)
    m.stack.append(int.from_bytes(data, "little", signed=True) if length <= 64 else Blob(length, data[:8]))


@_operation(b"\x8a")
def _long1(m: Machine) -> None:
    _long(m, m.source.read(1)[0])


@_operation(b"\x8b")
def _long4(m: Machine) -> None:
    _long(m, _signed(m, int.from_bytes(m.source.read(4), "little", signed=True)))


@_operation(b"I", b"L")
def _int_line(m: Machine) -> None:
    line = m.source.line()
    if line in (b"00", b"01"):
        m.stack.append(line == b"01")
    elif len(line) > _MOST_DIGITS:
        m.stack.append(Blob(len(line), line[:8]))
    else:
        m.stack.append(int(line.rstrip(b"L")))


@_operation(b"F")
def _float_line(m: Machine) -> None:
    m.stack.append(float(m.source.line()))


def _signed(m: Machine, length: int) -> int:
    if length < 0:
        raise Broken("model-corrupt", f"at byte {m.source.position} it announces a negative length")
    return length


def _text(m: Machine, length: int) -> None:
    short = length <= LONGEST_TEXT
    data = m.source.read(length) if short else m.source.blob(length)
    m.stack.append(data.decode("utf-8", "surrogatepass") if short else Blob(length, data))


def _bytes(m: Machine, length: int) -> None:
    m.stack.append(Blob(length, m.source.blob(length)))


def _counted(code: bytes, width: int, take: Callable[[Machine, int], None]) -> None:
    def operation(m: Machine) -> None:
        take(m, int.from_bytes(m.source.read(width), "little"))

    TABLE[code[0]] = operation


_counted(b"\x8c", 1, _text)
_counted(b"X", 4, _text)
_counted(b"\x8d", 8, _text)
_counted(b"C", 1, _bytes)
_counted(b"B", 4, _bytes)
_counted(b"\x8e", 8, _bytes)
_counted(b"\x96", 8, _bytes)


def _old_text(m: Machine, length: int) -> None:
    """A Python 2 str: a text where it can be one, so that names are found."""
    short = length <= LONGEST_TEXT
    data = m.source.read(length) if short else m.source.blob(length)
    m.stack.append(data.decode("latin-1") if short else Blob(length, data))


@_operation(b"U")
def _short_binstring(m: Machine) -> None:
    _old_text(m, m.source.read(1)[0])


@_operation(b"T")
def _binstring(m: Machine) -> None:
    _old_text(m, _signed(m, int.from_bytes(m.source.read(4), "little", signed=True)))


@_operation(b"S")
def _string_line(m: Machine) -> None:
    line = m.source.line().strip()
    if len(line) < 2 or line[:1] not in b"'\"":
        raise Broken("model-corrupt", f"at byte {m.source.position} stands a text without quotes")
    short = len(line) <= LONGEST_TEXT
    m.stack.append(codecs.escape_decode(line[1:-1])[0].decode("latin-1") if short else Blob(len(line), line))


@_operation(b"V")
def _unicode_line(m: Machine) -> None:
    line = m.source.line()
    short = len(line) <= LONGEST_TEXT
    m.stack.append(line.decode("raw_unicode_escape") if short else Blob(len(line), line[:HEAD]))


# --- containers ---------------------------------------------------------------------------------------------------


def _tuple_of(code: bytes, count: int) -> None:
    def operation(m: Machine) -> None:
        if len(m.stack) < count:
            raise Broken("model-corrupt", f"at byte {m.source.position} a tuple needs more than there is")
        items = tuple(m.stack[-count:])
        del m.stack[-count:]
        m.stack.append(items)

    TABLE[code[0]] = operation


for _code, _count in ((b"\x85", 1), (b"\x86", 2), (b"\x87", 3)):
    _tuple_of(_code, _count)


@_operation(b"t")
def _tuple(m: Machine) -> None:
    m.stack.append(tuple(m.pop_mark()))


def _new(kind: str, items: list[Any]) -> Sequence:
    made = Sequence(kind)
    for item in items:
        made.add(item)
    return made


@_operation(b"]")
def _empty_list(m: Machine) -> None:
    m.stack.append(Sequence("list"))


@_operation(b"\x8f")
def _empty_set(m: Machine) -> None:
    m.stack.append(Sequence("set"))


@_operation(b"}")
def _empty_dict(m: Machine) -> None:
    m.stack.append(Table())


@_operation(b"l")
def _list(m: Machine) -> None:
    m.stack.append(_new("list", m.pop_mark()))


@_operation(b"\x91")
def _frozenset(m: Machine) -> None:
    m.stack.append(_new("frozenset", m.pop_mark()))


@_operation(b"d")
def _dict(m: Machine) -> None:
    table = Table()
    _put(table, m.pop_mark())
    m.stack.append(table)


def _put(table: Table, items: list[Any]) -> None:
    for index in range(0, len(items) - 1, 2):
        table.put(items[index], items[index + 1])


def _extend(m: Machine, items: list[Any]) -> None:
    target = m.stack[-1]
    if isinstance(target, Sequence):
        for item in items:
            target.add(item)
    elif isinstance(target, Made):
        target.sequence = target.sequence or Sequence("list")
        for item in items:
            target.sequence.add(item)
    else:
        m.mutates(target)


def _set_items(m: Machine, items: list[Any]) -> None:
    target = m.stack[-1]
    if isinstance(target, Table):
        _put(target, items)
    elif isinstance(target, Made):
        target.pairs = target.pairs or Table()
        _put(target.pairs, items)
        check_items(m.reading, target, items)
    else:
        m.mutates(target)


@_operation(b"a")
def _append(m: Machine) -> None:
    item = m.pop()
    _extend(m, [item])


@_operation(b"e", b"\x90")
def _appends(m: Machine) -> None:
    _extend(m, m.pop_mark())


@_operation(b"s")
def _setitem(m: Machine) -> None:
    value = m.pop()
    _set_items(m, [m.pop(), value])


@_operation(b"u")
def _setitems(m: Machine) -> None:
    _set_items(m, m.pop_mark())


# --- the memo -----------------------------------------------------------------------------------------------------


@_operation(b"\x94")
def _memoize(m: Machine) -> None:
    m.memo[len(m.memo)] = m.stack[-1]


@_operation(b"p")
def _put_line(m: Machine) -> None:
    m.memo[int(m.source.line())] = m.stack[-1]


@_operation(b"g")
def _get_line(m: Machine) -> None:
    m.push(m.memo[int(m.source.line())])


def _memo(code: bytes, width: int, *, put: bool) -> None:
    def store(m: Machine) -> None:
        m.memo[int.from_bytes(m.source.read(width), "little")] = m.stack[-1]

    def fetch(m: Machine) -> None:
        m.push(m.memo[int.from_bytes(m.source.read(width), "little")])

    TABLE[code[0]] = store if put else fetch


_memo(b"q", 1, put=True)
_memo(b"r", 4, put=True)
_memo(b"h", 1, put=False)
_memo(b"j", 4, put=False)


# --- globals and objects --------------------------------------------------------------------------------------------


@_operation(b"c")
def _global(m: Machine) -> None:
    module = m.source.line().decode("utf-8")
    m.push(m.symbol(module, m.source.line().decode("utf-8")))


@_operation(b"\x93")
def _stack_global(m: Machine) -> None:
    name, module = m.pop(), m.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise Broken("model-corrupt", f"at byte {m.source.position} a global has a name that is no text")
    m.push(m.symbol(module, name))


@_operation(b"i")
def _inst(m: Machine) -> None:
    module = m.source.line().decode("ascii")
    maker = m.symbol(module, m.source.line().decode("ascii"))
    m.push(maker)
    m.stack.pop()
    m.push(m.call(maker, tuple(m.pop_mark())))


@_operation(b"o")
def _obj(m: Machine) -> None:
    items = m.pop_mark()
    m.push(m.call(items[0], tuple(items[1:])))


@_operation(b"R")
def _reduce(m: Machine) -> None:
    args, maker = m.pop(), m.pop()
    m.push(m.call(maker, args))


@_operation(b"\x81")
def _newobj(m: Machine) -> None:
    args, maker = m.pop(), m.pop()
    m.push(m.call(maker, args, new=True))


@_operation(b"\x92")
def _newobj_ex(m: Machine) -> None:
    options, args, maker = m.pop(), m.pop(), m.pop()
    m.push(m.call(maker, (*args, options) if isinstance(args, tuple) else args, new=True))


@_operation(b"b")
def _build(m: Machine) -> None:
    m.build(m.pop())


def _extension(code: bytes, width: int) -> None:
    def operation(m: Machine) -> None:
        number = int.from_bytes(m.source.read(width), "little")
        m.push(m.symbol("copyreg", f"extension {number}"))

    TABLE[code[0]] = operation


for _code, _width in ((b"\x82", 1), (b"\x83", 2), (b"\x84", 4)):
    _extension(_code, _width)


@_operation(b"P", b"Q")
def _persistent(m: Machine) -> None:
    if m.last_opcode == ord("P"):
        m.source.line()
    else:
        m.pop()
    m.reading.odd("it refers to objects outside the file (persistent ids)")
    m.stack.append(Made(Symbol("", "persistent id"), ()))


@_operation(b"\x97")
def _next_buffer(m: Machine) -> None:
    m.reading.odd("it keeps its arrays outside the file (out-of-band buffers)")
    m.stack.append(Blob(0, b""))


@_operation(b"\x98")
def _readonly_buffer(m: Machine) -> None:
    """Only marks the top as read-only."""
