"""finbehave invoke."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finbehave.cli.options import Run, command
from finbehave.cli.output import printable

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.workflows.batch import BatchResult
    from finbehave.workflows.invoke import InvokeResult

SHOWN = 20


@command("endpoint", "memory")
def invoke(
    run: Run,
    source: Annotated[str | None, typer.Argument(metavar="[-]", help="- reads JSON from standard input.")] = None,
    data: Annotated[str | None, typer.Option("--data", help="JSON: one row, or a list of rows.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="JSON, CSV or Parquet.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write every row with its answer here.")] = None,
    deployment: Annotated[str | None, typer.Option("--deployment", "-d", help="Ask this one.")] = None,
    ignore: Annotated[str, typer.Option("--ignore", help="Columns of the file that are no features.")] = "",
) -> None:
    """Ask an endpoint for predictions, for a few rows or for a file of any size.

    With --out, rows stream through in chunks, so the file may be larger than memory. A run that was ended goes on where
    it was when the same command is given again.
    """
    from finbehave.workflows import invoke as work

    path = Path("-") if source == "-" else file
    if source not in (None, "-") or (data is None) == (path is None):
        raise typer.BadParameter("give one of --data JSON, --file FILE, or - for standard input")
    columns = frozenset(name.strip() for name in ignore.split(",") if name.strip())
    if out is not None and path is not None:
        from finbehave.workflows.batch import invoke_file

        batch = invoke_file(
            path, out, deployment=deployment, ignore=columns, settings=run.settings, progress=run.progress
        )
        run.show(batch, _draw_batch)
        return
    rows = work.rows_from_text(data) if data is not None else work.rows_from_file(path or Path("-"), ignore=columns)
    run.show(work.invoke(rows, deployment=deployment, settings=run.settings, progress=run.progress), _draw)


def _draw(result: InvokeResult, console: Console) -> None:
    from rich.table import Table

    from finbehave.cli.tables import TableOrRecords

    classes = list(result.probabilities[0]) if result.probabilities else []
    table = Table("row", "prediction", *(f"p({printable(name)})" for name in classes))
    for index, prediction in enumerate(result.predictions[:SHOWN]):
        shares = result.probabilities[index] if result.probabilities else {}
        table.add_row(str(index), _shown(prediction), *(f"{shares[name]:.4f}" for name in classes))
    console.print(TableOrRecords(table))
    if len(result.predictions) > SHOWN:
        console.print(f"… and {len(result.predictions) - SHOWN} more; --out FILE or -o json gives them all")
    console.print(f"{printable(result.model)} on {result.deployment}, {result.latency_ms:.1f} ms")


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else printable(str(value))


def _draw_batch(result: BatchResult, console: Console) -> None:
    scored = result.rows - result.resumed
    before = f", {result.resumed:,} before" if result.resumed else ""
    why = f"; the column error of {result.out} says why" if result.failed else ""
    console.print(f"{scored:,} rows in {result.seconds:.1f} s{before}, {result.failed:,} failed{printable(why)}")
    alone = result.model_rows_per_second
    beside = f"; the model alone does {alone:,.0f} on one processor" if alone else ""
    console.print(f"{result.rows_per_second:,.0f} rows a second{beside}")
    console.print(f"{printable(result.model)} on {result.deployment} → {result.out}")
