"""How a CSV file is laid out: what separates its values, how quotes are escaped, and the names of its columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from finbehave.data.reading.encoding import open_text
from finbehave.errors import DataRefused

if TYPE_CHECKING:
    from _csv import Reader

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_CHARACTERS = 1 << 18
_SAMPLE_RECORDS = 500
_DELIMITER_WORDS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}


@dataclass(frozen=True)
class Dialect:
    """The layout of one CSV file.

    ``line_end`` is that of the header line;
    ``escape`` is the character in front of a quote inside a quoted value (a quote is doubled where it is a quote);
    ``lead`` the number of lines before the header line (an Excel ``sep=`` line).
    """

    delimiter: str
    escape: str
    names: tuple[str, ...]
    lead: int
    line_end: str
    notes: tuple[str, ...]

    def reader(self, lines: Iterable[str]) -> Reader:
        """A strict reader of records."""
        return _reader(lines, self.delimiter, self.escape)


def find_dialect(path: Path, *, gzipped: bool, encoding: str) -> Dialect:
    """Judge the layout by the first records.

    Raises:
        DataRefused: no header line, a first line that holds no names, or two columns of one name.
    """
    with open_text(path, gzipped=gzipped, encoding=encoding) as text:
        sample = text.read(_SAMPLE_CHARACTERS)
        whole = not text.read(1)
    sample = sample.removeprefix("\ufeff")
    if not sample.strip():
        raise DataRefused(f"{path} holds nothing but blank lines", remedy="write the table again, with a header line")
    lead, named = 0, re.match(r"sep=(.)\r?\n", sample)
    if named:
        lead, sample = 1, sample[named.end() :]
    if not whole:
        sample = sample[: sample.rfind("\n") + 1] or sample
    escapes = ('"', "\\") if '\\"' in sample else ('"',)
    delimiters = (named[1],) if named else _DELIMITERS
    delimiter, escape = max(product(delimiters, escapes), key=lambda layout: _score(*_read(sample, *layout)))
    header = next(iter(_read(sample, delimiter, escape)[0]), [])
    names, notes = _names_of(path, header, lead + 1)
    if len(names) == 1:
        notes.append("The file has a single column.")
    elif delimiter != ",":
        notes.append(f"Columns are separated by {_DELIMITER_WORDS.get(delimiter, repr(delimiter))}.")
    return Dialect(delimiter, escape, names, lead, _line_end(sample), tuple(notes))


def _reader(lines: Iterable[str], delimiter: str, escape: str) -> Reader:
    if escape == '"':
        return csv.reader(lines, delimiter=delimiter, strict=True)
    return csv.reader(lines, delimiter=delimiter, escapechar=escape, doublequote=False, strict=True)


def _read(sample: str, delimiter: str, escape: str) -> tuple[list[list[str]], bool]:
    """The first records that are not blank, and whether they ended at one that cannot be read."""
    reader = _reader(io.StringIO(sample, newline=""), delimiter, escape)
    records: list[list[str]] = []
    try:
        for record in reader:
            if record and (len(record) > 1 or record[0].strip()):
                records.append(record)
            if len(records) == _SAMPLE_RECORDS:
                break
    except csv.Error:
        return records, True
    return records, False


def _line_end(sample: str) -> str:
    """What ends the first line, outside quotes."""
    quoted = False
    for place, letter in enumerate(sample):
        if letter == '"':
            quoted = not quoted
        elif letter in "\r\n" and not quoted:
            return "\r\n" if sample.startswith("\r\n", place) else letter
    return "\n"


def _score(records: list[list[str]], broken: bool) -> tuple[float, int]:
    """How well a layout fits: the share of records as wide as the first one, then the width."""
    if not records or len(records[0]) < 2:
        return 0.0, -int(broken)
    width = len(records[0])
    return sum(len(record) == width for record in records) / (len(records) + broken), width


def _names_of(path: Path, header: list[str], line: int) -> tuple[tuple[str, ...], list[str]]:
    names, notes, unnamed = [], [], []
    for place, cell in enumerate(header, start=1):
        name = " ".join(cell.split())
        if not name:
            unnamed.append(place)
            name = f"column_{place}"
        names.append(name)
    if len(unnamed) == len(header) or all(_is_value(name) for name in names):
        raise DataRefused(
            f"{path} line {line} holds no column names but values ({', '.join(header[:4])})",
            remedy="add a header line with the names of the columns",
        )
    twice = {name: [at for at, each in enumerate(names, start=1) if each == name] for name in names}
    for name, places in twice.items():
        if len(places) > 1:
            raise DataRefused(
                f"{path} line {line}: columns {' and '.join(map(str, places))} are both named {name!r}",
                remedy="rename or delete one of them in the header line",
            )
    notes += [f"Column {place} has no name; it is called column_{place}." for place in unnamed]
    return tuple(names), notes


def _is_value(text: str) -> bool:
    return bool(re.fullmatch(r"[-+$€£]?[\d.,'/: -]*\d[\d.,'/: -]*%?", text))
