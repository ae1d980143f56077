"""The requests of one deployment that no worker has yet, in two lines: a single row does not stand behind a file.

Each line keeps the order in which its requests came, and where both wait they take turns. While small requests have
come of late, the large ones have all workers but one, and are taken in smaller batches.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from finbehave.backends.local.gateway.link import Answer

BATCH_BODIES = 64
BATCH_BYTES, BESIDE_SMALL_BYTES = 256 * 1024, 64 * 1024
"""A batch ends at so many bytes; the second is for large requests while small ones come."""

LARGE_BYTES = 64 * 1024
"""A longer body, of some hundred rows or more, is large. The two kinds never share a batch."""

WAITING_BODIES, WAITING_BYTES = 2048, 64 * 1024 * 1024
"""No line is longer than this. Large requests fill only their own."""

INTERACTIVE_SECONDS = 5.0
"""A small request that came so recently stands for more to come."""

WORTH_SPLITTING = 8
"""Fewer requests than this are not divided among several free workers: a call costs more than its rows."""


@dataclass(slots=True, eq=False)
class Job:
    """One request: its body as it came, and the future of its answer. ``tries`` counts the workers it was lost with.

    ``begun``: when a worker first got it.
    """

    body: bytes
    deadline: float
    sampled: bool
    future: asyncio.Future[Answer]
    arrived: float = field(default_factory=time.monotonic)
    begun: float | None = None
    tries: int = 0

    @property
    def large(self) -> bool:
        """Whether it stands in the line of the large ones."""
        return len(self.body) > LARGE_BYTES


class Waiting:
    """Both lines."""

    def __init__(self) -> None:
        self._bytes = {False: 0, True: 0}
        """By whether they are of large bodies."""
        self._small: deque[Job] = deque()
        self._large: deque[Job] = deque()
        self._large_next = False
        self._small_came = -INTERACTIVE_SECONDS

    def __len__(self) -> int:
        return len(self._small) + len(self._large)

    def has_room(self, job: Job) -> bool:
        """Whether one more may wait."""
        return len(self._line(job)) < WAITING_BODIES and self._bytes[job.large] + len(job.body) <= WAITING_BYTES

    def add(self, job: Job) -> None:
        """To the end of its line."""
        self._line(job).append(job)
        self._bytes[job.large] += len(job.body)
        if not job.large:
            self._small_came = job.arrived

    def put_back(self, job: Job) -> None:
        """To the front of its line."""
        self._line(job).appendleft(job)
        self._bytes[job.large] += len(job.body)

    def _line(self, job: Job) -> deque[Job]:
        return self._large if job.large else self._small

    def take_all(self) -> Iterator[Job]:
        """All of them; none waits any more."""
        self._bytes = {False: 0, True: 0}
        for line in (self._small, self._large):
            while line:
                yield line.popleft()

    def next_batch(self, free: int, workers: int, large: int) -> list[Job]:
        """What one worker gets now; nothing where what waits is to wait on.

        Args:
            free: Workers that have nothing.
            workers: All that are there.
            large: Those that are at work on large requests.
        """
        interactive = time.monotonic() - self._small_came < INTERACTIVE_SECONDS
        allowed = large < max(1, workers - 1) or not interactive
        if self._large and allowed and (self._large_next or not self._small):
            self._large_next = False
            batch = self._batch(self._large, free, BESIDE_SMALL_BYTES if interactive else BATCH_BYTES)
            if batch:
                return batch
        self._large_next = True
        return self._batch(self._small, free, BATCH_BYTES)

    def _batch(self, line: deque[Job], free: int, most_bytes: int) -> list[Job]:
        """From the front of a line. A request that was lost with a worker goes alone: it may be at fault."""
        most = min(BATCH_BODIES, max(WORTH_SPLITTING, -(-len(line) // free)))
        jobs: list[Job] = []
        size = 0
        while line and len(jobs) < most:
            job = line[0]
            if jobs and (size + len(job.body) > most_bytes or job.tries):
                break
            line.popleft()
            self._bytes[job.large] -= len(job.body)
            if job.future.done():
                continue
            jobs.append(job)
            size += len(job.body)
            if job.tries:
                break
        return jobs
