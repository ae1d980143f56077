"""What one file showed, gathered while it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from finbehave.compat.symbols import Symbol

MOST_REMARKS = 20


@dataclass
class Reading:
    """Filled by the machine; one for a file with all the pickles inside it."""

    symbols: dict[tuple[str, str], Symbol] = field(default_factory=dict)
    """Every global named, under the name the unpickler imports."""
    called: dict[str, set[int]] = field(default_factory=dict)
    """Those of them that are called, with how many arguments."""
    protocols: set[int] = field(default_factory=set)
    nested_protocols: set[int] = field(default_factory=set)
    """Of the pickles that joblib writes for object arrays."""
    wrappers: int = 0
    """joblib's array wrappers met."""
    aligned: set[bool] = field(default_factory=set)
    """Whether raw arrays are padded."""
    side_files: dict[str, bool] = field(default_factory=dict)
    """Names of files beside the model that joblib up to 0.9 keeps arrays in -> whether only as compressed bytes."""
    dangers: list[str] = field(default_factory=list)
    """What no honest pickle does, in words."""
    oddities: list[str] = field(default_factory=list)
    """What could not be followed, in words."""
    guarded: dict[str, int] = field(default_factory=dict)
    """Uses of each guarded callable, less the calls of it that could be seen through."""
    explained: dict[int, Any] = field(default_factory=dict)
    """What holds a guarded class rightly, by ``id``."""
    bound: set[str] = field(default_factory=set)
    """``module.Class.method`` of methods taken from an object of the file …"""
    unbound: set[str] = field(default_factory=set)
    """… and of everything that is named otherwise."""
    later: list[tuple[Callable[[Reading, Any], None], Any]] = field(default_factory=list)
    """Checks to make at the end of the file, and on what."""
    bytecode: set[str] = field(default_factory=set)
    """Names that code stored by value uses."""

    def odd(self, what: str) -> None:
        """Keep what could not be followed."""
        if len(self.oddities) < MOST_REMARKS and what not in self.oddities:
            self.oddities.append(what)

    def danger(self, what: str) -> None:
        """Keep what no honest pickle does."""
        if len(self.dangers) < MOST_REMARKS and what not in self.dangers:
            self.dangers.append(what)
