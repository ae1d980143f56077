"""Tables from files: a whole one for training, or rows in chunks for scoring, read with the same decisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finbehave.data.engine import DEFAULT_MEMORY, our_words
from finbehave.data.reading.columns import plan_columns
from finbehave.data.reading.plans import ColumnPlan
from finbehave.data.reading.source import Source, open_source
from finbehave.domain.manifest import FeatureKind
from finbehave.progress import QUIET, Progress

if TYPE_CHECKING:
    from pandas import DataFrame

_CHUNK_ROWS = 10_000


@dataclass(frozen=True)
class Table:
    """A data file in memory.

    ``frame`` has, by kind: float64 for numbers, int64 for integers (float64 with NaN where some are missing), bool for
    booleans (float64 0, 1 and NaN where some are missing), datetime64 for dates, object for categories (str, or NaN
    where missing). ``kinds`` names the kind of each column, ``assumptions`` are sentences about how the file was read
    that a person should know, ``sha256`` is of the file's bytes as they lie on the disk.
    """

    frame: DataFrame
    kinds: dict[str, FeatureKind]
    assumptions: tuple[str, ...]
    sha256: str
    rows: int


def load_table(path: Path, *, progress: Progress = QUIET, memory: str = DEFAULT_MEMORY) -> Table:
    """Read a CSV (also gzipped) or Parquet file; each assumption is also a note of ``progress``.

    Args:
        path: The file; what it is is told from its bytes.
        memory: Cap of what the reading takes beside the table itself.

    Raises:
        NotFound: there is no such file.
        DataRefused: it cannot be read as a table; the message names the line and the column.
    """
    with open_source(path, memory=memory, progress=progress) as source:
        plans = plan_columns(source)
        frame = _frame(source, plans)
        for note in source.notes:
            progress.note(note)
        kinds = {plan.name: plan.kind for plan in plans}
        return Table(frame, kinds, tuple(source.notes), source.sha256, source.rows)


def _frame(source: Source, plans: Sequence[ColumnPlan]) -> DataFrame:
    import pandas

    picked = ", ".join(f"{plan.sql} AS c{plan.place}" for plan in plans)
    with our_words():
        columns = source.connection.execute(f"SELECT {picked} FROM raw").fetchnumpy()
    series = {plan.name: pandas.Series(**_column(columns.pop(f"c{plan.place}"), plan.kind)) for plan in plans}
    frame: DataFrame = pandas.DataFrame(series, columns=[plan.name for plan in plans])
    return frame


def _column(values: Any, kind: FeatureKind) -> dict[str, Any]:
    """What DuckDB gave for one column as data and dtype, missing values filled in the way of its kind."""
    import numpy

    missing = numpy.ma.getmaskarray(values)
    data = numpy.ma.getdata(values)
    if kind is FeatureKind.CATEGORY:
        data = data.astype(object)
        data[missing] = numpy.nan
        return {"data": data, "dtype": object}
    if kind is FeatureKind.DATE:
        return {"data": numpy.where(missing, numpy.datetime64("NaT"), data)}
    if kind is FeatureKind.NUMBER or missing.any():
        data = data.astype(numpy.float64)
        data[missing] = numpy.nan
    return {"data": data}


@dataclass(frozen=True)
class RowStream:
    """The rows of a file, JSON-ready and in the file's order, a chunk at a time.

    A row maps column names to a number, true or false, a text, an ISO 8601 date (or time), or None where missing.
    """

    columns: tuple[str, ...]
    kinds: dict[str, FeatureKind]
    assumptions: tuple[str, ...]
    rows: int
    chunks: Iterator[list[dict[str, Any]]]


@contextmanager
def open_rows(
    path: Path, *, chunk_rows: int = _CHUNK_ROWS, progress: Progress = QUIET, memory: str = DEFAULT_MEMORY
) -> Iterator[RowStream]:
    """Open a file of any size to go through its rows in bounded memory; the number of rows is known from the start.

    Raises:
        NotFound: there is no such file.
        DataRefused: it cannot be read as a table; the message names the line and the column.
    """
    with open_source(path, memory=memory, progress=progress) as source:
        plans = plan_columns(source)
        for note in source.notes:
            progress.note(note)
        yield RowStream(
            columns=tuple(plan.name for plan in plans),
            kinds={plan.name: plan.kind for plan in plans},
            assumptions=tuple(source.notes),
            rows=source.rows,
            chunks=_chunks(source, plans, chunk_rows),
        )


def _chunks(source: Source, plans: Sequence[ColumnPlan], chunk_rows: int) -> Iterator[list[dict[str, Any]]]:
    import duckdb

    names = [plan.name for plan in plans]
    picked = ", ".join(plan.sql for plan in plans)
    dates = [place for place, plan in enumerate(plans) if plan.kind is FeatureKind.DATE]
    try:
        with our_words():
            stream = source.connection.execute(f"SELECT {picked} FROM raw")
            while rows := stream.fetchmany(chunk_rows):
                shown = [_with_iso_dates(row, dates) for row in rows] if dates else rows
                yield [dict(zip(names, row, strict=True)) for row in shown]
    except duckdb.Error as error:
        source.refuse_unreadable(error)


def _with_iso_dates(row: Sequence[Any], places: Sequence[int]) -> list[Any]:
    cells = list(row)
    for place in places:
        moment: datetime | None = cells[place]
        if moment is not None:
            midnight = not (moment.hour or moment.minute or moment.second or moment.microsecond)
            cells[place] = moment.date().isoformat() if midnight else moment.isoformat()
    return cells
