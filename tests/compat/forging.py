"""Pickles of objects that are not there: of any class of any version, written without importing it."""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Forged:
    """An object of ``module.name`` with this state."""

    module: str
    name: str
    state: dict[str, Any] = field(default_factory=dict)


@dataclass
class Called:
    """What ``module.name(*args)`` would return; calling is left to whoever loads it."""

    module: str
    name: str
    args: tuple[Any, ...] = ()


@dataclass
class Named:
    """``module.name`` itself."""

    module: str
    name: str


@dataclass
class Given:
    """A thing that is given one state after another."""

    thing: Any
    states: tuple[Any, ...]


@dataclass
class Pairs:
    """A dict of these pairs, whose keys may be anything that the unpickler makes."""

    pairs: list[tuple[Any, Any]]


@dataclass
class Raw:
    """Bytes as they are."""

    data: bytes


class _Forger(pickle._Pickler):
    def save(self, thing: Any, save_persistent_id: bool = True) -> None:
        if isinstance(thing, Raw):
            self.write(thing.data)
        elif isinstance(thing, Given):
            self.save(thing.thing)
            for state in thing.states:
                self.save(state)
                self.write(pickle.BUILD)
        elif isinstance(thing, Pairs):
            self.write(pickle.EMPTY_DICT + pickle.MARK)
            for part in (part for pair in thing.pairs for part in pair):
                self.save(part)
            self.write(pickle.SETITEMS)
        elif isinstance(thing, (Forged, Called, Named)):
            self._save_made(thing)
        else:
            super().save(thing, save_persistent_id)

    def _save_made(self, thing: Forged | Called | Named) -> None:
        self.write(pickle.GLOBAL + f"{thing.module}\n{thing.name}\n".encode())
        if isinstance(thing, Named):
            return
        if isinstance(thing, Called):
            self.save(thing.args)
            self.write(pickle.REDUCE)
            return
        self.write(pickle.EMPTY_TUPLE + pickle.NEWOBJ)
        self.save(thing.state)
        self.write(pickle.BUILD)


def forged(thing: Any) -> bytes:
    """A pickle of protocol 3."""
    file = io.BytesIO()
    _Forger(file, 3).dump(thing)
    return file.getvalue()


def estimator(module: str, name: str, version: str | None, **state: Any) -> Forged:
    """An estimator of scikit-learn as that version would have saved it."""
    saved = {} if version is None else {"_sklearn_version": version}
    return Forged(f"sklearn.{module}", name, {**state, **saved})


def written(folder: Path, thing: Any, name: str = "model.pkl") -> Path:
    """A file with it."""
    path = folder / name
    path.write_bytes(thing if isinstance(thing, bytes) else forged(thing))
    return path
