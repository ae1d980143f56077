"""The careful way through a CSV file, record by record in Python.

It is slower than DuckDB's reader and knows the line of everything, so it serves where that one stumbles: to say which
line and column cannot be read, and to write a regular copy of a file that is odd but readable (mixed line ends, lines
of blanks, another encoding, a last line that was cut off).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from finbehave.data.reading.dialect import Dialect
from finbehave.data.reading.encoding import open_text
from finbehave.errors import DataRefused


@dataclass(frozen=True)
class TextFile:
    """A CSV file and how it is to be read; a last line that was cut off is left out."""

    path: Path
    gzipped: bool
    encoding: str
    dialect: Dialect
    drop_last_line: bool = False


def records(file: TextFile) -> Iterator[tuple[int, list[str]]]:
    """Each record after the header with the line (from 1) that it begins on.

    Raises:
        DataRefused: a value that cannot be read, or a record with more or fewer values than there are columns.
    """
    width = len(file.dialect.names)
    with open_text(file.path, gzipped=file.gzipped, encoding=file.encoding) as text:
        lines = _without_last(text) if file.drop_last_line else iter(text)
        for _ in range(file.dialect.lead):
            next(lines)
        reader = file.dialect.reader(lines)
        begins = file.dialect.lead + 1
        header_seen = False
        try:
            for record in reader:
                line, begins = begins, file.dialect.lead + reader.line_num + 1
                if not record or (len(record) == 1 < width and not record[0].strip()):
                    continue
                if not header_seen:
                    header_seen = True
                    continue
                if len(record) == width + 1 and not record[-1]:
                    record.pop()  # a delimiter at the end of the line
                if len(record) != width:
                    raise _ragged(file, line, record)
                yield line, record
        except csv.Error as error:
            raise DataRefused(
                f"{file.path} line {begins:,}: {_in_words(error)}",
                remedy=f"correct the quotes there; see sed -n {begins}p {file.path}",
            ) from None


def _without_last(lines: Iterator[str]) -> Iterator[str]:
    held = next(lines, None)
    for line in lines:
        if held is not None:
            yield held
        held = line


def _in_words(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return "a quoted value begins there and is never closed"
    if "expected after" in text:
        return "text follows a closing quote; a quote inside a quoted value has to be doubled"
    if "field larger than field limit" in text:
        return "a value of more than 131,072 characters (an open quote before it?)"
    return text


def _ragged(file: TextFile, line: int, record: list[str]) -> DataRefused:
    names = file.dialect.names
    values = "1 value" if len(record) == 1 else f"{len(record)} values"
    columns = "1 column" if len(names) == 1 else f"{len(names)} columns"
    found = f"{file.path} line {line:,} has {values}, the header {columns}"
    if len(record) < len(names):
        return DataRefused(
            f"{found}: nothing is there for column {names[len(record)]!r}",
            remedy=f"complete or delete that line; see sed -n {line}p {file.path}",
        )
    if len(names) == 1:
        return DataRefused(
            f"{found}: {names[0]!r} seems to be no header", remedy="delete the lines above the line of column names"
        )
    return DataRefused(
        f"{found}: {record[len(names)]!r} comes after the last column {names[-1]!r}",
        remedy=f"quote values that hold {file.dialect.delimiter!r}; see sed -n {line}p {file.path}",
    )


def write_regular_copy(file: TextFile, target: Path) -> None:
    """Write the same table as UTF-8 with one kind of line end.

    Raises:
        DataRefused: as ``records``.
    """
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=file.dialect.delimiter, lineterminator="\n")
        writer.writerow(file.dialect.names)
        writer.writerows(record for _, record in records(file))


def line_of(file: TextFile, column: int, wanted: Callable[[str], bool]) -> tuple[int, str] | None:
    """The first line on which the value of a column (from 0) is wanted, and that value."""
    for line, record in records(file):
        if wanted(record[column].strip()):
            return line, record[column].strip()
    return None
