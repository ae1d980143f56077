"""What a file gives its objects: arguments and states through which a harmless class would come to run something.

Some of it is told while the file is read. A container can still be changed after it was handed over, so what depends
on the contents of one is kept (``Reading.later``) and judged at the end of the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from finbehave.compat import allowed, arrays
from finbehave.compat.knowledge import knowledge
from finbehave.compat.safety import is_known, only_computes
from finbehave.compat.symbols import Blob, Made, Sequence, StoredArray, Symbol, Table, children, is_scalar

if TYPE_CHECKING:
    from finbehave.compat.reading import Reading

_DEEPEST = 4


# --- what an object is given: BUILD -------------------------------------------------------------------------------


def check_state(reading: Reading, target: Made, state: Any) -> None:
    """A state that is set on an object."""
    _check_text(reading, target, state)
    _keep_names(reading, state)
    name = arrays.maker_name(target)
    if name.partition(".")[0] in allowed.CARRIERS_OF_CODE:
        return
    if name == "builtins.type":
        reading.danger("it changes a class")
    if name == "functools.partial":
        reading.later.append((_partial, state))
    elif name == "numpy.vectorize":
        reading.later.append((_vectorized, state))
    elif name.startswith("numpy.dtype"):
        reading.later.append((_dtype, target))
        _dtype(reading, target)
    elif name.endswith(".FunctionTransformer"):
        reading.later.append((_keyword_arguments, state))
    parts = state if isinstance(state, tuple) else (state,)
    for part in parts:
        if isinstance(part, Table):
            _check_keys(reading, name, part)
    if _hides_items(state, parts, name):
        reading.odd(f"the state of {name or 'an object'} is not a plain dictionary")


def _hides_items(state: Any, parts: tuple[Any, ...], name: str) -> bool:
    """Whether attributes may be set whose names cannot be seen: a state is asked for its items, whatever it is."""
    if name.startswith("scipy.stats.") and _is_old_scipy_state(state):
        return False
    own = name.partition(".")[0] if name.startswith(("pandas.", "numpy.")) else "?"
    suspects = parts if len(parts) <= 2 else ()
    for part in suspects:
        if isinstance(part, Made) and not arrays.maker_name(part).startswith((f"{own}.", "numpy.")):
            return True
        if own == "?" and isinstance(part, (Made, Symbol, StoredArray, Sequence)):
            return True
        if isinstance(part, tuple) and any(isinstance(word, str) and word[:2] == "__" for word in part):
            return True  # a dictionary can be filled from pairs
    return False


def _check_keys(reading: Reading, name: str, table: Table) -> None:
    """The names of the attributes that a dictionary sets."""
    if table.count > len(table.pairs) or any(not isinstance(key, (str, int, float, Blob)) for key, _ in table.pairs):
        reading.odd(f"the state of {name} has names that cannot be read")
    for key, value in table.pairs:
        if isinstance(key, str):
            check_key(reading, name, key, value)


def check_key(reading: Reading, name: str, key: str, value: Any) -> None:
    """One attribute that is set on an object of class ``name``."""
    special = key.startswith("__") and key.endswith("__") and key not in allowed.HONEST_DUNDERS
    called = key in allowed.CALLED_WHILE_LOADING and isinstance(value, (Symbol, Made))
    if special or called:
        reading.danger(f"it sets {key} on an object of {name}")


def check_items(reading: Reading, target: Made, items: list[Any]) -> None:
    """Items put into an object that is no plain container (``sklearn.utils.Bunch`` reads them as attributes)."""
    name = arrays.maker_name(target)
    if name.partition(".")[0] in ("builtins", "collections", "pandas", "numpy", *allowed.CARRIERS_OF_CODE):
        return
    for key, value in zip(items[::2], items[1::2], strict=False):
        if isinstance(key, str):
            check_key(reading, name, key, value)
        elif not is_scalar(key):
            reading.odd(f"an object of {name} is given names that cannot be read")


# --- what a callable is given: REDUCE, NEWOBJ, OBJ, INST ------------------------------------------------------------


def check_call(reading: Reading, maker: Symbol, args: tuple[Any, ...], *, new: bool) -> None:
    """Arguments. ``new`` where only ``__new__`` is called, and no constructor."""
    name, top = maker.dotted, maker.module.partition(".")[0]
    if top in allowed.CARRIERS_OF_CODE:
        return
    for table in _tables(args, 0):
        for key, value in table.pairs:
            if isinstance(key, str):
                check_key(reading, name, key, value)
    if any(isinstance(arg, Symbol) and not _may_be_made(arg, top) for arg in args):
        reading.danger(f"it has {name} make an object of another kind than it is for")
    if top in ("builtins", "collections"):
        _check_builtin(reading, maker, args)
    elif name == "functools.partial":
        reading.later.append((_partial, (args[0] if args else None, args[1:], None, None)))
    elif name in _GENERATORS and any(isinstance(arg, (Symbol, Made)) and not _makes_bits(arg) for arg in args):
        reading.danger(f"it has {name} call something else than numpy does")
    elif not new and _is_class(maker) and any(_is_no_number(arg) for arg in args):
        reading.odd(f"it makes a {maker.name} with arguments, as no pickler does")


def _check_builtin(reading: Reading, maker: Symbol, args: tuple[Any, ...]) -> None:
    if maker.name == "type" and len(args) != 1:
        reading.odd("it makes a class of its own")
    if maker.name == "defaultdict" and args and not _is_factory(args[0]):
        reading.odd("it makes a defaultdict that calls something other than a type")
    elif any(arrays.is_object(arg) for arg in args):
        reading.odd(f"it calls {maker.name} on an object, which then runs the object's own methods")


def _may_be_made(made: Symbol, top: str) -> bool:
    """Whether a call of a library may be told this class: those that rebuild objects make them of whatever they are.

    What an object is decides what its state does, so a class of numpy's, pandas' or scikit-learn's own only; and
    numpy's generators of bits, where a class is told to those who make generators.
    """
    if top not in _REBUILDING or not is_known(made):
        return True
    if made.dotted in _WITH_A_MEANING or made.dotted in arrays.WRAPPERS:
        return False
    own = made.module.partition(".")[0]
    return own == top or own in ("builtins", "numpy", "_loss")


_REBUILDING = ("numpy", "pandas", "sklearn", "_loss", "scipy", "joblib")
_WITH_A_MEANING = frozenset({"functools.partial", "numpy.dtype", "numpy.vectorize", "builtins.type"})
"""Classes whose states are read in a way of their own."""

_GENERATORS = frozenset(f"numpy.random._pickle.__{name}_ctor" for name in ("randomstate", "generator", "bit_generator"))


def _makes_bits(value: Any) -> bool:
    """Whether it is one of numpy's bit generators, its class, or what makes one."""
    return (value.dotted if isinstance(value, Symbol) else arrays.maker_name(value)).startswith("numpy.random._")


