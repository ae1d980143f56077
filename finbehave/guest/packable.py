"""What a package of a bare model needs to hold: features, classes, and rows with their answers.

The rows are made up, so the answers say what the model does, not how good it is. Python 3.8 and later.
"""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from model import Model


class NotPackable(ValueError):
    """Why no package can be made of this model."""


def packable(estimator: Any, rows: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a package.

    Args:
        estimator: What the file holds.
        rows: Made-up rows as ``probe`` records them (``kind``, ``columns``, ``values``).

    Returns:
        ``task``, ``estimator`` (its class), ``classes``, ``features`` (as in a manifest), ``rows`` (objects),
        ``predictions``, ``probabilities``: asked as a server asks, through the features.

    Raises:
        NotPackable: it takes texts, or does not predict, or predicts several things at once.
    """
    if rows["kind"] == "texts":
        raise NotPackable("it takes texts, and a package's rows are made of columns")
    if not hasattr(estimator, "predict"):
        raise NotPackable("it only transforms: save the whole pipeline with its predictor")
    classes = _classes(estimator)
    features, objects = _columns(rows)
    model = Model(estimator, {"features": features, "classes": classes, "threshold": None})
    frame = model.schema.frame(objects)
    if getattr(estimator.predict(frame), "ndim", 1) != 1:
        raise NotPackable("it predicts several things at once")
    predictions, probabilities = model.predict(frame)
    return {
        "task": {0: "regression", 2: "binary"}.get(len(classes), "multiclass"),
        "estimator": _last(estimator),
        "classes": classes,
        "features": features,
        "rows": objects,
        "predictions": predictions,
        "probabilities": probabilities,
    }


def _classes(estimator: Any) -> list[Any]:
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return []
    if not hasattr(classes, "tolist") or getattr(classes, "ndim", 0) != 1:
        raise NotPackable("it predicts several things at once")
    found: list[Any] = classes.tolist()
    return found


def _columns(rows: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The features, and the rows as objects; null where a value is missing."""
    if rows["kind"] == "frame":
        names, columns = [str(name) for name in rows["columns"]], rows["values"]
    else:
        columns = [list(column) for column in zip(*rows["values"])]
        names = [f"x{index}" for index in range(len(columns))]
    if len(set(names)) != len(names):
        raise NotPackable("two of its columns have the same name")
    columns = [[None if value != value else value for value in column] for column in columns]
    features = [_feature(name, column) for name, column in zip(names, columns)]
    return features, [dict(zip(names, values)) for values in zip(*columns)]


def _feature(name: str, column: Sequence[Any]) -> dict[str, Any]:
    words = sorted({value for value in column if isinstance(value, str)})
    return {
        "name": name,
        "kind": "category" if words else "number",
        "categories": words,
        "minimum": None,
        "maximum": None,
        "example": next((value for value in column if value is not None), None),
    }


def _last(estimator: Any) -> str:
    """The class of the predictor, at the end of a pipeline or inside a search."""
    for _ in range(6):
        inner = getattr(estimator, "best_estimator_", None)
        if getattr(estimator, "steps", None):
            inner = estimator.steps[-1][1]
        if inner is None or isinstance(inner, str):
            break
        estimator = inner
    return type(estimator).__name__
