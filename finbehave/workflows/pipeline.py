"""pipeline: from data to a live endpoint that has answered, with every gate on the way.

The bundled sample is used where no data is named. The same data gives the same model, version and endpoint again, so a
second run changes nothing.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finbehave.domain.check import CheckGroup, CheckStatus
from finbehave.domain.compat import Verdict
from finbehave.domain.endpoint import Traffic
from finbehave.errors import ConfigurationError, GateFailed, UsageError
from finbehave.progress import QUIET, Progress, checking
from finbehave.settings import Settings, load_settings
from finbehave.workflows.deploy import DeployResult, deploy
from finbehave.workflows.invoke import InvokeResult, invoke
from finbehave.workflows.register import RegisterResult, register
from finbehave.workflows.train import TrainResult, train

LITTLE_SPACE = 2 << 30
"""Free bytes below which a disk is warned of: an environment with scikit-learn takes half a gigabyte."""

STAGES = {
    "prepare": "transactions become one row of behaviour for each customer",
    "train": "candidates are chosen out of fold; the figures are of held-out rows",
    "check-compat": "the model is read, loaded and asked where it is to run",
    "register": "it gets a name and a version that never change",
    "deploy": "it goes live only after it has answered as in training",
    "invoke": "a client asks the endpoint over HTTP",
}


@dataclass(frozen=True)
class PipelineResult:
    """``model`` and ``version`` name what is live; ``prediction`` is its answer to ``row``.

    ``metrics`` are of held-out rows, ``baseline`` of the same rows when every row gets the same answer. ``changed`` is
    False where this model was live already.
    """

    package: Path
    model: str
    version: str
    endpoint: str
    deployment: str
    scoring_uri: str | None
    traffic: Traffic
    changed: bool
    estimator: str
    metrics: dict[str, float]
    baseline: dict[str, float]
    row: dict[str, Any]
    prediction: Any
    probabilities: dict[str, float] | None
    seconds: float


def pipeline(
    data: Path | None = None,
    target: str | None = None,
    *,
    out: Path | None = None,
    settings: Settings | None = None,
    progress: Progress = QUIET,
    entered: Callable[[str, str], None] | None = None,
) -> PipelineResult:
    """Run prepare, train, check-compat, register, deploy and invoke, and stop at the first that fails.

    Args:
        data: A file to train on, one row for each case; None for the bundled sample.
        target: Its column to predict.
        out: Where the package goes; None for a folder of the workspace.
        entered: Called with each stage's name and words as it begins.

    Raises:
        UsageError: data without a target, or a target without data.
        What each stage raises; what was done before it stays.
    """
    settings = settings or load_settings()
    if (data is None) != (target is None):
        raise UsageError("--data and --target belong together", remedy="name both, or neither for the bundled sample")
    return _Pipeline(settings, progress, entered).run(data, target, out)


@dataclass
class _Pipeline:
    """One run of ``pipeline``."""

    settings: Settings
    progress: Progress
    entered: Callable[[str, str], None] | None

    def run(self, data: Path | None, target: str | None, out: Path | None) -> PipelineResult:
        started = time.monotonic()
        self._workspace()
        if data is None or target is None:
            data, target = self._prepare()
        package = out or self.settings.workspace / "packages" / self.settings.model_name
        trained = self._train(data, target, package)
        self._judge(package)
        registered = self._register(package)
        live = self._deploy(registered)
        row, answer = self._invoke(package, live)
        return _result(trained, registered, live, row, answer, time.monotonic() - started)

    def _enter(self, stage: str) -> None:
        if self.entered:
            self.entered(stage, STAGES[stage])

    def _workspace(self) -> None:
        """There is a place to work, before minutes are spent."""
        place = self.settings.workspace
        with checking(self.progress, "workspace", CheckGroup.ENVIRONMENT) as check:
            try:
                place.mkdir(parents=True, exist_ok=True)
                free = shutil.disk_usage(place).free
            except OSError as error:
                raise ConfigurationError(
                    f"{place} cannot be used: {error.strerror or error}", remedy="name another --workspace"
                ) from error
            check.detail = f"{place}, {free / 1e9:.1f} GB free"
            if free < LITTLE_SPACE:
                check.status, check.remedy = CheckStatus.WARNING, "free some space before a long run"

    def _prepare(self) -> tuple[Path, str]:
        from finbehave.workflows.prepare import prepare
        from finbehave.workflows.sample import sample

        self._enter("prepare")
        folder = self.settings.workspace / "sample"
        with checking(self.progress, "a sample bank", CheckGroup.ENVIRONMENT) as check:
            made = sample(folder, settings=self.settings, progress=self.progress)
            check.detail = f"{made.rows['customers']:,} customers, {made.rows['transactions']:,} transactions"
        with checking(self.progress, "behaviour features", CheckGroup.LOCAL_MODEL) as check:
            features = prepare(
                made.transactions, folder / "training.parquet", customers=made.customers, settings=self.settings,
                progress=_Hushed(self.progress),
            )  # fmt: skip
            check.detail = f"{len(features.features)} for each customer, never looking past {features.cutoff}"
        return features.out, made.target

    def _train(self, data: Path, target: str, package: Path) -> TrainResult:
        self._enter("train")
        return train(data, target, out=package, settings=self.settings, progress=self.progress)

    def _judge(self, package: Path) -> None:
        from finbehave.workflows.judging import judge, refusal

        self._enter("check-compat")
        report = judge(package, None, probe=True, settings=self.settings, progress=self.progress)
        if (refused := refusal(str(package), report)) is not None:
            raise refused
        if report.verdict is Verdict.RISKY:
            self.progress.note(f"risky: {report.findings[0].message}")

    def _register(self, package: Path) -> RegisterResult:
        self._enter("register")
        with checking(self.progress, "registry", CheckGroup.INTEGRATION) as check:
            done = register(package, settings=self.settings)
            check.detail = f"{done.name}:{done.version}, {done.digest[:19]}…"
            check.detail += "" if done.created else ", which was there already"
        return done

    def _deploy(self, registered: RegisterResult) -> DeployResult:
        self._enter("deploy")
        return deploy(f"{registered.name}:{registered.version}", settings=self.settings, progress=self.progress)

    def _invoke(self, package: Path, live: DeployResult) -> tuple[dict[str, Any], InvokeResult]:
        from finbehave.packaging.package import read_package

        self._enter("invoke")
        row = read_package(package).golden.rows[0]
        with checking(self.progress, "a request over HTTP", CheckGroup.END_TO_END) as check:
            answer = invoke([row], settings=self.settings)
            if (answer.model, answer.deployment) != (live.model, live.deployment):
                raise GateFailed(
                    f"{live.model} on {live.deployment} is live, and {answer.model} on {answer.deployment} answered",
                    remedy=f"finbehave troubleshoot --endpoint {live.endpoint}",
                )
            check.detail = f"{answer.model} on {answer.deployment} answered in {answer.latency_ms:.0f} ms"
        return row, answer


@dataclass(frozen=True)
class _Hushed:
    """Passes on how far it is, and leaves out the notes: what a sample looks like surprises nobody."""

    progress: Progress

    def check(self, check: Any) -> None:
        self.progress.check(check)

    def note(self, text: str) -> None:
        """Leave it out."""

    def advance(self, task: str, done: float, total: float | None = None) -> None:
        self.progress.advance(task, done, total)


def _result(
    trained: TrainResult,
    registered: RegisterResult,
    live: DeployResult,
    row: dict[str, Any],
    answer: InvokeResult,
    seconds: float,
) -> PipelineResult:
    return PipelineResult(
        package=trained.package,
        model=registered.name,
        version=registered.version,
        endpoint=live.endpoint,
        deployment=live.deployment,
        scoring_uri=live.scoring_uri,
        traffic=live.traffic,
        changed=live.changed,
        estimator=trained.estimator,
        metrics=trained.metrics,
        baseline=trained.baseline,
        row=row,
        prediction=answer.predictions[0],
        probabilities=answer.probabilities[0] if answer.probabilities else None,
        seconds=round(seconds, 3),
    )
