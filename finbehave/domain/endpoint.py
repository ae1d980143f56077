"""Endpoints, deployments, traffic and the ledger."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any, Literal

Traffic = dict[str, int]
"""Deployment name -> percent; the percents sum to 0 or 100."""

OWN_ENVIRONMENT = "own"
"""What ``Deployment.environment`` says where the spec named none: the package's own."""


class EndpointState(str, Enum):
    """Whether an endpoint answers."""

    RUNNING = "running"
    UPDATING = "updating"
    DEGRADED = "degraded"
    STOPPED = "stopped"
    DEAD = "dead"
    """It should run and its supervisor is gone."""


class DeploymentState(str, Enum):
    """Whether a deployment answers."""

    CREATING = "creating"
    READY = "ready"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class LatencySummary:
    """Milliseconds; None before the first request."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


LONGEST_WAIT_MS = 20.0
"""Of requests for a worker of this machine, on average, above which another worker comes."""


@dataclass(frozen=True)
class Scale:
    """How many machines a deployment has, by load.

    There are ``least`` to ``most``. One more comes where the measure is over its ``target``: ``cpu`` in percent,
    ``latency`` or ``waiting`` for a worker in milliseconds.
    """

    least: int
    most: int
    measure: Literal["cpu", "latency", "waiting"]
    target: float

    def start(self, asked: int) -> int:
        """With how many it starts, where so many were asked for."""
        return min(max(asked, self.least), self.most)


@dataclass(frozen=True)
class Deployment:
    """One colour of an endpoint. ``model`` is ``name:version``; ``traffic`` is in percent.

    Of its ``requests``, ``errors`` ended with a status of 500 and above, ``unavailable`` with nobody to answer in time;
    all three are None where nobody was asked, or can say.
    """

    name: str
    model: str
    digest: str
    state: DeploymentState
    traffic: int
    instance_type: str
    instance_count: int
    environment: str
    created: str
    requests: int | None = None
    errors: int | None = None
    latency_ms: LatencySummary = field(default_factory=LatencySummary)
    detail: str = ""
    unavailable: int | None = None
    terms: str = ""
    """The digest of the terms that it was made under; empty for the usual ones."""

    scale: Scale | None = None
    """None where the number of its machines stays as it is."""


@dataclass(frozen=True)
class Mirror:
    """A deployment without traffic that is asked too, for ``percent`` of the requests; its answers are thrown away.

    Copies whose predictions were the ``same`` as the client's, ``otherwise``, or that ``failed``, since the deployment
    came up; None where the backend does not compare.
    """

    deployment: str
    percent: int
    same: int | None = None
    otherwise: int | None = None
    failed: int | None = None


@dataclass(frozen=True)
class Endpoint:
    """``revision`` is that of the newest ledger entry; 0 before the first traffic.

    What its deployments have answered was counted over the last ``counted_minutes``; None: since they came up.
    """

    name: str
    state: EndpointState
    scoring_uri: str
    traffic: Traffic
    revision: int
    deployments: tuple[Deployment, ...]
    mirror: Mirror | None = None
    counted_minutes: int | None = None

    def deployment(self, name: str) -> Deployment | None:
        """The deployment of that name, or None."""
        return next((d for d in self.deployments if d.name == name), None)


@dataclass(frozen=True)
class Capacity:
    """What each machine of a deployment takes on, as far as it was said; None follows from the machine's size.

    ``workers`` are processes with the model, ``concurrency`` the requests that are let in at once, and
    ``request_timeout`` the seconds that one may take.
    """

    workers: int | None = None
    concurrency: int | None = None
    request_timeout: float | None = None


@dataclass(frozen=True)
class Terms:
    """What a deployment runs under besides its model, environment and machines.

    ``variables`` are environment variables by name; their values may point at secrets and are never shown. ``identity``
    is the name or the resource id of a user-assigned identity. It is the endpoint's, so it tells no two deployments
    apart.
    """

    private: bool = False
    identity: str | None = None
    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    scale: Scale | None = None
    capacity: Capacity = Capacity()

    @property
    def digest(self) -> str:
        """By what deployments are compared; empty for the usual terms."""
        scale = asdict(self.scale) if self.scale else None
        capacity = {name: value for name, value in asdict(self.capacity).items() if value is not None}
        said = {
            "private": self.private, "variables": sorted(self.variables), "scale": scale, "capacity": capacity,
        }  # fmt: skip
        told = {name: value for name, value in said.items() if value}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16] if told else ""


@dataclass(frozen=True)
class DeploymentSpec:
    """What to create: a model that is already in the registry, under a colour, in an environment."""

    name: str
    model: str
    digest: str
    instance_type: str
    instance_count: int
    environment: str | None = None
    """An environment other than the package's own: a file or a curated name."""

    terms: Terms = field(default_factory=Terms)
    like: str | None = None
    """A deployment whose terms are taken over where it is there, instead of ``terms``."""


@dataclass(frozen=True)
class LedgerEntry:
    """One change of traffic. ``models`` maps each deployment that then existed to ``name:version``."""

    revision: int
    time: str
    actor: str
    reason: str
    traffic: Traffic
    models: dict[str, str]


@dataclass(frozen=True)
class Keys:
    """The two keys of an endpoint; either opens it."""

    primary: str
    secondary: str


@dataclass(frozen=True)
class Answer:
    """What a deployment answered to rows.

    ``probabilities`` holds, per row, class -> probability; None where the model has none. ``model_ms`` is the processor
    time of the model alone, None where the endpoint does not say.
    """

    predictions: tuple[Any, ...]
    probabilities: tuple[dict[str, float], ...] | None
    model: str
    deployment: str
    request_id: str
    latency_ms: float
    model_ms: float | None = None
