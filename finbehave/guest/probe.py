"""Load a model where it is meant to run, ask it, and say how that went.

Request: ``{"package": directory}``, or ``{"model": file, "reference": null | {...}}`` for a bare file. A bare file is
asked rows made from what its estimator says about its own input, or, with ``reference`` (the ``reference`` of the
result in another environment), the same rows again.
Result: ``loaded``, ``predicted``, ``max_abs_diff`` (against the package's golden records or the reference's answers;
null where there is nothing to compare with, infinite for another label), ``seconds``, ``error`` (null, or type and
message), ``error_type``, ``versions`` (python and packages), and of a bare file: ``reference`` (``rows``, ``answers``),
``lost`` (kinds of answers that the reference has and this environment does not give), ``package`` (``packable.py``;
null where none can be made) and ``package_error`` (why not).
Events: progress of ``loading the model`` and of ``asking the model``, so that a process that dies has said where.
Python 3.8 and later.
"""

from __future__ import annotations

import json
import math
import os
import time
import warnings
from typing import Any, Mapping, Sequence

from inventory import inventory
from model import Model
from packable import NotPackable, packable
from protocol import Events, answer

METHODS = ("predict", "predict_proba", "transform")
ROWS = 24
NOISE = 1e-9
"""Of a number: other kernels of the same library round differently. What breaks a model moves it by more than 1e-3."""


def probe(request: Mapping[str, Any], events: Events) -> dict[str, Any]:
    """One probe. What the model raises is part of the answer."""
    warnings.simplefilter("ignore")
    started = time.monotonic()
    outcome: dict[str, Any] = {
        "loaded": False, "predicted": False, "max_abs_diff": None, "error": None, "error_type": None, "reference": None,
        "lost": [], "package": None, "package_error": None,
    }  # fmt: skip
    events.progress("loading the model", 0)
    try:
        if "package" in request:
            _probe_package(request["package"], outcome, events)
        else:
            _probe_file(request["model"], request.get("reference"), outcome, events)
    except (Exception, SystemExit) as error:
        outcome["error"] = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        outcome["error_type"] = type(error).__name__
    outcome["seconds"] = round(time.monotonic() - started, 3)
    outcome["versions"] = inventory()
    return outcome


def _probe_package(package: str, outcome: dict[str, Any], events: Events) -> None:
    model = Model.open(package)
    outcome["loaded"] = True
    events.progress("asking the model", 0)
    with open(os.path.join(package, "golden.json"), encoding="utf-8") as file:
        golden = json.load(file)
    predictions, probabilities = model.predict(model.schema.frame(golden["rows"]))
    outcome["predicted"] = True
    outcome["max_abs_diff"] = max(
        difference(predictions, golden["predictions"]), difference(probabilities, golden["probabilities"])
    )


def difference(got: Any, expected: Any) -> float:
    """The largest absolute difference of numbers; infinite for another label, length, or a missing answer."""
    if isinstance(got, (list, tuple)) and isinstance(expected, (list, tuple)):
        if len(got) != len(expected):
            return math.inf
        return max([difference(one, other) for one, other in zip(got, expected)] or [0.0])
    if _is_number(got) and _is_number(expected):
        both_missing = got != got and expected != expected
        apart = 0.0 if both_missing else abs(float(got) - float(expected))
        if apart <= NOISE * abs(float(expected)):
            return 0.0
        return math.inf if apart != apart else apart
    return 0.0 if got == expected else math.inf


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# --- a bare file --------------------------------------------------------------------------------------------------


