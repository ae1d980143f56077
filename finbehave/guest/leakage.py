"""Columns, alone or in pairs, that give the target away.

Request: ``arrays`` and ``features`` (see ``handover``), ``task``, ``allowed`` (columns that are not judged),
``ordered`` (the rows were put in order on purpose), ``seed``.
Result: ``findings``, each with ``columns``, ``level`` (``drop``: never a feature, ``flag``: a person has to say whether
it is known before the outcome, ``warn``), ``rule`` and ``detail``; ``examined`` rows.

The thresholds for two classes were chosen on 28 tables and held on 16 others, with leaks put into 16 of them: no false
drop, and false flags in a table of tumours only. What such rules cannot see: a proxy that separates no better than a
good feature (AUC below 0.95), and what is known only after the outcome without giving it away. The thresholds for
several classes and for quantities follow the same thought and were not measured. Python 3.8 and later.
"""

from __future__ import annotations

import warnings
from typing import Any, Mapping

import numpy
from handover import read
from judge import Judge, Score
from pairs import Pair, candidates, equals
from protocol import Events, answer

ROWS = 20_000
"""Of more rows, so many are drawn."""

FEW_VALUES = 20
"""Numbers with fewer values are cases, and not part of a sum or a difference."""

ROUNDS = 3


class Guard:
    """The rules, in their order; a column that one has caught is left out of those that follow."""

    def __init__(self, request: Mapping[str, Any], events: Events) -> None:
        frame, target = read(request)
        places = _sample(len(frame), request["seed"])
        self.frame = frame.iloc[places].reset_index(drop=True)
        self.places = places
        self.kinds = {feature["name"]: feature["kind"] for feature in request["features"]}
        self.judge = Judge(request["task"], target[places], request["seed"])
        self.allowed = frozenset(request["allowed"])
        self.ordered = request["ordered"]
        self.events = events
        self.findings: list[dict[str, Any]] = []
        self.scores: dict[str, Score] = {}

    def run(self) -> dict[str, Any]:
        """Every rule once."""
        for number, name in enumerate(self.open_columns()):
            self.events.progress("leakage guard", number, len(self.kinds) * 2)
            self.alone(name)
        self.missingness()
        self.rebuilt()
        if not self.ordered:
            self.row_order()
        self.too_good()
        self.events.progress("leakage guard", 1, 1)
        return {"findings": self.findings, "examined": len(self.places)}

    def open_columns(self) -> list[str]:
        """Those that are to be judged and that no rule has caught."""
        caught = {name for finding in self.findings for name in finding["columns"]}
        return [name for name in self.kinds if name not in caught and name not in self.allowed]

    def found(self, level: str, rule: str, columns: list[str], detail: str) -> None:
        """Write a finding down."""
        self.findings.append({"level": level, "rule": rule, "columns": columns, "detail": detail})

    def values(self, name: str) -> Any:
        """A column as numbers or as texts."""
        return self.frame[name].to_numpy()

    def alone(self, name: str) -> None:
        """Decides, gives away, strong."""
        score = self.judge.score(self.values(name), categorical=self.kinds[name] == "category")
        self.scores[name] = score
        limits = self.judge.limits
        if score.decides >= limits.decides:
            self.found("drop", "decides", [name], f"decides the target alone ({score.words})")
        elif score.given_away >= limits.given_away:
            self.found(
                "drop", "gives away", [name], f"gives {score.given_away:.0%} of the rarer class away for certain"
            )
        elif score.strong >= limits.strong:
            self.found("flag", "strong", [name], f"alone it nearly decides the target ({score.words})")
        elif score.given_away >= limits.suspicious:
            self.found("flag", "strong", [name], f"alone it gives {score.given_away:.0%} of the rarer class away")

    def missingness(self) -> None:
        """Missing: whether there is a value at all."""
        for name in self.open_columns():
            gaps = self.frame[name].isna().to_numpy()
            if 0 < gaps.sum() < len(gaps):
                score = self.judge.score(gaps.astype(float), categorical=False)
                if score.strong >= self.judge.limits.missing:
                    self.found("flag", "missing", [name], f"whether it is missing tells the target ({score.words})")

    def rebuilt(self) -> None:
        """Rebuilds: a difference, sum or ratio of two columns that decides, or that is a column dropped already."""
        leaks = [
            finding["columns"][0]
            for finding in self.findings
            if finding["level"] == "drop" and self.kinds[finding["columns"][0]] != "category"
        ]
        names = [name for name in self.kinds if self._is_amount(name)]
        both_allowed = {(a, b) for a in self.allowed for b in self.allowed}
        self.events.progress("leakage guard", len(self.kinds), len(self.kinds) * 2)
        for name in leaks:
            for pair in equals(self.frame, names, self.values(name)):
                if (pair.first, pair.second) not in both_allowed:
                    self.found("drop", "rebuilds", [pair.first, pair.second], f"{pair.formula} is {name}")
        open_columns = self.open_columns()
        names = [name for name in names if name in self.allowed or name in open_columns]
        for pair in candidates(self.frame, names, self.judge):
            if (pair.first, pair.second) not in both_allowed:
                self._try_pair(pair)

    def _is_amount(self, name: str) -> bool:
        """A number with many values that does not give the target away already."""
        if self.kinds[name] not in ("number", "integer"):
            return False
        score = self.scores.get(name) or self.judge.score(self.values(name), categorical=False)
        known = max(score.decides, score.strong) >= self.judge.limits.strong
        return not known and int(self.frame[name].nunique()) > FEW_VALUES

    def _try_pair(self, pair: Pair) -> None:
        if any({pair.first, pair.second} == set(finding["columns"]) for finding in self.findings):
            return
        score = self.judge.score(pair.values(self.frame), categorical=False)
        if score.decides >= self.judge.limits.decides:
            detail = f"{pair.formula} decides the target ({score.words})"
            self.found("flag", "rebuilds", [pair.first, pair.second], detail)

    def row_order(self) -> None:
        """Order: the file is sorted by its target. No feature carries that, so it is only told."""
        score = self.judge.score(self.places.astype(float), categorical=False)
        if score.strong >= self.judge.limits.order:
            self.found("warn", "order", [], f"the order of the rows tells the target ({score.words})")

    def too_good(self) -> None:
        """Too good: what is left decides together; the strongest column is named, and the rest is tried again."""
        for _ in range(ROUNDS):
            names = self.open_columns()
            if not names:
                return
            said = self.judge.together([(self.values(name), self.kinds[name] == "category") for name in names])
            if said.quality < self.judge.limits.too_good:
                return
            detail = f"with the others it predicts too well to be true ({said.words})"
            self.found("flag", "too good", [names[said.strongest]], detail)


def _sample(rows: int, seed: int) -> Any:
    if rows <= ROWS:
        return numpy.arange(rows)
    return numpy.sort(numpy.random.RandomState(seed).permutation(rows)[:ROWS])


def guard(request: Mapping[str, Any], events: Events) -> dict[str, Any]:
    """Judge every column that is not allowed."""
    warnings.simplefilter("ignore")
    return Guard(request, events).run()


if __name__ == "__main__":
    answer(guard)
