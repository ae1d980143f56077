"""What a person may choose of a training: candidates, how many trials, the metric that decides."""

from __future__ import annotations

from collections.abc import Sequence

from finbehave.domain.manifest import Task
from finbehave.errors import UsageError

CANDIDATES = ("linear", "hgb", "hgb-good", "random")
"""In the order in which they are tried; see ``finbehave/guest/candidates.py``, which builds them."""

TRIALS = 4
"""The three named candidates and one drawn at random: out of fold and refitted in under ten seconds on 30,000 rows."""

METRICS: dict[Task, tuple[str, ...]] = {
    Task.BINARY: (
        "roc_auc", "average_precision", "f1", "accuracy", "balanced_accuracy", "precision", "recall", "log_loss",
        "brier", "ece", "cost",
    ),
    Task.MULTICLASS: ("roc_auc", "f1", "accuracy", "balanced_accuracy", "log_loss"),
    Task.REGRESSION: ("r2", "mae", "rmse"),
}  # fmt: skip
"""By task; see ``finbehave/guest/metrics.py``, which computes them."""

COSTS = {"false_negative": 5.0, "false_positive": 1.0}
"""What a missed case and a false alarm cost, for the threshold: a missed default costs about five wrong refusals."""


def check_candidates(names: Sequence[str] | None) -> list[str] | None:
    """The candidates that were asked for; None means all.

    Raises:
        UsageError: one that is not known.
    """
    for name in names or ():
        if name not in CANDIDATES:
            raise UsageError(
                f"there is no candidate {name!r}; there are {', '.join(CANDIDATES)}",
                remedy=f"--candidates {','.join(CANDIDATES)}",
            )
    return list(names) if names else None


def check_trials(trials: int | None, names: Sequence[str] | None) -> int:
    """How many configurations to try.

    Raises:
        UsageError: none.
    """
    if trials is not None and trials < 1:
        raise UsageError(f"{trials} trials try nothing", remedy=f"--trials {TRIALS}")
    return trials if trials is not None else max(TRIALS, len(names or ()))


def check_metric(metric: str | None, task: Task) -> str | None:
    """The metric that decides; None means the task's own.

    Raises:
        UsageError: not one of the task.
    """
    if metric is None or metric in METRICS[task]:
        return metric
    raise UsageError(
        f"{metric!r} does not measure a {task.value} target; {', '.join(METRICS[task])} do",
        remedy=f"--metric {METRICS[task][0]}",
    )
