"""The verdict on one model in one environment: what was read, and what the probe showed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from packaging.version import Version

from finbehave.compat.case import Case, Proof, Ruling, ruling
from finbehave.compat.knowledge import parsed
from finbehave.compat.rules import RANK, gravity, rulings, verdict_of
from finbehave.domain.compat import Finding, ProbeOutcome, Severity, TargetReport, Verdict, Versions
from finbehave.domain.environment import EnvironmentSpec
from finbehave.environments.releases import NEWEST, WHEELS, numpy_beside


@dataclass(frozen=True)
class Assessment:
    """What reading alone says. ``runnable`` is False where the file must not be loaded anywhere."""

    case: Case
    rulings: tuple[Ruling, ...]

    @property
    def verdict(self) -> Verdict:
        """By reading alone."""
        return verdict_of(self.rulings)

    @property
    def runnable(self) -> bool:
        """Whether a probe may load the file."""
        return all(one.runnable for one in self.rulings)


def assess(case: Case, more: Iterable[Ruling] = ()) -> Assessment:
    """Ask every rule; ``more`` are rulings of the caller's own."""
    found = (*rulings(case), *more)
    return Assessment(case, tuple(sorted(found, key=gravity)))


def report(
    name: str, assessment: Assessment, probe: ProbeOutcome | None = None, *, tolerance: float = 1e-6
) -> TargetReport:
    """The verdict; where a probe ran it decides, for what it could show."""
    kept = assessment.rulings
    if probe is not None:
        kept = (*_of_probe(assessment, probe, tolerance), *_unrefuted(kept, probe, tolerance))
        kept = tuple(sorted(kept, key=lambda one: -RANK[one.verdict]))
    if verdict_of(kept) is Verdict.UNSAFE:  # nothing else about it matters
        kept = tuple(one for one in kept if one.verdict is Verdict.UNSAFE)
    case = assessment.case
    return TargetReport(
        name,
        verdict_of(kept),
        trained_with(case),
        case.target.versions,
        tuple(_distinct(one.finding for one in kept)),
        probe,
    )


def _distinct(findings: Iterable[Finding]) -> Iterable[Finding]:
    return dict.fromkeys(findings)


def shown(probe: ProbeOutcome, tolerance: float) -> Proof | None:
    """How far a probe came."""
    if not probe.loaded:
        return None
    if not probe.predicted:
        return Proof.LOADED
    if probe.max_abs_diff is None or probe.max_abs_diff > tolerance:
        return Proof.ANSWERED
    return Proof.ANSWERED_THE_SAME


def _unrefuted(found: tuple[Ruling, ...], probe: ProbeOutcome, tolerance: float) -> Iterable[Ruling]:
    """What was read and not refuted; a refuted fear stays as a remark."""
    proof = shown(probe, tolerance)
    for one in found:
        if proof is None or one.proof > proof or one.verdict is Verdict.COMPATIBLE:
            yield one
        else:
            message = f"read from the file, and refuted by the probe: {one.finding.message}"
            yield replace(
                one, verdict=Verdict.COMPATIBLE, finding=replace(one.finding, severity=Severity.INFO, message=message)
            )


def _of_probe(assessment: Assessment, probe: ProbeOutcome, tolerance: float) -> Iterable[Ruling]:
    case = assessment.case
    where = case.target.origin
    if not probe.loaded:
        yield ruling(
            Verdict.INCOMPATIBLE,
            "probe-load",
            f"it did not load in {where}: {probe.error or 'no reason was given'}",
            case.pin,
        )
    elif not probe.predicted:
        yield ruling(
            Verdict.INCOMPATIBLE, "probe-predict",
            f"it loaded in {where} and then failed when it was asked: {probe.error or 'no reason was given'}", case.pin,
        )  # fmt: skip
    elif probe.max_abs_diff is not None and probe.max_abs_diff > tolerance:
        by = "another label" if probe.max_abs_diff == float("inf") else f"{probe.max_abs_diff:.3g}"
        yield ruling(
            Verdict.INCOMPATIBLE, "probe-differs",
            f"it loaded in {where} without an error and answers something else: off by {by} (tolerance {tolerance:g})",
            case.pin,
        )  # fmt: skip


def lost_answers(case: Case, methods: Sequence[str]) -> Ruling:
    """What a bare file answers in its own environment and not in the target."""
    return ruling(
        Verdict.INCOMPATIBLE, "probe-lost",
        f"it has {' and '.join(methods)} with scikit-learn {case.trained} and no longer in {case.target.origin}",
        case.pin, Proof.NONE,
    )  # fmt: skip


def trained_with(case: Case) -> Versions:
    """The versions of a manifest, or what the file shows: exact for scikit-learn, a range for the rest."""
    if case.packages:
        return Versions(case.python, dict(sorted(case.packages.items())))
    found, packages = case.found, {}
    if case.trained:
        packages["scikit-learn"] = case.trained
    numpy = numpy_range(case)
    if numpy:
        packages["numpy"] = numpy
    if found.aligned is not None or found.nested_protocols:
        packages["joblib"] = joblib_range(case)
    protocols = found.protocols | found.nested_protocols
    newest = max(protocols, default=0)
    return Versions(">=3.8" if newest >= 5 else (">=3.4" if newest >= 4 else None), packages)


def numpy_range(case: Case) -> str:
    """What the names of numpy's modules tell of its version; empty for a file without arrays."""
    names = case.found.names
    if any(name.startswith("numpy._core.") for name in names) or any(
        name.startswith("numpy.random._") and name.rpartition(".")[2] in ("MT19937", "PCG64") for name in names
    ):
        return ">=2"
    if 2 in case.found.called.get("numpy.random._pickle.__randomstate_ctor", ()):
        return ">=1.24,<2"
    return "<2" if any(name.startswith("numpy.core.") for name in names) else ""


def joblib_range(case: Case) -> str:
    """What the arrays' padding and the protocol of nested pickles tell of joblib's version."""
    if 5 in case.found.nested_protocols:
        return ">=1.5"
    if case.found.aligned:
        return ">=1.2"
    return "<1.2" if case.found.aligned is False else ""


def origin_of(case: Case, borrowed: Iterable[str] = ()) -> EnvironmentSpec:
    """An environment such as the one that a file comes from, as far as the file tells.

    Args:
        borrowed: Packages that it has as well, in the target's versions, where the target has them.
    """
    version = parsed(case.trained or "")
    numpy = ",".join(filter(None, {numpy_range(case), numpy_beside(version.release) if version else ""}))
    lines = [f"scikit-learn=={case.trained}", f"numpy{numpy}"]
    lines += [f"joblib{joblib_range(case)}", "pandas"]
    lines += [f"{name}=={case.target.packages[name]}" for name in borrowed if name in case.target.packages]
    lines += ["lz4"] if case.found.compression == "lz4" else []
    return EnvironmentSpec(f"scikit-learn {case.trained}", _python_beside(version, numpy), tuple(lines))


def _python_beside(sklearn: Version | None, numpy: str) -> str | None:
    """The newest Python that both a scikit-learn and a range of numpy have wheels for."""
    known = WHEELS.get(f"{sklearn.major}.{sklearn.minor}") if sklearn else None
    if known is None:
        return None
    newest_for_numpy_1 = 12
    return f"3.{min(known[1], newest_for_numpy_1 if '<' in numpy else NEWEST)}"
