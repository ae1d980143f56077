"""The rules of a registry's versions, whoever keeps them: which one is meant, which comes next, and what is taken."""

from __future__ import annotations

from collections.abc import Sequence

from finbehave.backends.base import Bump
from finbehave.domain.model import ModelRef, RegisteredModel
from finbehave.errors import NotFound, UsageError


def checked_name(name: str, version: str | None) -> str:
    """A name to register under. Raises UsageError for what is none, and for a version that is none."""
    checked = ModelRef.parse(f"{name}:{version}" if version else name)
    if checked.name != name:
        raise UsageError(f"{name} is a reference, not a name", remedy=f"--name {checked.name}")
    return name


def chosen(known: Sequence[RegisteredModel], ref: ModelRef, *, where: str = "") -> RegisteredModel:
    """The version that is meant, or the latest that is not archived.

    Args:
        known: All versions of the name, the oldest first.
        where: " in …", for the words of an error.

    Raises:
        NotFound: there is none.
    """
    found = [one for one in known if (one.version == ref.version if ref.version else not one.archived)]
    if found:
        return found[-1]
    there = ", ".join(one.version + " (archived)" * one.archived for one in known)
    raise NotFound(
        f"there is no model {ref}{where}" + (f"; of {ref.name} there is {there}" if there else ""),
        remedy="finbehave models list shows what there is; finbehave register PACKAGE adds to it",
    )


def same_or_new(
    known: Sequence[RegisteredModel], digest: str, *, version: str | None, bump: Bump
) -> RegisteredModel | str:
    """The version that holds this content already, or the number of the one to make.

    Args:
        known: All versions of the name, the oldest first.
        digest: Of the content.
        version: Which one is asked for; None for the newest of this content, else the next one.

    Raises:
        UsageError: the version is taken by other content.
    """
    if version is None:
        same = [one for one in known if one.digest == digest]
        return same[-1] if same else _next(known, bump)
    taken = next((one for one in known if one.version == version), None)
    if taken is None or taken.digest == digest:
        return taken or version
    raise UsageError(
        f"{taken.ref} is taken by other content, and a version never changes",
        remedy="leave out --version for the next one, or name a higher one",
    )


def numbers(version: str) -> tuple[int, ...]:
    """The numbers of a semantic version, by which it is ordered; ``1.10.0`` comes after ``1.9.0``."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _next(known: Sequence[RegisteredModel], bump: Bump) -> str:
    if not known:
        return "1.0.0"
    major, minor, patch = numbers(known[-1].version)
    return {
        "major": f"{major + 1}.0.0",
        "minor": f"{major}.{minor + 1}.0",
        "patch": f"{major}.{minor}.{patch + 1}",
    }[bump]