def _probe_file(path: str, reference: Mapping[str, Any] | None, outcome: dict[str, Any], events: Events) -> None:
    import joblib

    loaded = joblib.load(path)
    outcome["loaded"] = True
    events.progress("asking the model", 0)
    estimator = _estimator_of(loaded)
    if estimator is None:
        outcome["error"] = f"{type(loaded).__name__} holds nothing that predicts or transforms"
        return
    rows = _recorded(made_up_rows(estimator, ROWS)) if reference is None else reference["rows"]
    frame = _rebuilt(rows)
    answers = {name: _listed(getattr(estimator, name)(frame)) for name in METHODS if hasattr(estimator, name)}
    outcome["reference"] = {"rows": rows, "answers": answers}
    outcome["predicted"] = bool(answers)
    if reference is not None:
        _compare(answers, reference["answers"], outcome)
    try:
        if estimator is not loaded:
            raise NotPackable(f"it holds its model inside a {type(loaded).__name__}: save the model alone")
        outcome["package"] = packable(estimator, rows)
    except Exception as error:
        outcome["package_error"] = str(error)


def _compare(answers: Mapping[str, Any], expected: Mapping[str, Any], outcome: dict[str, Any]) -> None:
    """Compare what both gave. A method that has gone is no difference in numbers; it is named."""
    outcome["lost"] = [name for name in expected if name not in answers]
    both = [name for name in expected if name in answers]
    outcome["max_abs_diff"] = max([difference(answers[name], expected[name]) for name in both] or [math.inf])


def _recorded(rows: Any) -> dict[str, Any]:
    """Made-up rows as JSON: ``kind`` is frame, array or texts."""
    if isinstance(rows, list):
        return {"kind": "texts", "values": rows}
    if hasattr(rows, "columns"):
        return {
            "kind": "frame",
            "columns": list(rows.columns),
            "values": [rows[name].tolist() for name in rows.columns],
        }
    return {"kind": "array", "values": rows.tolist()}


def _rebuilt(rows: Mapping[str, Any]) -> Any:
    if rows["kind"] == "texts":
        return rows["values"]
    if rows["kind"] == "array":
        import numpy

        return numpy.array(rows["values"], dtype=float)
    import pandas

    columns = {}
    for name, values in zip(rows["columns"], rows["values"]):
        wordy = any(not isinstance(value, (int, float)) for value in values)
        columns[name] = pandas.Series(values, dtype=object if wordy else float)
    return pandas.DataFrame(columns, columns=rows["columns"])


def _estimator_of(loaded: Any) -> Any:
    """The model itself, or the first one in a dictionary, list or tuple."""
    if any(hasattr(loaded, name) for name in METHODS):
        return loaded
    inside = loaded.values() if isinstance(loaded, dict) else loaded if isinstance(loaded, (list, tuple)) else ()
    for value in inside:
        found = _estimator_of(value)
        if found is not None:
            return found
    return None


def _listed(value: Any) -> Any:
    if isinstance(value, list):
        return [_listed(item) for item in value]
    if hasattr(value, "toarray"):
        value = value.toarray()
    return value.tolist() if hasattr(value, "tolist") else getattr(value, "values", value)


def made_up_rows(estimator: Any, count: int) -> Any:
    """Rows that an estimator takes: its names, its number of features, its categories, numbers around its means."""
    import numpy

    if _takes_text(estimator):
        words = sorted(_vocabulary(estimator))[:50] or ["one", "two", "three"]
        return [" ".join(words[(i + j) % len(words)] for j in range(3)) for i in range(count)]
    names = _names_of(estimator)
    width = len(names) if names else _width_of(estimator)
    numbers = _numbers(estimator, count, width)
    if not names:
        return numbers
    import pandas

    columns = {name: pandas.Series(numbers[:, index]) for index, name in enumerate(names)}
    for column, values in _categories(estimator, names).items():
        cells = numpy.empty(count, dtype=object)
        cells[:] = [values[i % len(values)] for i in range(count)]
        columns[column] = pandas.Series(cells)
    return pandas.DataFrame(columns, columns=names)


