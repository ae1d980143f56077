"""How well one column, or several together, tell the target on rows that were not looked at. Python 3.8 and later."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Sequence

import numpy

FOLDS = 3
SMOOTHING = 20.0
"""Rows by which the mean of a category is pulled towards the mean of all."""

SURE = 0.99


class Limits(NamedTuple):
    """From where a rule speaks."""

    decides: float
    given_away: float
    suspicious: float
    strong: float
    missing: float
    order: float
    too_good: float


LIMITS = {
    "binary": Limits(0.995, 0.95, 0.5, 0.95, 0.85, 0.9, 0.99),
    "multiclass": Limits(0.995, 2.0, 2.0, 0.98, 0.85, 0.9, 0.99),
    "regression": Limits(0.9995, 2.0, 2.0, 0.998, 0.85, 0.9, 0.9995),
}
"""Two classes: as measured, ``strong``, ``missing``, ``order`` and ``too_good`` being ROC AUC, ``decides`` balanced
accuracy and the others shares of the rarer class. Several classes: balanced accuracy. Quantities: R2, and high, since
an honest feature can explain 99 % of an amount (what somebody spends goes with what they earn). 2: never."""


class Score(NamedTuple):
    """What one column says; ``words`` are for people."""

    decides: float
    given_away: float
    strong: float
    words: str


class Together(NamedTuple):
    """What several columns say, and the place of the one without which they say least."""

    quality: float
    strongest: int
    words: str


class Judge:
    """Judges columns against one target, always on the same folds."""

    def __init__(self, task: str, truth: Any, seed: int) -> None:
        from sklearn.model_selection import KFold, StratifiedKFold

        self.task = task
        self.truth = truth
        self.seed = seed
        self.limits = LIMITS[task]
        kind = KFold if task == "regression" else StratifiedKFold
        self.folds = list(kind(FOLDS, shuffle=True, random_state=seed).split(truth, truth))
        self.classes = 0 if task == "regression" else int(truth.max()) + 1

    def score(self, values: Any, categorical: bool) -> Score:
        """How well a shallow tree on this one column does on the rows that it was not fitted on.

        For a quantity a straight line and the nearest rows are tried too: the steps of a tree, of few rows or towards
        the ends, do not make a copy of the target, nor its logarithm.
        """
        if self.task == "regression":
            makers = (self._tree, self._line, self._nearest)
            fit = max(self._explained(self._answers([(values, categorical)], make)) for make in makers)
            return Score(fit, 0.0, fit, f"R2 {fit:.4f}")
        said = self._answers([(values, categorical)], self._tree)
        balanced = self._balanced(said)
        if self.task == "multiclass":
            return Score(balanced, 0.0, balanced, f"balanced accuracy {balanced:.3f}")
        area = self._area(said)
        return Score(balanced, self._given_away(said), area, f"AUC {area:.3f}, balanced accuracy {balanced:.3f}")

    def together(self, columns: Sequence[tuple[Any, bool]]) -> Together:
        """How well boosted trees on all columns do, and which of them they need most."""
        said = self._answers(columns, self._boosted)
        quality, name = self._quality(said)
        if quality < self.limits.too_good:
            return Together(quality, 0, f"{name} {quality:.3f}")
        return Together(quality, self._strongest(columns), f"{name} {quality:.3f}")

    # --- answers on held-out rows -------------------------------------------------------------------------------------

    def _answers(self, columns: Sequence[tuple[Any, bool]], make: Any) -> Any:
        """Probabilities by class, or numbers, of every row by the model that was not fitted on it."""
        said = numpy.zeros((len(self.truth), max(self.classes, 1)))
        for before, after in self.folds:
            known, asked = self._encoded(columns, before, after)
            said[after] = self._said(make().fit(known, self.truth[before]), asked)
        return said

    def _said(self, model: Any, rows: Any) -> Any:
        if self.task == "regression":
            return model.predict(rows).reshape(-1, 1)
        told = numpy.zeros((len(rows), self.classes))
        told[:, model.classes_] = model.predict_proba(rows)
        return told

    def _encoded(self, columns: Sequence[tuple[Any, bool]], before: Any, after: Any) -> tuple[Any, Any]:
        known = [self._column(values, categorical, before) for values, categorical in columns]
        return (
            numpy.column_stack([column[before] for column in known]),
            numpy.column_stack([column[after] for column in known]),
        )

    def _column(self, values: Any, categorical: bool, before: Any) -> Any:
        """A column as numbers without gaps; of texts, the smoothed mean target of the rows before."""
        if categorical:
            return self._means(values, before)
        gaps = numpy.isnan(values)
        if not gaps.any():
            return values
        present = values[~gaps]
        below = present.min() - 1 - abs(present.min()) if len(present) else 0.0
        return numpy.where(gaps, below, values)

    def _means(self, values: Any, before: Any) -> Any:
        import pandas

        words = pandas.Series(values).fillna("\0missing")
        target = pandas.Series(self.truth if self.classes <= 2 else self._rank_of_class(), dtype=float)
        grouped = target.iloc[before].groupby(words.iloc[before])
        overall = float(target.iloc[before].mean())
        means = (grouped.sum() + SMOOTHING * overall) / (grouped.count() + SMOOTHING)
        return words.map(means).fillna(overall).to_numpy()

    def _rank_of_class(self) -> Any:
        return self.truth / max(self.classes - 1, 1)

    def _tree(self) -> Any:
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        leaf = max(3, min(20, len(self.truth) // 100))
        if self.task == "regression":
            return DecisionTreeRegressor(max_depth=8, min_samples_leaf=leaf, random_state=self.seed)
        depth = 3 if self.classes == 2 else 3 + math.ceil(math.log2(self.classes))
        return DecisionTreeClassifier(max_depth=depth, min_samples_leaf=leaf, random_state=self.seed)

    def _line(self) -> Any:
        from sklearn.linear_model import LinearRegression

        return LinearRegression()

    def _nearest(self) -> Any:
        from sklearn.neighbors import KNeighborsRegressor

        return KNeighborsRegressor(2, weights="distance")

    def _boosted(self) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        kind = HistGradientBoostingRegressor if self.task == "regression" else HistGradientBoostingClassifier
        return kind(max_iter=60, early_stopping=False, random_state=self.seed)

    # --- how good they are --------------------------------------------------------------------------------------------

    def _quality(self, said: Any) -> tuple[float, str]:
        if self.task == "regression":
            return self._explained(said), "R2"
        if self.task == "multiclass":
            return self._balanced(said), "balanced accuracy"
        return self._area(said), "AUC"

    def _explained(self, said: Any) -> float:
        from sklearn.metrics import r2_score

        return float(r2_score(self.truth, said[:, 0]))

    def _area(self, said: Any) -> float:
        from sklearn.metrics import roc_auc_score

        return float(roc_auc_score(self.truth, said[:, 1]))

    def _balanced(self, said: Any) -> float:
        chosen = said.argmax(axis=1)
        return float(numpy.mean([numpy.mean(chosen[self.truth == code] == code) for code in range(self.classes)]))

    def _given_away(self, said: Any) -> float:
        """The share of the rarer class where the tree is sure of it, and right."""
        rarer = int(numpy.bincount(self.truth).argmin())
        return float(numpy.mean(said[self.truth == rarer, rarer] >= SURE))

    def _strongest(self, columns: Sequence[tuple[Any, bool]]) -> int:
        """The column whose shuffling costs the boosted trees most, on the rows of one fold."""
        before, after = self.folds[0]
        known, asked = self._encoded(columns, before, after)
        model = self._boosted().fit(known, self.truth[before])
        draw = numpy.random.RandomState(self.seed)
        losses = []
        for place in range(len(columns)):
            shuffled = asked.copy()
            shuffled[:, place] = shuffled[draw.permutation(len(shuffled)), place]
            losses.append(self._loss(model, shuffled, self.truth[after]))
        return int(numpy.argmax(losses))

    def _loss(self, model: Any, rows: Any, truth: Any) -> float:
        said = self._said(model, rows)
        if self.task == "regression":
            return float(numpy.mean((said[:, 0] - truth) ** 2))
        return float(-numpy.mean(numpy.log(numpy.clip(said[numpy.arange(len(truth)), truth], 1e-7, 1))))
