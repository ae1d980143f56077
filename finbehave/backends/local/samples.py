"""Reading the samples of rows and answers that the gateway writes down; see ``gateway/records.py``."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finbehave.backends.local.client import OWN_REQUEST
from finbehave.backends.local.paths import predictions_file

NEWEST_BYTES = 4 << 20
"""So much of a file is read, from its end: some thousand samples, which is more than a comparison needs."""


def scores(endpoint_dir: Path, deployment: str, seconds: float) -> tuple[tuple[float | str, ...], int]:
    """One score for each different row of clients that was sampled, and how many of their rows were.

    A score is the second of two probabilities, else the prediction.

    Args:
        endpoint_dir: The endpoint's folder.
        deployment: Its name.
        seconds: Only samples that are not older, by the machine's steady clock: the other one may be set.
    """
    found: dict[str, float | str] = {}
    sampled = 0
    for sample in _samples(predictions_file(endpoint_dir, deployment), seconds):
        if sample["request"].startswith(OWN_REQUEST):
            continue
        for row, score in zip(sample["inputs"], _scores(sample), strict=True):
            found[json.dumps(row)] = score
            sampled += 1
    return tuple(found.values()), sampled


def _scores(sample: dict[str, Any]) -> list[float | str]:
    probabilities = sample.get("probabilities")
    if probabilities and len(probabilities[0]) == 2:
        return [list(row.values())[1] for row in probabilities]
    return [one if isinstance(one, (int, float)) else str(one) for one in sample["predictions"]]


def _samples(path: Path, seconds: float) -> Iterator[dict[str, Any]]:
    """The newest first, up to the first that is too old. The steady clock begins anew when the machine does."""
    now = time.monotonic()
    for line in reversed(_end_of(path).splitlines(keepends=True)):
        if not line.endswith(b"\n"):  # it is being written
            continue
        sample = json.loads(line)
        if not now - seconds <= sample.get("moment", -1.0) <= now:
            return
        yield sample


def _end_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            start = max(0, path.stat().st_size - NEWEST_BYTES)
            file.seek(start)
            if start:
                file.readline()  # the rest of a line
            return file.read()
    except FileNotFoundError:
        return b""
