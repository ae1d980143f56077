"""finbehave sample."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finbehave.cli.options import Run, command
from finbehave.cli.output import printable

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.data.sample import Sample


@command("random_state")
def sample(
    run: Run,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the two files go.")],
    customers: Annotated[int, typer.Option("--customers", help="How many customers.")] = 2500,
) -> None:
    """Write a synthetic bank: transactions.csv and customers.csv, the same for the same seed.

    The target missed_payment is whether a customer misses a payment in the ninety days after the cut-off.
    """
    from finbehave.workflows.sample import sample as work

    run.show(work(folder, customers=customers, settings=run.settings, progress=run.progress), _draw)


def _draw(result: Sample, console: Console) -> None:
    from rich.table import Table

    from finbehave.cli.tables import TableOrRecords

    table = Table("file", "rows", "holds")
    held = f"cut-off {result.cutoff}, target {result.target} (1 for {result.missed:.1%})"
    table.add_row(printable(str(result.customers)), f"{result.rows['customers']:,}", held)
    table.add_row(printable(str(result.transactions)), f"{result.rows['transactions']:,}", "two years and 90 days more")
    console.print(TableOrRecords(table))
    console.print(
        f"Next: finbehave prepare {printable(str(result.transactions))} --customers {printable(str(result.customers))} "
        f"--out {printable(str(result.folder / 'training.csv'))}",
        soft_wrap=True,
    )
