"""What training tries: pipelines of scikit-learn alone, from 1.1 on, that take frames as ``frames`` builds them.

The settings called ``hgb-good`` and the space of ``random`` were measured on a table of credit defaults and checked on
14 others: on average better than the defaults, not on each, so the plain ones stay candidates too. Python 3.8 and
later.
"""

from __future__ import annotations

import math
import random
from typing import Any, Mapping, NamedTuple, Sequence

NAMES = ("linear", "hgb", "hgb-good", "random")
"""In the order in which they are tried; the simpler one wins a tie."""

FEW_VALUES = 20
"""A whole number with at most so many values is, to a linear model, a set of cases and not a quantity."""

MOST_CATEGORIES = 250
"""Of one column, the most frequent; the others are unknown to the model (boosted trees take at most 254)."""

MOST_LINEAR_CATEGORIES = 50

ROWS_TO_STOP_EARLY = 2000
"""Below this, a tenth of the rows says too little about when to stop boosting."""

PLAIN: Mapping[str, Any] = {"learning_rate": 0.05}
GOOD: Mapping[str, Any] = {
    "learning_rate": 0.03,
    "max_leaf_nodes": 24,
    "min_samples_leaf": 100,
    "l2_regularization": 10.0,
    "max_features": 0.4,
}


class Shape(NamedTuple):
    """What a pipeline has to know of the training rows. ``categories`` are per column, the most frequent first."""

    task: str
    numbers: Sequence[str]
    few: Sequence[str]
    categories: Mapping[str, Sequence[str]]
    rows: int
    rarest: int


class Candidate(NamedTuple):
    """One thing to try: ``linear`` or ``boosting`` with its settings."""

    name: str
    kind: str
    settings: Mapping[str, Any]


def shape_of(frame: Any, kinds: Mapping[str, str], task: str, codes: Any) -> Shape:
    """Read the shape off the training rows; ``codes`` are the classes of the rows, None for a quantity."""
    import numpy

    numbers, few, categories = [], [], {}
    for name in frame.columns:
        if kinds[name] == "category":
            counts = frame[name].value_counts()
            ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            categories[name] = [value for value, _ in ranked]
        elif kinds[name] in ("integer", "boolean") and frame[name].nunique() <= FEW_VALUES:
            few.append(name)
        else:
            numbers.append(name)
    rarest = len(frame) if codes is None else int(numpy.bincount(codes).min())
    return Shape(task, numbers, few, categories, len(frame), rarest)


def plan(names: Sequence[str], trials: int, shape: Shape, seed: int) -> list[Candidate]:
    """At most ``trials`` candidates: the named ones, then random settings where ``random`` is among the names."""
    fixed = {
        "linear": Candidate("linear", "linear", {}),
        "hgb": Candidate("hgb", "boosting", PLAIN),
        "hgb-good": Candidate("hgb-good", "boosting", GOOD),
    }
    chosen = [fixed[name] for name in NAMES if name in names and name in fixed][:trials]
    if "random" in names:
        draw = random.Random(seed)
        chosen += [_drawn(f"random-{number + 1}", shape, draw) for number in range(trials - len(chosen))]
    return chosen


def _drawn(name: str, shape: Shape, draw: random.Random) -> Candidate:
    """Settings around ``hgb-good``; quantities that span magnitudes are drawn by their logarithm."""

    def between(low: float, high: float) -> float:
        return float(math.exp(draw.uniform(math.log(low), math.log(high))))

    settings = {
        "learning_rate": round(between(0.02, 0.12), 4),
        "max_leaf_nodes": round(between(8, 48)),
        "min_samples_leaf": min(round(between(20, 200)), max(5, shape.rows // 20)),
        "l2_regularization": round(between(1, 30), 2),
        "max_features": round(draw.uniform(0.25, 0.7), 2),
    }
    return Candidate(name, "boosting", settings)


def pipeline(candidate: Candidate, shape: Shape, seed: int) -> Any:
    """An unfitted pipeline of scikit-learn's own classes; every random state in it is an integer."""
    return _linear(shape, seed) if candidate.kind == "linear" else _boosting(candidate.settings, shape, seed)


def _linear(shape: Shape, seed: int) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import OneHotEncoder, QuantileTransformer

    quantiles = QuantileTransformer(
        n_quantiles=min(200, shape.rows // 2), output_distribution="normal", subsample=10_000, random_state=seed
    )
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), quantiles)
    cases = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MOST_LINEAR_CATEGORIES, min_frequency=5)
    columns = list(shape.few) + list(shape.categories)
    parts = [("numbers", numbers, list(shape.numbers)), ("cases", cases, columns)]
    prepare = ColumnTransformer([part for part in parts if part[2]], sparse_threshold=0)
    if shape.task == "regression":
        model: Any = Ridge(alpha=1.0)
    else:
        model = LogisticRegression(C=0.3, max_iter=500, tol=1e-3)
    return Pipeline([("prepare", prepare), ("model", model)])


def _boosting(settings: Mapping[str, Any], shape: Shape, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.pipeline import Pipeline

    early = shape.rows >= ROWS_TO_STOP_EARLY and shape.rarest >= 50
    kind = HistGradientBoostingRegressor if shape.task == "regression" else HistGradientBoostingClassifier
    known = kind().get_params()
    model = kind(
        max_iter=600 if early else 100,
        early_stopping=early,
        validation_fraction=0.1,
        n_iter_no_change=10,
        random_state=seed,
        categorical_features=list(range(len(shape.categories))) or None,
        **{name: value for name, value in settings.items() if name in known},  # max_features came with 1.4
    )
    return Pipeline([("prepare", _coded(shape)), ("model", model)] if shape.categories else [("model", model)])


def _coded(shape: Shape) -> Any:
    """Categories as numbers, missing and unknown ones as missing, before the other columns as they are."""
    import numpy
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OrdinalEncoder

    kept = [numpy.array(sorted(values[:MOST_CATEGORIES]), dtype=object) for values in shape.categories.values()]
    encoder = OrdinalEncoder(categories=kept, handle_unknown="use_encoded_value", unknown_value=numpy.nan)
    numbers = list(shape.numbers) + list(shape.few)
    parts = [("categories", encoder, list(shape.categories)), ("numbers", "passthrough", numbers)]
    return ColumnTransformer([part for part in parts if part[2]], sparse_threshold=0)
