"""finbehave prepare."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finbehave.cli.options import Run, command
from finbehave.cli.output import printable

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.workflows.prepare import PrepareResult

_COLUMNS = "Columns, where their names are not recognised"
_Name = str | None


@command("memory")
def prepare(
    run: Run,
    raw: Annotated[Path, typer.Argument(metavar="RAW", help="Transactions: CSV (also .gz) or Parquet.")],
    out: Annotated[Path, typer.Option("--out", help="Where the features go: .csv or .parquet.")],
    customers: Annotated[
        Path | None, typer.Option("--customers", help="Who gets a row; may hold a cut-off, the target and more.")
    ] = None,
    cutoff: Annotated[
        datetime | None,
        typer.Option("--cutoff", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The first day that is not seen."),
    ] = None,
    categories: Annotated[
        str, typer.Option("--categories", help="Those with a share of their own, separated by commas.")
    ] = "",
    customer: Annotated[_Name, typer.Option("--customer-column", rich_help_panel=_COLUMNS)] = None,
    time: Annotated[_Name, typer.Option("--time-column", rich_help_panel=_COLUMNS)] = None,
    amount: Annotated[_Name, typer.Option("--amount-column", rich_help_panel=_COLUMNS)] = None,
    category: Annotated[_Name, typer.Option("--category-column", rich_help_panel=_COLUMNS)] = None,
    balance: Annotated[_Name, typer.Option("--balance-column", rich_help_panel=_COLUMNS)] = None,
    direction: Annotated[_Name, typer.Option("--direction-column", rich_help_panel=_COLUMNS)] = None,
) -> None:
    """Turn transactions into behaviour features, one row per customer, never looking past the cut-off.

    Recency, frequency, money in and out over 30, 90 and 365 days, category shares, nights and weekends, volatility of
    the balance, trends. Files larger than memory pass through.
    """
    from finbehave.workflows.prepare import prepare as work

    said = {
        "customer": customer, "time": time, "amount": amount, "category": category, "balance": balance,
        "direction": direction,
    }  # fmt: skip
    result = work(
        raw,
        out,
        customers=customers,
        cutoff=cutoff.date() if cutoff else None,
        columns=said,
        categories=[name.strip() for name in categories.split(",") if name.strip()] or None,
        settings=run.settings,
        progress=run.progress,
    )
    run.show(result, _draw)


def _draw(result: PrepareResult, console: Console) -> None:
    from rich.table import Table

    table = Table(show_header=False)
    table.add_row("written", printable(str(result.out)))
    table.add_row("customers", f"{result.rows:,}")
    table.add_row("transactions", f"{result.transactions:,}")
    for reason, count in result.left_out.items():
        table.add_row("left out", f"{count:,} {reason}")
    table.add_row("features", str(len(result.features)))
    if result.carried:
        table.add_row("carried along", printable(", ".join(result.carried)))
    table.add_row("cut-off", str(result.cutoff) if result.cutoff else "each customer's own")
    table.add_row("seconds", f"{result.seconds:.1f}")
    console.print(table)
