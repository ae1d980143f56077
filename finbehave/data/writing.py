"""Writing the result of a query to a CSV or Parquet file, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from finbehave.data.engine import first_line, our_words, quoted, run
from finbehave.errors import ConfigurationError, UsageError
from finbehave.progress import Progress

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FORMATS = {".csv": "FORMAT csv, HEADER", ".parquet": "FORMAT parquet"}


def check_target(out: Path, inputs: Sequence[Path], *, remedy: str = "give another --out") -> None:
    """See that a result can go to ``out`` before work begins; make its folder.

    Raises:
        UsageError: another suffix than ``.csv`` or ``.parquet``, or one of the inputs would be overwritten.
        ConfigurationError: its folder cannot be made or written to.
    """
    if out.suffix.lower() not in _FORMATS:
        raise UsageError(f"{out} must end in .csv or .parquet", remedy=f"{remedy}, such as {out.with_suffix('.csv')}")
    if any(out.exists() and given.exists() and out.samefile(given) for given in inputs):
        raise UsageError(f"{out} is one of the inputs and would be overwritten", remedy=remedy)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"the folder of {out} cannot be made: {error.strerror}", remedy=remedy) from None
    if not os.access(out.parent, os.W_OK) or out.is_dir():
        raise ConfigurationError(f"{out} cannot be written", remedy=f"{remedy}, or change its permissions")


def write_table(connection: DuckDBPyConnection, sql: str, out: Path, progress: Progress, task: str) -> int:
    """Write the rows of a query; returns how many.

    Raises:
        DiskFull: no space is left; nothing of the file stays.
        ConfigurationError: it cannot be written.
    """
    import duckdb

    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        with our_words(out.parent):
            rows = run(
                connection, f"COPY ({sql}) TO {quoted(partial)} ({_FORMATS[out.suffix.lower()]})", progress, task
            )
        partial.replace(out)
    except duckdb.IOException as error:
        raise ConfigurationError(f"{out} cannot be written: {first_line(error)}", remedy="give another --out") from None
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()
    return int(rows[0][0])
