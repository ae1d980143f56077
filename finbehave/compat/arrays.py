"""numpy's arrays as files hold them: dtypes from their pickled state, and joblib's raw bytes passed over.

A joblib file is a pickle in which each array is an ``NumpyArrayWrapper``; right after the BUILD that completes one,
outside the pickle, come a padding length, padding and the array's raw bytes (or, for objects, a whole second pickle).
"""

from __future__ import annotations

import struct
from typing import Any

from finbehave.compat.stream import Broken
from finbehave.compat.symbols import Blob, DType, Made, Sequence, StoredArray, Symbol, Table

WRAPPERS = {
    f"{package}.{module}.{name}"
    for package in ("joblib", "sklearn.externals.joblib")
    for module in ("numpy_pickle", "numpy_pickle_compat", "_numpy_pickle")
    for name in ("NumpyArrayWrapper", "NDArrayWrapper", "ZNDArrayWrapper")
}
"""What joblib puts where an array was; the last two, of joblib up to 0.9, point to a file beside the model."""

ARRAY_CLASSES = ("numpy.ndarray", "numpy.matrix", "numpy.memmap", "numpy.core.memmap.memmap", "numpy.recarray")
RECONSTRUCTORS = {f"numpy.{core}.multiarray._reconstruct" for core in ("core", "_core")} | {
    "numpy.ma.core._mareconstruct"
}
FROM_BUFFER = {f"numpy.{core}.numeric._frombuffer" for core in ("core", "_core")}
SCALARS = {f"numpy.{core}.multiarray.scalar" for core in ("core", "_core")}

NEW_BLOCK = "pandas.core.internals.blocks.new_block"
"""Pandas 1.3 pickles a block as a call of a partial of this."""

_SIZES = {"b": 1, "h": 2, "i": 4, "l": 8, "q": 8, "B": 1, "H": 2, "I": 4, "L": 8, "Q": 8, "f": 4, "d": 8, "?": 1}
_STRUCT = {
    "i1": "b",
    "i2": "h",
    "i4": "i",
    "i8": "q",
    "u1": "B",
    "u2": "H",
    "u4": "I",
    "u8": "Q",
    "f4": "f",
    "f8": "d",
    "b1": "?",
}


def maker_name(value: Any) -> str:
    """``module.name`` of what makes an object; empty for what is none."""
    if isinstance(value, Made) and isinstance(value.maker, Symbol):
        return value.maker.dotted
    return ""


def of_partial(maker: Any) -> Any:
    """``NEW_BLOCK`` for a partial of it; everything else as it is."""
    state = maker.state if maker_name(maker) == "functools.partial" else None
    function = state[0] if isinstance(state, tuple) and state else None
    return function if isinstance(function, Symbol) and function.dotted == NEW_BLOCK else maker


def is_object(value: Any) -> bool:
    """Whether a value is an object of some class other than numpy's."""
    return isinstance(value, Made) and not maker_name(value).startswith("numpy.")


def dtype_of(value: Any, depth: int = 0) -> DType | None:
    """The dtype that a pickled one describes; None where it cannot be told."""
    if depth > 8 or maker_name(value) not in (
        "numpy.dtype",
        "numpy.core.multiarray.dtype",
        "numpy._core.multiarray.dtype",
    ):
        return _dtype_class(value)
    code = value.args[0] if value.args else None
    if isinstance(code, Symbol):
        return _dtype_class(code)
    if isinstance(code, Blob):
        code = code.head.decode("latin-1") if code.length == len(code.head) else None
    if not isinstance(code, str) or not code:
        return None
    if value.state is None:
        return _simple(code)
    if not isinstance(value.state, tuple) or len(value.state) not in (8, 9):
        return None
    found = _of_state(code, value.state, depth)
    return found if found is not None and _agrees(found, value.state) else None


def _of_state(code: str, state: tuple[Any, ...], depth: int) -> DType | None:
    """(version, byte order, (base, shape), names, fields, size, alignment, flags[, metadata])."""
    if isinstance(state[4], Table):
        return _record(code, state, depth)
    if state[3] is not None or state[4] is not None:
        return None
    if state[2] is not None:
        return _subarray(code, state[2], depth) if isinstance(state[2], tuple) and len(state[2]) == 2 else None
    return _simple(code)


def _agrees(dtype: DType, state: tuple[Any, ...]) -> bool:
    """Whether size and flags are those of the code: numpy believes them, and takes bytes for pointers."""
    size, flags = state[5], state[7]
    sized = dtype.code.lstrip("<>|=")[:1] in ("S", "U", "V", "a")
    if not isinstance(size, int) or not isinstance(flags, int) or size != (dtype.itemsize if sized else -1):
        return False
    return flags & _OF_OBJECTS == _OF_OBJECTS if dtype.has_object else not flags & _ONLY_OF_OBJECTS


