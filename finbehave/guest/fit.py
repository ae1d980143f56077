"""Fit: choose a candidate out of fold, refit it on the training part, measure it on rows that took no part.

Request: ``arrays`` (see ``handover``), ``features`` (name, kind, vocabulary), ``task``, ``classes``, ``ordered`` (the
rows come by time: the last are held out, and a fold is judged by rows later than its own), ``seed``, ``test_size``,
``folds``, ``metric`` (null: the task's own), ``candidates`` (null: all), ``trials``, ``costs`` (of a
``false_negative`` and a ``false_positive``), ``model`` (where the fitted pipeline goes),
``workers`` (fits side by side).
Result: what the package and its report are made of; see ``_result``.
No class of ours is in the model. Python 3.8 and later.
"""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Mapping, NamedTuple

from candidates import NAMES, Candidate, Shape, pipeline, plan, shape_of
from handover import Refused, read, rows_of_frame
from inventory import inventory, packages
from metrics import DEFAULT, better, cheapest_threshold, measure
from model import Model
from protocol import Events, answer
from reference import of_frame, of_predictions
from showing import curves, importance

GOLDEN_ROWS = 24
AWAY_FROM_THRESHOLD = 1e-4
"""A golden row must not change its answer by the last bits of its probability."""


class Rows(NamedTuple):
    """Rows with their target: ``truth`` are codes or numbers, ``labels`` what the model is taught."""

    frame: Any
    truth: Any
    labels: Any

    def at(self, places: Any) -> Rows:
        """The rows at these places, numbered anew."""
        return Rows(self.frame.iloc[places].reset_index(drop=True), self.truth[places], self.labels[places])


class Tried(NamedTuple):
    """A candidate with the truth and its answers by fold, the threshold that costs least and the score of each fold."""

    candidate: Candidate
    truths: list[Any]
    answers: list[Any]
    threshold: float | None
    scores: list[float]

    @property
    def score(self) -> float:
        """The mean over the folds."""
        return sum(self.scores) / len(self.scores)


def fit(request: Mapping[str, Any], events: Events) -> dict[str, Any]:
    """One training, from the rows to a model file and all figures about it."""
    import joblib

    warnings.simplefilter("ignore")
    train, test = split(request, _rows(request))
    kinds = {feature["name"]: feature["kind"] for feature in request["features"]}
    shape = shape_of(train.frame, kinds, request["task"], None if request["task"] == "regression" else train.truth)
    metric = request["metric"] or DEFAULT[request["task"]]
    tried = search(request, train, shape, metric, events)
    best = max(tried, key=lambda one: better(metric, one.score))  # the first of equals
    fitted = pipeline(best.candidate, shape, request["seed"]).fit(train.frame, train.labels)
    joblib.dump(fitted, request["model"])
    events.progress("fit", len(tried) + 1, len(tried) + 1)
    return _result(request, fitted, best, tried, metric, train, test)


def _rows(request: Mapping[str, Any]) -> Rows:
    import numpy

    frame, target = read(request)
    if request["task"] == "regression":
        return Rows(frame, target, target)
    return Rows(frame, target, numpy.array(request["classes"])[target])


# --- splitting --------------------------------------------------------------------------------------------------------


def split(request: Mapping[str, Any], rows: Rows) -> tuple[Rows, Rows]:
    """The part to train on and the part held out: the last rows where they are ordered, else drawn by class."""
    import numpy
    from sklearn.model_selection import train_test_split

    places = numpy.arange(len(rows.truth))
    stratify = None if request["task"] == "regression" else rows.truth
    if request["ordered"]:
        cut = len(places) - round(len(places) * request["test_size"])
        train, test = places[:cut], places[cut:]
        _refuse_one_sided(request, rows.truth[test], "held-out rows, the last ones by time,")
    else:
        train, test = train_test_split(
            places, test_size=request["test_size"], stratify=stratify, random_state=request["seed"]
        )
    return rows.at(train), rows.at(test)


