"""What a fact looks for in an object's state. Small predicates, so that facts stay data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from finbehave.compat.arrays import dtype_of, records
from finbehave.compat.graph import stored_object
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
class Lacks:
    """No such key, or a key with none of these values where values are named."""

    key: str
    values: tuple[Any, ...] = ()

    def holds(self, item: StoredObject) -> bool:
        """The key is not there, or holds something else."""
        if not self.values:
            return self.key not in item.state
        return not Holds(self.key, self.values).holds(item)


@dataclass(frozen=True)
class Has:
    """A key, whatever its value; None counts as absent."""

    key: str

    def holds(self, item: StoredObject) -> bool:
        """The key is there and not None."""
        return item.state.get(self.key) is not None


@dataclass(frozen=True)
class Present:
    """A key, even if its value is None."""

    key: str

    def holds(self, item: StoredObject) -> bool:
        """The key is there."""
        return self.key in item.state


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
class Flat:
    """An array of one dimension."""

    key: str

    def holds(self, item: StoredObject) -> bool:
        """Its shape has one length."""
        array = stored_array(item.state.get(self.key))
        return array is not None and len(array.shape) == 1


@dataclass(frozen=True)
class Mentions:
    """A text anywhere inside a key's value, three levels deep."""

    key: str
    text: str

    def holds(self, item: StoredObject) -> bool:
        """The text stands there."""
        return _mentions(item.state.get(self.key), self.text, 3)


@dataclass(frozen=True)
class Inside:
    """An object of a class right under a key, that shows something."""

    key: str
    name: str
    shows: Condition

    def holds(self, item: StoredObject) -> bool:
        """There is such an object and it shows it."""
        value = item.state.get(self.key)
        inner = stored_object(value, "") if isinstance(value, Made) else None
        return inner is not None and inner.name == self.name and self.shows.holds(inner)


@dataclass(frozen=True)
class Among:
    """An object of one of these classes among the items right under a key."""

    key: str
    names: frozenset[str]

    def holds(self, item: StoredObject) -> bool:
        """There is one."""
        value = item.state.get(self.key)
        if (array := stored_array(value)) is not None:
            value = array.items
        made = [child for _, child in children(value) if isinstance(child, Made)] if value is not None else []
        return any(one is not None and one.name in self.names for one in (stored_object(m, "") for m in made))


@dataclass(frozen=True)
class Kind:
    """An array, or a dtype that stands there itself, of one of these kinds (``f``, ``i``, ``O``, ...)."""

    key: str
    kinds: str

    def holds(self, item: StoredObject) -> bool:
        """Its dtype is of such a kind."""
        value = item.state.get(self.key)
        array = stored_array(value)
        dtype = array.dtype if array is not None else dtype_of(value)
        return dtype is not None and dtype.code.lstrip("<>|=")[:1] in self.kinds


@dataclass(frozen=True)
class LearnedFromGaps:
    """A forest whose training data had missing values.

    Where a split's feature has none, a tree sends later ones to the child with more samples
    (``missing_go_to_left == n_left > n_right``); a node that does otherwise has met them in training. Random splits
    without that rule leave the flag unset everywhere (scikit-learn < 1.6).
    """

    key: str = "estimators_"
    most: int = 20

    def holds(self, item: StoredObject) -> bool:
        """Some node of the first trees has met missing values."""
        nodes = [node for tree in self._trees(item) for node in _splits(tree)]
        return any(flag for flag, _ in nodes) and any(flag != larger for flag, larger in nodes)

    def _trees(self, item: StoredObject) -> list[StoredArray]:
        value = item.state.get(self.key)
        if (array := stored_array(value)) is not None:
            value = array.items
        found: list[StoredArray] = []
        for _, estimator in list(children(value))[: self.most] if value is not None else []:
            nodes = _named(_named(estimator).get("tree_")).get("nodes")
            if (array := stored_array(nodes)) is not None:
                found.append(array)
        return found


def _named(value: Any) -> dict[str, Any]:
    return value.state.named() if isinstance(value, Made) and isinstance(value.state, Table) else {}


def _splits(nodes: StoredArray) -> list[tuple[bool, bool]]:
    """(missing_go_to_left, whether the left child has more samples) of each split that the head of the array shows."""
    rows = records(nodes)
    found = []
    for row in rows:
        left, right = row.get("left_child", -1), row.get("right_child", -1)
        if 0 <= left < len(rows) and 0 <= right < len(rows) and "missing_go_to_left" in row:
            larger = rows[left].get("n_node_samples", 0) > rows[right].get("n_node_samples", 0)
            found.append((bool(row["missing_go_to_left"]), larger))
    return found


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
