"""What is in a table, and what in it should make a person look twice before training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finbehave.data.load import Table
from finbehave.domain.manifest import FeatureKind

if TYPE_CHECKING:
    from pandas import Series

_TOP = 3
_ID_SHARE = 0.98
_MANY_SHARE = 0.2
_MISSING_SHARE = 0.5
_FEW_ROWS = 200
_RARE_ROWS = 5
_MOST_LEVELS = 50


@dataclass(frozen=True)
class ColumnReport:
    """One column. ``minimum`` and ``maximum`` are of numbers and dates (ISO 8601), ``most_frequent`` of the rest."""

    name: str
    kind: FeatureKind
    missing: int
    missing_share: float
    distinct: int
    minimum: float | str | None
    maximum: float | str | None
    mean: float | None
    most_frequent: dict[str, int]


@dataclass(frozen=True)
class Concern:
    """Something to look at; ``column`` is None where it is about the table. ``code`` is for scripts."""

    code: str
    column: str | None
    message: str


def describe(table: Table) -> tuple[ColumnReport, ...]:
    """Every column in the order of the file."""
    return tuple(_describe(name, kind, table.frame[name]) for name, kind in table.kinds.items())


def _describe(name: str, kind: FeatureKind, values: Series[Any]) -> ColumnReport:
    present = values.dropna()
    ordered = kind in (FeatureKind.NUMBER, FeatureKind.INTEGER, FeatureKind.DATE) and len(present) > 0
    missing = len(values) - len(present)
    top = {} if ordered else {str(value): int(count) for value, count in present.value_counts().head(_TOP).items()}
    return ColumnReport(
        name=name,
        kind=kind,
        missing=missing,
        missing_share=round(missing / len(values), 6),
        distinct=int(present.nunique()),
        minimum=_bound(present.min(), kind) if ordered else None,
        maximum=_bound(present.max(), kind) if ordered else None,
        mean=float(present.mean()) if ordered and kind is not FeatureKind.DATE else None,
        most_frequent=top,
    )


def _bound(value: Any, kind: FeatureKind) -> float | str:
    if kind is FeatureKind.DATE:
        return str(value.date().isoformat() if value == value.normalize() else value.isoformat())
    return int(value) if kind is FeatureKind.INTEGER else float(value)


def find_concerns(table: Table, columns: Sequence[ColumnReport]) -> tuple[Concern, ...]:
    """What to look at, column by column, then the table."""
    found = [concern for column in columns for concern in _about(column, table)]
    duplicates = count_duplicates(table)
    if duplicates:
        found.append(Concern("duplicate-rows", None, f"{duplicates:,} rows repeat an earlier one in every column"))
    if table.rows < _FEW_ROWS:
        found.append(Concern("few-rows", None, f"{table.rows} rows are few: held-out figures will vary widely"))
    return tuple(found)


def count_duplicates(table: Table) -> int:
    """How many rows repeat an earlier one in every column."""
    return int(table.frame.duplicated().sum())


def _about(column: ColumnReport, table: Table) -> list[Concern]:
    present = table.rows - column.missing
    found = []

    def say(code: str, message: str) -> None:
        found.append(Concern(code, column.name, message))

    if column.distinct == 0:
        say("empty", "no row has a value")
    elif column.distinct == 1:
        say("constant", "the same value in every row that has one")
    elif _is_identifier(column, present):
        say(
            "identifier",
            f"{column.distinct:,} different values in {present:,} rows: it identifies rows and predicts nothing",
        )
    elif (
        column.kind is FeatureKind.CATEGORY
        and column.distinct > _MANY_SHARE * present
        and column.distinct > _MOST_LEVELS
    ):
        say("many-values", f"{column.distinct:,} different texts in {present:,} rows")
    elif column.kind is FeatureKind.CATEGORY and (rare := _rare(table.frame[column.name])):
        say(
            "rare-values",
            f"in fewer than {_RARE_ROWS} rows: " + ", ".join(f"{value} ({count})" for value, count in rare),
        )
    if column.missing_share >= _MISSING_SHARE and column.distinct:
        say("mostly-missing", f"missing in {column.missing_share:.0%} of the rows")
    return found


def _is_identifier(column: ColumnReport, present: int) -> bool:
    """Text or whole numbers of which nearly every row has its own."""
    could = column.kind in (FeatureKind.CATEGORY, FeatureKind.INTEGER)
    return could and present >= _RARE_ROWS and column.distinct >= _ID_SHARE * present


def _rare(values: Series[Any]) -> list[tuple[str, int]]:
    counts = values.value_counts()
    if len(counts) > _MOST_LEVELS:
        return []
    return [(str(value), int(count)) for value, count in counts[counts < _RARE_ROWS].head(_TOP).items()]
