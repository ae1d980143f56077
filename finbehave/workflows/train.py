"""train: from a data file to a model package whose golden records hold in a fresh process."""

from __future__ import annotations

import difflib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finbehave.domain.check import CheckGroup, CheckStatus
from finbehave.domain.compat import Versions
from finbehave.domain.manifest import Manifest
from finbehave.domain.model import ModelRef
from finbehave.errors import (
    ConfigurationError,
    DataRefused,
    GateFailed,
    UsageError,
)
from finbehave.progress import QUIET, Progress, checking
from finbehave.settings import Settings, load_settings
from finbehave.workflows.fitting import LONGEST_FIT, MOST_WORKERS, Elsewhere, asked_machines, fit

if TYPE_CHECKING:
    from finbehave.data.load import Table
    from finbehave.data.target import Target
    from finbehave.domain.environment import Interpreter
    from finbehave.training.rows import Rows

_REPLAY_SECONDS = 300.0
_GROUP = CheckGroup.LOCAL_MODEL


@dataclass(frozen=True)
class TrainResult:
    """A model package and what is known of it.

    ``metrics`` are of held-out rows, ``baseline`` of the same rows when every row gets the same answer, ``spread`` the
    standard deviation over the folds. ``dropped`` maps columns to reasons. ``seconds`` are of the whole run.
    ``job`` is the name of the job that fitted it, where that was not this machine.
    """

    package: Path
    name: str
    estimator: str
    metrics: dict[str, float]
    baseline: dict[str, float]
    spread: dict[str, float]
    threshold: float | None
    features: tuple[str, ...]
    dropped: dict[str, str]
    rows: int
    seconds: float
    environment: Versions
    job: str | None = None


def train(
    data: Path,
    target: str,
    *,
    environment: str | None = None,
    model_name: str | None = None,
    out: Path | None = None,
    metric: str | None = None,
    candidates: Sequence[str] | None = None,
    trials: int | None = None,
    drop: Sequence[str] = (),
    time_column: str | None = None,
    allow_leakage: Sequence[str] = (),
    compute: str | None = None,
    spot: bool = False,
    timeout: float = LONGEST_FIT,
    settings: Settings | None = None,
    progress: Progress = QUIET,
) -> TrainResult:
    """Fit a model on a file and write its package.

    Args:
        data: CSV (also gzipped) or Parquet.
        target: The column to predict.
        environment: A conda or requirements file, a curated image or versions to fit with; None means this Python.
        model_name: None means the settings' own.
        out: The package's directory; None means ``models/<name>``. An older package there is replaced at the end.
        metric: What chooses among the candidates, out of fold; None means the task's own.
        candidates: Names; None means all.
        trials: Most configurations to try.
        drop: Columns not to learn from.
        time_column: Order the rows by it: the last are held out. It is no feature then.
        allow_leakage: Columns that the leakage guard lets pass: the caller knows them before the outcome.
        compute: Fit on this compute of the backend; None means this machine.
        spot: Fit on a cheaper machine, which may be taken away and then begins again.
        timeout: Seconds to wait for the fit. One on another machine goes on, and the same call finds it again.

    Raises:
        NotFound: no such file, or no such compute.
        DataRefused: it cannot be read or learnt from; LeakageSuspected where a person has to say whether it can.
        UsageError, ConfigurationError: an argument that is off, a place that cannot be written.
        EnvironmentImpossible, NoNetwork: the environment cannot be built.
        GateFailed: the model answers its golden records differently in a fresh process.
        GuestFailed, Unavailable, TimedOut: the fit failed, found no machine, or takes longer.
    """
    settings = settings or load_settings()
    training = _Training(
        data=data, target=target, environment=environment, name=_checked_name(model_name or settings.model_name),
        metric=metric, candidates=candidates, trials=trials, drop=tuple(drop), time_column=time_column,
        allowed=tuple(allow_leakage), compute=compute, spot=spot, timeout=timeout, settings=settings, progress=progress,
    )  # fmt: skip
    return training.run(out or Path("models") / training.name)


