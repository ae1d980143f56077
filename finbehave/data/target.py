"""The target of a table: what it asks for, and whether it can be learnt; train and validate ask here."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finbehave.data.load import Table
from finbehave.data.reading.source import list_names
from finbehave.domain.manifest import FeatureKind, Task
from finbehave.errors import DataRefused

if TYPE_CHECKING:
    from pandas import Series

_MOST_NUMBERED_CLASSES = 20
_SURELY_CLASSES = 5
_ROWS_A_CLASS = 10
_MOST_CLASSES = 100
_SHOWN_CLASSES = 12


@dataclass(frozen=True)
class Target:
    """A target that can be learnt. ``classes`` maps each class, as text, to its rows; empty for a regression."""

    name: str
    task: Task
    reason: str
    classes: dict[str, int]


def members_needed(folds: int, test_size: float) -> int:
    """Rows a class needs so that the held-out part and every fold have one of it.

    One in ``test_size`` of the rows, one in each of ``folds`` folds of the rest; 5 for a fifth and three folds.
    """
    return max(folds + 1, math.ceil(folds / (1 - test_size)), math.ceil(1 / test_size))


def check_target(table: Table, name: str, *, folds: int, test_size: float) -> Target:
    """Decide what the target asks for.

    Raises:
        DataRefused: it is not there (the remedy names what is close), has missing values, is constant, is a date or an
            identifier, or one of its classes has too few rows.
    """
    values = _column(table, name)
    missing = values.isna()
    if missing.any():
        count, first = int(missing.sum()), int(missing.to_numpy().argmax()) + 1
        raise DataRefused(
            f"target {name!r} is missing in {count:,} of {table.rows:,} rows, first in row {first:,}",
            remedy="complete those rows or delete them: they teach nothing",
        )
    if values.nunique() == 1:
        raise DataRefused(
            f"target {name!r} is {_shown(values.iloc[0])!r} in every row: there is nothing to learn",
            remedy="name another --target, or add rows with another outcome",
        )
    task, reason = decide_task(values, table.kinds[name], name)
    if task is Task.REGRESSION:
        _refuse_few_rows(table, folds, test_size)
        return Target(name, task, reason, {})
    counts = {_shown(value): int(count) for value, count in values.value_counts().sort_index().items()}
    _refuse_rare(name, counts, members_needed(folds, test_size), folds, test_size)
    return Target(name, task, reason, counts)


def _column(table: Table, name: str) -> Series[Any]:
    if name not in table.kinds:
        names = list(table.kinds)
        folded = {each.lower(): each for each in names}
        close = [folded[each] for each in difflib.get_close_matches(name.lower(), folded, n=3, cutoff=0.6)]
        raise DataRefused(
            f"there is no column {name!r} to be the target; the columns are {list_names(names, 12)}",
            remedy=f"did you mean --target {close[0]!r}?" if close else "name one of the columns with --target",
        )
    return table.frame[name]


def decide_task(values: Series[Any], kind: FeatureKind, name: str = "target") -> tuple[Task, str]:
    """Binary, multiclass or regression, and why.

    Two values are two classes. Texts are classes. Numbers are classes where they are whole and few: at most five
    different ones, or at most twenty with ten rows each on average; anything else is a quantity.

    Raises:
        DataRefused: dates, or more classes of text than one can learn.
    """
    distinct = int(values.nunique())
    if kind is FeatureKind.DATE:
        raise DataRefused(
            f"target {name!r} holds dates", remedy="turn it into a number of days or into classes, or name another"
        )
    if distinct == 2:
        return Task.BINARY, "it has two values"
    if kind is FeatureKind.CATEGORY:
        if distinct > _MOST_CLASSES:
            raise DataRefused(
                f"target {name!r} has {distinct:,} different texts: that is an identifier or free text, not a class",
                remedy="name another --target, or group its values",
            )
        return Task.MULTICLASS, f"it has {distinct} classes of text"
    whole = bool((values.astype(float) % 1 == 0).all())
    few = distinct <= _SURELY_CLASSES or (
        distinct <= _MOST_NUMBERED_CLASSES and len(values) >= _ROWS_A_CLASS * distinct
    )
    if whole and few:
        return Task.MULTICLASS, f"it has {distinct} whole numbers, taken as classes"
    return Task.REGRESSION, f"it has {distinct:,} different numbers"


def _refuse_few_rows(table: Table, folds: int, test_size: float) -> None:
    needed = 2 * members_needed(folds, test_size)
    if table.rows < needed:
        raise DataRefused(
            f"{table.rows} rows are too few: at least {needed} are needed for {folds} folds and a held-out part of "
            f"{test_size:.0%}",
            remedy="add rows; below some hundreds no figure means much",
        )


def _refuse_rare(name: str, counts: dict[str, int], needed: int, folds: int, test_size: float) -> None:
    rare = {value: count for value, count in counts.items() if count < needed}
    if not rare:
        return
    value, count = min(rare.items(), key=lambda item: item[1])
    others = f", as do {len(rare) - 1} other classes" if len(rare) > 1 else ""
    shown = ", ".join(f"{each}: {rows:,}" for each, rows in list(counts.items())[:_SHOWN_CLASSES])
    rows = "1 row" if count == 1 else f"{count} rows"
    raise DataRefused(
        f"target {name!r}: class {value} has {rows}, at least {needed} needed for {folds} folds and a held-out part of "
        f"{test_size:.0%}{others} (all {len(counts)} classes: {shown})",
        remedy=f"add rows of class {value}, merge it with another class, or delete its rows",
    )


def _shown(value: Any) -> str:
    """A class as a person writes it: 2, not 2.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