def _refuse_one_sided(request: Mapping[str, Any], truth: Any, which: str) -> None:
    import numpy

    if request["task"] == "regression":
        return
    for code, name in enumerate(request["classes"]):
        if not numpy.any(truth == code):
            raise Refused(f"the {which} hold no row of class {name}")


def folds_of(request: Mapping[str, Any], train: Rows) -> list[tuple[Any, Any]]:
    """Places to fit on and to judge by."""
    from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit

    count, seed = request["folds"], request["seed"]
    if request["ordered"]:
        folds = list(TimeSeriesSplit(n_splits=count).split(train.truth))
        for before, after in folds:
            _refuse_one_sided(request, train.truth[before], "first rows by time, up to a fold,")
            _refuse_one_sided(request, train.truth[after], "rows of a fold by time")
        return folds
    kind = KFold if request["task"] == "regression" else StratifiedKFold
    return list(kind(n_splits=count, shuffle=True, random_state=seed).split(train.truth, train.truth))


# --- choosing ---------------------------------------------------------------------------------------------------------


def search(request: Mapping[str, Any], train: Rows, shape: Shape, metric: str, events: Events) -> list[Tried]:
    """Every candidate, out of fold.

    Fits run side by side, each on one thread: as fast as one fit on several threads, and beside another busy process
    several times faster, since the threads of one fit wait for each other. The figures are the same.
    """
    candidates = plan(request["candidates"] or NAMES, request["trials"], shape, request["seed"])
    folds = folds_of(request, train)
    truths = [train.truth[after] for _, after in folds]

    def answers(job: tuple[Candidate, tuple[Any, Any]]) -> Any:
        candidate, (before, after) = job
        part = train.at(before)
        fitted = pipeline(candidate, shape, request["seed"]).fit(part.frame, part.labels)
        return answers_of(request["task"], fitted, train.frame.iloc[after])

    tried: list[Tried] = []
    with ThreadPoolExecutor(request["workers"]) as pool:
        said = pool.map(answers, [(candidate, fold) for candidate in candidates for fold in folds])
        for number, candidate in enumerate(candidates):
            events.progress("fit", number, len(candidates) + 1)
            tried.append(_judged(request, candidate, metric, truths, [next(said) for _ in folds]))
    return tried


def _judged(
    request: Mapping[str, Any], candidate: Candidate, metric: str, truths: list[Any], answers: list[Any]
) -> Tried:
    import numpy

    threshold = None
    if request["task"] == "binary":
        pooled = numpy.concatenate(answers)[:, 1]
        threshold = cheapest_threshold(numpy.concatenate(truths), pooled, request["costs"])
    scores = [
        measure(request["task"], truth, said, threshold, request["costs"], only=[metric])[metric]
        for truth, said in zip(truths, answers)
    ]
    return Tried(candidate, truths, answers, threshold, scores)


def answers_of(task: str, fitted: Any, frame: Any) -> Any:
    """Probabilities by class in the order of the codes, or numbers."""
    return fitted.predict(frame) if task == "regression" else fitted.predict_proba(frame)


# --- telling ----------------------------------------------------------------------------------------------------------


