"""Writes scored rows to CSV or Parquet as they come, so that a run that was ended goes on where it was.

    .NAME.partial    the rows so far: CSV, or a JSON object a line, which become Parquet at the end
    .NAME.progress   what they are rows of, and how many bytes of the other file count

What is written after the last note of progress does not count: it is cut off, and its rows are scored again. So no row
is lost, and none is there twice. The output itself appears whole, by one rename.
"""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from pydantic_core import PydanticSerializationError, to_json

from finbehave.errors import Busy, UsageError

NOTE_EVERY = 1.0
"""Seconds of work that a kill may cost."""


class RowWriter:
    """Takes rows with the same keys, in order.

    ``rows`` are there already, of a run before; ``about`` is what that run knew, and ``failed`` how many rows had.
    """

    def __init__(self, file: BinaryIO, progress: Path, task: Mapping[str, Any], *, as_csv: bool) -> None:
        self._file = file
        self._progress = progress
        self._task = dict(task)
        self._as_csv = as_csv
        self._columns: list[str] = []
        self._noted = time.monotonic()
        self.rows = 0
        self.failed = 0
        self.about: dict[str, Any] = {}
        self._go_on()

    def write(self, rows: Sequence[Mapping[str, Any]], *, failed: int) -> None:
        """Append rows, ``failed`` of which have no answer."""
        if not rows:
            return
        self._file.write(self._as_table(rows) if self._as_csv else _as_lines(rows))
        self.rows += len(rows)
        self.failed += failed
        if time.monotonic() - self._noted > NOTE_EVERY:
            self.note()

    def note(self) -> None:
        """Let everything so far count."""
        self._file.flush()
        os.fsync(self._file.fileno())
        said = {
            "task": self._task, "bytes": self._file.tell(), "rows": self.rows, "failed": self.failed,
            "columns": self._columns, "about": self.about,
        }  # fmt: skip
        unfinished = self._progress.with_name(self._progress.name + ".new")
        unfinished.write_text(json.dumps(said), encoding="utf-8")
        unfinished.replace(self._progress)
        self._noted = time.monotonic()

    def _go_on(self) -> None:
        """Take up what is there of the same task; of another, or of none, begin anew."""
        try:
            said = json.loads(self._progress.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            said = {}
        if said.get("task") == self._task and said["bytes"] <= os.fstat(self._file.fileno()).st_size:
            self.rows, self.failed = said["rows"], said["failed"]
            self._columns, self.about = said["columns"], said["about"]
        self._file.truncate(said["bytes"] if self.rows else 0)
        self._file.seek(0, os.SEEK_END)

    def _as_table(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        text = io.StringIO(newline="")
        first, self._columns = not self._columns, self._columns or list(rows[0])
        writer = csv.DictWriter(text, fieldnames=self._columns)
        if first:
            writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().encode("utf-8", "replace")


def _as_lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(_as_line(row) + b"\n" for row in rows)


def _as_line(row: Mapping[str, Any]) -> bytes:
    try:
        return to_json(row, inf_nan_mode="null")
    except PydanticSerializationError:  # half a character, which no file of text can hold
        return json.dumps(row, ensure_ascii=False).encode("utf-8", "replace")


@contextmanager
def writing_rows(target: Path, *, task: Mapping[str, Any], memory: str) -> Iterator[RowWriter]:
    """A writer beside ``target``, which becomes ``target`` at the end.

    What was written stays when the block raises or the process ends, unless it is nothing: the same task goes on there.

    Args:
        target: ``.csv`` or ``.parquet``.
        task: What tells this run from another; JSON.
        memory: Cap for turning the rows into Parquet, as ``2GB``.

    Raises:
        UsageError: another ending.
        Busy: another process writes the same.
    """
    if target.suffix not in (".csv", ".parquet"):
        raise UsageError(f"{target} must end in .csv or .parquet", remedy="name the output so, with --out")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial, progress = (target.with_name(f".{target.name}.{kind}") for kind in ("partial", "progress"))
    with partial.open("a+b") as file:
        _hold(file, target)
        writer = RowWriter(file, progress, task, as_csv=target.suffix == ".csv")
        try:
            yield writer
        except BaseException:
            if writer.rows:
                writer.note()
            else:
                _remove(partial, progress)
            raise
        writer.note()
        _finish(partial, target, memory)
    _remove(partial, progress)


def _hold(file: BinaryIO, target: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Busy(f"another process is writing {target}", remedy="wait for it, or name another --out") from None


def _finish(partial: Path, target: Path, memory: str) -> None:
    if target.suffix == ".csv":
        partial.replace(target)
        return
    made = target.with_name(f".{target.name}.made")
    try:
        _parquet_of(partial, made, memory)
        made.replace(target)
    finally:
        _remove(made)


def _remove(*paths: Path) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            path.unlink()


def _parquet_of(lines: Path, target: Path, memory: str) -> None:
    import duckdb

    with duckdb.connect(config={"memory_limit": memory}) as connection:
        rows = connection.read_json(str(lines), format="newline_delimited")
        rows.write_parquet(str(target))
