"""finbehave validate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finbehave.cli.options import Run, command
from finbehave.cli.output import printable

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.data.validate import ColumnReport
    from finbehave.workflows.validate import ValidateResult


@command("test_size", "cv_folds", "memory")
def validate(
    run: Run,
    data: Annotated[Path, typer.Option("--data", help="CSV (also .gz) or Parquet.")],
    target: Annotated[str | None, typer.Option("--target", help="Check this column as train would.")] = None,
) -> None:
    """Report on a data file: its columns, how they were read, and what to look at before training."""
    from finbehave.workflows.validate import validate as work

    run.screen.render = _draw
    run.show(work(data, target=target, settings=run.settings, progress=run.progress), _draw)


def _draw(result: ValidateResult, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from finbehave.cli.tables import TableOrRecords

    table = Table("column", "kind", "missing", "distinct", "values")
    for column in result.columns:
        missing = f"{column.missing_share:.1%}" if column.missing else ""
        values = Text(printable(_values(column)), overflow="fold")
        table.add_row(printable(column.name), column.kind.value, missing, f"{column.distinct:,}", values)
    console.print(TableOrRecords(table))
    console.print(f"{printable(str(result.file))}: {result.rows:,} rows, {len(result.columns)} columns", soft_wrap=True)
    for warning in result.warnings:
        about = f"{printable(warning.column)}: " if warning.column else ""
        console.print(Text.assemble(("! ", "yellow"), f"{about}{printable(warning.message)}"), soft_wrap=True)
    if result.target:
        classes = ", ".join(
            f"{printable(name)} ({count:,})" for name, count in list(result.target.classes.items())[:12]
        )
        line = f"Target {printable(result.target.name)}: {result.target.task.value}, since {result.target.reason}"
        console.print(f"{line}: {classes}" if classes else line, soft_wrap=True)


def _values(column: ColumnReport) -> str:
    if column.minimum is not None:
        return f"{_short(column.minimum)} … {_short(column.maximum)}"
    return ", ".join(f"{value[:24]} ({count:,})" for value, count in column.most_frequent.items())


def _short(value: float | str | None) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