def _result(
    request: Mapping[str, Any], fitted: Any, best: Tried, tried: list[Tried], metric: str, train: Rows, test: Rows
) -> dict[str, Any]:
    """Everything the host writes down; nothing in it changes from one run to the next."""
    task = request["task"]
    said = answers_of(task, fitted, test.frame)
    features = _features(request, train)
    model = Model(fitted, {"features": features, "classes": request["classes"], "threshold": best.threshold})
    kinds = {feature["name"]: feature["kind"] for feature in features}
    golden = rows_of_frame(test.frame, kinds, golden_places(task, test.frame, said, best.threshold))
    predictions, probabilities = model.predict(model.schema.frame(golden))
    return {
        "candidate": best.candidate.name,
        "settings": dict(best.candidate.settings),
        "estimator": type(fitted.steps[-1][1]).__name__,
        "metric": metric,
        "tried": [_tried(one) for one in tried],
        "classes": list(request["classes"]),
        "threshold": best.threshold,
        "metrics": measure(task, test.truth, said, best.threshold, request["costs"]),
        "baseline": _baseline(request, train, test),
        "spread": _spreads(request, best),
        "features": features,
        "golden": {"rows": golden, "predictions": predictions, "probabilities": probabilities},
        "reference": {
            "features": of_frame(train.frame, kinds),
            "predictions": of_predictions(task, model.labels, said, _chosen(task, said, best.threshold)),
        },
        "importance": importance(task, fitted, test, request["seed"], request["workers"]),
        "curves": curves(task, test.truth, said, best.threshold, model.labels),
        "rows": {"train": len(train.truth), "test": len(test.truth)},
        "inventory": inventory(["scikit-learn", "pandas", "joblib"]),
        "installed": packages(),
    }


def _tried(one: Tried) -> dict[str, Any]:
    return {
        "name": one.candidate.name,
        "settings": dict(one.candidate.settings),
        "score": one.score,
        "spread": _spread(one.scores),
    }


def _spreads(request: Mapping[str, Any], best: Tried) -> dict[str, float]:
    """Of every metric, how it differs from fold to fold."""
    folds = [
        measure(request["task"], truth, said, best.threshold, request["costs"])
        for truth, said in zip(best.truths, best.answers)
    ]
    return {name: _spread([fold[name] for fold in folds]) for name in folds[0]}


def _spread(values: list[float]) -> float:
    """The standard deviation over the folds."""
    import numpy

    return round(float(numpy.std(values, ddof=1)), 12)


def _baseline(request: Mapping[str, Any], train: Rows, test: Rows) -> dict[str, float]:
    """What saying the same to every row gives: the shares of the classes, or the mean."""
    from sklearn.dummy import DummyClassifier, DummyRegressor

    task = request["task"]
    dummy = DummyRegressor() if task == "regression" else DummyClassifier(strategy="prior")
    dummy.fit(train.frame, train.labels)
    return measure(task, test.truth, answers_of(task, dummy, test.frame), None, request["costs"])


def _chosen(task: str, said: Any, threshold: float | None) -> Any:
    if task == "regression":
        return None
    return (said[:, 1] >= threshold).astype(int) if task == "binary" else said.argmax(axis=1)


def _features(request: Mapping[str, Any], train: Rows) -> list[dict[str, Any]]:
    """The manifest's features, as the training part has them."""
    features = []
    for feature in request["features"]:
        values = train.frame[feature["name"]].dropna()
        told: dict[str, Any] = {"name": feature["name"], "kind": feature["kind"]}
        if feature["kind"] == "category":
            told["categories"] = sorted(values.unique())
        elif len(values):
            told["minimum"], told["maximum"] = float(values.min()), float(values.max())
        features.append(told)
    return features


def golden_places(task: str, frame: Any, said: Any, threshold: float | None) -> list[int]:
    """Held-out rows from the lowest answer to the highest, and the first two with a value missing."""
    import numpy

    value = said if task == "regression" else said[:, -1]
    clear = numpy.ones(len(value), dtype=bool) if threshold is None else abs(value - threshold) > AWAY_FROM_THRESHOLD
    if task == "multiclass":
        two = numpy.sort(said, axis=1)[:, -2:]
        clear = two[:, 1] - two[:, 0] > AWAY_FROM_THRESHOLD
    usable = numpy.flatnonzero(clear) if clear.any() else numpy.arange(len(value))
    ranked = usable[numpy.argsort(value[usable], kind="stable")]
    even = ranked[numpy.linspace(0, len(ranked) - 1, min(GOLDEN_ROWS, len(ranked))).round().astype(int)]
    gaps = usable[frame.isna().any(axis=1).to_numpy()[usable]][:2]
    return [int(place) for place in dict.fromkeys([*even.tolist(), *gaps.tolist()])]


if __name__ == "__main__":
    answer(fit)
