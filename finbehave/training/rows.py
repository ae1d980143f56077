"""From a table to the arrays that are handed to the guest: float64 columns, categories and classes as codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finbehave.data.load import Table
from finbehave.data.target import Target
from finbehave.domain.manifest import FeatureKind, Task
from finbehave.errors import DataRefused

if TYPE_CHECKING:
    from pandas import Series

_DAY = 86400.0


@dataclass(frozen=True)
class Rows:
    """``arrays`` are ``target`` and ``c0`` … by place in ``features``, each a name, a kind and a ``vocabulary``.

    ``classes`` are sorted as scikit-learn sorts them; empty for a quantity.
    """

    arrays: dict[str, Any]
    features: tuple[dict[str, Any], ...]
    classes: tuple[Any, ...]

    def save(self, path: Path) -> None:
        """Write the arrays as ``.npz``, nothing pickled."""
        import numpy

        numpy.savez(path, allow_pickle=False, **self.arrays)

    @property
    def described(self) -> dict[str, Any]:
        """What a request says of the rows."""
        return {"features": list(self.features), "classes": list(self.classes)}


def rows_of(table: Table, target: Target, columns: Sequence[str], *, order: Any = None) -> Rows:
    """The rows of a table.

    Args:
        columns: The features, in the order of the model.
        order: Places of the rows, where another order than the file's is wanted.
    """
    arrays: dict[str, Any] = {}
    features = []
    for place, name in enumerate(columns):
        values, vocabulary = _values(table.frame[name], table.kinds[name])
        arrays[f"c{place}"] = values
        features.append({"name": name, "kind": table.kinds[name].value, "vocabulary": vocabulary})
    arrays["target"], classes = _target(table, target)
    if order is not None:
        arrays = {name: values[order] for name, values in arrays.items()}
    return Rows(arrays, tuple(features), tuple(classes))


def _values(values: Series[Any], kind: FeatureKind) -> tuple[Any, list[str]]:
    import numpy
    import pandas

    if kind is FeatureKind.CATEGORY:
        codes, vocabulary = pandas.factorize(values, sort=True)
        return codes.astype(numpy.int32), [str(word) for word in vocabulary]
    return numbers_of(values, kind), []


def numbers_of(values: Series[Any], kind: FeatureKind) -> Any:
    """A column as float64, missing as NaN; dates as days since 1970-01-01, computed as requests' are."""
    import numpy

    if kind is not FeatureKind.DATE:
        return values.to_numpy(dtype=numpy.float64)
    moments = values.to_numpy().astype("datetime64[us]")
    days = moments.astype(numpy.int64) / 1e6 / _DAY
    days[numpy.isnat(moments)] = numpy.nan
    return days


def _target(table: Table, target: Target) -> tuple[Any, list[Any]]:
    import numpy

    values = table.frame[target.name]
    if target.task is Task.REGRESSION:
        return values.to_numpy(dtype=numpy.float64), []
    kind = table.kinds[target.name]
    if kind in (FeatureKind.INTEGER, FeatureKind.NUMBER):
        whole = bool((values.astype(float) % 1 == 0).all())
        values = values.astype(numpy.int64) if whole else values.map(str)
    classes = sorted(values.unique().tolist())
    codes = {value: code for code, value in enumerate(classes)}
    return values.map(codes).to_numpy(dtype=numpy.int64), classes


def order_by_time(table: Table, column: str) -> Any:
    """The places of the rows from the earliest to the latest.

    Raises:
        DataRefused: no such column, one that is no time, or one with gaps.
    """
    if column not in table.kinds:
        raise DataRefused(f"there is no column {column!r} to order the rows by", remedy="name one with --time-column")
    if table.kinds[column] not in (FeatureKind.DATE, FeatureKind.INTEGER, FeatureKind.NUMBER):
        raise DataRefused(
            f"{column!r} holds {table.kinds[column].value} values, which have no order in time",
            remedy="name a column of dates or numbers with --time-column",
        )
    times = numbers_of(table.frame[column], table.kinds[column])
    missing = times != times
    if missing.any():
        raise DataRefused(
            f"{column!r} is missing in {int(missing.sum()):,} rows, first in row {int(missing.argmax()) + 1:,}: they "
            "cannot be put in order",
            remedy="complete those rows or delete them",
        )
    return times.argsort(kind="stable")
