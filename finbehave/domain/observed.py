"""What was counted of a deployment's answers, so that two of them can be compared."""

from __future__ import annotations

from dataclasses import dataclass, replace

LATENCY_BOUNDS = tuple(0.0005 * 1.1**step for step in range(131))
"""Upper bounds in seconds, from half a millisecond to two minutes, each a tenth above the one before."""

NOTHING_COUNTED = (0,) * (len(LATENCY_BOUNDS) + 1)


@dataclass(frozen=True)
class Observed:
    """Counts over some time. ``errors`` are not the callers' faults.

    ``latencies`` are counts by ``LATENCY_BOUNDS``, one more for what is above. ``sampled`` rows were looked at closer;
    ``scores`` is what was answered to those of them that differ, a number or a label each.
    """

    requests: int = 0
    errors: int = 0
    latencies: tuple[int, ...] = NOTHING_COUNTED
    scores: tuple[float | str, ...] = ()
    sampled: int = 0

    def since(self, before: Observed) -> Observed:
        """What came after; a count that has gone down began anew in between. The sample stays as it is."""
        if self.requests < before.requests:
            return self
        latencies = tuple(now - then for now, then in zip(self.latencies, before.latencies, strict=True))
        return Observed(
            self.requests - before.requests, self.errors - before.errors, latencies, self.scores, self.sampled
        )

    def after(self, before: Observed) -> Observed:
        """Together with what was counted ``before``. The sample is this one's."""
        latencies = tuple(one + more for one, more in zip(before.latencies, self.latencies, strict=True))
        return replace(
            self, requests=before.requests + self.requests, errors=before.errors + self.errors, latencies=latencies
        )
