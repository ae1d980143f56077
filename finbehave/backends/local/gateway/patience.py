"""A batch that a worker has, how long it may take, and whether the worker's process computes meanwhile.

Patience runs out with a worker that does not answer; one whose process computes all the same may have an honest slow
row. Stopped, asleep, or waiting for what never comes, a process takes no CPU time.
"""

from __future__ import annotations

from collections.abc import Sequence

import psutil

from finbehave.backends.local.gateway.waiting import BATCH_BYTES, Job

STALLED_SECONDS, STALLED_LARGE_SECONDS = 2.0, 10.0
"""After so long without an answer the requests of a batch are given to another worker as well; the first answer counts.
A single one is not while the first worker computes."""

HOPELESS_SECONDS = 30.0
"""A worker that has not answered a batch for so long is replaced: no request waits longer."""

HOPELESS_TIMES = 5
"""Where no worker is free and requests wait for that, one is replaced sooner: after so many times the patience with a
batch; and as soon as it is stalled with a request that was lost with another worker before, unless it computes and that
request has not had so long yet."""

UNUSUAL_TIMES, PACE_KEPT = 4, 0.99
"""No worker counts as stalled before it took so many times what a batch of its bytes takes at the slowest pace of late:
a model may be slow. That pace counts for a little less after each further batch."""

FEEL_EVERY, COMPUTING_SHARE = 1.0, 0.02
"""A process that had so large a part of the last second on a processor computes. It has more on a machine that is very
busy, and none while it is stopped, sleeps or waits."""


class Pace:
    """The slowest of late, in seconds a byte."""

    def __init__(self) -> None:
        self._slowest = 0.0

    def took(self, seconds: float, size: int) -> None:
        """A batch was answered."""
        self._slowest = max(PACE_KEPT * self._slowest, seconds / max(1, size))

    def patience(self, size: int) -> float:
        """Seconds with a batch of so many bytes."""
        usual = STALLED_SECONDS if size <= BATCH_BYTES else STALLED_LARGE_SECONDS
        return max(usual, UNUSUAL_TIMES * self._slowest * size)


class Batch:
    """What a worker with this pid was given at the moment ``sent``; ``large`` as its requests are."""

    def __init__(self, jobs: Sequence[Job], worker: int | None, sent: float, pace: Pace) -> None:
        self.jobs = jobs
        self.sent = sent
        self.size = sum(len(job.body) for job in jobs)
        self.large = jobs[0].large
        self.given_away = False
        self.hopeless = False
        self.computes = False
        """As it was last felt."""
        self._worker = worker
        self._patience = pace.patience(self.size)
        self._felt: tuple[float, float] | None = None

    def late(self, now: float) -> bool:
        """Whether it takes longer than usual."""
        return now - self.sent > self._patience

    def too_late(self, now: float) -> bool:
        """Whether it takes too long where others wait."""
        return now - self.sent > HOPELESS_TIMES * self._patience

    def worth_waiting(self, job: Job, now: float) -> bool:
        """Whether a request that was lost with another worker before may still be slow and no more."""
        return self.computes and job.begun is not None and now - job.begun <= HOPELESS_TIMES * self._patience

    def feel(self, now: float) -> None:
        """See whether the process computes. To be called often; it costs something only where patience grows short."""
        soon = now - self.sent > self._patience - 2 * FEEL_EVERY
        if not soon or (self._felt and now - self._felt[0] < FEEL_EVERY):
            return
        spent = _cpu_seconds(self._worker)
        if self._felt is not None:
            since, before = self._felt
            self.computes = spent - before >= COMPUTING_SHARE * (now - since)
        self._felt = now, spent


def _cpu_seconds(pid: int | None) -> float:
    """Of a process and its threads; 0 when it is gone."""
    if pid is None:
        return 0.0
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)
