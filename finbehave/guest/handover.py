"""The rows that the host hands over for training: an ``.npz`` of plain arrays, and their meaning in the request.

A category comes as an index into its feature's ``vocabulary`` (-1: missing), everything else as float64; classes come
as an index into ``classes``. No object is pickled on the way. Python 3.8 and later.
"""

from __future__ import annotations

from typing import Any, Mapping

from frames import Schema


class Refused(ValueError):
    """The rows cannot be learnt from; the message is for the person who brought them."""


def read(request: Mapping[str, Any]) -> tuple[Any, Any]:
    """The frame that a model takes, and the target: codes of classes (int), or numbers."""
    import numpy

    features = request["features"]
    columns = {}
    with numpy.load(request["arrays"], allow_pickle=False) as arrays:
        target = arrays["target"]
        for place, feature in enumerate(features):
            values = arrays[f"c{place}"]
            columns[feature["name"]] = _words(values, feature["vocabulary"]) if _is_category(feature) else values
    return Schema(features).frame_of_columns(columns), target


def _is_category(feature: Mapping[str, Any]) -> bool:
    return bool(feature["kind"] == "category")


def _words(codes: Any, vocabulary: list[str]) -> Any:
    import numpy

    words = numpy.empty(len(vocabulary) + 1, dtype=object)
    words[:-1] = vocabulary
    words[-1] = None
    return words[codes]


def rows_of_frame(frame: Any, kinds: Mapping[str, str], places: Any) -> list[dict[str, Any]]:
    """Rows of a frame as they are written in a request."""
    chosen = frame.iloc[places]
    return [
        {name: _written(value, kinds[name]) for name, value in zip(chosen.columns, row)}
        for row in chosen.itertuples(index=False, name=None)
    ]


def _written(value: Any, kind: str) -> Any:
    if value is None or value != value:
        return None
    if kind == "category":
        return str(value)
    if kind == "boolean":
        return bool(value)
    if kind == "date":
        return _date(float(value))
    return int(value) if kind == "integer" and float(value).is_integer() else float(value)


def _date(days: float) -> str:
    import datetime

    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=round(days * 86_400_000_000))
    return moment.date().isoformat() if moment.time() == datetime.time() else moment.isoformat()
