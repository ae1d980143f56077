"""The environment a model runs in: a Python version and pinned packages."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class EnvironmentSpec:
    """What an environment must hold, wherever it was written down.

    ``python`` is ``"3.8"`` or ``"3.8.18"`` (None: not said). ``requirements`` are PEP 508 lines. ``origin`` is what
    a person would call it: a file name, a curated image, ``sklearn==1.5.2``.
    """

    origin: str
    python: str | None = None
    requirements: tuple[str, ...] = ()


@dataclass(frozen=True)
class Interpreter:
    """A Python that can be started, with what is installed beside it (normalised name -> version)."""

    path: Path
    python: str
    packages: dict[str, str] = field(default_factory=dict)
