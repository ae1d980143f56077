"""finbehave drill."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finbehave.cli.options import Run, command
from finbehave.cli.output import printable

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.workflows.drill import DrillResult, DrillsResult


@command()
def drill(
    run: Run,
    cause: Annotated[str | None, typer.Argument(help="What is to go wrong; without it, the list.")] = None,
) -> None:
    """Make an endpoint of its own go wrong in a known way, to practise finding out why.

    Examples:
      finbehave drill

      finbehave drill out-of-memory

      finbehave troubleshoot --endpoint drill-out-of-memory
    """
    from finbehave.workflows.drill import drill as work
    from finbehave.workflows.drill import list_drills

    if cause is None:
        run.show(list_drills(), _draw_list)
    else:
        run.show(work(cause, settings=run.settings, progress=run.progress), _draw)


def _draw_list(result: DrillsResult, console: Console) -> None:
    from rich.table import Table

    from finbehave.cli.tables import TableOrRecords

    table = Table("cause", "what goes wrong")
    for cause, title in result.drills.items():
        table.add_row(cause, title)
    console.print(TableOrRecords(table))
    console.print("Next: finbehave drill CAUSE")


def _draw(result: DrillResult, console: Console) -> None:
    console.print(f"{result.endpoint or result.log} has gone wrong: {result.title}.", soft_wrap=True)
    console.print(f"What is said of it: {printable(result.symptom)}", soft_wrap=True)
    for line in result.next:
        console.print(f"→ {line}", style="cyan")
