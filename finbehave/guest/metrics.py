"""How good answers are, by task, and the threshold that costs least. Python 3.8 and later.

``truth`` holds the codes of classes (0 … k-1) or numbers, ``answers`` an (n, k) array of probabilities or n numbers.
"""

from __future__ import annotations

from typing import Any, Callable, Collection, Dict, Mapping

import numpy

BY_TASK = {
    "binary": (
        "roc_auc", "average_precision", "f1", "accuracy", "balanced_accuracy", "precision", "recall", "log_loss",
        "brier", "ece", "cost",
    ),
    "multiclass": ("roc_auc", "f1", "accuracy", "balanced_accuracy", "log_loss"),
    "regression": ("r2", "mae", "rmse"),
}  # fmt: skip
"""F1 and AUC of several classes are means over the classes; ``cost`` is per row, in units of a false alarm."""

DEFAULT = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
SMALLER_IS_BETTER = frozenset(["log_loss", "brier", "ece", "cost", "mae", "rmse"])
CALIBRATION_BINS = 10

Metrics = Dict[str, Callable[[], float]]
"""Each is computed only where it is asked for."""


def measure(
    task: str,
    truth: Any,
    answers: Any,
    threshold: float | None,
    costs: Mapping[str, float],
    only: Collection[str] | None = None,
) -> dict[str, float]:
    """Every metric of the task that these rows allow (an AUC needs each class among them), or ``only`` some."""
    if task == "regression":
        known = _regression(truth, answers)
    elif task == "binary":
        known = _binary(truth, answers[:, 1], 0.5 if threshold is None else threshold, costs)
    else:
        known = _multiclass(truth, answers)
    return {name: round(float(of()), 12) for name, of in known.items() if only is None or name in only}


def better(name: str, value: float) -> float:
    """The value so that greater is better."""
    return -value if name in SMALLER_IS_BETTER else value


def _binary(truth: Any, positive: Any, threshold: float, costs: Mapping[str, float]) -> Metrics:
    from sklearn import metrics

    said = (positive >= threshold).astype(int)
    ranked: Metrics = {
        "roc_auc": lambda: metrics.roc_auc_score(truth, positive),
        "average_precision": lambda: metrics.average_precision_score(truth, positive),
    }
    return {
        **(ranked if len(numpy.unique(truth)) == 2 else {}),
        "f1": lambda: metrics.f1_score(truth, said, zero_division=0),
        "accuracy": lambda: metrics.accuracy_score(truth, said),
        "balanced_accuracy": lambda: _balanced(truth, said),
        "precision": lambda: metrics.precision_score(truth, said, zero_division=0),
        "recall": lambda: metrics.recall_score(truth, said, zero_division=0),
        "log_loss": lambda: _log_loss(truth, numpy.column_stack([1 - positive, positive])),
        "brier": lambda: metrics.brier_score_loss(truth, positive),
        "ece": lambda: _calibration_error(truth, positive),
        "cost": lambda: numpy.mean(cost_of(truth, said, costs)),
    }


def _multiclass(truth: Any, answers: Any) -> Metrics:
    from sklearn import metrics

    said, codes = answers.argmax(axis=1), range(answers.shape[1])
    ranked: Metrics = {
        "roc_auc": lambda: numpy.mean([metrics.roc_auc_score(truth == code, answers[:, code]) for code in codes])
    }
    return {
        **(ranked if len(numpy.unique(truth)) == len(codes) else {}),
        "f1": lambda: metrics.f1_score(truth, said, average="macro", zero_division=0),
        "accuracy": lambda: metrics.accuracy_score(truth, said),
        "balanced_accuracy": lambda: _balanced(truth, said),
        "log_loss": lambda: _log_loss(truth, answers),
    }


def _regression(truth: Any, answers: Any) -> Metrics:
    from sklearn import metrics

    return {
        "r2": lambda: metrics.r2_score(truth, answers),
        "mae": lambda: metrics.mean_absolute_error(truth, answers),
        "rmse": lambda: numpy.sqrt(metrics.mean_squared_error(truth, answers)),
    }


def _balanced(truth: Any, said: Any) -> float:
    """Mean recall of the classes that are there."""
    return float(numpy.mean([numpy.mean(said[truth == code] == code) for code in numpy.unique(truth)]))


def _log_loss(truth: Any, answers: Any) -> float:
    """The mean negative logarithm of what the true class was given, clipped as single precision would."""
    given = answers[numpy.arange(len(truth)), truth]
    return float(-numpy.mean(numpy.log(numpy.clip(given, 1e-7, 1))))


def calibration(truth: Any, positive: Any) -> list[tuple[float, float, int]]:
    """Mean probability, observed share and rows, in bins of equal width that hold any."""
    places = numpy.minimum((positive * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    bins = [places == place for place in range(CALIBRATION_BINS)]
    return [(float(positive[one].mean()), float(truth[one].mean()), int(one.sum())) for one in bins if one.any()]


def _calibration_error(truth: Any, positive: Any) -> float:
    """The expected calibration error: |mean probability - observed share|, weighted by rows."""
    return sum(abs(given - seen) * rows for given, seen, rows in calibration(truth, positive)) / len(truth)


def cost_of(truth: Any, said: Any, costs: Mapping[str, float]) -> Any:
    """What each row costs: a miss, a false alarm, or nothing."""
    misses = (truth == 1) & (said == 0)
    alarms = (truth == 0) & (said == 1)
    return misses * costs["false_negative"] + alarms * costs["false_positive"]


def cheapest_threshold(truth: Any, positive: Any, costs: Mapping[str, float]) -> float:
    """The probability from which to say yes so that these rows cost least, between two that occurred."""
    order = numpy.argsort(-positive, kind="stable")
    scores, hits = positive[order], truth[order] == 1
    spent = numpy.cumsum(numpy.where(hits, -costs["false_negative"], costs["false_positive"]))
    cuts = numpy.flatnonzero(numpy.append(scores[1:] != scores[:-1], True))
    best = cuts[int(numpy.argmin(spent[cuts]))]
    if spent[best] >= 0:  # to say no to every row costs no more
        return float(min(1.0, scores[0] + 1e-6))
    lower = scores[best + 1] if best + 1 < len(scores) else 0.0
    return round(float(scores[best] + lower) / 2, 6)
