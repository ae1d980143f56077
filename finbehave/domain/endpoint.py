"""Endpoints, deployments, traffic and the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

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


@dataclass(frozen=True)
class Deployment:
    """One colour of an endpoint. ``model`` is ``name:version``; ``traffic`` is in percent."""

    name: str
    model: str
    digest: str
    state: DeploymentState
    traffic: int
    instance_type: str
    instance_count: int
    environment: str
    created: str
    requests: int = 0
    errors: int = 0
    latency_ms: LatencySummary = field(default_factory=LatencySummary)
    detail: str = ""


@dataclass(frozen=True)
class Endpoint:
    """``revision`` is that of the newest ledger entry; 0 before the first traffic."""

    name: str
    state: EndpointState
    scoring_uri: str
    traffic: Traffic
    revision: int
    deployments: tuple[Deployment, ...]

    def deployment(self, name: str) -> Deployment | None:
        """The deployment of that name, or None."""
        return next((d for d in self.deployments if d.name == name), None)


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

    ``probabilities`` holds, per row, class -> probability; None where the model has none.
    """

    predictions: tuple[Any, ...]
    probabilities: tuple[dict[str, float], ...] | None
    model: str
    deployment: str
    request_id: str
    latency_ms: float
