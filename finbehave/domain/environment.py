"""The environment a model runs in: a Python version and pinned packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

TOOLS = frozenset(["pip", "setuptools", "wheel"])
"""Packages that install others; no environment of ours is told to hold them."""


@dataclass(frozen=True)
class EnvironmentSpec:
    """What an environment must hold, wherever it was written down.

    ``python`` is ``"3.8"`` or ``"3.8.18"`` (None: not said). ``requirements`` are PEP 508 lines. ``origin`` is what
    a person would call it: a file name, a curated image, ``sklearn==1.5.2``.
    """

    origin: str
    python: str | None = None
    requirements: tuple[str, ...] = ()

    @classmethod
    def locked(cls, origin: str, python: str, packages: Mapping[str, str]) -> EnvironmentSpec:
        """Exactly these packages (normalised name -> version), under the minor version of this Python."""
        pins = tuple(f"{name}=={version}" for name, version in sorted(packages.items()) if name not in TOOLS)
        return cls(origin, ".".join(python.split(".")[:2]), pins)


@dataclass(frozen=True)
class Interpreter:
    """A Python that can be started, with what is installed beside it (normalised name -> version)."""

    path: Path
    python: str
    packages: dict[str, str] = field(default_factory=dict)
