"""What each machine of a deployment takes on: workers, requests at once, and the time for each.

What was said is kept in a tag of the deployment, so that another one is made like it; the rest follows from the size of
the machine.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from finbehave.backends.azure.sizes import workers
from finbehave.domain.endpoint import Capacity

TAG = "finbehave-capacity"

REQUEST_SECONDS = 30.0
"""Azure gives a request 5 s where nothing is said, which a batch of rows overruns, and at most 180."""

QUEUE_SECONDS = 1.0

LOADING_SECONDS = 300
"""A worker that says nothing for so long is replaced by its server, and one that loads its model says nothing. As in
the Dockerfiles of Azure's base images (``WORKER_TIMEOUT``), and about as long as the probes are patient."""

OVER_REQUEST = 4
"""Requests' lengths after which a worker is taken for stuck. Azure has answered the client long before."""


@dataclass(frozen=True)
class Settled:
    """A capacity of which nothing is left open; times are in seconds."""

    workers: int
    concurrency: int
    request_timeout: float

    @property
    def worker_timeout(self) -> int:
        """Seconds without a sign of life after which a worker is replaced; more than a request may take."""
        return max(LOADING_SECONDS, math.ceil(OVER_REQUEST * self.request_timeout))

    @property
    def words(self) -> str:
        """For a person."""
        workers = f"{self.workers} worker{'s' * (self.workers > 1)}"
        requests = f"{self.concurrency} request{'s' * (self.concurrency > 1)} at once"
        return f"each machine has {workers} and takes {requests}, {self.request_timeout:g} s for each"


def settled(instance_type: str, asked: Capacity) -> Settled:
    """What was asked for, and where nothing was, what the machine is for: as many requests at once as workers."""
    count = asked.workers or workers(instance_type)
    return Settled(count, asked.concurrency or count, asked.request_timeout or REQUEST_SECONDS)


def tag_of(asked: Capacity) -> str:
    """What was asked for, as the deployment's tag holds it."""
    return json.dumps(asdict(asked))


def capacity_of(tags: Mapping[str, str] | None) -> Capacity:
    """What was asked for, by the deployment's tags; nothing without one, or where somebody has damaged it."""
    try:
        held = json.loads((tags or {})[TAG])
        said = {name: kind(held[name]) for name, kind in _KINDS.items() if held[name] is not None}
        return Capacity(**said)
    except (KeyError, ValueError, TypeError):
        return Capacity()


def request_seconds(deployment: Any) -> float:
    """How long a request to an SDK's entity of a deployment may take; 0 where it does not say."""
    return float(getattr(deployment.request_settings, "request_timeout_ms", None) or 0) / 1000


_KINDS = {"workers": int, "concurrency": int, "request_timeout": float}
