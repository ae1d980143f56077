"""Judging one model in one environment: read it, and where that is safe, try it.

check-compat, register, deploy and pipeline ask here.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finbehave.domain.check import CheckGroup, CheckStatus
from finbehave.domain.compat import ProbeOutcome, TargetReport, Verdict
from finbehave.domain.environment import EnvironmentSpec, Interpreter
from finbehave.errors import (
    EnvironmentImpossible,
    FinbehaveError,
    GuestFailed,
    IncompatibleModel,
    NoNetwork,
    NotFound,
    UnknownModel,
    UnsafeModel,
)
from finbehave.progress import QUIET, OpenCheck, Progress, checking
from finbehave.settings import Settings

if TYPE_CHECKING:
    from finbehave.compat.inspection import Inspection
    from finbehave.compat.target import Target
    from finbehave.compat.verdict import Assessment
    from finbehave.packaging.package import Package

PROBE_SECONDS = 180.0
PROBE_MEMORY = 16 << 30
"""Address space, not memory in use: numerical libraries reserve more than they touch."""
TOLERANCE = 1e-6
"""For a bare file: between environments, answers differ by less than 1e-9 or by more than 1e-3."""
BORROWED = ("cloudpickle", "dill", "xgboost", "lightgbm", "catboost", "imbalanced-learn", "category-encoders")
"""Packages that a bare file may need beside scikit-learn, pandas and joblib."""
HERE = "this Python"
ASKING = "asking the model"
"""The guest's own words for its second stage (``finbehave/guest/probe.py``)."""


class Shared:
    """What the judgements of one model in several environments have in common; safe to share among threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.found: Inspection | None = None
        self.references: dict[EnvironmentSpec, dict[str, Any] | None] = {}
        """Environment of the file's own version -> its answers there."""


def judge(
    path: Path,
    environment: str | None,
    *,
    probe: bool,
    trust: Collection[str] = (),
    settings: Settings,
    progress: Progress = QUIET,
    shared: Shared | None = None,
) -> TargetReport:
    """The verdict on a model in an environment. Never raises for what the model is; see ``refusal``.

    Args:
        path: A package directory, which is verified, or a bare model file.
        environment: Where it is to run: a file, a curated image, versions. None: the package's own environment; for a
            bare file this Python, and then it is only read.
        probe: Whether to load it there, in a process of its own, when reading finds nothing against that.
        trust: Modules whose code the caller answers for, for this run.
        shared: The same one for every judgement of this model, so that what they share is done once.

    Raises:
        NotFound: no such model or environment.
        TamperedPackage: a package whose files are not those its manifest names.
        Unavailable, ConfigurationError: the environment could not be built, for a reason that is not the model.
    """
    from finbehave.environments.files import read_environment
    from finbehave.packaging.package import MODEL, read_package

    if not path.exists():
        raise NotFound(f"there is no model at {path}", remedy="check the path, or see finbehave models list")
    package = read_package(path) if path.is_dir() else None
    file = path / MODEL if package else path
    spec = read_environment(environment) if environment else (package.environment if package else None)
    judging = _Judging(file, package, spec, tuple(trust), settings, progress, shared or Shared())
    return judging.run(probe=probe and spec is not None)


def refusal(model: str, report: TargetReport, result: Any = None) -> FinbehaveError | None:
    """The error that a verdict calls for; None for compatible and risky."""
    kinds = {Verdict.INCOMPATIBLE: IncompatibleModel, Verdict.UNSAFE: UnsafeModel, Verdict.UNKNOWN: UnknownModel}
    kind = kinds.get(report.verdict)
    if kind is None:
        return None
    first = report.findings[0]
    where = f" in {report.name}" if report.verdict is Verdict.INCOMPATIBLE and report.name not in first.message else ""
    return kind(f"{model} is {report.verdict.value}{where}: {first.message}", remedy=first.remedy, result=result)


def try_file(
    file: Path, interpreter: Interpreter, *, reference: dict[str, Any] | None = None, progress: Progress = QUIET
) -> dict[str, Any]:
    """Load a bare file in an environment and ask it made-up rows, or those of ``reference``, once it was judged safe.

    Returns:
        The result of ``finbehave/guest/probe.py``; ``package`` in it is what a package of this model needs.

    Raises:
        GuestFailed: the process died or took too long.
    """
    return _guest(interpreter, {"model": str(file.resolve()), "reference": reference}, progress)


