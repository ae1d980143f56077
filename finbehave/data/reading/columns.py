"""From the evidence to a decision per column: its kind, and the SQL that gives its values.

Decisions are made on the whole column. What a person should know about them is said in ``notes``; what cannot be
decided without guessing at the meaning of a number refuses the file.
"""

from __future__ import annotations

from collections.abc import Sequence

from finbehave.data.reading import notes
from finbehave.data.reading.date_columns import Dated, decide_dates, orders_of
from finbehave.data.reading.evidence import Evidence, gather, text_sql
from finbehave.data.reading.number_columns import decide_numbers
from finbehave.data.reading.plans import ColumnPlan, as_text, cell_of
from finbehave.data.reading.source import Source, list_names
from finbehave.domain.manifest import FeatureKind
from finbehave.errors import DataRefused

_WHOLE_TYPES = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_NUMBER_TYPES = ("FLOAT", "DOUBLE", "DECIMAL", "UBIGINT", "HUGEINT", "UHUGEINT", "BIGNUM")


def plan_columns(source: Source, places: Sequence[int] | None = None) -> list[ColumnPlan]:
    """Decide about the columns at ``places`` (default: all), and add to the source's notes what was assumed.

    Raises:
        DataRefused: infinities, or numbers that contradict each other about the decimal sign; naming line and column.
    """
    wanted = range(len(source.names)) if places is None else places
    texts = [place for place in wanted if _is_text(source.types[place])]
    gathered = gather(source, texts)
    plans = _decide_texts(source, [gathered[place] for place in texts])
    for place in wanted:
        if place not in plans:
            plans[place] = _typed(source, place)
    return [plans[place] for place in wanted]


def _is_text(kind: str) -> bool:
    return kind == "VARCHAR" or kind.startswith(("ENUM", "UUID", "JSON"))


def _decide_texts(source: Source, columns: Sequence[Evidence]) -> dict[int, ColumnPlan]:
    plans: dict[int, ColumnPlan] = {}
    numeric, dated = [], []
    for column in columns:
        orders = orders_of(column)
        if column.rest and column.truths() == column.filled:
            plans[column.place] = _boolean(column)
        elif orders:
            dated.append(Dated(column, orders))
        elif _all_numbers(column):
            numeric.append(column)
        else:
            plans[column.place] = _text(source, column)
    plans |= decide_dates(source, dated)
    numeric += [each.evidence for each in dated if each.evidence.place not in plans]
    plans |= decide_numbers(source, numeric)
    texts = {place for place, plan in plans.items() if plan.kind is FeatureKind.CATEGORY}
    notes.tell_missing(source, columns, texts)
    if source.text is None and (
        turned := [column.name for column in columns if column.place not in texts and column.rest]
    ):
        source.notes.append(f"{list_names(turned)}: stored as text, read as what the text says.")
    return plans


def _all_numbers(column: Evidence) -> bool:
    return sum(column.numbers().values()) == column.filled and (bool(column.rest) or not column.infinite)


# --- text and truth ---------------------------------------------------------------------------------------


def _text(source: Source, column: Evidence) -> ColumnPlan:
    if column.may_be_more_than_text and column.rest:
        notes.tell_mixed(source, column)
    return as_text(column)


def _boolean(column: Evidence) -> ColumnPlan:
    sql = f"CASE lower({cell_of(column)}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    return ColumnPlan(column.place, column.name, FeatureKind.BOOLEAN, sql)


# --- Parquet's own types ----------------------------------------------------------------------------------


def _typed(source: Source, place: int) -> ColumnPlan:
    name, kind, cell = source.names[place], source.types[place], f"c{place}"
    if kind in _WHOLE_TYPES:
        return ColumnPlan(place, name, FeatureKind.INTEGER, f"CAST({cell} AS BIGINT)")
    if kind.split("(")[0] in _NUMBER_TYPES:
        _refuse_infinite(source, place)
        return ColumnPlan(
            place, name, FeatureKind.NUMBER, f"CASE WHEN isnan({cell}::DOUBLE) THEN NULL ELSE {cell}::DOUBLE END"
        )
    if kind == "BOOLEAN":
        return ColumnPlan(place, name, FeatureKind.BOOLEAN, cell)
    if kind.startswith("TIMESTAMP WITH TIME ZONE"):
        return ColumnPlan(place, name, FeatureKind.DATE, f"timezone('UTC', {cell})")
    if kind.startswith(("DATE", "TIMESTAMP")):
        return ColumnPlan(place, name, FeatureKind.DATE, f"CAST({cell} AS TIMESTAMP)")
    if kind == '"NULL"':
        return ColumnPlan(place, name, FeatureKind.NUMBER, "CAST(NULL AS DOUBLE)")
    return ColumnPlan(place, name, FeatureKind.CATEGORY, text_sql(f"CAST({cell} AS VARCHAR)"))


def _refuse_infinite(source: Source, place: int) -> None:
    if source.types[place] not in ("FLOAT", "DOUBLE"):
        return
    if not source.query(f"SELECT count(*) FROM raw WHERE isinf(c{place})")[0][0]:
        return
    found = source.query(
        f"SELECT number FROM (SELECT row_number() OVER () AS number, c{place} AS cell FROM raw) "
        f"WHERE isinf(cell) ORDER BY number LIMIT 1"
    )
    if found:
        raise DataRefused(
            f"{source.path} row {found[0][0]:,}, column {source.names[place]!r}: an infinite number",
            remedy="replace it by a number, or by a missing value if it is not known",
        )
