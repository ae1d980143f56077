"""The decision about one column."""

from __future__ import annotations

from dataclasses import dataclass

from finbehave.data.reading.evidence import Evidence, text_sql, trimmed_sql
from finbehave.domain.manifest import FeatureKind


@dataclass(frozen=True)
class ColumnPlan:
    """How one column is read: ``sql`` gives its values from ``raw``.

    BIGINT for an integer, DOUBLE for a number, BOOLEAN, TIMESTAMP for a date, VARCHAR for a category; NULL for missing.
    """

    place: int
    name: str
    kind: FeatureKind
    sql: str


def cell_of(column: Evidence) -> str:
    """An SQL expression for the cells of a text column, without white space around them.

    Never the bare column: DuckDB moves a cast of one into its CSV reader, where ``try_cast`` fails instead of giving
    NULL.
    """
    return trimmed_sql(f"c{column.place}") if column.padded else f"nullif(CAST(c{column.place} AS VARCHAR), '')"


def as_text(column: Evidence) -> ColumnPlan:
    """The plan of a column that stays text."""
    sql = text_sql(f"CAST(c{column.place} AS VARCHAR)")
    return ColumnPlan(column.place, column.name, FeatureKind.CATEGORY, sql)
