"""What stands for the values of a pickle that is read and never built.

Numbers, texts, None and tuples stand for themselves. Everything else is one of the classes here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

LONGEST_TEXT = 4096
"""A longer text is kept as a ``Blob``: no name, no parameter is that long."""

MOST_SCALARS = 4096
"""A container keeps that many plain values and counts the rest; objects are always kept."""


class Symbol:
    """A global that the file names: ``module`` and ``name`` as the unpickler would import them."""

    __slots__ = ("module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name

    @property
    def dotted(self) -> str:
        """``module.name``."""
        return f"{self.module}.{self.name}"


class Blob:
    """Bytes, or a text too long to matter: its length, and how it begins."""

    __slots__ = ("head", "length")

    def __init__(self, length: int, head: bytes) -> None:
        self.length = length
        self.head = head


class Sequence:
    """A list, set or frozenset. ``count`` is its true length; ``items`` may hold fewer."""

    __slots__ = ("count", "items", "kind")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.items: list[Any] = []
        self.count = 0

    def add(self, value: Any) -> None:
        """Append, or count only."""
        self.count += 1
        if len(self.items) < MOST_SCALARS or not is_scalar(value):
            self.items.append(value)


class Table:
    """A dict. ``count`` is its true length; ``pairs`` may hold fewer."""

    __slots__ = ("count", "pairs")

    def __init__(self) -> None:
        self.pairs: list[tuple[Any, Any]] = []
        self.count = 0

    def put(self, key: Any, value: Any) -> None:
        """Set an item, or count only."""
        self.count += 1
        if len(self.pairs) < MOST_SCALARS or not is_scalar(value):
            self.pairs.append((key, value))

    def named(self) -> dict[str, Any]:
        """Its items under text keys; the last one counts."""
        return {key: value for key, value in self.pairs if isinstance(key, str)}


class Made:
    """An object: what makes it (a class or a function), with what, and what it is given afterwards.

    ``new`` where a class's ``__new__`` makes it and its constructor is not called.
    """

    __slots__ = ("args", "maker", "new", "pairs", "sequence", "state")

    def __init__(self, maker: Any, args: tuple[Any, ...], *, new: bool = False) -> None:
        self.maker = maker
        self.args = args
        self.new = new
        self.state: Any = None
        self.sequence: Sequence | None = None
        self.pairs: Table | None = None


class StoredArray:
    """A numpy array: its dtype, its shape, and how its bytes begin. ``items`` are the objects of an object array."""

    __slots__ = ("dtype", "head", "items", "nbytes", "shape")

    def __init__(
        self, dtype: DType | None, shape: tuple[int, ...], nbytes: int, head: bytes, items: Any = None
    ) -> None:
        self.dtype = dtype
        self.shape = shape
        self.nbytes = nbytes
        self.head = head
        self.items = items


class DType:
    """A numpy dtype: ``code`` as numpy spells it (``f8``, ``V64``), size in bytes, and a record's fields."""

    __slots__ = ("code", "fields", "has_object", "itemsize")

    def __init__(
        self, code: str, itemsize: int, *, has_object: bool, fields: tuple[tuple[str, str, int], ...] = ()
    ) -> None:
        self.code = code
        self.itemsize = itemsize
        self.has_object = has_object
        self.fields = fields
        """(name, code, offset) of each."""


def is_scalar(value: Any) -> bool:
    """Whether a value holds no other."""
    return value is None or isinstance(value, (str, int, float, Blob))


def children(value: Any) -> Iterator[tuple[str, Any]]:
    """What a value holds, each with the word that leads to it from there (``[0]``, ``.steps``, …)."""
    if isinstance(value, tuple):
        yield from ((f"[{index}]", item) for index, item in enumerate(value))
    elif isinstance(value, Sequence):
        yield from ((f"[{index}]", item) for index, item in enumerate(value.items))
    elif isinstance(value, Table):
        for key, item in value.pairs:
            if not is_scalar(key):
                yield "[key]", key
            yield f"[{key!r}]" if isinstance(key, (str, int)) else "[…]", item
    elif isinstance(value, Made):
        yield from _children_of_object(value)
    elif isinstance(value, StoredArray) and value.items is not None:
        yield from children(value.items)


def _children_of_object(made: Made) -> Iterator[tuple[str, Any]]:
    state = made.state
    if isinstance(state, Table):
        for key, item in state.pairs:
            yield f".{key}" if isinstance(key, str) else "[…]", item
    elif state is not None:
        yield "", state
    yield from (("", item) for item in made.args if not is_scalar(item))
    if made.sequence is not None:
        yield from children(made.sequence)
    if made.pairs is not None:
        yield from children(made.pairs)
