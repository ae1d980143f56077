"""How features and predictions were distributed in training, for a later comparison. Python 3.8 and later.

A number is kept as its cumulative distribution: ``points`` ascending and ``shares`` of the values at most as large;
every value where there are few, quantiles where there are many. A category is kept as counts.
"""

from __future__ import annotations

from typing import Any, Mapping

import numpy

POINTS = 257
MOST_CATEGORIES = 1000


def of_frame(frame: Any, kinds: Mapping[str, str]) -> dict[str, Any]:
    """Feature -> distribution."""
    return {
        name: of_categories(frame[name]) if kinds[name] == "category" else of_numbers(frame[name].to_numpy())
        for name in frame.columns
    }


def of_numbers(values: Any) -> dict[str, Any]:
    """The cumulative distribution of the values that are there."""
    present = numpy.sort(values[~numpy.isnan(values)])
    counts = {"rows": len(values), "missing": len(values) - len(present)}
    if not len(present):
        return {**counts, "points": [], "shares": []}
    points = numpy.unique(present)
    if len(points) > POINTS:
        places = numpy.linspace(0, len(present) - 1, POINTS).round().astype(int)
        points = numpy.unique(present[places])
    shares = numpy.searchsorted(present, points, side="right") / len(present)
    return {**counts, "points": points.tolist(), "shares": [round(float(share), 9) for share in shares]}


def of_categories(values: Any) -> dict[str, Any]:
    """Counts by value, the most frequent; ``other`` counts the rest."""
    counts = values.value_counts()
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    kept = {str(value): int(count) for value, count in ranked[:MOST_CATEGORIES]}
    return {
        "rows": len(values),
        "missing": int(values.isna().sum()),
        "counts": kept,
        "other": int(counts.sum()) - sum(kept.values()),
    }


def of_predictions(task: str, labels: list[str], answers: Any, chosen: Any) -> dict[str, Any]:
    """What the model said to held-out rows: a distribution of the number, or counts by class and each probability."""
    if task == "regression":
        return {"value": of_numbers(numpy.asarray(answers, dtype=float))}
    counts = numpy.bincount(chosen, minlength=len(labels))
    told = {label: of_numbers(answers[:, place]) for place, label in enumerate(labels)}
    return {"classes": {label: int(count) for label, count in zip(labels, counts)}, "probabilities": told}
