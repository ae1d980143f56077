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

NEWEST = 13
"""The Python taken where nothing says which."""


_NUMPY = (((1, 1), "<1.24"), ((1, 4), "<2"))
"""scikit-learn before this -> numpy. 1.0 and older use names that went with numpy 1.24; 1.4 was built against numpy 2
only from its second patch on, and older ones never."""


def numpy_beside(sklearn: tuple[int, ...]) -> str:
    """What of numpy a scikit-learn runs beside where its own metadata does not say so; empty where it does."""
    return next((bound for first, bound in _NUMPY if sklearn < first), "")


def pythons_for(spec: EnvironmentSpec) -> tuple[int, int] | None:
    """The oldest and newest Python 3 that some release allowed by the spec's scikit-learn line has wheels for."""
    requirement = next((one for one in map(_parsed, spec.requirements) if one and one.name == "scikit-learn"), None)
    if requirement is None:
        return None
    fitting = [
        pythons
        for minor, pythons in WHEELS.items()
        if any(requirement.specifier.contains(Version(f"{minor}.{patch}"), prereleases=True) for patch in range(10))
    ]
    if not fitting:
        return None
    return min(oldest for oldest, _ in fitting), max(newest for _, newest in fitting)


def python_for(spec: EnvironmentSpec) -> str:
    """The Python of an environment: what it says, else the newest that its scikit-learn has wheels for.

    Raises:
        EnvironmentImpossible: it says one that its scikit-learn has no wheels for.
    """
    pythons = pythons_for(spec)
    if spec.python is None:
        return f"3.{min(NEWEST, pythons[1]) if pythons else NEWEST}"
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
