"""check-compat: whether a model loads, answers, and answers the same, in the environments it is meant for."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from finbehave.domain.check import Check
from finbehave.domain.compat import Finding, ProbeOutcome, TargetReport, Verdict, Versions
from finbehave.errors import NotFound, UsageError
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings
from finbehave.workflows.judging import Shared, judge, refusal
from finbehave.workflows.rehearsing import Rehearsal, check_servable, with_rehearsal
from finbehave.workflows.rehearsing import rehearse as rehearse_in

MOST_AT_ONCE = 4
"""Environments built and tried at once: builds wait for the network and the disk, a trial for one core."""


@dataclass(frozen=True)
class CompatResult:
    """The worst target's verdict with all that belongs to it; ``targets`` holds every one, in the order asked for."""

    verdict: Verdict
    trained_with: Versions
    target: Versions
    findings: tuple[Finding, ...]
    probe: ProbeOutcome | None
    name: str
    targets: tuple[TargetReport, ...]
    rehearsals: tuple[Rehearsal | None, ...] = ()
    """One for each target where they were asked for; None where the verdict already forbids it."""


def check_compat(
    model: str,
    *,
    environments: Sequence[str] = (),
    probe: bool = True,
    matrix: Sequence[str] = (),
    trust: Collection[str] = (),
    rehearse: bool = False,
    settings: Settings | None = None,
    progress: Progress = QUIET,
) -> CompatResult:
    """Judge a model.

    Args:
        model: A package directory, a bare model file, or a registered ``name:version``.
        environments: Files, curated images or versions; none means the package's own.
        probe: Whether to load and ask it there, in a process of its own.
        matrix: Versions of scikit-learn to judge it for besides, as ``1.5.2`` or ``1.7``.
        trust: Modules whose code the caller answers for.
        rehearse: Whether to serve it under Azure's inference server as well, where it was judged to work.

    Raises:
        IncompatibleModel, UnsafeModel, UnknownModel: with the ``CompatResult`` as their ``result``.
        NotFound, TamperedPackage, Unavailable, ConfigurationError: as ``judge``.
    """
    settings = settings or load_settings()
    path = locate(model, settings)
    if rehearse:
        check_servable(path)
    wanted: list[str | None] = [*environments, *(_of_version(version) for version in matrix)]
    shared = Shared()

    def judged(environment: str | None, progress: Progress) -> TargetReport:
        return judge(
            path, environment, probe=probe, trust=trust, settings=settings, progress=progress, shared=shared
        )  # fmt: skip

    reports = side_by_side(judged, wanted or [None], progress)
    rehearsals: tuple[Rehearsal | None, ...] = ()
    if rehearse:
        reports, rehearsals = _rehearsed(path, wanted or [None], reports, settings, progress)
    rank = list(Verdict)
    worst = max(reports, key=lambda report: rank.index(report.verdict))
    result = CompatResult(
        worst.verdict, worst.trained_with, worst.target, worst.findings, worst.probe, worst.name, reports, rehearsals
    )
    if (error := refusal(model, worst, result)) is not None:
        raise error
    return result


def _rehearsed(
    path: Path, wanted: Sequence[str | None], reports: Sequence[TargetReport], settings: Settings, progress: Progress
) -> tuple[tuple[TargetReport, ...], tuple[Rehearsal | None, ...]]:
    """One after the other: each measures the time and memory of a machine of its own."""
    judged, found = [], []
    for environment, report in zip(wanted, reports, strict=True):
        fit = report.verdict in (Verdict.COMPATIBLE, Verdict.RISKY)
        rehearsal = rehearse_in(path, environment, settings, progress) if fit else None
        found.append(rehearsal)
        judged.append(with_rehearsal(report, rehearsal) if rehearsal else report)
    return tuple(judged), tuple(found)


class _Held:
    """Keeps what is told until it is its turn; how far a task has come is not kept."""

    def __init__(self) -> None:
        self.said: list[Callable[[Progress], None]] = []

    def check(self, check: Check) -> None:
        """Keep it."""
        self.said.append(lambda progress: progress.check(check))

    def note(self, text: str) -> None:
        """Keep it."""
        self.said.append(lambda progress: progress.note(text))

    def advance(self, task: str, done: float, total: float | None = None) -> None:
        """Forget it."""


def side_by_side(
    judged: Callable[[str | None, Progress], TargetReport], wanted: Sequence[str | None], progress: Progress
) -> tuple[TargetReport, ...]:
    """The reports of several environments, built and tried at once; told in the order in which they were asked for.

    Raises:
        FinbehaveError: what the first of them raised, after the others have ended.
    """
    if len(wanted) == 1:
        return (judged(wanted[0], progress),)
    task = f"{len(wanted)} environments"
    with ThreadPoolExecutor(max_workers=min(len(wanted), MOST_AT_ONCE)) as pool:
        held = [_Held() for _ in wanted]
        running = [pool.submit(judged, one, told) for one, told in zip(wanted, held, strict=True)]
        reports = []
        for place, (one, told) in enumerate(zip(running, held, strict=True)):
            progress.advance(task, place, len(wanted))
            try:
                reports.append(one.result())
            finally:
                for say in told.said:
                    say(progress)
        progress.advance(task, len(wanted), len(wanted))
    return tuple(reports)


def locate(model: str, settings: Settings) -> Path:
    """The package directory or bare file that a person means.

    Raises:
        NotFound: no such file, directory or registered model.
    """
    path = Path(model)
    if path.exists():
        return path
    if "/" in model or path.suffix in (".joblib", ".pkl", ".pickle", ".sav"):
        raise NotFound(f"there is no model file at {model}", remedy="check the path, or see finbehave models list")
    from finbehave.backends.base import open_backend
    from finbehave.domain.model import ModelRef

    return open_backend(settings).models.package(ModelRef.parse(model))


def _of_version(version: str) -> str:
    """An environment of a version: ``1.5.2`` is exact, ``1.7`` is its newest patch."""
    if not re.fullmatch(r"\d+\.\d+(\.\d+)?(\.?(rc|post)\d+)?", version):
        raise UsageError(
            f"{version!r} is no version of scikit-learn", remedy="write the matrix as --matrix 1.3.2,1.5.2,1.7"
        )
    return f"scikit-learn=={version}" if version.count(".") > 1 else f"scikit-learn={version}"
