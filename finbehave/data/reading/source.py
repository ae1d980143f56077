"""A data file, opened: a view ``raw`` with columns c0, c1, … in DuckDB, whatever the file was.

CSV comes as text, every column of it; Parquet with its own types. Nothing is loaded: the view reads the file each
time it is asked, in bounded memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finbehave.data.engine import DEFAULT_MEMORY, engine, first_line, our_words, quoted, run
from finbehave.data.reading.dialect import Dialect, find_dialect
from finbehave.data.reading.encoding import Survey, survey
from finbehave.data.reading.formats import FileFormat, identify
from finbehave.data.reading.records import TextFile, line_of, records, write_regular_copy
from finbehave.errors import DataRefused
from finbehave.progress import QUIET, Progress

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ENCODING_WORDS = {"utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "utf-32": "UTF-32"}
_PANDAS_INDEX = "__index_level_"


@dataclass
class Source:
    """An open data file. ``types`` are DuckDB's (all VARCHAR for CSV); ``rows`` its number of rows, at least one."""

    path: Path
    format: FileFormat
    sha256: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    connection: DuckDBPyConnection
    folder: Path
    text: TextFile | None = None
    notes: list[str] = field(default_factory=list)
    rows: int = 0
    progress: Progress = QUIET
    _regular: bool = False

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a statement on ``raw``.

        Raises:
            DataRefused: the file cannot be read; for CSV with line and column.
        """
        import duckdb

        try:
            with our_words():
                return run(self.connection, sql, self.progress, f"reading {self.path.name}")
        except duckdb.Error as error:
            self.mend(error)
        return self.query(sql)

    def mend(self, error: Exception) -> None:
        """After DuckDB stumbled over the file: read a regular copy instead, or refuse the file with the reason."""
        if self.text is None:
            raise DataRefused(
                f"{self.path} cannot be read as Parquet: {first_line(error)}", remedy="write or download it again"
            ) from None
        if self._regular:
            raise error
        self.use_regular_copy()

    def use_regular_copy(self) -> None:
        """Read the CSV record by record, and let ``raw`` read what was written.

        Raises:
            DataRefused: naming the first line that cannot be read.
        """
        if self.text is None:
            return
        copy = self.folder / "regular.csv"
        with our_words():
            write_regular_copy(self.text, copy)
        self._regular = True
        _view_csv(self.connection, copy, replace(self.text.dialect, escape='"', line_end="\n"), gzipped=False)

    def refuse_unreadable(self, error: Exception) -> None:
        """Name what is wrong with a file that failed in the middle of a stream."""
        if self.text is not None:
            for _ in records(self.text):
                pass
        raise DataRefused(f"{self.path} cannot be read: {first_line(error)}", remedy="write or download it again")

    def place_of(self, column: int, wanted: Callable[[str], bool]) -> str:
        """Where a value of a CSV column first is as wanted, in words: ``line 17 ('12x4')``; empty if nowhere."""
        found = line_of(self.text, column, wanted) if self.text else None
        return f"line {found[0]:,} ({shown(found[1])})" if found else ""


@contextmanager
def open_source(path: Path, *, memory: str = DEFAULT_MEMORY, progress: Progress = QUIET) -> Iterator[Source]:
    """Open a CSV (also gzipped) or Parquet file, known by its bytes.

    Raises:
        NotFound: there is no such file.
        DataRefused: it is no table, or has no rows.
    """
    kind = identify(path)
    with engine(memory) as (connection, folder):
        if kind is FileFormat.PARQUET:
            source = _open_parquet(path, connection, folder)
        else:
            source = _open_csv(path, kind, connection, folder, progress)
        source.progress = progress
        source.rows = source.query("SELECT count(*) FROM raw")[0][0]
        if source.rows == 0:
            raise DataRefused(f"{path} has a header and no rows", remedy="write rows below the header line")
        yield source


def _open_csv(path: Path, kind: FileFormat, connection: DuckDBPyConnection, folder: Path, progress: Progress) -> Source:
    gzipped = kind is FileFormat.CSV_GZ
    found = survey(path, gzipped=gzipped, progress=progress)
    dialect = find_dialect(path, gzipped=gzipped, encoding=found.encoding)
    text = TextFile(path, gzipped, found.encoding, dialect, _is_cut(found, dialect))
    types = ("VARCHAR",) * len(dialect.names)
    source = Source(path, kind, found.sha256, dialect.names, types, connection, folder, text)
    source.notes += _notes_on(path, found, text)
    irregular = text.drop_last_line or dialect.lead or dialect.line_end == "\r"
    if irregular or found.encoding not in ("utf-8", "utf-8-sig"):
        source.use_regular_copy()
    else:
        _view_csv(connection, _plainly_named(path, folder), dialect, gzipped=gzipped)
    return source


def _notes_on(path: Path, found: Survey, text: TextFile) -> list[str]:
    notes = []
    if path.suffix.lower() in (".parquet", ".pq"):
        notes.append(f"{path.name} is a CSV file in spite of its name.")
    if found.encoding == "cp1252":
        shown = ", ".join(repr(word) for word in found.examples)
        notes.append(f"The text is not UTF-8 and is read as Windows-1252, for example {shown}.")
    elif found.encoding in _ENCODING_WORDS:
        notes.append(f"The text is read as {_ENCODING_WORDS[found.encoding]}.")
    if found.garbled:
        notes.append(f"Texts were garbled before they came here, for example {found.garbled!r}; export the file again.")
    if text.drop_last_line:
        notes.append("The last line is cut in the middle and was left out; the file may be incomplete.")
    return [*notes, *text.dialect.notes]


def _is_cut(found: Survey, dialect: Dialect) -> bool:
    """Whether the file ends in the middle of a line: no line end, a line begun outside quotes, values missing.

    Only the last line is given up, and it is said; a short line anywhere else refuses the file.
    """
    import csv

    tail = found.tail.decode(found.encoding.removesuffix("-sig"), "replace")
    if tail.endswith(("\n", "\r")) or "\n" not in tail:
        return False
    last = tail[tail.rfind("\n") + 1 :]
    if (found.quotes - last.count('"')) % 2 or not last.strip():
        return False
    try:
        return len(next(dialect.reader([last]))) < len(dialect.names)
    except csv.Error:
        return True


def _view_csv(connection: DuckDBPyConnection, path: Path, dialect: Dialect, *, gzipped: bool) -> None:
    """The line end is given: left to itself, DuckDB can take one inside quotes for it and then finds no row."""
    columns = ", ".join(f"c{place}: 'VARCHAR'" for place in range(len(dialect.names)))
    line_end = dialect.line_end.replace("\r", "\\r").replace("\n", "\\n")
    connection.execute(
        f"CREATE OR REPLACE VIEW raw AS SELECT * FROM read_csv({quoted(path)}, auto_detect = false, header = true, "
        f"delim = {quoted(dialect.delimiter)}, quote = '\"', escape = {quoted(dialect.escape)}, "
        f"new_line = '{line_end}', columns = {{{columns}}}, compression = '{'gzip' if gzipped else 'none'}')"
    )


def _open_parquet(path: Path, connection: DuckDBPyConnection, folder: Path) -> Source:
    import duckdb

    file = quoted(_plainly_named(path, folder))
    table = f"read_parquet({file}, binary_as_string = true, hive_partitioning = false)"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
        leaves = connection.execute(f"SELECT name, num_children FROM parquet_schema({file})").fetchall()
    except duckdb.Error as error:
        raise DataRefused(
            f"{path} cannot be read as Parquet: {first_line(error)}", remedy="write or download it again"
        ) from None
    for name, kind, *_ in described:
        if kind.endswith("[]") or kind.startswith(("STRUCT", "MAP", "UNION", "BLOB", "BIT")):
            raise DataRefused(
                f"{path}: column {name!r} is nested or binary ({kind.split('(')[0]}), not one value a row",
                remedy="flatten it to columns of numbers, dates or text, or leave it out when writing the file",
            )
    names = [name for name, children in leaves if not children]
    _refuse_twins(path, names)
    kept = [place for place, name in enumerate(names) if not name.startswith(_PANDAS_INDEX)]
    inner = ", ".join(f"p{place}" for place in range(len(described)))
    picked = ", ".join(f"p{place} AS c{at}" for at, place in enumerate(kept))
    connection.execute(f"CREATE VIEW raw AS SELECT {picked} FROM {table} AS t({inner})")
    notes = (
        [] if path.suffix.lower() in (".parquet", ".pq") else [f"{path.name} is a Parquet file in spite of its name."]
    )
    kinds = tuple(described[place][1] for place in kept)
    shown = tuple(names[place] for place in kept)
    return Source(path, FileFormat.PARQUET, _sha256(path), shown, kinds, connection, folder, None, notes)


def _refuse_twins(path: Path, names: Sequence[str]) -> None:
    for place, name in enumerate(names):
        if name in names[:place]:
            raise DataRefused(
                f"{path}: columns {names.index(name) + 1} and {place + 1} are both named {name!r}",
                remedy="rename or leave out one of them when writing the file",
            )


def _plainly_named(path: Path, folder: Path) -> Path:
    """The path, or a link to it where DuckDB would take characters of its name for a pattern."""
    if not set(str(path)) & set("*?[]{}"):
        return path.absolute()
    link = folder / "file"
    link.symlink_to(path.absolute())
    return link


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def shown(cell: str, most: int = 40) -> str:
    """A cell in quotes, for a sentence; the end of a long one is left out."""
    return repr(cell if len(cell) <= most else cell[: most - 1] + "…")


def list_names(names: Sequence[str], most: int = 5) -> str:
    """A few names for a sentence: ``a, b, c and 4 more``."""
    if len(names) <= most:
        return ", ".join(names)
    return ", ".join(names[:most]) + f" and {len(names) - most} more"
