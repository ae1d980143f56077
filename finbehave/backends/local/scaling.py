"""How many workers a deployment has, by how long requests wait: more within seconds, fewer after a quiet minute."""

from __future__ import annotations

from dataclasses import dataclass

from finbehave.domain.endpoint import LONGEST_WAIT_MS

IDLE_SECONDS = 0.002
"""A mean below this is no waiting: it is how long a batch gathers."""

QUIET_SECONDS = 60.0
"""Of no waiting before there is one fewer, so that a pause in the load does not cost its return."""


@dataclass(frozen=True)
class Queueing:
    """What the gateway has counted: ``requests`` that reached a worker, and the ``seconds`` they waited, together.

    ``waiting`` are those that wait now.
    """

    requests: int
    seconds: float
    waiting: int


class Scaler:
    """Decides for one deployment, from one look to the next."""

    def __init__(self, workers: int, least: int, most: int) -> None:
        self.workers = workers
        self._least = least
        self._most = most
        self._before = Queueing(0, 0.0, 0)
        self._quiet_since: float | None = None

    def look(self, now: Queueing, moment: float) -> int:
        """How many workers there are to be, at a moment of a steady clock in seconds."""
        requests, seconds = now.requests - self._before.requests, now.seconds - self._before.seconds
        jammed = bool(now.waiting and self._before.waiting and requests <= 0)
        started_anew = requests < 0
        self._before = now
        if started_anew:  # another gateway counts
            return self.workers
        mean = seconds / requests if requests else 0.0
        if jammed or mean * 1000 > LONGEST_WAIT_MS:
            self._quiet_since = None
            self.workers = min(self.workers + 1, self._most)
        elif mean >= IDLE_SECONDS or now.waiting:
            self._quiet_since = None
        elif self._quiet_since is None:
            self._quiet_since = moment
        elif moment - self._quiet_since >= QUIET_SECONDS:
            self._quiet_since = moment
            self.workers = max(self.workers - 1, self._least)
        return self.workers
