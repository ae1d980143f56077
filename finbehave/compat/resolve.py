"""Calls whose outcome can be told without making them, and states that would run as code.

``GUARDED`` callables turn names into anything: they are accepted only where they are called with arguments that can
be seen, and what they yield is then judged like any other global.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from finbehave.compat import allowed, arrays
from finbehave.compat.symbols import MOST_SCALARS, Blob, Made, Sequence, StoredArray, Symbol, Table, children

if TYPE_CHECKING:
    from finbehave.compat.machine import Machine
    from finbehave.compat.reading import Reading

GUARDED = frozenset(
    {
        "builtins.getattr",
        "copyreg._reconstructor",
        "copyreg.__newobj__",
        "copyreg.__newobj_ex__",
        "_codecs.encode",
        "numpy.core._ufunc_reconstruct",
        "numpy._core._ufunc_reconstruct",
    }
)

_ENCODINGS = {"latin1", "latin-1", "iso-8859-1", "ascii", "utf-8", "utf8"}


def _getattr(machine: Machine, args: tuple[Any, ...]) -> Any:
    if len(args) != 2 or not isinstance(args[1], str):
        return NotImplemented
    owner, name = args
    if isinstance(owner, Symbol):
        return machine.symbol(owner.module, f"{owner.name}.{name}")
    if isinstance(owner, Made) and isinstance(owner.maker, Symbol):  # a bound method, which holds its object
        return Made(machine.symbol(owner.maker.module, f"{owner.maker.name}.{name}"), (owner,))
    if isinstance(owner, (str, int, float)):
        return machine.symbol("builtins", f"{type(owner).__name__}.{name}")
    return NotImplemented


def _ufunc(machine: Machine, args: tuple[Any, ...]) -> Any:
    if len(args) == 2 and isinstance(args[0], str) and isinstance(args[1], str):
        return machine.symbol(args[0], args[1])
    return NotImplemented


def _reconstructor(machine: Machine, args: tuple[Any, ...]) -> Any:
    return machine.call(args[0], args[2:]) if len(args) == 3 and isinstance(args[0], Symbol) else NotImplemented


def _new_object(machine: Machine, args: tuple[Any, ...]) -> Any:
    return machine.call(args[0], args[1:]) if args and isinstance(args[0], Symbol) else NotImplemented


def _new_object_ex(machine: Machine, args: tuple[Any, ...]) -> Any:
    if len(args) == 3 and isinstance(args[0], Symbol) and isinstance(args[1], tuple):
        return machine.call(args[0], (*args[1], args[2]))
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
    return machine.symbol("types", args[0]) if len(args) == 1 and isinstance(args[0], str) else NotImplemented


def _frombuffer(_machine: Machine, args: tuple[Any, ...]) -> Any:
    if len(args) < 3:
        return NotImplemented
    data = args[0].args[0] if isinstance(args[0], Made) and args[0].args else args[0]
    length, head = (data.length, data.head) if isinstance(data, Blob) else (0, b"")
    shape = args[2] if isinstance(args[2], tuple) else ()
    return StoredArray(arrays.dtype_of(args[1]), tuple(x for x in shape if isinstance(x, int)), length, head)


def _dill_array(_machine: Machine, args: tuple[Any, ...]) -> Any:
    """Dill's ``_create_array(maker, arguments, state, …)``."""
    if len(args) < 3 or not isinstance(args[0], Symbol) or args[0].dotted not in arrays.RECONSTRUCTORS:
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
}
"""Maker -> what a call gives; NotImplemented where the arguments do not tell."""


# --- states that run as code -------------------------------------------------------------------------------------

_NAMES = r"(?:[A-Za-z_]\w*, ?)*"
_IN, _OUT = r"loc=0(?:, scale=1)?", r"loc(?:, scale)?"
_SCIPY_TEMPLATE = re.compile(
    rf"\ndef _parse_args\(self, {_NAMES} ?{_IN}\):\n    return \({_NAMES}\), {_OUT}\n"
    rf"\ndef _parse_args_rvs\(self, {_NAMES} ?{_IN}, size=None\):\n"
    rf"    return self\._argcheck_rvs\({_NAMES} ?{_OUT}, size=size\)\n"
    rf"\ndef _parse_args_stats\(self, {_NAMES} ?{_IN}, moments='mv'\):\n    return \({_NAMES}\), {_OUT}, moments\n"
)
"""``parse_arg_template`` of scipy/stats/_distn_infrastructure.py with any shape names."""


def check_state(reading: Reading, target: Made, state: Any) -> None:
    """States that would run as code: names of methods to be called, and texts that are executed."""
    _check_methods(reading, state)
    _check_text(reading, target, state)


def _check_methods(reading: Reading, state: Any) -> None:
    """Stacks and scorers call the methods whose names they hold: those must be ones that predict or transform."""
    for table in (state, *state) if isinstance(state, tuple) else (state,):
        named = table.named() if isinstance(table, Table) else {}
        for key in allowed.NAMES_OF_METHODS:
            value = named.get(key)
            words = [value] if isinstance(value, str) else [child for _, child in children(value)]
            strange = [w for w in words if isinstance(w, str) and w not in allowed.METHODS | {"auto", "drop"}]
            if strange:
                reading.dangers.append(f"{key} says that the method {strange[0]!r} is to be called")


def _check_text(reading: Reading, target: Made, state: Any) -> None:
    """Scipy's distributions execute a text of their state (``rv_generic.__setstate__``): it must be scipy's own."""
    if not (isinstance(target.maker, Symbol) and target.maker.module.partition(".")[0] == "scipy"):
        return
    if isinstance(state, Table):
        template = state.named().get("_parse_arg_template")
        hidden = state.count > len(state.pairs) or any(not isinstance(key, str) for key, _ in state.pairs)
        own = template is None or (isinstance(template, str) and _SCIPY_TEMPLATE.fullmatch(template))
        if own and not hidden:
            return
    elif _is_old_scipy_state(state) or "stats" not in target.maker.module:
        return
    reading.dangers.append(
        f"the state of {target.maker.dotted} holds text that would be executed and is not scipy's own"
    )


def _is_old_scipy_state(state: Any) -> bool:
    """Scipy < 1.6 pickles (constructor arguments, random state); it checks the names itself before it uses them."""
    return isinstance(state, tuple) and len(state) == 2 and isinstance(state[0], Table)
