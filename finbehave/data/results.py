"""Writes scored rows to CSV or Parquet as they come, whole or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from finbehave.errors import UsageError


class RowWriter(Protocol):
    """Takes rows with the same keys, in order."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append them."""


@contextmanager
def writing_rows(target: Path, *, memory: str) -> Iterator[RowWriter]:
    """A writer beside ``target`` that becomes ``target`` at the end; nothing is left of it after an error.

    Args:
        target: ``.csv`` or ``.parquet``.
        memory: Cap for turning the rows into Parquet, as ``2GB``.
    """
    if target.suffix not in (".csv", ".parquet"):
        raise UsageError(f"{target} must end in .csv or .parquet", remedy="name the output so, with --out")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    lines = target.with_name(f".{target.name}.rows")
    try:
        if target.suffix == ".csv":
            with partial.open("w", encoding="utf-8", newline="") as file:
                yield _Csv(file)
        else:
            with lines.open("w", encoding="utf-8") as file:
                yield _JsonLines(file)
            _parquet_of(lines, partial, memory)
        partial.replace(target)
    finally:
        for leftover in (partial, lines):
            with suppress(FileNotFoundError):
                leftover.unlink()


class _Csv:
    def __init__(self, file: Any) -> None:
        self._file = file
        self._writer: csv.DictWriter[str] | None = None

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        if self._writer is None and rows:
            self._writer = csv.DictWriter(self._file, fieldnames=list(rows[0]))
            self._writer.writeheader()
        if self._writer is not None:
            self._writer.writerows(rows)


class _JsonLines:
    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _parquet_of(lines: Path, target: Path, memory: str) -> None:
    import duckdb

    with duckdb.connect(config={"memory_limit": memory}) as connection:
        rows = connection.read_json(str(lines), format="newline_delimited")
        rows.write_parquet(str(target))
