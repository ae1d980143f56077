"""What the cells of text columns look like: their shapes, counted over the whole file in one pass.

A shape is the trimmed text in small letters, every digit written as 9 but for a leading 0. Plain numbers and ISO dates
take a short cut to a common shape, which keeps the pass cheap and the shapes of a column few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from finbehave.data.engine import quoted
from finbehave.data.reading.dates import DateFormat, read_date
from finbehave.data.reading.numbers import NumberShape, read_number
from finbehave.data.reading.source import Source

MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none"})
"""Texts that mean a missing value in every column. The endpoint reads requests by the same words."""

MARKERS = frozenset(
    {
        "-", "--", "---", "–", "—", ".", "..", "...", "?", "??", "*", "#n/a", "#na", "#n/a n/a", "#value!",
        "#div/0!", "#ref!", "#num!", "#name?", "#null!", "n.a.", "n.a", "n\\a", "n/d", "nd", "nil", "\\n", "<na>",
        "nat", "(null)", "[null]", "unknown", "unk", "missing", "not available", "not applicable", "not known",
        "undefined", "tbd", "empty", "(blank)", "blank", "0000-00-00", "00/00/0000", "00.00.0000",
        "0000-00-00 00:00:00",
    }
)  # fmt: skip
"""Texts that mean a missing value among numbers, dates or truth values; among texts they are values of their own."""

INFINITIES = frozenset({"inf", "-inf", "+inf", "infinity", "-infinity", "+infinity", "∞", "-∞", "#inf", "1.#inf"})
TRUTHS = frozenset({"true", "false"})

_WHITE = "' \t\r\n\u00a0\u202f'"
_HEAD_ROWS = 50_000
_LONGEST = 40
_LONG = "…"
_ODD = tuple(sorted(word for word in MARKERS | INFINITIES if any(letter.isdigit() for letter in word)))

_SHORT_CUTS = (
    ("9", r"-?(0|[1-9][0-9]{0,4}|[1-9][0-9]{6}|[1-9][0-9]{8,12}|[1-9][0-9]{14})"),
    ("9.9", r"-?(0|[1-9][0-9]*)\.([0-9]{1,2}|[0-9]{4,17})"),
    ("0.999", r"-?0\.[0-9]{3}"),
    ("9.999", r"-?[1-9][0-9]{0,2}\.[0-9]{3}"),
    ("9999.999", r"-?[1-9][0-9]{3,}\.[0-9]{3}"),
    ("999999", r"[1-9][0-9]{5}"),
    ("99999999", r"[1-9][0-9]{7}"),
    ("9999-99-99", r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}"),
    ("9999-99-99 99:99:99", r"[12][0-9]{3}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"),
    ("99/99/9999", r"[0-9]{2}/[0-9]{2}/[12][0-9]{3}"),
    ("9,999.99", r"-?[1-9][0-9]{0,2}(,[0-9]{3})+\.[0-9]{2}"),
    ("9,99", r"-?(0|[1-9][0-9]*),[0-9]{1,2}"),
)
"""Patterns of common cells, and the shape that stands for all of them."""


@dataclass(frozen=True)
class Cells:
    """How many cells have a shape, the least of them, and whether any has white space around it."""

    count: int
    example: str
    padded: bool


@dataclass
class Evidence:
    """The cells of one column by what they may be. ``rest`` is what is neither missing nor a marker nor infinite."""

    place: int
    name: str
    missing: dict[str, Cells] = field(default_factory=dict)
    markers: dict[str, Cells] = field(default_factory=dict)
    infinite: dict[str, Cells] = field(default_factory=dict)
    rest: dict[str, Cells] = field(default_factory=dict)

    def add(self, shape: str, cells: Cells) -> None:
        """Sort cells of one shape."""
        homes = ((MISSING_WORDS, self.missing), (MARKERS, self.markers), (INFINITIES, self.infinite))
        home = next((home for words, home in homes if shape in words), self.rest)
        home[shape] = cells

    @property
    def padded(self) -> bool:
        """Whether any cell has white space around it."""
        return any(cells.padded for home in (self.missing, self.markers, self.rest) for cells in home.values())

    @property
    def filled(self) -> int:
        """The number of cells in ``rest``."""
        return sum(cells.count for cells in self.rest.values())

    def numbers(self) -> dict[NumberShape, int]:
        """The shapes of ``rest`` that are numbers, with their cells."""
        found: dict[NumberShape, int] = {}
        for shape, cells in self.rest.items():
            number = read_number(shape)
            if number is not None:
                found[number] = found.get(number, 0) + cells.count
        return found

    def dates(self) -> dict[str, tuple[DateFormat, ...]]:
        """The shapes of ``rest`` that are dates, with the ways to read them."""
        return {shape: formats for shape in self.rest if (formats := read_date(shape))}

    def truths(self) -> int:
        """The number of cells in ``rest`` that say true or false."""
        return sum(cells.count for shape, cells in self.rest.items() if shape in TRUTHS)

    def count_of(self, shapes: Mapping[str, object]) -> int:
        """The number of cells of some shapes of ``rest``."""
        return sum(self.rest[shape].count for shape in shapes)

    @property
    def may_be_more_than_text(self) -> bool:
        """Whether at least half of the filled cells are numbers, dates or truth values, or none is filled."""
        most = max(sum(self.numbers().values()), self.count_of(self.dates()), self.truths())
        return 2 * most >= self.filled


def gather(source: Source, places: Sequence[int]) -> dict[int, Evidence]:
    """The evidence for text columns.

    Where the first rows (50,000) of a column are mostly words it is text, whatever follows, and only those rows are
    looked at; any other column is read to its end.
    """
    found = _count_shapes(source, places, head=True)
    if source.rows > _HEAD_ROWS:
        again = [place for place in places if found[place].may_be_more_than_text]
        found |= _count_shapes(source, again, head=False)
    return found


def _count_shapes(source: Source, places: Sequence[int], *, head: bool) -> dict[int, Evidence]:
    found = {place: Evidence(place, source.names[place]) for place in places}
    if not places:
        return found
    rows = source.query(_shapes_sql(places, f" LIMIT {_HEAD_ROWS}" if head else ""))
    for place, shape, count, example, padded in sorted(rows, key=lambda row: (row[0], -row[2], row[1])):
        found[int(place[1:])].add(shape, Cells(count, example.strip(), bool(padded)))
    return found


def _shapes_sql(places: Sequence[int], limit: str) -> str:
    """Column, shape, number of cells, least cell, white space. What a short cut answers is not looked at again."""
    picked = ", ".join(f"CAST(c{place} AS VARCHAR) AS c{place}" for place in places)
    columns = ", ".join(f"c{place}" for place in places)
    cuts = " ".join(f"WHEN regexp_full_match(cell, '{pattern}') THEN '{shape}'" for shape, pattern in _SHORT_CUTS)
    odd = ", ".join(quoted(word) for word in _ODD)
    return f"""
        WITH cells AS (
            SELECT place, cell, CASE {cuts} WHEN length(cell) > {_LONGEST} THEN '{_LONG}' END AS short
            FROM (UNPIVOT (SELECT {picked} FROM raw{limit}) ON {columns} INTO NAME place VALUE cell)
        ), texts AS (
            SELECT place, cell, short, CASE WHEN short IS NULL THEN lower({trimmed_sql("cell")}) END AS text FROM cells
        ), nines AS (
            SELECT place, cell, short, text, translate(text, '012345678', '999999999') AS nines FROM texts
        )
        SELECT place, coalesce(short, CASE
                WHEN text IN ({odd}) THEN text
                WHEN text LIKE '0%' THEN '0' || substr(nines, 2)
                WHEN text LIKE '_0%' AND nines NOT LIKE '9%' THEN substr(text, 1, 1) || '0' || substr(nines, 3)
                ELSE nines END) AS shape,
            count(*), min(cell), bool_or(length(text) <> length(cell))
        FROM nines GROUP BY ALL"""


def trimmed_sql(cell: str) -> str:
    """An SQL expression for a cell without white space around it."""
    return f"trim({cell}, {_WHITE})"


def text_sql(cell: str) -> str:
    """An SQL expression for the text of a cell; NULL where it is missing."""
    words = ", ".join(quoted(word) for word in sorted(MISSING_WORDS))
    longest = max(map(len, MISSING_WORDS))
    text = trimmed_sql(cell)
    return f"CASE WHEN length({text}) <= {longest} AND lower({text}) IN ({words}) THEN NULL ELSE {text} END"
