"""finbehave train."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finbehave.cli.options import ON_AZURE, Run, command
from finbehave.cli.output import printable
from finbehave.errors import LeakageSuspected

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.workflows.train import TrainResult

_FIRST = ("roc_auc", "average_precision", "f1", "accuracy", "log_loss", "brier", "r2", "mae", "rmse")
"""Of the metrics, those that a person wants to see; the others are in the report and in JSON."""


@command("model_name", "random_state", "test_size", "cv_folds", "memory", "instance_type")
def train(
    run: Run,
    data: Annotated[Path, typer.Option("--data", help="CSV (also .gz) or Parquet.")],
    target: Annotated[str, typer.Option("--target", help="The column to predict.")],
    environment: Annotated[
        str | None,
        typer.Option("--environment", help="Fit in an environment built from this file.", show_default="this Python"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The package's folder.", show_default="models/<name>")
    ] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="What chooses the model, out of fold.")] = None,
    candidates: Annotated[
        str, typer.Option("--candidates", help="Of linear,hgb,hgb-good,random.", show_default="all")
    ] = "",
    trials: Annotated[
        int | None, typer.Option("--trials", help="Most configurations to try.", show_default="4")
    ] = None,
    drop: Annotated[str, typer.Option("--drop", help="Columns not to learn from, separated by commas.")] = "",
    time_column: Annotated[
        str | None, typer.Option("--time-column", help="Hold out the last rows by this column.")
    ] = None,
    allow_leakage: Annotated[
        str, typer.Option("--allow-leakage", help="Columns known before the outcome, whatever the guard says.")
    ] = "",
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, help="Seconds to wait for the fit.", show_default="12 hours")
    ] = 43_200.0,
    compute: Annotated[
        str | None,
        typer.Option(
            "--compute", metavar="NAME", help="Fit there, as a job.", show_default="here", rich_help_panel=ON_AZURE
        ),
    ] = None,
    spot: Annotated[
        bool, typer.Option("--spot", help="Fit on a low-priority machine.", rich_help_panel=ON_AZURE)
    ] = False,
) -> None:
    """Fit a model on a file and write its package: model, environment, golden records, report.

    Columns that identify a person or give the target away are dropped, and it says why; a column that is only
    suspicious stops the run. The figures are of rows that took no part in anything before.
    """
    from finbehave.workflows.train import train as work

    dropped, allowed = _listed(drop), _listed(allow_leakage)

    def once() -> TrainResult:
        return work(
            data,
            target,
            environment=environment,
            out=out,
            metric=metric,
            candidates=_listed(candidates) or None,
            trials=trials,
            drop=dropped,
            time_column=time_column,
            allow_leakage=allowed,
            compute=compute,
            spot=spot,
            timeout=timeout,
            settings=run.settings,
            progress=run.progress,
        )

    result = None
    while result is None:
        try:
            result = once()
        except LeakageSuspected as suspected:
            if not run.screen.can_ask:
                raise
            known = run.screen.ask(f"Known before the outcome: {', '.join(suspected.columns)}? (No drops it.)")
            (allowed if known else dropped).extend(suspected.columns)
    run.show(result, _draw)


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _draw(result: TrainResult, console: Console) -> None:
    from rich.table import Table

    metrics = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))  # fits into forty columns
    metrics.add_column("held out", no_wrap=True)
    for title in ("model", "±", "baseline"):
        metrics.add_column(title, justify="right", no_wrap=True)
    for name in _FIRST:
        if name in result.metrics:
            spread, baseline = result.spread.get(name), result.baseline.get(name)
            metrics.add_row(name, _figure(result.metrics[name]), _figure(spread), _figure(baseline))
    console.print(metrics)
    facts = Table.grid(padding=(0, 2))
    facts.add_column(no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("package", printable(str(result.package)))
    facts.add_row("estimator", f"{result.estimator}, scikit-learn {result.environment.packages['scikit-learn']}")
    facts.add_row("rows", f"{result.rows:,}")
    facts.add_row("features", str(len(result.features)))
    if result.threshold is not None:
        facts.add_row("threshold", f"{result.threshold:.4f}")
    for column, reason in result.dropped.items():
        facts.add_row("dropped", printable(f"{column}: {reason}"))
    if result.job:
        facts.add_row("job", printable(result.job))
    facts.add_row("seconds", f"{result.seconds:.1f}")
    console.print(facts)
    console.print(f"Next: finbehave register {printable(str(result.package))}", soft_wrap=True)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}" if abs(value) < 100 else f"{value:,.2f}"