def _guest(interpreter: Interpreter, request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    from finbehave.environments.guests import run_guest

    return run_guest(
        interpreter.path, "probe.py", request, timeout=PROBE_SECONDS, memory_bytes=PROBE_MEMORY, progress=progress
    )


@dataclass
class _Judging:
    """One run of ``judge``. ``environment`` is None for a bare file that nothing but reading is asked of."""

    file: Path
    package: Package | None
    environment: EnvironmentSpec | None
    trusted: tuple[str, ...]
    settings: Settings
    progress: Progress
    shared: Shared

    @property
    def name(self) -> str:
        return self.environment.origin if self.environment else HERE

    @property
    def tolerance(self) -> float:
        return self.package.golden.tolerance if self.package else TOLERANCE

    def run(self, *, probe: bool) -> TargetReport:
        from finbehave.compat.target import target_of_spec
        from finbehave.compat.verdict import report

        found = self._read()
        assessment = self._assess(found, target_of_spec(self.environment) if self.environment else _here())
        read_only = report(self.name, assessment)
        with checking(self.progress, f"reading it for {self.name}", CheckGroup.COMPATIBILITY) as check:
            _mark(check, read_only)
        return self._try(assessment, read_only) if probe and assessment.runnable else read_only

    def _read(self) -> Inspection:
        from finbehave.compat.reader import inspect_file

        with self.shared.lock:
            if self.shared.found is None:
                with checking(self.progress, "model file", CheckGroup.COMPATIBILITY) as check:
                    found = self.shared.found = inspect_file(self.file)
                    check.detail = f"{found.root}, {found.words}" if found.root else found.words
                    if found.problem:
                        check.status, check.remedy = CheckStatus.FAILED, found.problem[2]
            return self.shared.found

    def _assess(self, found: Inspection, target: Target) -> Assessment:
        from finbehave.compat.case import Case
        from finbehave.compat.verdict import assess

        if self.package is None:
            return assess(Case(found, target, self.trusted))
        manifest = self.package.manifest
        return assess(
            Case(
                found, target, self.trusted, packages=manifest.packages, python=manifest.python,
                promises_probabilities=self.package.golden.probabilities is not None,
            )
        )  # fmt: skip

    # --- trying it out ------------------------------------------------------------------------------------------

    def _try(self, assessment: Assessment, read_only: TargetReport) -> TargetReport:
        from finbehave.compat.rules_target import impossible
        from finbehave.compat.verdict import assess, lost_answers, report

        try:
            interpreter = self._built()
        except EnvironmentImpossible as error:
            return report(self.name, assess(assessment.case, [impossible(error.message, error.remedy)]))
        except NoNetwork:
            if read_only.verdict is Verdict.INCOMPATIBLE:
                return read_only
            raise
        assessment = self._assess(assessment.case.found, _installed(assessment.case.target, interpreter))
        if not assessment.runnable:
            return report(self.name, assessment)
        reference = None if self.package else self._reference(assessment)
        with checking(self.progress, f"trying it in {self.name}", CheckGroup.COMPATIBILITY) as check:
            outcome, lost = self._probe(interpreter, reference)
            if lost:
                assessment = assess(assessment.case, [lost_answers(assessment.case, lost)])
            verdict = report(self.name, assessment, outcome, tolerance=self.tolerance)
            _mark(check, verdict)
            check.detail = told(outcome)
        return verdict

    def _built(self) -> Interpreter:
        assert self.environment is not None
        with checking(self.progress, f"environment {self.name}", CheckGroup.ENVIRONMENT) as check:
            interpreter = _ensure(self.environment, self.settings, self.progress)
            version = interpreter.packages.get("scikit-learn", "?")
            check.detail = f"Python {interpreter.python}, scikit-learn {version}"
        return interpreter

    def _probe(
        self, interpreter: Interpreter, reference: dict[str, Any] | None
    ) -> tuple[ProbeOutcome, tuple[str, ...]]:
        """What happened, and the kinds of answers that the file gave in its own environment and not there."""
        stages = _Stages(self.progress)
        try:
            if self.package:
                got = _guest(interpreter, {"package": str(self.package.path.resolve())}, stages)
            else:
                got = try_file(self.file, interpreter, reference=reference, progress=stages)
        except GuestFailed as error:
            return ProbeOutcome(stages.asked, False, None, round(stages.seconds, 3), _last_words(error)), ()
        outcome = ProbeOutcome(got["loaded"], got["predicted"], got["max_abs_diff"], got["seconds"], got["error"])
        return outcome, tuple(got["lost"])

    def _reference(self, assessment: Assessment) -> dict[str, Any] | None:
        """What a bare file answers in an environment of its own version, for want of golden records."""
        from finbehave.compat.verdict import origin_of

        case = assessment.case
        if case.trained is None or case.trained == case.sklearn:
            return None
        spec = origin_of(case, BORROWED)
        with self.shared.lock:
            if spec not in self.shared.references:
                self.shared.references[spec] = self._own_answers(spec)
            return self.shared.references[spec]

    def _own_answers(self, spec: EnvironmentSpec) -> dict[str, Any] | None:
        with checking(self.progress, f"its answers with {spec.origin}", CheckGroup.COMPATIBILITY) as check:
            try:
                got = try_file(self.file, _ensure(spec, self.settings, self.progress), progress=self.progress)
            except FinbehaveError as error:
                got = {"predicted": False, "error": error.message}
            if got["predicted"]:
                check.detail = f"{' and '.join(got['reference']['answers'])}, to compare with"
                reference: dict[str, Any] = got["reference"]
                return reference
            check.status = CheckStatus.SKIPPED
            check.detail = f"nothing to compare its answers with: {got['error']}"
        return None


class _Stages:
    """Passes on what the guest tells, and keeps how far it had come: a process that dies says nothing more."""

    def __init__(self, progress: Progress) -> None:
        import time

        self._progress = progress
        self._clock = time.monotonic
        self._started = time.monotonic()
        self.asked = False
        self.check = progress.check
        self.note = progress.note

    @property
    def seconds(self) -> float:
        return self._clock() - self._started

    def advance(self, task: str, done: float, total: float | None = None) -> None:
        """Hear of a stage."""
        self.asked = self.asked or task == ASKING
        self._progress.advance(task, done, total)


def _ensure(spec: EnvironmentSpec, settings: Settings, progress: Progress) -> Interpreter:
    from finbehave.environments.isolated import ensure_environment

    return ensure_environment(spec, cache=settings.cache, offline=settings.offline, progress=progress)


def _here() -> Target:
    """The packages beside this very program."""
    import importlib.metadata
    import platform
    import sys

    from finbehave.compat.target import target_of_interpreter

    packages = {one.metadata["Name"]: one.version for one in importlib.metadata.distributions() if one.metadata["Name"]}
    return target_of_interpreter(HERE, Interpreter(Path(sys.executable), platform.python_version(), packages))


def _installed(target: Target, interpreter: Interpreter) -> Target:
    """What was really installed; what the file left open stays marked as such."""
    from finbehave.compat.target import target_of_interpreter

    return replace(target_of_interpreter(target.origin, interpreter), assumed=target.assumed)


_SIGNALS = {
    "SIGSEGV": ", a segmentation fault: a compiled library cannot read what the file holds",
    "SIGKILL": ", as the system does when memory runs out",
    "SIGABRT": ": a compiled library gave up",
    "SIGILL": ": a compiled library wants a newer processor",
}


def _last_words(error: GuestFailed) -> str:
    if error.kind == "crashed" and error.signal:
        return f"the process was killed by {error.signal}{_SIGNALS.get(error.signal, '')}"
    if error.kind == "timeout":
        return f"it did not answer within {PROBE_SECONDS:g} s"
    return error.message[:300]


def told(outcome: ProbeOutcome) -> str:
    """A probe in one line."""
    if not outcome.loaded:
        return f"did not load: {outcome.error}"
    if not outcome.predicted:
        return f"loaded, then failed when asked: {outcome.error}"
    if outcome.max_abs_diff is None:
        return "loaded and answered; nothing to compare the answers with"
    if outcome.max_abs_diff == float("inf"):
        return "loaded and answered with other labels"
    return f"loaded and answered; largest difference {outcome.max_abs_diff:.2g}"


_MARKS = {
    Verdict.COMPATIBLE: CheckStatus.PASSED,
    Verdict.RISKY: CheckStatus.WARNING,
    Verdict.UNKNOWN: CheckStatus.FAILED,
    Verdict.INCOMPATIBLE: CheckStatus.FAILED,
    Verdict.UNSAFE: CheckStatus.FAILED,
}


def _mark(check: OpenCheck, report: TargetReport) -> None:
    check.status = _MARKS[report.verdict]
    check.detail = report.verdict.value
    if check.status is not CheckStatus.PASSED and report.findings:
        check.detail += f": {report.findings[0].message}"
        check.remedy = report.findings[0].remedy
