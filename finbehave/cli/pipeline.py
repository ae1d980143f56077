"""finbehave pipeline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finbehave.cli.options import Run, command
from finbehave.cli.output import printable

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.workflows.pipeline import PipelineResult

_FIGURES = ("roc_auc", "average_precision", "f1", "accuracy", "r2", "mae", "rmse")
_SHOWN_FIELDS = 4
_NEXT = (
    ("finbehave status --watch", "traffic, errors and latency as they are"),
    ("finbehave invoke --file ROWS.csv --out ANSWERS.csv", "score a file"),
    ("finbehave pipeline --data FILE --target COLUMN", "the same on data of yours; then rollback takes it back"),
    ("finbehave delete --yes", "remove the endpoint and its processes"),
)


@command("endpoint", "model_name", "random_state", "test_size", "cv_folds", "memory", "port")
def pipeline(
    run: Run,
    data: Annotated[
        Path | None, typer.Option("--data", help="A file to train on; else the bundled sample.", show_default=False)
    ] = None,
    target: Annotated[str | None, typer.Option("--target", help="Its column to predict.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The package's folder.", show_default="in the workspace")
    ] = None,
) -> None:
    """From data to a live endpoint in one go: prepare, train, check-compat, register, deploy, invoke.

    It stops at the first step that would break in production. Run it again as often as you like.
    """
    from finbehave.workflows.pipeline import STAGES
    from finbehave.workflows.pipeline import pipeline as work

    stages = [name for name in STAGES if data is None or name != "prepare"]

    def entered(name: str, words: str) -> None:
        run.screen.heading(f"{stages.index(name) + 1}/{len(stages)} {name}", words)

    run.show(work(data, target, out=out, settings=run.settings, progress=run.progress, entered=entered), _draw)


def _draw(result: PipelineResult, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    name = printable(f"{result.model}:{result.version}")
    state = "is live" if result.changed else "was live already, and still is:"
    console.print(Text.assemble(("● ", "green"), (f"{name} {state}", "bold"), f" on {result.deployment}"))
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_row("address", Text(printable(result.scoring_uri or "")))
    facts.add_row("package", Text(printable(str(result.package))))
    facts.add_row("model", printable(result.estimator))
    for figure in _FIGURES:
        if figure in result.metrics:
            facts.add_row(figure, _compared(result.metrics[figure], result.baseline.get(figure)))
    facts.add_row("asked", Text(printable(_short(result.row))))
    facts.add_row("answered", Text(printable(_answer(result))))
    facts.add_row("took", f"{result.seconds:.1f} s")
    console.print(facts)
    console.print(Text("Next:", style="bold"))
    for command_line, why in _NEXT:
        console.print(Text.assemble((f"  {command_line}", "cyan"), (f"  {why}", "dim")), soft_wrap=True)


def _compared(value: float, baseline: float | None) -> str:
    return f"{value:.4f}" + (f"  (the same answer for everyone: {baseline:.4f})" if baseline is not None else "")


def _short(row: dict[str, object]) -> str:
    some = ", ".join(f"{name} {value}" for name, value in list(row.items())[:_SHOWN_FIELDS])
    more = len(row) - _SHOWN_FIELDS
    return f"{some} and {more} more" if more > 0 else some


def _answer(result: PipelineResult) -> str:
    if not result.probabilities:
        return str(result.prediction)
    odds = ", ".join(f"{label} {share:.1%}" for label, share in result.probabilities.items())
    return f"{json.dumps(result.prediction)}  ({odds})"
