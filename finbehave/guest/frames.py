"""Rows of a request to the frame a model takes, checked against the package's feature schema.

The one place where the meaning of a value is decided, so that fitting, probing and serving, here and on Azure, cannot
differ. Standard library only until a frame is built. Python 3.8 and later.
"""

from __future__ import annotations

import datetime
import json
import math
import re
from typing import Any, Callable, Mapping, Sequence

MISSING_WORDS = frozenset(["", "na", "n/a", "nan", "null", "none"])
"""Texts that mean a missing value, whatever the kind of the column."""

_EPOCH = datetime.datetime(1970, 1, 1)


_MISSING, _UNKNOWN, _ALSO = "is missing", "is not a column of this model", "; the same holds for "
_ABOUT_COLUMNS = re.compile(f": (?:{_MISSING}|{_UNKNOWN})(?:{_ALSO}.*)?$")

_TOLD = 8
"""Columns beside the first that a refusal names."""


class InvalidBody(ValueError):
    """The body is no rows at all: malformed JSON, or JSON of another shape."""


class InvalidRow(ValueError):
    """A row that the schema refuses. ``row`` counts from 0; ``column`` is the feature it is about."""

    def __init__(self, row: int, column: str, why: str) -> None:
        super().__init__(f"row {row}, column {column!r}: {why}")
        self.row = row
        self.column = column
        self.why = why


def rows_of(body: Any) -> list[dict[str, Any]]:
    """The rows of a decoded body: an object, a list of objects, ``{"data": [...]}`` or pandas' split form."""
    if isinstance(body, dict) and isinstance(body.get("data"), list):
        if isinstance(body.get("columns"), list):
            return _rows_of_split(body["columns"], body["data"])
        body = body["data"]
    rows = [body] if isinstance(body, dict) else body
    if not isinstance(rows, list) or not rows:
        raise InvalidBody('expected an object, a list of objects, or {"data": [...]} with at least one row')
    for row in rows:
        if not isinstance(row, dict):
            raise InvalidBody("each row must be an object of column names and values")
    return rows


def _rows_of_split(columns: list[Any], data: list[Any]) -> list[dict[str, Any]]:
    if not data or not all(isinstance(name, (str, int)) for name in columns):
        raise InvalidBody("the split form needs names of columns and at least one row")
    if len(set(map(str, columns))) != len(columns):
        raise InvalidBody("the split form needs distinct columns")
    for row in data:
        if not isinstance(row, list) or len(row) != len(columns):
            raise InvalidBody("each row of the split form must be a list as long as its columns")
    return [dict(zip(map(str, columns), row)) for row in data]


