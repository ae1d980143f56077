"""Reading the samples of rows and answers that the gateway writes down; see ``gateway/records.py``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finbehave.backends.local.client import OWN_REQUEST
from finbehave.backends.local.paths import predictions_file

NEWEST_BYTES = 4 << 20
"""So much of a file is read, from its end: some thousand samples, which is more than a comparison needs."""

_START = len('{"time": "')
_DIGITS = len("2026-01-01T00:00:00.000")


def scores(endpoint_dir: Path, deployment: str, since: str) -> tuple[tuple[float | str, ...], int]:
    """One score for each different row of clients that was sampled, and how many of their rows were.

    A score is the second of two probabilities, else the prediction.

    Args:
        since: Only samples not older than this; ISO 8601 in UTC, as the samples have it.
    """
    found: dict[str, float | str] = {}
    sampled = 0
    for sample in _samples(predictions_file(endpoint_dir, deployment), since[:_DIGITS]):
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


def _samples(path: Path, since: str) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            start = max(0, path.stat().st_size - NEWEST_BYTES)
            file.seek(start)
            if start:
                file.readline()  # the rest of a line
            for line in file:
                if line.endswith(b"\n") and line[_START : _START + _DIGITS].decode("ascii", "replace") >= since:
                    yield json.loads(line)
    except FileNotFoundError:
        return