@dataclass
class _Training:
    """One run of ``train``."""

    data: Path
    target: str
    environment: str | None
    name: str
    metric: str | None
    candidates: Sequence[str] | None
    trials: int | None
    drop: tuple[str, ...]
    time_column: str | None
    allowed: tuple[str, ...]
    compute: str | None
    spot: bool
    timeout: float
    settings: Settings
    progress: Progress
    dropped: dict[str, str] = field(default_factory=dict)

    def run(self, out: Path) -> TrainResult:
        """The sequence of the command."""
        from finbehave.packaging.package import writing_package
        from finbehave.training.choices import check_candidates, check_metric, check_trials

        started = time.monotonic()
        refuse_occupied(out)
        names, trials = check_candidates(self.candidates), check_trials(self.trials, self.candidates)
        elsewhere = asked_machines(self.compute, self.spot, self.settings, self.progress)
        table, target = self._read()
        choices = {"metric": check_metric(self.metric, target.task), "candidates": names, "trials": trials}
        interpreter = self._interpreter()
        columns = self._guarded(table, target)
        rows = self._rows(table, target, columns)
        with writing_package(out) as folder:
            result, job = self._fit(interpreter, rows, target, choices, folder, elsewhere)
            warning = self._signal(result)
            manifest = self._write(folder, target, result, table, warning)
            self._replay(interpreter, folder)
        return TrainResult(
            package=out,
            name=self.name,
            estimator=manifest.estimator,
            metrics=manifest.metrics,
            baseline=result["baseline"],
            spread=result["spread"],
            threshold=manifest.threshold,
            features=tuple(feature.name for feature in manifest.features),
            dropped=self.dropped,
            rows=table.rows,
            seconds=round(time.monotonic() - started, 3),
            environment=Versions(manifest.python, manifest.packages),
            job=job,
        )

    def _read(self) -> tuple[Table, Target]:
        from finbehave.data.load import load_table
        from finbehave.data.target import check_target

        with checking(self.progress, "read the data", _GROUP) as check:
            table = load_table(self.data, progress=self.progress, memory=self.settings.memory)
            folds, share = self.settings.cv_folds, self.settings.test_size
            target = check_target(table, self.target, folds=folds, test_size=share)
            check.detail = (
                f"{table.rows:,} rows, {len(table.kinds)} columns; {target.name} is {target.task.value}, since "
                f"{target.reason}"
            )
        return table, target

    def _interpreter(self) -> Interpreter:
        """Where to fit: an environment built from the file that was named, or this Python."""
        from finbehave.domain.environment import Interpreter

        if self.environment is None:
            return Interpreter(Path(sys.executable), "")
        from finbehave.environments.files import read_environment
        from finbehave.environments.isolated import ensure_environment

        with checking(self.progress, "build the environment", CheckGroup.ENVIRONMENT) as check:
            spec = read_environment(self.environment)
            found = ensure_environment(
                spec, cache=self.settings.cache, offline=self.settings.offline, progress=self.progress
            )
            if "pandas" not in found.packages:
                raise ConfigurationError(
                    f"{spec.origin} does not hold pandas, which training needs", remedy=f"add pandas to {spec.origin}"
                )
            check.detail = f"Python {found.python}, scikit-learn {found.packages.get('scikit-learn')}"
        return found

    def _guarded(self, table: Table, target: Target) -> list[str]:
        """The columns that may be learnt from; the others are dropped with their reasons."""
        from finbehave.training.guard import refuse, rule

        for option, names in (("--drop", self.drop), ("--allow-leakage", self.allowed)):
            _refuse_unknown(option, names, table)
        if self.time_column is not None:
            self.dropped[self.time_column] = "puts the rows in order"
        self.dropped.update(dict.fromkeys(self.drop, "as asked for with --drop"))
        columns = [name for name in table.kinds if name != target.name and name not in self.dropped]
        with checking(self.progress, "leakage guard", _GROUP) as check:
            ruling = rule(
                table, target, columns, allowed=self.allowed, ordered=self.time_column is not None,
                seed=self.settings.random_state, progress=self.progress,
            )  # fmt: skip
            refuse(ruling, target.name)
            self.dropped.update(ruling.dropped)
            left = [name for name in columns if name not in ruling.dropped]
            if not left:
                raise DataRefused(
                    "no column is left to learn from: every one was dropped",
                    remedy="add columns that describe behaviour, or overrule with --allow-leakage COLUMN",
                )
            check.detail = f"{len(left)} columns to learn from, {len(ruling.dropped)} dropped"
            if ruling.warnings:
                check.status, check.detail = CheckStatus.WARNING, "; ".join([check.detail, *ruling.warnings])
                check.remedy = "see that the file was not put together from parts that differ in more than the target"
        return left

    def _rows(self, table: Table, target: Target, columns: list[str]) -> Rows:
        """The features, in the order in which rows are to be split."""
        from finbehave.training.rows import order_by_time, rows_of

        order = None if self.time_column is None else order_by_time(table, self.time_column)
        return rows_of(table, target, columns, order=order)

    def _fit(
        self,
        interpreter: Interpreter,
        rows: Rows,
        target: Target,
        choices: dict[str, Any],
        folder: Path,
        elsewhere: Elsewhere | None,
    ) -> tuple[dict[str, Any], str | None]:
        from finbehave.packaging.package import MODEL
        from finbehave.training.choices import COSTS

        with checking(self.progress, "fit", _GROUP) as check:
            request = {
                **choices, "task": target.task.value, "costs": COSTS, "ordered": self.time_column is not None,
                "seed": self.settings.random_state, "test_size": self.settings.test_size,
                "folds": self.settings.cv_folds, "workers": min(cores(), MOST_WORKERS),
            }  # fmt: skip
            result, job = fit(
                interpreter, rows, request, folder / MODEL, elsewhere=elsewhere, timeout=self.timeout,
                progress=self.progress,
            )  # fmt: skip
            check.detail = _told(result)
        return result, job

    def _write(
        self, folder: Path, target: Target, result: dict[str, Any], table: Table, warning: str | None
    ) -> Manifest:
        from finbehave.packaging.package import REPORT, seal
        from finbehave.training.packing import write_files
        from finbehave.training.report import report

        with checking(self.progress, "write the package", _GROUP) as check:
            isolated = self.environment is not None
            manifest = write_files(folder, self.name, target.task, target.name, result, table, isolated=isolated)
            (folder / REPORT).write_text(report(manifest, result, self.dropped, warning), encoding="utf-8")
            sealed = seal(folder, manifest)
            check.detail = f"{len(sealed.files) + 1} files, {len(sealed.packages)} packages locked"
        return sealed

    def _signal(self, result: dict[str, Any]) -> str | None:
        """Say it, and return it, where what is left predicts no better than a constant answer."""
        from finbehave.training.signal import signal

        with checking(self.progress, "signal", _GROUP) as check:
            found = signal(result["metrics"], result["baseline"], result["curves"].get("rows"))
            check.detail = found.words
            if not found.there:
                check.status = CheckStatus.WARNING
                check.remedy = "do not deploy it; bring columns that describe behaviour before the outcome"
        return None if found.there else found.words

    def _replay(self, interpreter: Interpreter, folder: Path) -> None:
        """Load the package as a server would, in a process that knows nothing of training."""
        from finbehave.environments.guests import run_guest
        from finbehave.packaging.package import read_package

        with checking(self.progress, "golden records in a fresh process", _GROUP) as check:
            golden = read_package(folder).golden
            request = {"package": str(folder.resolve())}
            outcome = run_guest(interpreter.path, "probe.py", request, timeout=_REPLAY_SECONDS)
            apart = outcome["max_abs_diff"]
            if not outcome["predicted"] or apart is None or apart > golden.tolerance:
                why = outcome["error"] or f"an answer differs by {apart}"
                raise GateFailed(
                    f"the model does not answer its golden records in a fresh process as it did in training: {why}",
                    remedy="train again; if it happens again, name an --environment with other versions",
                )
            check.detail = f"{len(golden.rows)} rows, largest difference {apart:.1g}"


