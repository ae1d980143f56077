"""Calls whose outcome can be told without making them.

``GUARDED`` callables turn names into anything: they are accepted only where they are called with arguments that can
be seen, and what they yield is then judged like any other global.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from finbehave.compat import allowed, arrays
from finbehave.compat.symbols import MOST_SCALARS, Blob, Made, Sequence, StoredArray, Symbol

if TYPE_CHECKING:
    from finbehave.compat.machine import Machine

GUARDED = frozenset(
    {
        "builtins.getattr",
        "copyreg._reconstructor",
        "copyreg.__newobj__",
        "copyreg.__newobj_ex__",
        "_codecs.encode",
        "numpy.core._ufunc_reconstruct",
        "numpy._core._ufunc_reconstruct",
        *allowed.ONLY_AS_A_CLASS,
    }
)

_ENCODINGS = {"latin1", "latin-1", "iso-8859-1", "ascii", "utf-8", "utf8"}


def _getattr(machine: Machine, args: tuple[Any, ...]) -> Any:
    if len(args) != 2 or not isinstance(args[1], str):
        return NotImplemented
    owner, name = args
    if isinstance(owner, Symbol):
        return machine.named(owner.module, f"{owner.name}.{name}")
    if isinstance(owner, Made) and isinstance(owner.maker, Symbol):  # a bound method, which holds its object
        return Made(machine.named(owner.maker.module, f"{owner.maker.name}.{name}", bound=True), (owner,))
    if isinstance(owner, (str, int, float)):
        return machine.named("builtins", f"{type(owner).__name__}.{name}")
    return NotImplemented


def _ufunc(machine: Machine, args: tuple[Any, ...]) -> Any:
    if len(args) == 2 and isinstance(args[0], str) and isinstance(args[1], str):
        return machine.named(args[0], args[1])
    return NotImplemented


def _reconstructor(machine: Machine, args: tuple[Any, ...]) -> Any:
    """``(class, base, state)``: an object of the class, founded by its base's ``__new__`` and ``__init__``."""
    if len(args) != 3 or not _is_class(args[0]) or not isinstance(args[1], Symbol) or isinstance(args[2], Made):
        return NotImplemented
    if args[1].dotted not in allowed.BASES:
        return NotImplemented
    return machine.call(args[0], () if args[2] is None else args[2:], new=True)


def _new_object(machine: Machine, args: tuple[Any, ...]) -> Any:
    return machine.call(args[0], args[1:], new=True) if args and _is_class(args[0]) else NotImplemented


def _new_object_ex(machine: Machine, args: tuple[Any, ...]) -> Any:
    if len(args) == 3 and _is_class(args[0]) and isinstance(args[1], tuple):
        return machine.call(args[0], (*args[1], args[2]), new=True)
    return NotImplemented


def _is_class(value: Any) -> bool:
    return isinstance(value, Symbol) and value.dotted not in GUARDED


def _reconstruct(machine: Machine, args: tuple[Any, ...]) -> Any:
    """``(class, shape, kind)``: an array of the class, by the ``__new__`` of numpy's own."""
    machine.explain(args[0] if args else None, args)
    return NotImplemented


def _encode(_machine: Machine, args: tuple[Any, ...]) -> Any:
    if len(args) != 2 or args[1] not in _ENCODINGS:
        return NotImplemented
    if isinstance(args[0], str):
        data = args[0].encode("latin-1", "replace")
        return Blob(len(data), data)
    return args[0] if isinstance(args[0], Blob) else NotImplemented


def _builtin_type(machine: Machine, args: tuple[Any, ...]) -> Any:
    """Cloudpickle's way to name a class of ``types``."""
    return machine.named("types", args[0]) if len(args) == 1 and isinstance(args[0], str) else NotImplemented


def _frombuffer(_machine: Machine, args: tuple[Any, ...]) -> Any:
    if len(args) < 3:
        return NotImplemented
    data = args[0].args[0] if isinstance(args[0], Made) and args[0].args else args[0]
    length, head = (data.length, data.head) if isinstance(data, Blob) else (0, b"")
    shape = args[2] if isinstance(args[2], tuple) else ()
    return StoredArray(arrays.dtype_of(args[1]), tuple(x for x in shape if isinstance(x, int)), length, head)


def _scalar(machine: Machine, args: tuple[Any, ...]) -> Any:
    """``(dtype, bytes)``; of the dtype of objects it gives back what it was given, of whatever class that is."""
    if len(args) != 2 or not isinstance(args[1], (Blob, str)):
        machine.reading.odd("it makes a number of numpy's of something other than bytes")
    return NotImplemented


def _of_class(machine: Machine, args: tuple[Any, ...]) -> Any:
    """Cython's ``newObj(class)`` gives an object of that class."""
    if len(args) == 1 and _is_class(args[0]):
        return machine.call(args[0], (), new=True)
    machine.reading.odd("it makes an object of a class that cannot be seen")
    return NotImplemented


def _dill_array(machine: Machine, args: tuple[Any, ...]) -> Any:
    """Dill's ``_create_array(maker, arguments, state, …)``."""
    plain = len(args) >= 3 and isinstance(args[0], Symbol) and args[0].dotted in arrays.RECONSTRUCTORS
    if not plain or any(arg is not None for arg in args[3:]):
        machine.reading.odd("it makes an array in a way that dill does not")
        return NotImplemented
    made = Made(args[0], args[1] if isinstance(args[1], tuple) else ())
    made.state = args[2]
    if (array := arrays.array_of_state(args[2])) is not None:
        made.sequence = Sequence("list")
        made.sequence.items = [array]
    return made


def _code(machine: Machine, args: tuple[Any, ...]) -> Any:
    words = {word for value in args if isinstance(value, tuple) for word in value if isinstance(word, str)}
    if len(machine.reading.bytecode) < MOST_SCALARS:
        machine.reading.bytecode |= words
    return NotImplemented


Resolver = Callable[["Machine", tuple[Any, ...]], Any]
RESOLVERS: dict[str, Resolver] = {
    "builtins.getattr": _getattr,
    "copyreg._reconstructor": _reconstructor,
    "copyreg.__newobj__": _new_object,
    "copyreg.__newobj_ex__": _new_object_ex,
    "_codecs.encode": _encode,
    "numpy.core._ufunc_reconstruct": _ufunc,
    "numpy._core._ufunc_reconstruct": _ufunc,
    "cloudpickle.cloudpickle._builtin_type": _builtin_type,
    "cloudpickle.cloudpickle_fast._builtin_type": _builtin_type,
    "dill._dill._create_array": _dill_array,
    "types.CodeType": _code,
    "builtins.code": _code,
    **dict.fromkeys(arrays.FROM_BUFFER, _frombuffer),
    **dict.fromkeys(arrays.RECONSTRUCTORS, _reconstruct),
    **dict.fromkeys(arrays.SCALARS, _scalar),
}
"""Maker -> what a call gives; NotImplemented where the arguments do not tell."""


def resolver(maker: Symbol) -> Resolver | None:
    """What tells the outcome of a call."""
    return _of_class if maker.name == "newObj" else RESOLVERS.get(maker.dotted)
