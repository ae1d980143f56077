"""The environment a model is judged for: exact versions where pinned or installed, the likely ones elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from finbehave.compat.allowed import DISTRIBUTIONS
from finbehave.compat.knowledge import PACKAGES, knowledge, parsed
from finbehave.domain.compat import Versions
from finbehave.domain.environment import EnvironmentSpec, Interpreter

NEWEST_NUMPY = {"3.7": "1.21.6", "3.8": "1.24.4", "3.9": "2.0.2", "3.10": "2.2.6"}
"""The last numpy with wheels for an old Python (their ``Requires-Python``)."""

_SHOWN = frozenset(PACKAGES) | frozenset(DISTRIBUTIONS.values())
_VERSIONS = re.compile(r"[\w.-]+\s*(?:==|=|~=|>=|<=|<)\s*\d.*")
"""Versions instead of a file's or an image's name."""

PULLED_IN = ("numpy", "scipy", "joblib")
"""What installing scikit-learn brings along."""


@dataclass(frozen=True)
class Target:
    """``packages`` are normalised names -> versions. ``assumed`` are those of them that nothing pins.

    ``complete`` says that everything installed is listed, so that what is not listed is not there.
    """

    origin: str
    python: str | None
    packages: Mapping[str, str]
    assumed: frozenset[str] = frozenset()
    complete: bool = False
    declared: frozenset[str] = field(default_factory=frozenset)

    @property
    def versions(self) -> Versions:
        """Of the packages that turn up in model files; an assumed version is shown as such."""
        shown = {name: self.packages[name] for name in sorted(self.packages) if name in _SHOWN}
        return Versions(
            self.python, {name: f"{v} (not pinned)" if name in self.assumed else v for name, v in shown.items()}
        )

    @property
    def is_file(self) -> bool:
        """Whether a person can edit it."""
        return self.origin.endswith((".yml", ".yaml", ".txt"))

    def amended(self, pins: str) -> str:
        """What brings other versions: an edit of the file, where it is one, else the command with another."""
        if self.is_file:
            return f"pin {pins} in {self.origin}"
        if _VERSIONS.fullmatch(self.origin) and _VERSIONS.match(pins):
            return f'finbehave check-compat MODEL --environment "{self.origin} {pins}"'
        return f"finbehave check-compat MODEL --environment FILE, with {pins} in that file"

    def extended(self, package: str) -> str:
        """What adds a package."""
        if self.is_file:
            return f"add {package} to {self.origin}"
        return f"finbehave check-compat MODEL --environment FILE, with {package} in that file"

    def version(self, package: str) -> str | None:
        """The version of a distribution, if it is (or will be) there."""
        return self.packages.get(package)

    @property
    def python_minor(self) -> tuple[int, int] | None:
        """(3, 11), where the Python is known."""
        version = parsed(self.python) if self.python else None
        return None if version is None else (version.major, version.minor)


def target_of_interpreter(origin: str, interpreter: Interpreter) -> Target:
    """What is really installed."""
    packages = {str(canonicalize_name(name)): version for name, version in interpreter.packages.items()}
    return Target(origin, interpreter.python, packages, complete=True, declared=frozenset(packages))


def target_of_spec(spec: EnvironmentSpec) -> Target:
    """What a file asks for: pins as they are, the newest version that fits for the rest of what models need."""
    pins: dict[str, str] = {}
    loose: dict[str, Requirement | None] = {}
    for line in spec.requirements:
        try:
            wanted = Requirement(line)
        except InvalidRequirement:
            continue
        if wanted.marker is not None and spec.python and not _applies(wanted, spec.python):
            continue
        name = str(canonicalize_name(wanted.name))
        exact = [s.version for s in wanted.specifier if s.operator in ("==", "===") and not s.version.endswith(".*")]
        if exact:
            pins[name] = exact[0]
        else:
            loose[name] = wanted
    declared = frozenset(pins) | frozenset(loose)
    if "scikit-learn" in declared:
        loose |= {name: None for name in PULLED_IN if name not in declared}
    assumed = {name: _likely(name, wanted, spec.python) for name, wanted in loose.items()}
    return Target(spec.origin, spec.python, pins | assumed, frozenset(assumed), declared=declared)


def _applies(wanted: Requirement, python: str) -> bool:
    minor = ".".join(python.split(".")[:2])
    full = python if python.count(".") >= 2 else f"{minor}.0"
    return wanted.marker is None or wanted.marker.evaluate({"python_version": minor, "python_full_version": full})


def _likely(name: str, wanted: Requirement | None, python: str | None) -> str:
    """The newest version we know that the requirement allows; empty where we know none of the package."""
    known = knowledge().versions.get(PACKAGES.get(name, ""), [])
    fits = [v for v in known if wanted is None or wanted.specifier.contains(v, prereleases=True)]
    newest = NEWEST_NUMPY.get(".".join((python or "").split(".")[:2])) if name == "numpy" else None
    if newest:
        fits = [v for v in fits if v <= Version(newest)]
    return str(fits[-1]) if fits else ""