def _refuse_unknown(option: str, names: Sequence[str], table: Table) -> None:
    for name in names:
        if name not in table.kinds:
            close = difflib.get_close_matches(name, table.kinds, n=1)
            raise UsageError(
                f"{option} names {name!r}, which is no column of the file",
                remedy=f"did you mean {close[0]!r}?" if close else "finbehave validate lists the columns",
            )


def _checked_name(name: str) -> str:
    if str(ModelRef.parse(name)) != name or ":" in name:
        raise UsageError(f"{name} is not a name alone: a registry gives the version", remedy="--model-name NAME")
    return name


def refuse_occupied(out: Path) -> None:
    """See, before the work, that a package may be put there.

    Raises:
        UsageError: something else is there.
    """
    from finbehave.packaging.package import is_package

    if out.exists() and not is_package(out) and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} exists and is no model package", remedy="name another folder with --out")


def cores() -> int:
    """The cores that this process may use."""
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _told(result: dict[str, Any]) -> str:
    tried, metric = result["tried"], result["metric"]
    chosen = next(one for one in tried if one["name"] == result["candidate"])
    held_out = result["metrics"].get(metric)
    among = f" of {len(tried)} candidates" if len(tried) > 1 else ""
    return (
        f"{result['candidate']}{among}: {metric} {chosen['score']:.4f} out of fold, "
        f"{held_out:.4f} on {result['rows']['test']:,} held-out rows"
    )
