"""finbehave config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finbehave.cli.options import Run, command
from finbehave.cli.output import printable

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.workflows.config import ConfigResult


@command()
def config(run: Run) -> None:
    """Show every setting, its value and where it came from."""
    from finbehave.workflows.config import config as look

    run.show(look(settings=run.settings), _draw)


def _draw(result: ConfigResult, console: Console) -> None:
    from rich.table import Table

    from finbehave.cli.tables import TableOrRecords

    table = Table("setting", "value", "from", "environment variable")
    for one in result.settings:
        value = "" if one.value is None else printable(one.value)
        table.add_row(
            one.name, value, one.source, one.environment_variable, style="" if one.source != "default" else "dim"
        )
    console.print(TableOrRecords(table))
