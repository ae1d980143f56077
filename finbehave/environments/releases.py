"""Which Pythons the releases of scikit-learn have wheels for, as data, so that what cannot exist is refused unbuilt.

Source: the files and ``Requires-Python`` of each release on the package index, as read on 25 November 2026.
"""

from __future__ import annotations

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from finbehave.domain.environment import EnvironmentSpec
from finbehave.errors import EnvironmentImpossible

WHEELS: dict[str, tuple[int, int]] = {
    "0.21": (5, 7), "0.22": (5, 8), "0.23": (6, 9), "0.24": (6, 9), "1.0": (7, 10), "1.1": (8, 11), "1.2": (8, 11),
    "1.3": (8, 12), "1.4": (9, 12), "1.5": (9, 13), "1.6": (9, 13), "1.7": (10, 14), "1.8": (11, 14), "1.9": (11, 14),
}  # fmt: skip
"""scikit-learn -> the oldest and the newest minor version of Python 3."""

BESIDE: dict[str, dict[str, tuple[int, int]]] = {
    "numpy": {
        "1.17": (5, 8), "1.18": (5, 8), "1.19": (6, 9), "1.20": (7, 9), "1.21": (7, 10), "1.22": (8, 10),
        "1.23": (8, 11), "1.24": (8, 11), "1.25": (9, 11), "1.26": (9, 12), "2.0": (9, 12), "2.1": (10, 13),
        "2.2": (10, 13), "2.3": (11, 14), "2.4": (11, 14),
    },
    "scipy": {
        "1.3": (5, 7), "1.4": (5, 8), "1.5": (6, 9), "1.6": (7, 9), "1.7": (7, 10), "1.8": (8, 10), "1.9": (8, 11),
        "1.10": (8, 11), "1.11": (9, 12), "1.12": (9, 12), "1.13": (9, 12), "1.14": (10, 13), "1.15": (10, 13),
        "1.16": (11, 14), "1.17": (11, 14),
    },
    "pandas": {
        "0.25": (5, 8), "1.0": (6, 8), "1.1": (6, 9), "1.2": (7, 9), "1.3": (7, 10), "1.4": (8, 10), "1.5": (8, 11),
        "2.0": (8, 11), "2.1": (9, 12), "2.2": (9, 12), "2.3": (9, 14), "3.0": (11, 14),
    },
}  # fmt: skip
"""The same of what scikit-learn is pinned together with."""

NEWEST = 13
"""The Python taken where nothing says which."""


_NUMPY = (((1, 1), "<1.24"), ((1, 4), "<2"))
"""scikit-learn before this -> numpy. 1.0 and older use names that went with numpy 1.24; 1.4 was built against numpy 2
only from its second patch on, and older ones never."""


def numpy_beside(sklearn: tuple[int, ...]) -> str:
    """What of numpy a scikit-learn runs beside where its own metadata does not say so; empty where it does."""
    return next((bound for first, bound in _NUMPY if sklearn < first), "")


def _span(requirement: Requirement, wheels: dict[str, tuple[int, int]]) -> tuple[int, int] | None:
    """The oldest and newest Python 3 that some release allowed by a line has wheels for; None where none is known."""
    fitting = [
        pythons
        for minor, pythons in wheels.items()
        if any(requirement.specifier.contains(Version(f"{minor}.{patch}"), prereleases=True) for patch in range(10))
    ]
    return (min(oldest for oldest, _ in fitting), max(newest for _, newest in fitting)) if fitting else None


def _newest_for(spec: EnvironmentSpec) -> int:
    """The newest Python 3 that every pinned package has wheels for, as far as these tables know."""
    newest = NEWEST
    for one in filter(None, map(_parsed, spec.requirements)):
        wheels = {"scikit-learn": WHEELS, **BESIDE}.get(one.name.lower())
        is_newer_than_known = wheels is None or one.specifier.contains(Version("99"), prereleases=True)
        if wheels and not is_newer_than_known and (span := _span(one, wheels)):
            newest = min(newest, span[1])
    return newest


def pythons_for(spec: EnvironmentSpec) -> tuple[int, int] | None:
    """The oldest and newest Python 3 that some release allowed by the spec's scikit-learn line has wheels for."""
    requirement = next((one for one in map(_parsed, spec.requirements) if one and one.name == "scikit-learn"), None)
    if requirement is None:
        return None
    return _span(requirement, WHEELS)


def python_for(spec: EnvironmentSpec) -> str:
    """The Python of an environment: what it says, else the newest that what it pins has wheels for.

    Raises:
        EnvironmentImpossible: it says one that its scikit-learn has no wheels for.
    """
    pythons = pythons_for(spec)
    if spec.python is None:
        return f"3.{_newest_for(spec)}"
    minor = int(spec.python.split(".")[1])
    if pythons and not pythons[0] <= minor <= pythons[1]:
        pin = next(line for line in spec.requirements if line.lower().startswith("scikit-learn"))
        raise EnvironmentImpossible(
            f"{spec.origin} cannot exist: {pin} has no build for Python {spec.python}; it needs Python "
            f"3.{pythons[0]} to 3.{pythons[1]}",
            remedy=f"set python to 3.{min(pythons[1], NEWEST)} in {spec.origin}, or pin another scikit-learn",
        )
    return spec.python


def _parsed(line: str) -> Requirement | None:
    try:
        return Requirement(line)
    except InvalidRequirement:
        return None
