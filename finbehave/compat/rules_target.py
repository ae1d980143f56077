"""Rules on the environment itself: versions that nothing pins, a Python that a scikit-learn does not run on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from finbehave.compat.case import Case, Proof, Ruling, ruling
from finbehave.compat.knowledge import parsed
from finbehave.domain.compat import Severity, Verdict
from finbehave.environments.releases import NEWEST, WHEELS


def python_and_sklearn(case: Case) -> Iterator[Ruling]:
    """An environment that cannot exist is found before it is built."""
    version, python = parsed(case.sklearn or ""), case.target.python_minor
    if version is None or python is None or case.target.complete or len(version.release) < 2:
        return
    known = WHEELS.get(f"{version.major}.{version.minor}")
    if known is None or known[0] <= python[1] <= known[1]:
        return
    yield ruling(
        Verdict.INCOMPATIBLE, "environment-impossible",
        f"{case.target.origin} cannot exist: scikit-learn {version} has builds for Python 3.{known[0]} to "
        f"3.{known[1]}, and it asks for Python {case.target.python}",
        f"set python=3.{min(known[1], NEWEST)} in {case.target.origin}, or pin another scikit-learn", Proof.LOADED,
    )  # fmt: skip


def impossible(message: str, remedy: str) -> Ruling:
    """What the building of an environment found: it cannot be built."""
    return ruling(Verdict.INCOMPATIBLE, "environment-impossible", message, remedy, Proof.NONE, runnable=False)


FIRST_FOR_NUMPY_2 = "1.4.2"
"""The first scikit-learn with wheels built against numpy 2; earlier ones do not import beside it."""


def unpinned(case: Case) -> Iterator[Ruling]:
    """What nothing pins is whatever is newest on the day the image is built."""
    sklearn, numpy = parsed(case.sklearn or ""), parsed(case.target.version("numpy") or "")
    first = parsed(FIRST_FOR_NUMPY_2)
    loose = "numpy" in case.target.assumed
    if sklearn and numpy and first and numpy.major >= 2 and sklearn < first:
        taken = f"numpy is not pinned, so {numpy} is taken" if loose else f"{case.target.origin} pins numpy {numpy}"
        yield ruling(
            Verdict.INCOMPATIBLE, "numpy-abi",
            f"{taken}: scikit-learn {sklearn} is compiled against numpy 1 and does not import beside it "
            "(numpy.dtype size changed)",
            case.target.amended("numpy<2"), Proof.LOADED,
        )  # fmt: skip
    for name in ("scikit-learn", "numpy") if case.target.is_file else ():
        if name in case.target.assumed:
            yield _loose(case, name)


def _loose(case: Case, name: str) -> Ruling:
    version = case.target.version(name)
    wanted = case.packages.get(name) or (case.trained if name == "scikit-learn" else None) or version
    if case.target.complete:
        found = ruling(
            Verdict.COMPATIBLE, "unpinned",
            f"{name} is not pinned in {case.target.origin}: {version} was installed today, another may be "
            "when an image is built of it",
            case.target.amended(f"{name}=={wanted}"),
        )  # fmt: skip
        return replace(found, finding=replace(found.finding, severity=Severity.WARNING))
    return ruling(
        Verdict.RISKY, "unpinned",
        f"{name} is not pinned in {case.target.origin}: whatever is newest when an image is built of it is taken"
        + (f" ({version} or later)" if version else ""),
        case.target.amended(f"{name}=={wanted}"), Proof.NONE,
    )  # fmt: skip


RULES = (python_and_sklearn, unpinned)
