"""From symbols to objects with paths: ``Pipeline.steps[1] HistGradientBoostingClassifier``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from finbehave.compat.arrays import maker_name
from finbehave.compat.inspection import FoundArray, StoredObject
from finbehave.compat.symbols import Made, Sequence, StoredArray, Symbol, Table, children

MOST_OBJECTS = 200_000
"""Objects with a path; a forest of a thousand trees holds some four thousand."""
MOST_STEPS = 5_000_000
LONGEST_PATH = 300

_HOLDERS = (tuple, Sequence, Table, Made, StoredArray)


@dataclass
class _Walk:
    objects: list[StoredObject] = field(default_factory=list)
    arrays: list[FoundArray] = field(default_factory=list)
    holders: dict[int, set[tuple[int, str]]] = field(default_factory=dict)
    position: dict[int, int] = field(default_factory=dict)
    """id of a visited value -> position among the objects, or -1."""


@dataclass(frozen=True)
class _Step:
    """A value on the way: its path, the object that holds it, under which key, and the nearest class's name."""

    value: Any
    path: str
    holder: int
    key: str
    owner: str


def walk(root: Any) -> tuple[tuple[StoredObject, ...], tuple[FoundArray, ...]]:
    """Every object and array that the root holds, each once, by the shortest way, found breadth first."""
    found = _Walk()
    level = [_Step(root, "", -1, "", "")]
    steps = 0
    while level and steps < MOST_STEPS and len(found.objects) < MOST_OBJECTS:
        below: list[_Step] = []
        for step in level:
            below.extend(_visit(found, step))
        steps += len(below)
        level = below
    objects = tuple(
        replace(item, holders=tuple(sorted(found.holders.get(index, ())))) for index, item in enumerate(found.objects)
    )
    return objects, tuple(found.arrays)


def _visit(found: _Walk, step: _Step) -> Iterator[_Step]:
    value = step.value
    if not isinstance(value, _HOLDERS):
        return
    known = found.position.get(id(value))
    if known is not None:
        if known >= 0:
            found.holders.setdefault(known, set()).add((step.holder, step.key))
        return
    found.position[id(value)] = -1
    path, holder, key, owner = step.path, step.holder, step.key, step.owner
    if isinstance(value, StoredArray):
        found.arrays.append(FoundArray(owner, value))
    elif isinstance(value, Made):
        name = class_of(value)
        owner = owner if name.startswith("numpy.") else name.rpartition(".")[2] or owner
        path = path or owner
        if (item := stored_object(value, path)) is not None:
            found.position[id(value)] = position = len(found.objects)
            found.holders[position] = {(holder, key)}
            found.objects.append(item)
            holder, key = position, ""
        elif name == "numpy.dtype":
            return
    for word, child in children(value):
        into = key or (word[1:] if word.startswith(".") else word)
        yield _Step(child, _joined(path, word, value), holder, into, owner)


def _joined(path: str, word: str, value: Any) -> str:
    """A step further. The index inside a (name, estimator) pair is left out: ``steps[1]``, not ``steps[1][1]``."""
    if isinstance(value, tuple) and path.endswith("]") and value and isinstance(value[0], str):
        return path
    return path + word if len(path) < LONGEST_PATH else path


def class_of(made: Made) -> str:
    """``module.Class`` of an object; Cython's unpicklers name it in their first argument."""
    name = maker_name(made)
    function = name.rpartition(".")[2]
    if (
        made.args
        and isinstance(made.args[0], Symbol)
        and (function.startswith("__pyx_unpickle") or function == "newObj")
    ):
        return made.args[0].dotted
    return name


def stored_object(made: Made, path: str) -> StoredObject | None:
    """The object with its state of named values; None for numpy's own things."""
    name = class_of(made)
    module, _, short = name.rpartition(".")
    if not name or name.startswith("numpy."):
        return None
    state = made.state
    if isinstance(state, tuple):
        state = next((part for part in state if isinstance(part, Table)), None)
    named = state.named() if isinstance(state, Table) else {}
    if made.pairs is not None and not named:
        named = made.pairs.named()
    return StoredObject(path or short, module, short, named, made.args)


def described(root: Any) -> str:
    """What a file holds, in words."""
    if isinstance(root, Made):
        return class_of(root).rpartition(".")[2] or "an object"
    if isinstance(root, Table):
        keys = ", ".join(repr(key) for key, _ in root.pairs[:4] if isinstance(key, str))
        return f"a dictionary of {root.count}" + (f" ({keys})" if keys else "")
    if isinstance(root, Sequence):
        return f"a {root.kind} of {root.count}"
    if isinstance(root, tuple):
        return f"a tuple of {len(root)}"
    if isinstance(root, StoredArray):
        return f"a numpy array of shape {root.shape}"
    if isinstance(root, Symbol):
        return f"{root.dotted} itself"
    return "a plain value"
