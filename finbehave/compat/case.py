"""One file against one environment: what every rule looks at, and what it may say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

from finbehave.compat.inspection import Inspection, StoredObject
from finbehave.compat.knowledge import Knowledge, knowledge
from finbehave.compat.target import Target
from finbehave.domain.compat import Finding, Severity, Verdict

_SEVERITIES = {
    Verdict.COMPATIBLE: Severity.INFO,
    Verdict.RISKY: Severity.WARNING,
    Verdict.UNKNOWN: Severity.WARNING,
    Verdict.INCOMPATIBLE: Severity.ERROR,
    Verdict.UNSAFE: Severity.DANGER,
}


class Proof(IntEnum):
    """What a probe has to do to show that a ruling was wrong."""

    LOADED = 1
    ANSWERED = 2
    ANSWERED_THE_SAME = 3
    NONE = 4
    """No probe can: the ruling is about what is loaded, or about what the next environment may hold."""


@dataclass(frozen=True)
class Ruling:
    """A finding, the verdict that it alone would lead to, and what would refute it.

    ``runnable`` is False where the file must not be loaded to try it out: what would run is not what was read.
    """

    finding: Finding
    verdict: Verdict
    proof: Proof
    runnable: bool = True


def ruling(
    verdict: Verdict,
    code: str,
    message: str,
    remedy: str,
    proof: Proof = Proof.ANSWERED_THE_SAME,
    *,
    runnable: bool = True,
) -> Ruling:
    """A ruling whose severity follows from its verdict."""
    return Ruling(Finding(_SEVERITIES[verdict], code, message, remedy), verdict, proof, runnable)


_LOOKED_AT = {("SelectFromModel", "estimator_"), ("RFE", "estimator_"), ("RFECV", "estimator_")}
"""Selectors look at an estimator's coefficients and do not ask it for predictions."""


@dataclass(frozen=True)
class Case:
    """``packages`` and ``python`` are what the model was trained with, as far as a manifest says so."""

    found: Inspection
    target: Target
    trusted: Collection[str] = ()
    packages: Mapping[str, str] = field(default_factory=dict)
    python: str | None = None
    promises_probabilities: bool | None = None
    """Whether the package's golden records hold probabilities; None for a bare file."""

    @cached_property
    def known(self) -> Knowledge:
        """The tables."""
        return knowledge()

    @cached_property
    def trained(self) -> str | None:
        """The scikit-learn that most of the file's objects were saved by, else what the manifest says."""
        versions = self.found.sklearn_versions
        return next(iter(versions), None) or self.packages.get("scikit-learn")

    @cached_property
    def sklearn(self) -> str | None:
        """The target's scikit-learn."""
        return self.target.version("scikit-learn") or None

    def version_of(self, item: StoredObject) -> str | None:
        """The scikit-learn that saved an object; parts without a version of their own follow the file."""
        return item.sklearn_version or self.trained

    @cached_property
    def used(self) -> tuple[StoredObject, ...]:
        """The objects that answering reaches: not those that only sit under a key which nothing reads in the target."""
        objects = self.found.objects
        reached: set[int] = set()
        waiting = [i for i, item in enumerate(objects) if any(holder < 0 for holder, _ in item.holders)]
        held: dict[int, list[int]] = {}
        for index, item in enumerate(objects):
            for holder, key in item.holders:
                if holder >= 0 and not self._idle(objects[holder], key):
                    held.setdefault(holder, []).append(index)
        while waiting:
            index = waiting.pop()
            if index not in reached:
                reached.add(index)
                waiting.extend(held.get(index, ()))
        return tuple(objects[index] for index in sorted(reached))

    def _idle(self, holder: StoredObject, key: str) -> bool:
        """A fitted attribute that no object of that class reads when asked, in the target's version."""
        if (holder.name, key) in _LOOKED_AT:
            return True
        return (
            self.sklearn is not None
            and key.endswith("_")
            and not key.startswith("_")
            and self.known.needs(holder.name, self.sklearn).get(key) == "o"
        )

    # --- words ------------------------------------------------------------------------------------------------------

    @property
    def pin(self) -> str:
        """The remedy for another scikit-learn: an edit of the target's file, or the environment that works."""
        if self.trained is None:
            return f"train it anew for this environment: {self.train}"
        model, packaged = self.found.path, bool(self.packages)
        name = model.parent if packaged else model
        works = model.parent / "environment.yml" if packaged else f"scikit-learn=={self.trained}"
        if self.target.is_file:
            way = f"pin scikit-learn=={self.trained} in {self.target.origin}"
        else:
            way = f"use the environment that it was made in: finbehave check-compat {name} --environment {works}"
        return f"{way}, or make it anew for this one: {self.train}"

    @property
    def train(self) -> str:
        """The command that makes the model anew for the target."""
        named = f" --environment {self.target.origin}" if " " not in self.target.origin else ""
        return f"finbehave train{named} --data FILE --target COLUMN"
