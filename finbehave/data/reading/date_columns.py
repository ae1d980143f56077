"""Which columns hold dates, and in which order their parts are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from finbehave.data.reading import notes
from finbehave.data.reading.dates import DIGITS_ONLY, RIVALS, DateFormat, Order, sql_of
from finbehave.data.reading.evidence import Evidence
from finbehave.data.reading.plans import ColumnPlan, as_text, cell_of
from finbehave.data.reading.source import Source
from finbehave.domain.manifest import FeatureKind

_FEWEST_SHORT_DATES = 10


@dataclass(frozen=True)
class Dated:
    """A column that may hold dates: the ways to read it, by order."""

    evidence: Evidence
    orders: dict[Order, frozenset[DateFormat]]


def orders_of(column: Evidence) -> dict[Order, frozenset[DateFormat]]:
    """The orders in which every cell can be read as a date, with the formats that this takes."""
    dates = column.dates()
    if not dates or len(dates) < len(column.rest):
        return {}
    found: dict[Order, set[DateFormat]] = {}
    for formats in dates.values():
        for each in formats:
            found.setdefault(each.order, set()).add(each)
    return {
        order: frozenset(formats)
        for order, formats in found.items()
        if all(any(each.order is order for each in readings) for readings in dates.values())
    }


def decide_dates(source: Source, dated: Sequence[Dated]) -> dict[int, ColumnPlan]:
    """Plans of the columns that are dates, and of those that would be but for a few cells; digits may stay numbers."""
    read = _count_read(source, dated)
    plans, open_ones = {}, []
    settled: dict[int, Order] = {}
    for each in dated:
        whole = [order for order in each.orders if read[each.evidence.place, order] == each.evidence.filled]
        if len(whole) == 1:
            settled[each.evidence.place] = whole[0]
        elif len(whole) > 1:
            open_ones.append(each)
        elif not set(each.orders) & DIGITS_ONLY:
            best = max(each.orders, key=lambda order: read[each.evidence.place, order])
            notes.tell_broken_dates(source, each.evidence, best, sql_of(each.orders[best], cell_of(each.evidence)))
            plans[each.evidence.place] = as_text(each.evidence)
    for each in open_ones:
        settled[each.evidence.place] = _settle(source, each, settled.values())
    _tell(source, dated, settled, {each.evidence.place for each in open_ones})
    for each in dated:
        place = each.evidence.place
        if place in settled:
            sql = sql_of(each.orders[settled[place]], cell_of(each.evidence))
            plans[place] = ColumnPlan(place, each.evidence.name, FeatureKind.DATE, sql)
    return plans


def _tell(source: Source, dated: Sequence[Dated], settled: Mapping[int, Order], undecided: set[int]) -> None:
    groups: dict[tuple[Order, bool], list[Dated]] = {}
    for each in dated:
        order = settled.get(each.evidence.place)
        if order is not None and order not in (Order.ISO, Order.NAMED):
            groups.setdefault((order, each.evidence.place in undecided), []).append(each)
    for (order, chosen), members in groups.items():
        names = [member.evidence.name for member in members]
        notes.tell_order(source, names, order, _example(source, members[0], order), chosen=chosen)


def _example(source: Source, column: Dated, order: Order) -> str:
    """A date of the column that shows its order: one that cannot be read in another, if there is one."""
    for other, formats in column.orders.items():
        if other is not order:
            cell = cell_of(column.evidence)
            right, wrong = sql_of(column.orders[order], cell), sql_of(formats, cell)
            found = source.query(f"SELECT {cell} FROM raw WHERE {right} IS NOT NULL AND {wrong} IS NULL LIMIT 1")
            if found:
                return str(found[0][0])
    return next(iter(column.evidence.rest.values())).example


def _count_read(source: Source, dated: Sequence[Dated]) -> dict[tuple[int, Order], int]:
    """How many cells of each column each order reads, in one pass."""
    asked = [(each.evidence, order, formats) for each in dated for order, formats in each.orders.items()]
    if not asked:
        return {}
    counts = [_count_sql(order, sql_of(formats, cell_of(column))) for column, order, formats in asked]
    row = source.query(f"SELECT {', '.join(counts)} FROM raw")[0]
    return {(column.place, order): count for (column, order, _), count in zip(asked, row, strict=True)}


def _count_sql(order: Order, sql: str) -> str:
    """Digits alone count as dates only where it can be no accident.

    A random number of eight digits is a date of 1900 to 2099 once in 1,400 times, one of six digits once in 28: so of
    those ten different ones, of more than one month, have to be dates without exception.
    """
    if order is Order.COMPACT:
        return f"count(*) FILTER (year({sql}) BETWEEN 1900 AND 2099)"
    if order is Order.COMPACT_SHORT:
        enough = f"count(DISTINCT {sql}) >= {_FEWEST_SHORT_DATES} AND count(DISTINCT date_trunc('month', {sql})) > 1"
        return f"CASE WHEN {enough} THEN count({sql}) ELSE 0 END"
    return f"count({sql})"


def _settle(source: Source, column: Dated, settled: Iterable[Order]) -> Order:
    """Day or month first where no cell of the column decides: as in another column, else by the habits of the file."""
    day_first = next(order for order in column.orders if order in RIVALS)
    month_first = RIVALS[day_first]
    known = {order in RIVALS for order in settled if order in {*RIVALS, *RIVALS.values()}}
    if len(known) == 1:
        return day_first if known.pop() else month_first
    european = any("." in (each.format or "") for each in column.orders[day_first])
    european = european or (source.text is not None and source.text.dialect.delimiter == ";")
    return day_first if european else month_first
