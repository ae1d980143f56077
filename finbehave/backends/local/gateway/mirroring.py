"""Copies of requests for a deployment without traffic: its answers are compared with those of clients, and thrown away.

No client waits for a copy, and while many are under way there are no more.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from typing import Any

from finbehave.backends.local.gateway.link import Answer
from finbehave.backends.local.gateway.pool import Pool, Refused
from finbehave.backends.local.gateway.waiting import Job

COPY_SECONDS = 30.0
MOST_COPIES = 64
"""Under way at once; requests beyond are not copied."""


class Mirroring:
    """Asks the copies."""

    def __init__(self) -> None:
        self._asking: set[asyncio.Task[None]] = set()

    def copy(self, pool: Pool, percent: int, body: bytes, answer: Answer) -> None:
        """Give a pool the copy of a request that was answered well, for so many in a hundred."""
        if answer.status != 200 or len(self._asking) >= MOST_COPIES or random.random() * 100 >= percent:
            return
        task = asyncio.get_running_loop().create_task(_compare(pool, body, answer))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)


async def _compare(pool: Pool, body: bytes, answer: Answer) -> None:
    job = Job(body, time.monotonic() + COPY_SECONDS, False, asyncio.get_running_loop().create_future())
    try:
        pool.submit(job)
        theirs = await job.future
    except Refused:
        pool.mirrored["failed"] += 1
        return
    if theirs.status != 200:
        pool.mirrored["failed"] += 1
    elif _predictions(theirs) == _predictions(answer):
        pool.mirrored["same"] += 1
    else:
        pool.mirrored["otherwise"] += 1


def _predictions(answer: Answer) -> Any:
    return json.loads(answer.body)["predictions"]
