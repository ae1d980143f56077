"""What the gateway counts, and how Prometheus reads it.

Counting is a few list and dictionary writes on the event loop; summaries are made when somebody asks.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from finbehave.domain.observed import LATENCY_BOUNDS, NOTHING_COUNTED

LATENCIES = (
    *(0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.025, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0),
)
"""Upper bounds in seconds, dense around 25 ms and 1 s, where the objectives lie."""

SIZES = (1, 2, 4, 8, 16, 32, 64)

RECENT_REQUESTS, RECENT_SECONDS = 4096, 300.0
"""Percentiles are over so many latest requests, none older than that."""


class Histogram:
    """Cumulative counts by upper bound, as Prometheus wants them."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    @property
    def count(self) -> int:
        """How many values."""
        return sum(self._counts)

    @property
    def sum(self) -> float:
        """Of all values."""
        return self._sum

    def observe(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def samples(self, name: str, labels: Mapping[str, str]) -> Iterator[str]:
        """The lines of an exposition."""
        total = 0
        for bound, count in zip((*self._bounds, math.inf), self._counts, strict=True):
            total += count
            le = "+Inf" if bound == math.inf else repr(float(bound))
            yield sample(f"{name}_bucket", {**labels, "le": le}, total)
        yield sample(f"{name}_sum", labels, self._sum)
        yield sample(f"{name}_count", labels, total)


class DeploymentMetrics:
    """Counts of one deployment since the gateway knows it."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.rows = 0
        self.retried = 0
        self.latency = Histogram(LATENCIES)
        self.queueing = Histogram(LATENCIES)
        self.batches = Histogram(SIZES)
        self.fine = list(NOTHING_COUNTED)
        self._recent: deque[tuple[float, float]] = deque(maxlen=RECENT_REQUESTS)

    def answered(self, status: int, seconds: float, rows: int) -> None:
        """A request got its answer, ``seconds`` after it was complete."""
        self.statuses[status] += 1
        self.rows += rows
        self.latency.observe(seconds)
        self.fine[bisect_left(LATENCY_BOUNDS, seconds)] += 1
        self._recent.append((time.monotonic(), seconds))

    @property
    def requests(self) -> int:
        """How many were answered."""
        return self.statuses.total()

    @property
    def errors(self) -> int:
        """How many of them were not the caller's fault."""
        return sum(count for status, count in self.statuses.items() if status >= 500)

    @property
    def unavailable(self) -> int:
        """How many found nobody to answer them, or not in time."""
        return self.statuses[503] + self.statuses[504]

    def percentiles_ms(self) -> dict[str, float | None]:
        """p50, p95 and p99 of the recent requests, in milliseconds."""
        since = time.monotonic() - RECENT_SECONDS
        recent = sorted(seconds for when, seconds in self._recent if when >= since)
        return {f"p{percent}": _percentile(recent, percent) for percent in (50, 95, 99)}


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The nearest rank: the smallest value that at least ``percent`` % are not above."""
    if not ordered:
        return None
    return round(ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] * 1000, 3)


def sample(name: str, labels: Mapping[str, Any], value: float) -> str:
    """One line of an exposition."""
    shown = ",".join(f'{key}="{_escaped(str(text))}"' for key, text in labels.items())
    return f"{name}{{{shown}}} {value!r}" if shown else f"{name} {value!r}"


def family(name: str, kind: str, meaning: str, samples: Iterable[str]) -> str:
    """A metric with its lines."""
    return "\n".join([f"# HELP {name} {meaning}", f"# TYPE {name} {kind}", *samples, ""])


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
