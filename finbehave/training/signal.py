"""Whether a model predicts better than saying the same of every row."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

LEAST_AREA = 0.55
"""Below this a ROC AUC is of no use, however many rows it is measured on."""


@dataclass(frozen=True)
class Signal:
    """``there`` or not, in words."""

    there: bool
    words: str


def signal(metrics: Mapping[str, float], baseline: Mapping[str, float], held_out: tuple[int, int] | None) -> Signal:
    """Judge held-out metrics.

    Two classes: a ROC AUC within two standard errors of one half, or below 0.55, is none. The error is that of the
    Mann-Whitney statistic without a difference, ``sqrt((n + m + 1) / (12 n m))`` for n and m rows of the classes.
    Otherwise the log loss, or R2, has to be better than the baseline's.

    Args:
        held_out: Rows of the two classes; None elsewhere.
    """
    if "r2" in metrics:
        there = metrics["r2"] > max(baseline["r2"], 0.0) + 0.01
        return Signal(there, f"R2 {metrics['r2']:.3f}" + ("" if there else ": what is left predicts nothing"))
    if held_out is None:
        there = metrics["log_loss"] < baseline["log_loss"]
        words = f"log loss {metrics['log_loss']:.3f}, {baseline['log_loss']:.3f} without any feature"
        return Signal(there, words if there else f"{words}: what is left predicts nothing")
    first, second = held_out
    error = math.sqrt((first + second + 1) / (12 * first * second))
    there = metrics["roc_auc"] >= max(LEAST_AREA, 0.5 + 2 * error)
    words = f"AUC {metrics['roc_auc']:.3f} on held-out rows"
    return Signal(there, words if there else f"{words}, near 0.5: what is left predicts nothing")
