"""What a person should know about how a file was read, in sentences; columns of one habit share one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from finbehave.data.engine import quoted
from finbehave.data.reading.dates import DIGITS_ONLY, RIVALS, Order
from finbehave.data.reading.evidence import Cells, Evidence, trimmed_sql
from finbehave.data.reading.numbers import NumberStyle, read_number
from finbehave.data.reading.source import Source, list_names, shown

_SIGNS = {",": "commas", ".": "points", " ": "spaces", "'": "apostrophes", "’": "apostrophes"}


def tell_missing(source: Source, columns: Sequence[Evidence], texts: Collection[int]) -> None:
    """Say which words were read as missing values: in texts the words of every column, elsewhere the markers too."""
    told: dict[str, tuple[list[str], int]] = {}
    for column in columns:
        words = column.missing if column.place in texts else column.markers
        for word, cells in words.items():
            if word:
                names, count = told.get(cells.example, ([], 0))
                told[cells.example] = ([*names, column.name], count + cells.count)
    for word, (names, count) in told.items():
        cells_said = "1 cell" if count == 1 else f"{count:,} cells"
        source.notes.append(f"{list_names(names)}: {shown(word)} is read as missing ({cells_said}).")
    empty = [column.name for column in columns if not column.rest and column.place not in texts]
    if empty:
        source.notes.append(f"{list_names(empty)}: no cell holds a value.")


def tell_mixed(source: Source, column: Evidence) -> None:
    """Say that a column of mostly numbers or dates stays text, and where the first cell is that is none."""
    dates = column.dates()
    as_dates = column.count_of(dates) > sum(column.numbers().values())
    kind = "dates" if as_dates else "numbers"
    odd = {
        shape: cells
        for shape, cells in column.rest.items()
        if not (shape in dates if as_dates else read_number(shape) is not None)
    }
    count = sum(cells.count for cells in odd.values())
    if not count:
        tell_stays_text(source, column, "writes its dates in several ways")
        return
    where = _first_of(source, column, odd)
    source.notes.append(
        f"{column.name} stays text: {count:,} of {column.filled:,} cells are no {kind}, for example {where}."
    )


def _first_of(source: Source, column: Evidence, odd: Mapping[str, Cells]) -> str:
    """Where the most frequent odd cell is."""
    example = max(odd.values(), key=lambda cells: cells.count).example
    return source.place_of(column.place, lambda cell: cell == example) or shown(example)


def tell_stays_text(source: Source, column: Evidence, why: str) -> None:
    """Say that a column that could be taken for numbers stays text."""
    source.notes.append(f"{column.name} {why} and stays text.")


def tell_broken_dates(source: Source, column: Evidence, order: Order, sql: str) -> None:
    """Say that a column of dates stays text because some are not in the calendar."""
    cell = trimmed_sql(f"c{column.place}")
    bad, example = source.query(
        f"SELECT count(*), min({cell}) FROM raw WHERE {sql} IS NULL AND lower({cell}) NOT IN "
        f"('', {', '.join(quoted(word) for word in [*column.missing, *column.markers] or [''])})"
    )[0]
    where = source.place_of(column.place, lambda text: text == example) or shown(example)
    source.notes.append(
        f"{column.name} stays text: {bad:,} of {column.filled:,} cells are no dates {order.value}, for example {where}."
    )


def tell_order(source: Source, names: Sequence[str], order: Order, example: str, *, chosen: bool) -> None:
    """Say how dates are written, and where that was a choice, which."""
    if not chosen:
        what = "numbers are dates" if order in DIGITS_ONLY else "dates are"
        source.notes.append(f"{list_names(names)}: {what} {order.value} ({example}).")
        return
    other = {**RIVALS, **{value: key for key, value in RIVALS.items()}}[order]
    source.notes.append(
        f"{list_names(names)}: dates such as {example} could be day or month first, and no cell decides; "
        f"they are read {order.value}, not {other.value}. Write them as YYYY-MM-DD to be sure."
    )


def tell_styles(source: Source, columns: Sequence[tuple[Evidence, NumberStyle]], undecided: Collection[int]) -> None:
    """Say how numbers were read where they are not written as programs write them."""
    groups: dict[tuple[NumberStyle, bool], list[Evidence]] = {}
    for column, style in columns:
        if not style.plain:
            doubtful = column.place in undecided and any(number.ambiguous for number in column.numbers())
            groups.setdefault((style, doubtful), []).append(column)
    for (style, doubtful), members in groups.items():
        example = _telling_example(members[0])
        value = source.query(f"SELECT {style.sql(quoted(example))}")[0][0]
        names = list_names([column.name for column in members])
        doubt = "; no cell of the column shows which sign marks decimals" if doubtful else ""
        source.notes.append(f"{names}: {_habits(style)}; {shown(example)} is read as {value}{doubt}.")


def _habits(style: NumberStyle) -> str:
    said = []
    marks = [_SIGNS.get(letter, "spaces") for letter in style.groups]
    if marks:
        said.append(f"{' or '.join(dict.fromkeys(marks))} separate thousands")
    if style.decimal == ",":
        said.append("a comma marks decimals")
    if style.currencies:
        said.append(f"the currency ({', '.join(sorted(style.currencies))}) is left out")
    if style.percent:
        said.append("percent signs are left out")
    if "(" in style.negatives:
        said.append("brackets mean minus")
    if "trailing" in style.negatives:
        said.append("a minus may follow the number")
    if style.negatives & {"−", "–"}:
        said.append("minus signs are typographic")
    return ", ".join(said) or "spaces stand beside the digits"


def _telling_example(column: Evidence) -> str:
    """The cell that shows most of the style: the one with the most characters that are no digits."""
    shapes = sorted(
        column.rest, key=lambda shape: (sum(letter not in "09" for letter in shape), len(shape)), reverse=True
    )
    return column.rest[shapes[0]].example