def _is_factory(value: Any) -> bool:
    return value is None or (isinstance(value, Symbol) and (value.dotted in allowed.FACTORIES or not is_known(value)))


def _is_class(maker: Symbol) -> bool:
    ours = maker.module.partition(".")[0] in ("sklearn", "scipy", "_loss")
    return ours and "." not in maker.name and knowledge().kind_of(maker.module, maker.name) == "class"


def _is_no_number(value: Any) -> bool:
    if isinstance(value, Symbol):
        return not _is_class(value) and not value.dotted.startswith("numpy.")
    return isinstance(value, (str, Table)) or arrays.maker_name(value) in ("functools.partial", "builtins.dict")


def _tables(value: Any, depth: int) -> Iterator[Table]:
    if isinstance(value, Table):
        yield value
    elif isinstance(value, tuple) and depth < _DEEPEST:
        for part in value:
            yield from _tables(part, depth + 1)


# --- at the end of the file -----------------------------------------------------------------------------------------

Later = Callable[["Reading", Any], None]


def check_the_rest(reading: Reading) -> None:
    """Judge what was kept, now that nothing can change any more."""
    for check, value in reading.later:
        check(reading, value)


def _keep_names(reading: Reading, state: Any) -> None:
    """Stacks, chains and scorers call the methods whose names they hold, and selectors read such attributes."""
    for table in (state, *state) if isinstance(state, tuple) else (state,):
        for key, value in table.pairs if isinstance(table, Table) else ():
            if key in allowed.NAMES_OF_METHODS:
                reading.later.append((_methods, (key, value)))
            elif key in allowed.NAMES_OF_ATTRIBUTES:
                reading.later.append((_attributes, (key, value)))


def _methods(reading: Reading, named: tuple[str, Any]) -> None:
    """Those must be methods that predict or transform."""
    key, value = named
    words = [value] if is_scalar(value) else [child for _, child in children(value)]
    hidden = isinstance(value, Made) or (isinstance(value, Sequence) and value.count > len(value.items))
    strange = [word for word in words if word is not None and word not in _PREDICTING]
    if hidden or strange:
        shown = repr(strange[0]) if strange and isinstance(strange[0], str) else "that cannot be read"
        reading.danger(f"{key} says that the method {shown} is to be called")


