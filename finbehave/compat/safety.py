"""Which globals a model file may name: an allow-list, and what is evidently dangerous.

Known means: harmless whoever calls it with whatever arguments. What is not known is neither loaded nor condemned: a
person looks at it. scikit-learn's own classes and functions are known by the exact names under which its releases
define them (``knowledge``), never by prefix, since every module also exports what it imports.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from finbehave.compat import allowed
from finbehave.compat.inspection import Inspection
from finbehave.compat.knowledge import knowledge
from finbehave.compat.symbols import Symbol


class Standing(str, Enum):
    """What a global is to us."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    MISSING = "missing"
    """Code that is neither in the file nor in any package: of a script, a notebook, a private module."""
    DANGEROUS = "dangerous"


@dataclass(frozen=True)
class Judged:
    """A global with its standing."""

    symbol: Symbol
    standing: Standing


def judge_globals(
    found: Inspection, trusted: Collection[str] = (), installed: Collection[str] = ()
) -> tuple[Judged, ...]:
    """The standing of every global of a file.

    Args:
        found: What was read.
        trusted: Modules that the caller answers for; everything below them is known, except what is dangerous.
        installed: Normalised names of the target's packages, to tell a private module from a package's.
    """
    here = {name.lower().replace("-", "_").replace(".", "_") for name in installed}
    return tuple(Judged(symbol, _standing(symbol, found, trusted, here)) for symbol in found.globals)


def _standing(symbol: Symbol, found: Inspection, trusted: Collection[str], installed: Collection[str]) -> Standing:
    if is_dangerous(symbol):
        return Standing.DANGEROUS
    if any(symbol.module == module or symbol.module.startswith(module + ".") for module in trusted):
        return Standing.KNOWN
    if is_known(symbol, bound=symbol.dotted in found.bound) and not _called_unlike_a_pickler(symbol, found):
        return Standing.KNOWN
    top = symbol.module.partition(".")[0]
    if symbol.dotted == "__builtin__.__main__":  # dill's word for the script's namespace, which dill looks up
        return Standing.UNKNOWN
    if top in allowed.SCRIPTS:
        return Standing.MISSING
    if top in sys.stdlib_module_names or top in allowed.DISTRIBUTIONS or top.lower() in installed:
        return Standing.UNKNOWN
    return Standing.MISSING if top.isidentifier() else Standing.UNKNOWN


def _called_unlike_a_pickler(symbol: Symbol, found: Inspection) -> bool:
    if symbol.dotted not in found.called:
        return False
    if symbol.module.partition(".")[0] in allowed.MADE_EMPTY:
        return found.called[symbol.dotted] != {0}
    return is_only_kept(symbol)


def is_dangerous(symbol: Symbol) -> bool:
    """Whether a global has no business in a model."""
    module, parts = symbol.module, symbol.name.split(".")
    top = module.partition(".")[0]
    if top in allowed.DANGEROUS_MODULES or module in allowed.DANGEROUS_MODULES:
        return True
    if any(module == denied or module.startswith(denied + ".") for denied in allowed.DANGEROUS_PREFIXES):
        return True
    if len(parts) > 1 and any(part in allowed.LEVERS or part in allowed.DANGEROUS_MODULES for part in parts):
        return True
    if top == "builtins" and parts[0] in allowed.DANGEROUS_BUILTINS:
        return True
    return top in allowed.LIBRARIES and parts[-1] in allowed.DANGEROUS_NAMES


def is_known(symbol: Symbol, *, bound: bool = False) -> bool:
    """Whether a global is on the allow-list; ``bound`` where it is a method of an object in the file."""
    dotted = symbol.dotted
    if dotted in allowed.EXACT:
        return True
    if "." in symbol.name:
        return _known_attribute(symbol, bound)
    if _NUMBER_TYPE.fullmatch(dotted) or any(pattern.fullmatch(dotted) for pattern in _PATTERNS):
        return True
    top = symbol.module.partition(".")[0]
    numeric = top == "numpy" or symbol.module.startswith(allowed.SCIPY_FUNCTIONS)
    if numeric and symbol.name in allowed.NUMERIC_FUNCTIONS:
        return not any(part in allowed.CLOSED for part in symbol.module.split("."))
    return top in ("sklearn", "_loss", "scipy") and _defined_by_its_library(symbol)


def is_only_kept(symbol: Symbol) -> bool:
    """Whether a known name is a function or method, which models keep and which no pickler calls while loading."""
    if symbol.dotted in allowed.EXACT:
        return symbol.dotted in allowed.KEPT
    if "." in symbol.name:
        return True
    if any(pattern.fullmatch(symbol.dotted) for pattern in _PATTERNS):
        return False
    if symbol.module.partition(".")[0] == "numpy":
        return True
    unpickles = allowed.UNPICKLERS.fullmatch(symbol.name) is not None
    return not unpickles and knowledge().kind_of(symbol.module, symbol.name) != "class"


def only_computes(symbol: Symbol) -> bool:
    """Whether a known global is a function of numbers or texts, or their type: one that calls nothing it is given."""
    dotted = symbol.dotted
    if dotted in allowed.EXACT and dotted not in allowed.KEPT:
        return symbol.module == "builtins" or dotted == "numpy.ndarray"
    if dotted in ("builtins.max", "builtins.min", "builtins.sorted"):  # they call their ``key``
        return False
    return is_known(symbol) and (is_only_kept(symbol) or symbol.dotted == "pandas.DataFrame")


_NUMBER_TYPE = re.compile(allowed.NUMBER_TYPES)
_PATTERNS = tuple(re.compile(pattern) for pattern in allowed.PATTERNS)


def _known_attribute(symbol: Symbol, bound: bool) -> bool:
    owner, _, attribute = symbol.name.rpartition(".")
    if symbol.module == "builtins":
        return owner in ("str", "int", "float", "bytes") and attribute.isalpha() and not attribute.startswith("format")
    if bound and attribute == "_entropy" and symbol.module.startswith("scipy.stats."):
        return is_known(Symbol(symbol.module, owner))
    if not bound or symbol.module.partition(".")[0] not in allowed.METHOD_OWNERS:
        return False
    return attribute in allowed.METHODS and is_known(Symbol(symbol.module, owner))


def _defined_by_its_library(symbol: Symbol) -> bool:
    kind = knowledge().kind_of(symbol.module, symbol.name)
    parts = symbol.module.split(".")
    if kind is None or any(part in allowed.CLOSED for part in parts):
        return False
    if parts[0] == "scipy":
        return parts[1] in allowed.SCIPY_CLASSES and kind == "class"
    if kind == "class" or parts[0] == "_loss" or allowed.UNPICKLERS.fullmatch(symbol.name):
        return True
    if symbol.name in allowed.BY_NAME or (symbol.name[0] == "_" and symbol.name not in allowed.PRIVATE_FUNCTIONS):
        return False
    return symbol.module.startswith(allowed.SKLEARN_FUNCTIONS)
