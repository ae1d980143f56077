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
        code = code.head.decode("latin-1")
    if not isinstance(code, str) or not code:
        return None
    state = value.state if isinstance(value.state, tuple) else ()
    if len(state) >= 6 and isinstance(state[4], Table):
        return _record(code, state, depth)
    if len(state) >= 3 and isinstance(state[2], tuple) and len(state[2]) == 2:
        return _subarray(code, state[2], depth)
    return _simple(code)


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
    fields = []
    for name in names if isinstance(names, tuple) else ():
        entry = described.get(name)
        if not isinstance(entry, tuple) or len(entry) < 2 or not isinstance(entry[1], int):
            return None
        inner = dtype_of(entry[0], depth + 1)
        if inner is None or not isinstance(name, str):
            return None
        fields.append((name, "O" if inner.has_object else inner.code, entry[1]))
    if not isinstance(itemsize, int) or itemsize < 0:
        return None
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
        return int.from_bytes(value.args[1].head[:8], "little", signed=True)
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
