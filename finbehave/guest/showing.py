"""What the report draws: curves of held-out answers, and how much each feature matters. Python 3.8 and later."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy
from metrics import calibration

POINTS = 200
IMPORTANCE_ROWS = 2000
REPEATS = 3
ASKED_AT_ONCE = 20_000
"""Rows, at most, of one question."""


def curves(task: str, truth: Any, said: Any, threshold: float | None, labels: list[str]) -> dict[str, Any]:
    """By task: ROC, precision-recall and calibration; a confusion matrix; or pairs of truth and answer."""
    if task == "regression":
        places = _even(len(truth), 1000)
        return {"pairs": [[float(truth[place]), float(said[place])] for place in places]}
    if task == "multiclass":
        counts = numpy.zeros((len(labels), len(labels)), dtype=int)
        numpy.add.at(counts, (truth, said.argmax(axis=1)), 1)
        return {"confusion": counts.tolist(), "labels": labels}
    return _binary(truth, said[:, 1], threshold)


def _binary(truth: Any, positive: Any, threshold: float | None) -> dict[str, Any]:
    from sklearn.metrics import precision_recall_curve, roc_curve

    false_alarms, hits, _ = roc_curve(truth, positive)
    precision, recall, _ = precision_recall_curve(truth, positive)
    said = positive >= threshold
    return {
        "rows": numpy.bincount(truth, minlength=2).tolist(),
        "roc": _thinned(false_alarms, hits),
        "precision_recall": _thinned(recall, precision),
        "calibration": [[round(given, 9), round(seen, 9), rows] for given, seen, rows in calibration(truth, positive)],
        "at_threshold": {
            "false_positive_rate": float(numpy.mean(said[truth == 0])),
            "recall": float(numpy.mean(said[truth == 1])),
        },
    }


def _thinned(first: Any, second: Any) -> list[list[float]]:
    return [[round(float(first[place]), 6), round(float(second[place]), 6)] for place in _even(len(first), POINTS)]


def _even(count: int, most: int) -> list[int]:
    """At most so many places, evenly spread, the first and the last among them."""
    return sorted({int(place) for place in numpy.linspace(0, count - 1, min(count, most)).round()})


def importance(task: str, fitted: Any, test: Any, seed: int, workers: int) -> list[dict[str, Any]]:
    """By how much the held-out score falls when a feature's values are shuffled, the most important first.

    The score is ROC AUC for two classes, R2 for a quantity, and the mean log likelihood for several classes. Shuffled
    copies are asked together: most of the time of a small question is the pipeline's, not the rows'.
    """
    sample = test.at(_sample(task, test.truth))
    names, rows = list(sample.frame.columns), len(sample.truth)
    draw = numpy.random.RandomState(seed)
    orders = [draw.permutation(rows) for _ in range(REPEATS)]
    whole = _score(task, sample.truth, _said(task, fitted, sample.frame))
    at_once = max(1, ASKED_AT_ONCE // (rows * REPEATS))

    def falls_of(start: int) -> list[dict[str, Any]]:
        group = names[start : start + at_once]
        said = _said(task, fitted, _shuffled(sample.frame, group, orders))
        falls = [whole - _score(task, sample.truth, said[place : place + rows]) for place in range(0, len(said), rows)]
        return [
            {"name": name, "mean": round(float(numpy.mean(own)), 9), "spread": round(float(numpy.std(own)), 9)}
            for name, own in zip(group, numpy.reshape(falls, (len(group), REPEATS)))
        ]

    with ThreadPoolExecutor(workers) as pool:
        told = [one for group in pool.map(falls_of, range(0, len(names), at_once)) for one in group]
    return sorted(told, key=lambda one: (-one["mean"], one["name"]))


def _shuffled(frame: Any, names: list[str], orders: list[Any]) -> Any:
    """One copy of the frame after the other, in each of which one column is out of order."""
    import pandas

    copies = []
    for name in names:
        for order in orders:
            copy = frame.copy()
            copy[name] = frame[name].to_numpy()[order]
            copies.append(copy)
    return pandas.concat(copies, ignore_index=True)


def _said(task: str, fitted: Any, frame: Any) -> Any:
    return fitted.predict(frame) if task == "regression" else fitted.predict_proba(frame)


def _score(task: str, truth: Any, said: Any) -> float:
    from sklearn.metrics import r2_score, roc_auc_score

    if task == "regression":
        return float(r2_score(truth, said))
    if task == "binary":
        return float(roc_auc_score(truth, said[:, 1]))
    return float(numpy.mean(numpy.log(numpy.clip(said[numpy.arange(len(truth)), truth], 1e-7, 1))))


def _sample(task: str, truth: Any) -> Any:
    """Rows to shuffle among: all, or an even choice of each class that keeps the shares and at least one of each."""
    if len(truth) <= IMPORTANCE_ROWS:
        return numpy.arange(len(truth))
    if task == "regression":
        return numpy.array(_even(len(truth), IMPORTANCE_ROWS))
    share = IMPORTANCE_ROWS / len(truth)
    groups = [numpy.flatnonzero(truth == code) for code in numpy.unique(truth)]
    return numpy.sort(
        numpy.concatenate([group[_even(len(group), max(1, round(len(group) * share)))] for group in groups])
    )