_PREDICTING = allowed.METHODS | {"auto", "drop", "passthrough"}


def _attributes(reading: Reading, named: tuple[str, Any]) -> None:
    key, value = named
    if isinstance(value, Made) or (isinstance(value, str) and any(part[:1] == "_" for part in value.split("."))):
        reading.danger(f"{key} names a private attribute, which is then read")


def _partial(reading: Reading, state: Any) -> None:
    """A partial function must be one that computes, with values that call nothing."""
    plain = isinstance(state, tuple) and len(state) == 4
    if plain:
        function, args, options, names = state
        plain = isinstance(function, Symbol) and (
            only_computes(function) or function.dotted == arrays.NEW_BLOCK or not is_known(function)
        )
        plain = plain and isinstance(args, tuple) and all(_is_plain(arg, 0) for arg in args)
        plain = plain and (options is None or isinstance(options, Table)) and _is_plain(options, 0)
        plain = plain and (names is None or isinstance(names, Table))
    if not plain:
        reading.odd("it holds a partial function of something other than numbers")


def _vectorized(reading: Reading, state: Any) -> None:
    """Scipy's discrete distributions keep one method of theirs wrapped in a ``numpy.vectorize``."""
    functions = [value for key, value in state.pairs if key == "pyfunc"] if isinstance(state, Table) else [None]
    if not all(arrays.maker_name(function).endswith("_gen._entropy") for function in functions):
        reading.odd("it holds a numpy.vectorize of something other than scipy's own")


def _keyword_arguments(reading: Reading, state: Any) -> None:
    for key, value in state.pairs if isinstance(state, Table) else ():
        if key in ("kw_args", "inv_kw_args") and not _is_plain(value, 0):
            reading.odd(f"the {key} of a FunctionTransformer are not plain values")


def _is_plain(value: Any, depth: int) -> bool:
    """Whether a value calls nothing, whoever uses it."""
    if is_scalar(value) or isinstance(value, StoredArray):
        return True
    if isinstance(value, Symbol):
        return only_computes(value) or not is_known(value)
    if isinstance(value, Made):
        return arrays.maker_name(value).startswith(("numpy.", "datetime.", "pandas._libs.", "builtins.slice"))
    return depth < _DEEPEST and all(_is_plain(child, depth + 1) for _, child in children(value))


def _dtype(reading: Reading, target: Made) -> None:
    """A dtype whose state says something else than its code makes numpy take bytes for pointers."""
    if not arrays.is_as_numpy_writes(target):
        reading.danger("it holds a dtype that numpy would not have written")


# --- texts that are executed -----------------------------------------------------------------------------------------

_NAMES = r"(?:[A-Za-z_]\w*, ?)*"
_IN, _OUT = r"loc=0(?:, scale=1)?", r"loc(?:, (?:scale|1))?"
_SCIPY_TEMPLATE = re.compile(
    rf"\ndef _parse_args\(self, {_NAMES} ?{_IN}\):\n    return \({_NAMES}\), {_OUT}\n"
    rf"\ndef _parse_args_rvs\(self, {_NAMES} ?{_IN}, size=None\):\n"
    rf"    return self\._argcheck_rvs\({_NAMES} ?{_OUT}, size=size\)\n"
    rf"\ndef _parse_args_stats\(self, {_NAMES} ?{_IN}, moments='mv'\):\n    return \({_NAMES}\), {_OUT}, moments\n"
)
"""``parse_arg_template`` of scipy/stats/_distn_infrastructure.py with any shape names."""


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
    reading.danger(f"the state of {target.maker.dotted} holds text that would be executed and is not scipy's own")


def _is_old_scipy_state(state: Any) -> bool:
    """Scipy < 1.6 pickles (constructor arguments, random state); it checks the names itself before it uses them."""
    if not (isinstance(state, tuple) and len(state) == 2 and isinstance(state[0], Table)):
        return False
    options, chance = state
    known = all(isinstance(key, str) and key in _OF_A_DISTRIBUTION for key, _ in options.pairs)
    return known and (chance is None or arrays.maker_name(chance).startswith("numpy.random."))


_OF_A_DISTRIBUTION = frozenset("momtype a b xtol badvalue name longname shapes extradoc seed values inc".split())
"""Arguments of ``rv_continuous`` and ``rv_discrete``."""