def _parts(estimator: Any, depth: int = 6) -> list[Any]:
    """The estimator and its parts, the outer before the inner."""
    if depth == 0 or not hasattr(estimator, "get_params"):
        return []
    found = [estimator]
    for _, step in getattr(estimator, "steps", None) or []:
        found += _parts(step, depth - 1)
    for entry in getattr(estimator, "transformers_", None) or []:
        found += _parts(entry[1], depth - 1)
    for attribute in ("best_estimator_", "estimator_", "regressor_"):
        found += _parts(vars(estimator).get(attribute), depth - 1)
    for attribute in ("estimators_", "calibrated_classifiers_"):
        inner = vars(estimator).get(attribute)
        if isinstance(inner, (list, tuple)):
            found += [part for one in inner[:1] for part in _parts(getattr(one, "estimator", one), depth - 1)]
    return found


def _takes_text(estimator: Any) -> bool:
    parts = _parts(estimator)
    first = next((part for part in parts if not hasattr(part, "steps") and not hasattr(part, "best_estimator_")), None)
    return type(first).__name__ in ("CountVectorizer", "TfidfVectorizer", "HashingVectorizer")


def _vocabulary(estimator: Any) -> list[str]:
    return [word for part in _parts(estimator) for word in getattr(part, "vocabulary_", None) or []]


def _names_of(estimator: Any) -> list[Any]:
    for part in _parts(estimator):
        names = getattr(part, "feature_names_in_", None)
        if names is None:
            names = vars(part).get("_feature_names_in", vars(part).get("_df_columns"))
        if names is not None:
            return list(names)
    return []


def _width_of(estimator: Any) -> int:
    for part in _parts(estimator):
        for attribute in ("n_features_in_", "n_features_", "_n_features", "_n_features_out"):
            try:
                return int(getattr(part, attribute))
            except (AttributeError, TypeError, ValueError):
                continue
        for attribute in ("coef_", "mean_", "cluster_centers_", "statistics_"):
            value = getattr(part, attribute, None)
            if value is not None and getattr(value, "shape", None):
                return int(value.shape[-1])
    raise ValueError("the estimator does not say how many features it takes")


def _numbers(estimator: Any, count: int, width: int) -> Any:
    """Numbers that spread around what a scaler in the model has seen, else around 1."""
    import numpy

    center, spread = numpy.ones(width), numpy.ones(width)
    for part in _parts(estimator):
        mean, scale = getattr(part, "mean_", None), getattr(part, "scale_", None)
        if mean is not None and scale is not None and numpy.shape(mean) == (width,) == numpy.shape(scale):
            center, spread = numpy.asarray(mean, dtype=float), numpy.asarray(scale, dtype=float)
            break
    waves = numpy.sin(numpy.outer(numpy.arange(1, count + 1), numpy.arange(1, width + 1)) * 0.7)
    rows: Any = numpy.round(center + 1.5 * spread * waves, 6)
    return rows


def _categories(estimator: Any, names: Sequence[Any]) -> dict[Any, list[Any]]:
    """Column -> categories, of every encoder of words whose columns can be told."""
    found: dict[Any, list[Any]] = {}
    for part in _parts(estimator):
        for entry in getattr(part, "transformers_", None) or []:
            columns = _columns(entry[2], names) if len(entry) == 3 else []
            for inner in _parts(entry[1]):
                categories = getattr(inner, "categories_", None)
                if categories is not None and len(categories) == len(columns):
                    found.update({c: list(v) for c, v in zip(columns, categories) if _wordy(v)})
        categories = getattr(part, "categories_", None)
        if categories is not None and part is estimator and len(categories) == len(names):
            found.update({c: list(v) for c, v in zip(names, categories) if _wordy(v)})
    return found


def _wordy(values: Any) -> bool:
    return len(values) > 0 and getattr(getattr(values, "dtype", None), "kind", "") == "O"


def _columns(chosen: Any, names: Sequence[Any]) -> list[Any]:
    if isinstance(chosen, str):
        return [chosen]
    if isinstance(chosen, slice):
        return list(names[chosen])
    try:
        return [names[c] if isinstance(c, int) and c not in names else c for c in list(chosen)]
    except (TypeError, IndexError):
        return []


if __name__ == "__main__":
    answer(probe)
