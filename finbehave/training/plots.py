"""Pictures of the report: PNG bytes that are the same for the same figures."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MODEL = "#1f5fa8"
_OTHER = "#9aa4ae"
_MARK = "#c8501e"
_MOST_BARS = 20
_LONGEST_NAME = 32
_DOTS = 110


def pictures(curves: Mapping[str, Any], importance: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """Title -> PNG, in the order of the report."""
    drawn: dict[str, bytes] = {}
    if "roc" in curves:
        drawn["ROC"] = _roc(curves)
        drawn["Precision and recall"] = _precision_recall(curves)
        drawn["Calibration"] = _calibration(curves)
    elif "confusion" in curves:
        drawn["Confusion"] = _confusion(curves)
    else:
        drawn["Predicted and true"] = _pairs(curves)
    drawn["Importance by permutation"] = _importance(importance)
    return drawn


def _canvas(width: float = 4.6, height: float = 4.0) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: Figure) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DOTS, metadata={"Software": None})
    return buffer.getvalue()


def _roc(curves: Mapping[str, Any]) -> bytes:
    figure, axes = _canvas()
    axes.plot([0, 1], [0, 1], color=_OTHER, linestyle=":", linewidth=1)
    axes.plot(*zip(*curves["roc"], strict=True), color=_MODEL)
    chosen = curves["at_threshold"]
    axes.plot(chosen["false_positive_rate"], chosen["recall"], "o", color=_MARK, label="at the threshold")
    axes.set(xlabel="false alarms, share of negatives", ylabel="found, share of positives")
    axes.legend(loc="lower right", frameon=False)
    return _png(figure)


def _precision_recall(curves: Mapping[str, Any]) -> bytes:
    figure, axes = _canvas()
    negatives, positives = curves["rows"]
    axes.axhline(positives / (positives + negatives), color=_OTHER, linestyle=":", linewidth=1, label="without a model")
    axes.plot(*zip(*curves["precision_recall"], strict=True), color=_MODEL)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02))
    axes.legend(loc="upper right", frameon=False)
    return _png(figure)


def _calibration(curves: Mapping[str, Any]) -> bytes:
    figure, axes = _canvas()
    given, seen, rows = zip(*curves["calibration"], strict=True)
    axes.plot([0, 1], [0, 1], color=_OTHER, linestyle=":", linewidth=1)
    axes.plot(given, seen, color=_MODEL, linewidth=1)
    axes.scatter(given, seen, s=[12 + 160 * count / max(rows) for count in rows], color=_MODEL)
    axes.set(xlabel="probability given (size: rows)", ylabel="share observed", xlim=(0, 1), ylim=(0, 1.02))
    return _png(figure)


def _confusion(curves: Mapping[str, Any]) -> bytes:
    labels = [_name(label) for label in curves["labels"]]
    size = min(9.0, 3.2 + 0.35 * len(labels))
    figure, axes = _canvas(size + 0.4, size)
    shares = [[count / max(1, sum(row)) for count in row] for row in curves["confusion"]]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    places = range(len(labels))
    axes.set_xticks(places, labels, rotation=60, ha="right")
    axes.set_yticks(places, labels)
    axes.set(xlabel="predicted", ylabel="true")
    if len(labels) <= 12:
        for true, row in enumerate(curves["confusion"]):
            for said, count in enumerate(row):
                ink = "white" if shares[true][said] > 0.5 else "black"
                axes.text(said, true, f"{count:,}", ha="center", va="center", color=ink, fontsize=8)
    return _png(figure)


def _pairs(curves: Mapping[str, Any]) -> bytes:
    figure, axes = _canvas()
    true, said = zip(*curves["pairs"], strict=True)
    ends = [min(*true, *said), max(*true, *said)]
    axes.plot(ends, ends, color=_OTHER, linestyle=":", linewidth=1)
    axes.scatter(true, said, s=8, alpha=0.5, color=_MODEL)
    axes.set(xlabel="true", ylabel="predicted")
    return _png(figure)


def _importance(importance: Sequence[Mapping[str, Any]]) -> bytes:
    shown = list(reversed(importance[:_MOST_BARS]))
    figure, axes = _canvas(6.4, 1.0 + 0.26 * len(shown))
    axes.barh(
        range(len(shown)), [one["mean"] for one in shown], xerr=[one["spread"] for one in shown], color=_MODEL,
        ecolor=_OTHER,
    )  # fmt: skip
    axes.set_yticks(range(len(shown)), [_name(one["name"]) for one in shown])
    axes.set_xlabel("fall of the held-out score when the feature is shuffled")
    return _png(figure)


def _name(text: str) -> str:
    """A name as a label: short, and no formula (a dollar sign begins one), nothing that cannot be drawn."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in text)
    short = plain if len(plain) <= _LONGEST_NAME else plain[: _LONGEST_NAME - 1] + "…"
    return short.replace("$", r"\$")
