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
    if is_dangerous(symbol, symbol.dotted in found.called):
        return Standing.DANGEROUS
    if any(symbol.module == module or symbol.module.startswith(module + ".") for module in trusted):
        return Standing.KNOWN
    if is_known(symbol) and not (symbol.dotted in found.called and is_only_kept(symbol)):
        return Standing.KNOWN
    top = symbol.module.partition(".")[0]
    if symbol.dotted == "__builtin__.__main__":  # dill's word for the script's namespace, which dill looks up
        return Standing.UNKNOWN
    if top in allowed.SCRIPTS:
        return Standing.MISSING
    if top in sys.stdlib_module_names or top in allowed.DISTRIBUTIONS or top.lower() in installed:
        return Standing.UNKNOWN
    return Standing.MISSING if top.isidentifier() else Standing.UNKNOWN


def is_dangerous(symbol: Symbol, called: bool) -> bool:
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
    if top in allowed.LIBRARIES and parts[-1] in allowed.DANGEROUS_NAMES:
        return True
    return called and symbol.dotted in allowed.NOT_TO_BE_CALLED


def is_known(symbol: Symbol) -> bool:
    """Whether a global is on the allow-list."""
    dotted = symbol.dotted
    if dotted in allowed.EXACT or any(pattern.fullmatch(dotted) for pattern in _PATTERNS):
        return True
    if "." in symbol.name:
        return _known_attribute(symbol)
    top = symbol.module.partition(".")[0]
    numeric = top == "numpy" or symbol.module.startswith(allowed.SCIPY_FUNCTIONS)
    if numeric and symbol.name in allowed.NUMERIC_FUNCTIONS:
        return not any(part in allowed.CLOSED for part in symbol.module.split("."))
    return top in ("sklearn", "_loss", "scipy") and _defined_by_its_library(symbol)


def is_only_kept(symbol: Symbol) -> bool:
    """Whether a known name is a function or method, which models keep and which no pickler calls while loading."""
    if symbol.dotted in allowed.EXACT or any(pattern.fullmatch(symbol.dotted) for pattern in _PATTERNS):
        return symbol.dotted in _KEPT
    if "." in symbol.name:
        return not symbol.name.endswith("._unpickle")
    if symbol.module.partition(".")[0] == "numpy":
        return True
    unpickles = allowed.UNPICKLERS.fullmatch(symbol.name) is not None
    return not unpickles and knowledge().kind_of(symbol.module, symbol.name) != "class"


_KEPT = frozenset(name for name in allowed.EXACT if name.startswith("sklearn.") and ".externals." not in name)
_PATTERNS = tuple(re.compile(pattern) for pattern in allowed.PATTERNS)


def _known_attribute(symbol: Symbol) -> bool:
    owner, _, attribute = symbol.name.rpartition(".")
    if symbol.module == "builtins":
        return owner in ("str", "int", "float", "bytes") and attribute.isalpha() and not attribute.startswith("format")
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
    return symbol.module.startswith(allowed.SKLEARN_FUNCTIONS) and symbol.name not in allowed.CALL_BY_NAME
