"""What one file showed, gathered while it is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from finbehave.compat.symbols import Symbol


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
    side_files: list[str] = field(default_factory=list)
    """Names of files beside the model that joblib up to 0.9 keeps arrays in."""
    dangers: list[str] = field(default_factory=list)
    """What no honest pickle does, in words."""
    oddities: list[str] = field(default_factory=list)
    """What could not be followed, in words."""
    guarded: dict[str, int] = field(default_factory=dict)
    """Uses of each guarded callable, less the calls of it that could be seen through."""
    bytecode: set[str] = field(default_factory=set)
    """Names that code stored by value uses."""
