"""What a fact looks for in an object's state. Small predicates, so that facts stay data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from finbehave.compat.inspection import StoredObject
from finbehave.compat.symbols import Made, Sequence, StoredArray, Table, children, is_scalar


class Condition(Protocol):
    """Whether an object shows it."""

    def holds(self, item: StoredObject) -> bool:
        """Judge one object."""


@dataclass(frozen=True)
class Holds:
    """A key with one of these values."""

    key: str
    values: tuple[Any, ...]

    def holds(self, item: StoredObject) -> bool:
        """The key is there, with such a value."""
        value = item.state.get(self.key, _ABSENT)
        return is_scalar(value) and value in self.values


@dataclass(frozen=True)
class Has:
    """A key, whatever its value; None counts as absent."""

    key: str

    def holds(self, item: StoredObject) -> bool:
        """The key is there and not None."""
        return item.state.get(self.key) is not None


@dataclass(frozen=True)
class Lacks:
    """No such key."""

    key: str

    def holds(self, item: StoredObject) -> bool:
        """The key is not there."""
        return self.key not in item.state


@dataclass(frozen=True)
class Length:
    """An array, list or tuple of that length (of its first axis)."""

    key: str
    least: int
    most: int

    def holds(self, item: StoredObject) -> bool:
        """Its length lies between the two."""
        length = length_of(item.state.get(self.key))
        return length is not None and self.least <= length <= self.most


@dataclass(frozen=True)
class Mentions:
    """A text anywhere inside a key's value, three levels deep."""

    key: str
    text: str

    def holds(self, item: StoredObject) -> bool:
        """The text stands there."""
        return _mentions(item.state.get(self.key), self.text, 3)


@dataclass(frozen=True)
class Not:
    """The opposite."""

    of: Condition

    def holds(self, item: StoredObject) -> bool:
        """The other does not hold."""
        return not self.of.holds(item)


_ABSENT = object()


def length_of(value: Any) -> int | None:
    """How long a stored array, list, tuple or dict is; None for anything else."""
    array = stored_array(value)
    if array is not None:
        return array.shape[0] if array.shape else None
    if isinstance(value, (Sequence, Table)):
        return value.count
    return len(value) if isinstance(value, tuple) else None


def stored_array(value: Any) -> StoredArray | None:
    """The array that stands for itself or inside numpy's reconstruction of it."""
    if isinstance(value, StoredArray):
        return value
    if isinstance(value, Made) and value.sequence is not None and value.sequence.items:
        first = value.sequence.items[0]
        return first if isinstance(first, StoredArray) else None
    return None


def _mentions(value: Any, text: str, depth: int) -> bool:
    if isinstance(value, str):
        return value == text
    return depth > 0 and any(_mentions(child, text, depth - 1) for _, child in children(value))
