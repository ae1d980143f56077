"""check-compat: whether a model loads, answers, and answers the same, in the environments it is meant for."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from finbehave.domain.compat import Finding, ProbeOutcome, TargetReport, Verdict, Versions
from finbehave.errors import NotFound, UsageError
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings
from finbehave.workflows.judging import judge, refusal


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


def check_compat(
    model: str,
    *,
    environments: Sequence[str] = (),
    probe: bool = True,
    matrix: Sequence[str] = (),
    trust: Collection[str] = (),
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

    Raises:
        IncompatibleModel, UnsafeModel, UnknownModel: with the ``CompatResult`` as their ``result``.
        NotFound, TamperedPackage, Unavailable, ConfigurationError: as ``judge``.
    """
    settings = settings or load_settings()
    path = locate(model, settings)
    wanted: list[str | None] = [*environments, *(_of_version(version) for version in matrix)]
    reports = tuple(
        judge(path, one, probe=probe, trust=trust, settings=settings, progress=progress) for one in wanted or [None]
    )
    rank = list(Verdict)
    worst = max(reports, key=lambda report: rank.index(report.verdict))
    result = CompatResult(
        worst.verdict, worst.trained_with, worst.target, worst.findings, worst.probe, worst.name, reports
    )
    if (error := refusal(model, worst, result)) is not None:
        raise error
    return result


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