def decode(raw: Any) -> list[dict[str, Any]]:
    """The rows of a raw JSON body. Raises InvalidBody."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidBody(f"malformed JSON: {error}") from None
    return rows_of(body)


class Schema:
    """The features of a package, ready to check rows and to build frames."""

    def __init__(self, features: Sequence[Mapping[str, Any]]) -> None:
        """``features`` are the manifest's: at least a name and a kind each."""
        self.names = [str(feature["name"]) for feature in features]
        self.kinds = [str(feature["kind"]) for feature in features]
        self._known = frozenset(self.names)
        self._readers = [_READERS[kind] for kind in self.kinds]
        self._plan: _Plan | None = None

    def columns(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
        """The values by column, converted. Null and the usual words for it mean missing.

        Raises:
            InvalidRow: an unknown or a missing column, or a value that is not of the column's kind.
        """
        for index, row in enumerate(rows):
            if row.keys() != self._known:
                self._refuse_columns(index, row)
        columns = {}
        for name, reader in zip(self.names, self._readers):
            try:
                columns[name] = _read([row[name] for row in rows], reader)
            except (ValueError, OverflowError):
                self._refuse_value(name, reader, rows)
        return columns

    def _refuse_columns(self, index: int, row: Mapping[str, Any]) -> None:
        missing = [name for name in self.names if name not in row]
        if missing:
            raise InvalidRow(index, missing[0], _MISSING + _also(missing[1:]))
        unknown = [str(name) for name in row if name not in self._known]
        raise InvalidRow(index, unknown[0], _UNKNOWN + _also(unknown[1:]))

    def _refuse_value(self, name: str, reader: Callable[[Any], Any], rows: Sequence[Mapping[str, Any]]) -> None:
        for index, row in enumerate(rows):
            try:
                reader(row[name])
            except (ValueError, OverflowError) as error:
                raise InvalidRow(index, name, str(error)) from None

    def frame(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        """A pandas DataFrame of the rows: float64 for numbers, integers, booleans and dates, object for categories."""
        return self.frame_of_columns(self.columns(rows))

    def frame_of_columns(self, columns: Mapping[str, Any]) -> Any:
        """A DataFrame of converted columns (lists or arrays), in the order of the schema."""
        import numpy
        import pandas

        if self._plan is None:
            self._plan = _Plan(self.names, self.kinds)
        plan = self._plan
        # one array and one frame of each type: a frame of many series takes longer than a model does
        numbers = numpy.empty((len(plan.numeric), len(columns[self.names[0]])))
        for place, name in enumerate(plan.numeric):
            numbers[place] = columns[name]
        frame = pandas.DataFrame(numbers.T, columns=plan.numeric_index)
        if not plan.wordy:
            return frame
        words = numpy.empty((len(plan.wordy), numbers.shape[1]), dtype=object)
        for place, name in enumerate(plan.wordy):
            words[place] = [numpy.nan if value is None else value for value in columns[name]]
        both = pandas.concat([frame, pandas.DataFrame(words.T, columns=plan.wordy_index, dtype=object)], axis=1)
        return both if plan.in_order else both[self.names]


class _Plan:
    """What is the same for every frame of a schema."""

    def __init__(self, names: Sequence[str], kinds: Sequence[str]) -> None:
        import pandas

        self.wordy = [name for name, kind in zip(names, kinds) if kind == "category"]
        self.numeric = [name for name, kind in zip(names, kinds) if kind != "category"]
        self.wordy_index = pandas.Index(self.wordy)
        self.numeric_index = pandas.Index(self.numeric)
        self.in_order = self.numeric + self.wordy == list(names)


def about_columns(refusal: str) -> bool:
    """Whether a row was refused for its columns alone: then every row with the same columns is."""
    return _ABOUT_COLUMNS.search(refusal) is not None


def _also(names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return _ALSO + ", ".join(map(repr, names[:_TOLD])) + more


def _read(values: list[Any], reader: Callable[[Any], Any]) -> list[Any]:
    """Every value through its reader; numbers that are plain all at once, since almost all are."""
    if reader is _number and _PLAIN_NUMBERS.issuperset(map(type, values)):
        numbers = list(map(float, values))
        if math.inf not in numbers and -math.inf not in numbers:
            return numbers
    return [reader(value) for value in values]


def _shown(value: Any) -> str:
    if isinstance(value, (list, dict)):  # may be deeper than can be written
        return "a list" if isinstance(value, list) else "an object"
    text = json.dumps(value, default=str)
    return text if len(text) <= 40 else text[:39] + "…"


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in MISSING_WORDS)


def _number(value: Any) -> float:
    if isinstance(value, (int, float)):
        number = float(value)
    elif _is_missing(value):
        return math.nan
    elif isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            raise ValueError(f"{_shown(value)} is not a number") from None
    else:
        raise ValueError(f"{_shown(value)} is not a number")
    if math.isinf(number):
        raise ValueError("a number must be finite")
    return number


def _boolean(value: Any) -> float:
    if isinstance(value, bool):
        return float(value)
    if _is_missing(value):
        return math.nan
    word = str(value).strip().lower() if isinstance(value, (str, int, float)) else ""
    if word in ("true", "yes", "1", "1.0"):
        return 1.0
    if word in ("false", "no", "0", "0.0"):
        return 0.0
    raise ValueError(f"{_shown(value)} is not true or false")


def _category(value: Any) -> str | None:
    if isinstance(value, str):
        return None if value.strip().lower() in MISSING_WORDS else value
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, (int, float)):
        return str(value)
    raise ValueError(f"{_shown(value)} is not text")


def _date(value: Any) -> float:
    if _is_missing(value):
        return math.nan
    if not isinstance(value, str):
        raise ValueError(f"{_shown(value)} is not an ISO date such as 2024-03-31")
    text = value.strip()
    try:
        moment = datetime.datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith(("Z", "z")) else text)
    except ValueError:
        raise ValueError(f"{_shown(value)} is not an ISO date such as 2024-03-31") from None
    if moment.tzinfo is not None:
        moment = moment.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return (moment - _EPOCH).total_seconds() / 86400.0


_PLAIN_NUMBERS = frozenset([int, float])

_READERS: dict[str, Callable[[Any], Any]] = {
    "number": _number,
    "integer": _number,
    "boolean": _boolean,
    "category": _category,
    "date": _date,
}
