"""What reading a model file found: the frozen result that the rules judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from finbehave.compat.symbols import StoredArray, Symbol


@dataclass(frozen=True)
class StoredObject:
    """An object of the file: where it sits, its class, and its state as symbols (``finbehave.compat.symbols``)."""

    path: str
    module: str
    name: str
    state: Mapping[str, Any]
    args: tuple[Any, ...] = ()
    holders: tuple[tuple[int, str], ...] = ()
    """Who holds it: positions in ``Inspection.objects``, each with the key of its state that leads here."""

    @property
    def dotted(self) -> str:
        """``module.Class``."""
        return f"{self.module}.{self.name}"

    @property
    def where(self) -> str:
        """Path and class, for a person: ``Pipeline.steps[1] LogisticRegression``."""
        return f"{self.path} {self.name}" if self.path and self.path != self.name else self.name

    @property
    def sklearn_version(self) -> str | None:
        """The scikit-learn that saved it, where it says so."""
        version = self.state.get("_sklearn_version")
        return version if isinstance(version, str) else None

    @property
    def fitted(self) -> bool:
        """Whether it holds what only fitting leaves (a key that ends in one underscore)."""
        return any(key.endswith("_") and not key.startswith("_") for key in self.state)


@dataclass(frozen=True)
class FoundArray:
    """A numpy array and the object that holds it."""

    owner: str
    array: StoredArray


@dataclass(frozen=True)
class Inspection:
    """A file that was read, not loaded.

    ``kind`` is ``joblib``, ``pickle``, or a code of ``sniff``; ``words`` says it for a person; ``problem`` (a code and
    a text) is set where it is no model or could not be read to the end, and then the rest is as far as it went.
    """

    path: Path
    size: int
    kind: str
    words: str
    compression: str | None = None
    problem: tuple[str, str, str] | None = None
    """Code, what is wrong, remedy."""
    globals: tuple[Symbol, ...] = ()
    called: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """``module.name`` of what is called -> with how many arguments."""
    bound: frozenset[str] = frozenset()
    """``module.Class.method`` of methods that are only named as those of an object in the file."""
    protocols: frozenset[int] = frozenset()
    nested_protocols: frozenset[int] = frozenset()
    aligned: bool | None = None
    """Whether joblib's arrays are padded (joblib >= 1.2); None without such arrays."""
    side_files: tuple[str, ...] = ()
    dangers: tuple[str, ...] = ()
    oddities: tuple[str, ...] = ()
    bytecode: frozenset[str] = frozenset()
    objects: tuple[StoredObject, ...] = ()
    arrays: tuple[FoundArray, ...] = ()
    trailing: bool = False
    """Whether bytes follow the end of the pickle; loading ignores them."""
    root: str = ""
    """What the file holds, in words."""

    @cached_property
    def names(self) -> frozenset[str]:
        """``module.name`` of every global."""
        return frozenset(symbol.dotted for symbol in self.globals)

    @cached_property
    def sklearn_versions(self) -> dict[str, tuple[StoredObject, ...]]:
        """scikit-learn version -> the objects that say they were saved by it; the most frequent first."""
        found: dict[str, list[StoredObject]] = {}
        for item in self.objects:
            if item.sklearn_version:
                found.setdefault(item.sklearn_version, []).append(item)
        return {version: tuple(found[version]) for version in sorted(found, key=lambda v: -len(found[v]))}
