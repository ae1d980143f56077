"""Two numbers whose difference, sum or ratio is a third, or tells the target: found without fitting anything.

Python 3.8 and later.
"""

from __future__ import annotations

import itertools
from typing import Any, Callable, Iterator, NamedTuple

import numpy
from judge import Judge

FORMULAS: dict[str, Callable[[Any, Any], Any]] = {
    "{} - {}": lambda a, b: a - b,
    "{} + {}": lambda a, b: a + b,
    "|{} - {}|": lambda a, b: abs(a - b),
    "{} / {}": lambda a, b: numpy.divide(a, b, out=numpy.full_like(a, numpy.nan), where=b != 0),
}
ROWS = 2000
BINS = 32
WORTH_A_TREE = 0.85
"""How well the bins of a formula have to tell the target, on the very rows they are counted on."""

MOST_COLUMNS = 100
SAME_SHARE = 0.99
CENT = 0.0051


class Pair(NamedTuple):
    """Two columns and a formula of them, for people."""

    first: str
    second: str
    pattern: str

    @property
    def formula(self) -> str:
        """As a person writes it."""
        return self.pattern.format(self.first, self.second)

    def values(self, frame: Any) -> Any:
        """The formula, row by row; NaN where a part is missing."""
        return FORMULAS[self.pattern](frame[self.first].to_numpy(), frame[self.second].to_numpy())


def pairs_of(names: list[str]) -> Iterator[Pair]:
    """Every formula of every two columns; a ratio both ways."""
    for first, second in itertools.combinations(names[:MOST_COLUMNS], 2):
        for pattern in FORMULAS:
            yield Pair(first, second, pattern)
        yield Pair(second, first, "{} / {}")


def equals(frame: Any, names: list[str], wanted: Any) -> Iterator[Pair]:
    """Pairs that are, up to a sign and to the cent, another column: one formula of each two."""
    part, wanted = frame.iloc[:ROWS], abs(wanted[:ROWS])
    spread = float(numpy.nanstd(wanted))
    tolerance = min(CENT, 1e-3 * spread) + 1e-9 * wanted
    seen = set()
    for pair in pairs_of(names):
        both = frozenset([pair.first, pair.second])
        if both in seen or spread == 0:
            continue
        apart = abs(abs(pair.values(part)) - wanted)
        present = ~numpy.isnan(apart)
        if present.sum() > ROWS // 100 and numpy.mean((apart <= tolerance)[present]) >= SAME_SHARE:
            seen.add(both)
            yield pair


def candidates(frame: Any, names: list[str], judge: Judge) -> list[Pair]:
    """Pairs that are worth a tree, the best formula of each two, the most telling first."""
    places = _balanced(judge)
    part, truth = frame.iloc[places], judge.truth[places]
    best: dict[frozenset[str], tuple[float, Pair]] = {}
    for pair in pairs_of(names):
        told = _telling(judge.task, pair.values(part), truth)
        key = frozenset([pair.first, pair.second])
        if told >= WORTH_A_TREE and told > best.get(key, (0.0, pair))[0]:
            best[key] = (told, pair)
    return [pair for _, pair in sorted(best.values(), key=lambda one: -one[0])]


def _balanced(judge: Judge) -> Any:
    """Rows to count on, half of them of the rarest class if there are enough."""
    draw = numpy.random.RandomState(judge.seed)
    places = draw.permutation(len(judge.truth))
    if judge.task == "regression":
        return places[:ROWS]
    rarest = int(numpy.bincount(judge.truth).argmin())
    rare = places[judge.truth[places] == rarest][: ROWS // 2]
    others = places[judge.truth[places] != rarest][: max(ROWS // 2, 3 * len(rare))]
    return numpy.concatenate([rare, others])


def _telling(task: str, values: Any, truth: Any) -> float:
    """For classes, the AUC of the bins' shares of the rarest class; for a quantity, the share of its variance."""
    order = numpy.argsort(values, kind="stable")  # what is missing comes last, and so into a bin of its own
    bins = numpy.array_split(truth[order], min(BINS, max(2, len(order) // 10)))
    if task == "regression":
        inside = sum(float(((one - one.mean()) ** 2).sum()) for one in bins)
        return 1 - inside / float(((truth - truth.mean()) ** 2).sum() or 1)
    rarest = int(numpy.bincount(truth).argmin())
    hits = numpy.array([int((one == rarest).sum()) for one in bins])
    sizes = numpy.array([len(one) for one in bins])
    ranked = numpy.argsort(-hits / sizes, kind="stable")
    gained = numpy.concatenate([[0], numpy.cumsum(hits[ranked]) / hits.sum()])
    lost = numpy.concatenate([[0], numpy.cumsum((sizes - hits)[ranked]) / (sizes - hits).sum()])
    return float(numpy.sum(numpy.diff(lost) * (gained[1:] + gained[:-1]) / 2))
