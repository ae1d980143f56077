"""How the columns of numbers write them; refused where that cannot be told without guessing at their meaning."""

from __future__ import annotations

from collections.abc import Sequence

from finbehave.data.reading import notes
from finbehave.data.reading.evidence import INFINITIES, Evidence
from finbehave.data.reading.numbers import NumberStyle, decide_decimal, read_number, style_of, why_text
from finbehave.data.reading.plans import ColumnPlan, as_text, cell_of
from finbehave.data.reading.source import Source
from finbehave.domain.manifest import FeatureKind
from finbehave.errors import DataRefused


def decide_numbers(source: Source, columns: Sequence[Evidence]) -> dict[int, ColumnPlan]:
    """Plans of columns of which every cell is a number; some stay text (leading zeros, several currencies).

    Raises:
        DataRefused: an infinite number, or two decimal signs in one column.
    """
    decided = {column.place: decide_decimal(column.numbers()) for column in columns}
    for column in columns:
        if column.infinite:
            raise _infinite(source, column)
        if decided[column.place] == (None, True):
            raise _contradiction(source, column)
    proofs = {sign for sign, _ in decided.values()} - {None}
    plans: dict[int, ColumnPlan] = {}
    styles: list[tuple[Evidence, NumberStyle]] = []
    for column in columns:
        sign = decided[column.place][0] or _likely_decimal(source, column, proofs)
        style = style_of(column.numbers(), sign)
        why = why_text(column.numbers(), style)
        if why:
            notes.tell_stays_text(source, column, why)
            plans[column.place] = as_text(column)
        else:
            styles.append((column, style))
    lost = _unread(source, styles)
    for column, style in styles:
        if lost[column.place]:
            notes.tell_stays_text(source, column, f"has {lost[column.place]:,} cells that are no numbers after all")
            plans[column.place] = as_text(column)
            continue
        kind = FeatureKind.INTEGER if style.whole and column.rest else FeatureKind.NUMBER
        plans[column.place] = ColumnPlan(column.place, column.name, kind, style.sql(cell_of(column)))
    kept = [(column, style) for column, style in styles if not lost[column.place]]
    notes.tell_styles(source, kept, {place for place, (sign, _) in decided.items() if sign is None})
    return plans


def _likely_decimal(source: Source, column: Evidence, proofs: set[str | None]) -> str:
    """The decimal sign where the column does not prove one: that of the other columns, else the file's habits."""
    ambiguous = [number for number in column.numbers() if number.ambiguous]
    if not ambiguous:
        return "."
    if len(proofs) == 1:
        return "," if "," in proofs else "."
    semicolons = source.text is not None and source.text.dialect.delimiter == ";"
    return "," if semicolons and any(number.comma for number in ambiguous) else "."


def _unread(source: Source, styles: Sequence[tuple[Evidence, NumberStyle]]) -> dict[int, int]:
    """How many cells each style fails to read: none, unless a shape deceived us. Overflow refuses the file."""
    lost = {column.place: 0 for column, _ in styles}
    asked = [(column, style) for column, style in styles if _needs_proof(column, style)]
    if not asked:
        return lost
    row = source.query(f"SELECT {', '.join(_proof_sql(column, style) for column, style in asked)} FROM raw")[0]
    for (column, _), (read, infinite) in zip(asked, zip(row[::2], row[1::2], strict=True), strict=True):
        if infinite:
            raise _infinite(source, column)
        lost[column.place] = column.filled - read
    return lost


def _needs_proof(column: Evidence, style: NumberStyle) -> bool:
    return not style.plain or any(number.power for number in column.numbers())


def _proof_sql(column: Evidence, style: NumberStyle) -> str:
    """How many cells are read, and how many of them as infinite, which takes a power of ten."""
    number = style.sql(cell_of(column))
    power = any(number.power for number in column.numbers())
    return f"count({number}), {f'count(*) FILTER (isinf({number}))' if power else '0'}"


def _infinite(source: Source, column: Evidence) -> DataRefused:
    def wanted(cell: str) -> bool:
        if cell.lower() in INFINITIES:
            return True
        try:
            return abs(float(cell)) == float("inf")
        except ValueError:
            return False

    where = source.place_of(column.place, wanted)
    return DataRefused(
        f"{source.path} {where}, column {column.name!r}: an infinite number",
        remedy="replace it by a number, or leave the cell empty if the value is not known",
    )


def _contradiction(source: Source, column: Evidence) -> DataRefused:
    found: dict[str, str] = {}
    for shape, cells in column.rest.items():
        number = read_number(shape)
        if number is not None and number.certain:
            found.setdefault(number.certain, cells.example)
    places = [source.place_of(column.place, found[sign].__eq__) or repr(found[sign]) for sign in ".,"]
    return DataRefused(
        f"{source.path}, column {column.name!r} writes decimals in two ways: {places[0]} and {places[1]}",
        remedy=f"write all numbers of {column.name!r} in one way",
    )
