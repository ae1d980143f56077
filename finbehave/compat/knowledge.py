"""What was measured of the libraries that model files name, and where a version that was not measured is placed.

``knowledge.json`` is derived by ``benchmarks/compat_lab`` from environments with the versions that it lists.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from packaging.version import InvalidVersion, Version

PACKAGES = {"scikit-learn": "sklearn", "numpy": "numpy", "scipy": "scipy", "joblib": "joblib", "pandas": "pandas"}
"""Distribution -> the name of its package, for those whose surface is known."""


class Knowledge:
    """The tables, with versions as positions in a sorted list."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self._surface: dict[str, dict[str, dict[str, str]]] = tables["surface"]
        self._needs: dict[str, dict[str, str]] = tables["needs"]
        self._records: dict[str, dict[str, str]] = tables["records"]
        self._parameters: dict[str, dict[str, list[tuple[str, Any]]]] = tables["parameters"]
        self.versions: dict[str, list[Version]] = {
            package: [Version(text) for text in found] for package, found in tables["versions"].items()
        }

    # --- versions -----------------------------------------------------------------------------------------------

    def place(self, package: str, version: str) -> int | None:
        """The position of the measured version that stands for this one.

        That is itself; else the nearest older of the same minor, else the nearest newer of it; else the newest
        measured one before it. None before the oldest, or where it is no version.
        """
        wanted = parsed(version)
        if wanted is None:
            return None
        measured = self.versions[package]
        same = [i for i, v in enumerate(measured) if v.release[:2] == wanted.release[:2]]
        older = [i for i in same if measured[i] <= wanted]
        if same:
            return older[-1] if older else same[0]
        before = [i for i, v in enumerate(measured) if v < wanted]
        return before[-1] if before else None

    def knows_minor(self, package: str, version: str) -> bool:
        """Whether some release of a version's minor was measured."""
        wanted = parsed(version)
        return wanted is None or any(v.release[:2] == wanted.release[:2] for v in self.versions[package])

    # --- names --------------------------------------------------------------------------------------------------

    def kind_of(self, module: str, name: str) -> str | None:
        """``class`` or ``function`` where a measured version defines the name in that module; None elsewhere."""
        top = "sklearn" if module == "_loss" else module.partition(".")[0]
        entry = self._surface.get(top, {}).get(module, {}).get(name)
        return None if entry is None else ("class" if entry.startswith("c") else "function")

    def importable(self, package: str, version: str, module: str, name: str) -> bool | None:
        """Whether that version has the name; None where that was not measured."""
        place = self.place(package, version)
        modules = self._surface.get(package, {})
        if place is None:
            return None
        if module not in modules:
            return None
        entry = modules[module].get(name)
        return None if entry is None else place in positions(entry[1:])

    def known_in(self, package: str, module: str, name: str) -> list[Version]:
        """The measured versions that have the name."""
        entry = self._surface.get(package, {}).get(module, {}).get(name)
        return [] if entry is None else [self.versions[package][i] for i in sorted(positions(entry[1:]))]

    # --- scikit-learn's classes -----------------------------------------------------------------------------------

    def needs(self, name: str, version: str) -> dict[str, str]:
        """Key of a class's state -> how an object fares without it (``benchmarks/compat_lab/derive.py``: A M S D o)."""
        place = self.place("sklearn", version)
        if place is None:
            return {}
        return {key: letters[place] for key, letters in self._needs.get(name, {}).items() if letters[place] not in ".-"}

    def record_fields(self, name: str, version: str) -> str | None:
        """``field:code …`` of the records that a class keeps in that version."""
        place = self.place("sklearn", version)
        return next((text for text, where in self._records.get(name, {}).items() if place in positions(where)), None)

    def parameters(self, name: str, version: str) -> dict[str, Any] | None:
        """Parameter -> default of an estimator in that version; None where it is not known there."""
        place = self.place("sklearn", version)
        found = {
            parameter: default
            for parameter, spans in self._parameters.get(name, {}).items()
            for where, default in spans
            if place in positions(where)
        }
        return found or None


@lru_cache(maxsize=4096)
def positions(spans: str) -> frozenset[int]:
    """``0-2,5`` -> {0, 1, 2, 5}."""
    found: set[int] = set()
    for span in filter(None, spans.split(",")):
        first, _, last = span.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


@lru_cache(maxsize=4096)
def parsed(version: str) -> Version | None:
    """The version, or None for what is none."""
    try:
        return Version(version)
    except InvalidVersion:
        return None


@cache
def knowledge() -> Knowledge:
    """The tables that ship with finbehave."""
    text = resources.files("finbehave.compat").joinpath("knowledge.json").read_text(encoding="utf-8")
    return Knowledge(json.loads(text))