_ONLY_OF_OBJECTS = 0x03
"""NPY_ITEM_REFCOUNT and NPY_LIST_PICKLE (numpy/ndarraytypes.h) …"""
_OF_OBJECTS = _ONLY_OF_OBJECTS | 0x18
"""… which objects have together with NPY_NEEDS_INIT and NPY_NEEDS_PYAPI."""


def is_as_numpy_writes(value: Made) -> bool:
    """Whether a pickled dtype with a state is one that numpy could have written."""
    return maker_name(value) == "numpy.dtype" and (len(value.args) in (1, 3)) and dtype_of(value) is not None


def _dtype_class(value: Any) -> DType | None:
    name = value.dotted if isinstance(value, Symbol) else maker_name(value)
    if name.startswith("numpy.dtypes.") and "String" in name:
        return DType("T", 16, has_object=True)
    return None


def _simple(code: str) -> DType | None:
    code = code.lstrip("<>|=")
    kind, digits = code[:1], code[1:]
    if kind == "O":
        return DType("O", 8, has_object=True)
    if digits and not digits.isdigit():  # a unit: M8[ns]
        digits = digits.partition("[")[0]
    if digits.isdigit():
        size = int(digits) * (4 if kind == "U" else 1)
        return DType(code, size, has_object=False)
    if kind in _SIZES and not digits:
        return DType(code, _SIZES[kind], has_object=False)
    return None


def _record(code: str, state: tuple[Any, ...], depth: int) -> DType | None:
    names, table, itemsize = state[3], state[4], state[5]
    described = table.named()
    if any(not isinstance(key, str) for key, _ in table.pairs) or not isinstance(itemsize, int) or itemsize < 0:
        return None
    if state[2] is not None or code.lstrip("<>|=") != f"V{itemsize}":
        return None
    fields = []
    for name in names if isinstance(names, tuple) else ():
        entry = described.get(name)
        if not isinstance(entry, tuple) or len(entry) < 2 or not isinstance(entry[1], int):
            return None
        inner = dtype_of(entry[0], depth + 1)
        if inner is None or not isinstance(name, str) or not 0 <= entry[1] <= itemsize - inner.itemsize:
            return None
        fields.append((name, "O" if inner.has_object else inner.code, entry[1]))
    return DType(code, itemsize, has_object=any(f[1] == "O" for f in fields), fields=tuple(fields))


def _subarray(code: str, described: tuple[Any, ...], depth: int) -> DType | None:
    inner = dtype_of(described[0], depth + 1)
    shape = described[1] if isinstance(described[1], tuple) else (described[1],)
    count = product(shape)
    if inner is None or count is None:
        return None
    return DType(code, inner.itemsize * count, has_object=inner.has_object)


def product(shape: Any) -> int | None:
    """How many elements a shape has; None for what is no shape."""
    if not isinstance(shape, tuple) or len(shape) > 64:
        return None
    count = 1
    for length in shape:
        length = _integer(length)
        if length is None or length < 0:
            return None
        count *= length
        if count > 1 << 62:
            raise Broken("model-corrupt", f"it announces an array of shape {shape}, which no file can hold")
    return count


def _integer(value: Any) -> int | None:
    """A length; numpy's integer scalars are pickled as calls."""
    if isinstance(value, int):
        return int(value)
    if maker_name(value) in SCALARS and len(value.args) == 2 and isinstance(value.args[1], Blob):
        dtype, data = dtype_of(value.args[0]), value.args[1]
        state = value.args[0].state
        if dtype and dtype.code in ("i4", "i8", "u4", "u8") and data.length == dtype.itemsize and state[1] == "<":
            return int.from_bytes(data.head, "little", signed=dtype.code[0] == "i")
    return None


def array_of_state(state: Any) -> StoredArray | None:
    """The array of ``ndarray.__setstate__``'s tuple: (version, shape, dtype, fortran, bytes or objects)."""
    if not isinstance(state, tuple) or len(state) < 4:
        return None
    shape, dtype, data = state[-4], dtype_of(state[-3]), state[-1]
    whole = tuple(x for x in shape if isinstance(x, int)) if isinstance(shape, tuple) else ()
    if isinstance(data, Blob):
        return StoredArray(dtype, whole, data.length, data.head)
    items = data if isinstance(data, (Sequence, tuple)) else None
    return StoredArray(dtype, whole, 0, b"", items)


def records(array: StoredArray, most: int = 4096) -> list[dict[str, Any]]:
    """The first records of a structured array, as far as its head reaches. Fields of unknown kinds are left out."""
    if array.dtype is None or not array.dtype.fields or array.dtype.itemsize <= 0:
        return []
    readers = [
        (name, struct.Struct("<" + _STRUCT[code.lstrip("<>|=")]), offset)
        for name, code, offset in array.dtype.fields
        if code.lstrip("<>|=") in _STRUCT
    ]
    size = array.dtype.itemsize
    found = []
    for start in range(0, min(len(array.head) - size + 1, most * size), size):
        record = {}
        for name, reader, offset in readers:
            if offset + reader.size <= size:
                record[name] = reader.unpack_from(array.head, start + offset)[0]
        found.append(record)
    return found
