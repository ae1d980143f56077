"""Golden records: whether an answer is the one of training."""

from __future__ import annotations

from finbehave.domain.endpoint import Answer
from finbehave.domain.manifest import Golden, Manifest


def differing(golden: Golden, manifest: Manifest, answer: Answer) -> tuple[int, ...]:
    """The golden rows (from 0) whose answers are not those of training, within the tolerance of the records."""
    labels = [_label(value) for value in manifest.classes]
    wrong = []
    for row, expected in enumerate(golden.predictions):
        same = row < len(answer.predictions) and _same(expected, answer.predictions[row], golden.tolerance)
        if same and golden.probabilities is not None:
            given = answer.probabilities[row] if answer.probabilities else {}
            pairs = zip(labels, golden.probabilities[row], strict=True)
            same = all(abs(given.get(label, float("inf")) - one) <= golden.tolerance for label, one in pairs)
        if not same:
            wrong.append(row)
    return tuple(wrong)


def _same(expected: object, given: object, tolerance: float) -> bool:
    if isinstance(expected, float) and isinstance(given, (int, float)) and not isinstance(given, bool):
        return abs(expected - given) <= tolerance
    return expected == given


def _label(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
