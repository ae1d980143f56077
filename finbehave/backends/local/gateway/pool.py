"""The requests of one deployment that are under way, and the workers that take them in batches.

A worker that is free gets what has arrived by the end of this turn of the event loop, so nothing waits for company; the
next batch gathers while it works. Only where a batch held several, their clients get a moment to come again before the
worker is busy with the first of them: a call of the model costs nearly as much for one row as for many.

Scoring has no effects, so the requests of a worker that died, or that does not move, are given to another one, once,
and then alone: only the one at fault can fail with it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Sequence

from finbehave.backends.local.gateway.link import Answer, Link
from finbehave.backends.local.gateway.metrics import DeploymentMetrics
from finbehave.backends.local.gateway.patience import HOPELESS_SECONDS, Batch, Pace
from finbehave.backends.local.gateway.remembering import Remembered
from finbehave.backends.local.gateway.waiting import Job, Waiting

GATHER_SHARE, GATHER_SECONDS = 0.25, 0.002
"""After a batch of two or more, so large a part of its time is given to the next one to gather, and so long at most. It
ends as soon as as many have come as were answered."""


class Refused(Exception):
    """The request is not taken: ``status``, ``code`` and what to say. After ``wait`` seconds it may be."""

    def __init__(self, status: int, code: str, message: str, *, wait: float = 1.0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.wait = wait


class Pool:
    """Takes requests for one deployment, ``model`` under ``name``, for the workers that it is told to ``follow``."""

    def __init__(self, name: str, model: str, *, grace: float) -> None:
        """``grace``: for so many seconds without any worker, requests wait for one."""
        self.name = name
        self.model = model
        self.metrics = DeploymentMetrics()
        self.remembered = Remembered()
        self.mirrored: Counter[str] = Counter()
        self.header = (b"azureml-model-deployment", name.encode())
        self._grace = grace
        self._links: dict[str, Link] = {}
        self._idle: list[Link] = []
        self._busy: dict[Link, Batch] = {}
        self._waiting = Waiting()
        self._open: OrderedDict[Job, None] = OrderedDict()
        self._scheduled = False
        self._gathering: asyncio.TimerHandle | None = None
        self._gather_until = 0.0
        self._gather_for = 0
        self._pace = Pace()
        self._alone_since = time.monotonic()
        self._retiring = False

    # --- workers --------------------------------------------------------------------------------------------

    def follow(self, sockets: Sequence[str]) -> None:
        """The workers are now at these paths."""
        for path in self._links.keys() - set(sockets):
            self._links.pop(path).close()
        for path in set(sockets) - self._links.keys():
            self._links[path] = Link(path, self)
            self._links[path].open()

    def retire(self) -> None:
        """Answer what was taken, then let the workers go. Requests come no more."""
        self._retiring = True
        if self.drained:
            self._close()

    def _close(self) -> None:
        self.follow([])

    @property
    def workers(self) -> dict[str, int | None]:
        """Path of each worker's socket -> its pid, None while it is not there."""
        return {path: link.worker for path, link in self._links.items()}

    @property
    def ready(self) -> bool:
        """Whether a worker is there."""
        return bool(self._idle or self._busy)

    @property
    def available(self) -> bool:
        """Whether a worker is there, or should come back soon enough to wait for it."""
        return self.ready or time.monotonic() - self._alone_since < self._grace

    @property
    def waiting(self) -> int:
        """Requests that no worker has yet."""
        return len(self._waiting)

    @property
    def drained(self) -> bool:
        """Whether every request that was taken has its answer."""
        return not self._open

    def stuck(self, now: float) -> dict[int, float]:
        """Pid -> seconds without an answer, of workers that are to be replaced."""
        spent = {
            link.worker: now - batch.sent
            for link, batch in self._busy.items()
            if batch.hopeless or now - batch.sent > HOPELESS_SECONDS
        }
        return {worker: seconds for worker, seconds in spent.items() if worker is not None}

    # --- requests -------------------------------------------------------------------------------------------

    def submit(self, job: Job) -> None:
        """Take a request. Raises Refused."""
        if not self._waiting.has_room(job):
            raise Refused(429, "throttled", f"{self.name} has more requests waiting than it can answer in time")
        if not self.available:
            raise Refused(503, "not-ready", f"{self.name} has no worker ready")
        self._open[job] = None
        self._waiting.add(job)
        if self._idle:
            self._schedule()

    def _schedule(self) -> None:
        if self._gathering is not None and len(self._waiting) >= self._gather_for:
            self._gathering.cancel()
            self._gathering, self._scheduled = None, False
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._dispatch)

    def _dispatch(self) -> None:
        left = self._gather_until - time.monotonic()
        if self._waiting and left > 0 and len(self._waiting) < self._gather_for:
            if self._gathering is None:
                self._scheduled = True
                self._gathering = asyncio.get_running_loop().call_later(left, self._gathered)
            return
        self._scheduled = False
        while self._idle and (jobs := self._next_batch()):
            link = self._idle.pop()
            now = time.monotonic()
            self._busy[link] = Batch(jobs, link.worker, now, self._pace)
            link.send([(job.body, job.sampled) for job in jobs])
            self.metrics.batches.observe(len(jobs))
            for job in jobs:
                self.metrics.queueing.observe(now - job.arrived)
                job.begun = job.begun or now

    def _next_batch(self) -> list[Job]:
        large = sum(batch.large for batch in self._busy.values())
        return self._waiting.next_batch(len(self._idle), len(self._idle) + len(self._busy), large)

    def _gathered(self) -> None:
        self._gathering, self._gather_until = None, 0.0
        self._dispatch()

    # --- what workers say -----------------------------------------------------------------------------------

    def link_ready(self, link: Link) -> None:
        """A worker is there."""
        self._idle.append(link)
        self._schedule()

    def link_answered(self, link: Link, answers: Sequence[Answer]) -> None:
        """Hand out the answers, and give the worker what has gathered meanwhile."""
        batch = self._busy.get(link)
        if batch is None or len(answers) != len(batch.jobs):
            raise ValueError(f"{len(answers)} answers to {len(batch.jobs) if batch else 'no'} bodies")
        del self._busy[link]
        self._pace.took(time.monotonic() - batch.sent, batch.size)
        self._idle.append(link)
        for job, answer in zip(batch.jobs, answers, strict=True):
            self._settle(job, answer)
        self._gather_for = len(batch.jobs)
        if self._gather_for > 1:
            now = time.monotonic()
            self._gather_until = now + min(GATHER_SECONDS, GATHER_SHARE * (now - batch.sent))
        self._dispatch()

    def link_lost(self, link: Link) -> None:
        """A worker is gone; others take over what it had."""
        if link in self._idle:
            self._idle.remove(link)
        batch = self._busy.pop(link, None)
        if not self.ready:
            self._alone_since = time.monotonic()
        if batch is not None and not batch.given_away:
            self._give_again(batch.jobs)
        if not self.available:
            self._refuse_waiting()

    def _give_again(self, jobs: Sequence[Job]) -> None:
        for job in reversed(jobs):
            if job.future.done():
                continue
            job.tries += 1
            if job.tries > 1:
                self._settle(
                    job, Refused(500, "run-failed", "the model's process ended twice while it answered this request")
                )
                continue
            self.metrics.retried += 1
            self._waiting.put_back(job)
        if self._idle:
            self._schedule()

    # --- time -----------------------------------------------------------------------------------------------

    def look_after(self, now: float) -> None:
        """Answer requests whose time is over, and give away those of workers that do not move."""
        while self._open and (oldest := next(iter(self._open))).deadline <= now:
            self._settle(oldest, self._too_late())
        if self._idle and self._waiting:
            self._schedule()  # a large request that was to leave a worker to small ones, of which no more came
        for batch in self._busy.values():
            batch.feel(now)
        late = [batch for batch in self._busy.values() if batch.late(now)]
        if self._idle or len(late) < len(self._busy):
            for batch in late:
                if not (batch.given_away or (batch.computes and len(batch.jobs) == 1)):
                    batch.given_away = True
                    self._give_again([job for job in batch.jobs if not job.tries])
        else:
            for batch in late:
                self._judge(batch, now)
        if self._waiting and not self.available:
            self._refuse_waiting()

    def _judge(self, batch: Batch, now: float) -> None:
        """No worker moves: decide whether to wait on for this one, which may be slow, or to replace it for others."""
        if not self._waiting and sum(not job.future.done() for job in batch.jobs) < 2:
            return
        (job, *others) = batch.jobs
        if job.tries and not others and not batch.worth_waiting(job, now):
            for each in self._busy.values():
                each.hopeless |= job in each.jobs
            self._settle(job, Refused(504, "scoring-timeout", "the model got stuck in this request, twice"))
        elif batch.too_late(now):
            batch.hopeless = True

    def _too_late(self) -> Refused:
        if not self.ready:
            return Refused(503, "not-ready", f"{self.name} has no worker ready")
        return Refused(504, "scoring-timeout", f"{self.name} did not answer in time")

    def _refuse_waiting(self) -> None:
        for job in self._waiting.take_all():
            self._settle(job, Refused(503, "not-ready", f"{self.name} has no worker ready"))

    def _settle(self, job: Job, outcome: Answer | Refused) -> None:
        """The first outcome of a request counts; a later one, of the worker that was slower, is thrown away."""
        self._open.pop(job, None)
        if not job.future.done():
            if isinstance(outcome, Refused):
                job.future.set_exception(outcome)
            else:
                job.future.set_result(outcome)
        if self._retiring and not self._open:
            self._close()
