"""Tables that stay readable on a narrow terminal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.table import Table

_ANY_WIDTH = 10_000


class TableOrRecords:
    """A table where its words fit into the width; else its rows one below the other, a line for each cell."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        from rich.measure import Measurement

        needed = Measurement.get(console, options.update(max_width=_ANY_WIDTH), self.table).minimum
        if needed <= options.max_width:
            for column in self.table.columns:
                column.overflow = "fold"  # rather than an ellipsis: what is cut off is what somebody looks for
            yield self.table
        else:
            yield from self._records()

    def _records(self) -> Iterator[RenderableType]:
        from rich.table import Table

        if self.table.title:
            yield self.table.title
        headers = [column.header for column in self.table.columns]
        for cells in zip_longest(*(column.cells for column in self.table.columns), fillvalue=""):
            record = Table.grid(padding=(0, 1, 0, 0))
            record.add_column(style="dim")
            record.add_column(overflow="fold")
            for header, cell in zip(headers, cells, strict=True):
                if str(cell):
                    record.add_row(header, cell)
            yield record
            yield ""
        if self.table.caption:
            yield self.table.caption
