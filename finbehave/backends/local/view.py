"""How an endpoint is now: what its state wants, and what its supervisor and gateway say to that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from finbehave.backends.local import client, control, launching
from finbehave.backends.local.front import Front
from finbehave.backends.local.paths import runtimes_beside
from finbehave.backends.local.samples import scores
from finbehave.backends.local.state import RUNNABLE, DeploymentRow, EndpointRow, State
from finbehave.domain.endpoint import (
    Deployment,
    DeploymentState,
    Endpoint,
    EndpointState,
    LatencySummary,
    Mirror,
    Terms,
)
from finbehave.domain.observed import Observed
from finbehave.errors import Unavailable

ASK_SECONDS = 2.0
MIRRORED = ("same", "otherwise", "failed")
"""As the gateway counts them."""


def endpoint_of(folder: Path) -> Endpoint:
    """The endpoint whose state lies in a folder. Raises NotFound."""
    with State(folder) as state, state.reading():
        row = state.endpoint()
        front = state.front()
        rows = state.deployments()
        revision, traffic = state.traffic()
    status = _status(folder, row)
    deployments = tuple(_deployment(each, traffic.get(each.name, 0), status) for each in rows)
    return Endpoint(
        name=folder.name,
        state=_state(row, status, deployments),
        scoring_uri=client.uri(row.host, row.port, front.scheme),
        traffic={each.name: each.traffic for each in deployments},
        revision=revision,
        deployments=deployments,
        mirror=_mirror(front, rows, status or {}),
    )


def _mirror(front: Front, rows: Sequence[DeploymentRow], status: Mapping[str, Any]) -> Mirror | None:
    """As it is set, while that deployment is there."""
    if not front.mirror_percent or front.mirror not in {row.name for row in rows}:
        return None
    counted = status.get("deployments", {}).get(front.mirror, {}).get("mirrored", {})
    return Mirror(front.mirror, front.mirror_percent, *(counted.get(name, 0) for name in MIRRORED))


def observed(folder: Path, seconds: float) -> dict[str, Observed]:
    """Deployment -> what the gateway has counted of it, with the scores of samples of the last ``seconds``."""
    with State(folder) as state:
        status = _status(folder, state.endpoint()) or {}
    return {
        name: Observed(said["requests"], said["errors"], tuple(said["latencies"]), *scores(folder, name, seconds))
        for name, said in status.get("deployments", {}).items()
    }


def _status(folder: Path, row: EndpointRow) -> dict[str, Any] | None:
    """What the gateway says that answers clients: during a succession that is the one from before.

    Empty where there is none now, None where nobody is alive who would start one.
    """
    said = [answer for runtime in runtimes_beside(row.runtime) if (answer := _ask(runtime))]
    if said:
        return max(said, key=lambda answer: bool(answer["listening"]))
    return {} if launching.alive(folder) else None


def _ask(runtime: Path) -> dict[str, Any] | None:
    try:
        return control.ask(runtime / control.CONTROL_SOCKET, {"do": "status"}, ASK_SECONDS)
    except Unavailable:
        return None


def _state(row: EndpointRow, status: dict[str, Any] | None, deployments: tuple[Deployment, ...]) -> EndpointState:
    if not row.running:
        return EndpointState.STOPPED
    if status is None:
        return EndpointState.DEAD
    held = [each.state for each in deployments if each.traffic]
    if not status or any(state in (DeploymentState.FAILED, DeploymentState.STOPPED) for state in held):
        return EndpointState.DEGRADED
    if any(each.state is DeploymentState.CREATING for each in deployments):
        return EndpointState.UPDATING
    return EndpointState.RUNNING


def _deployment(row: DeploymentRow, traffic: int, status: dict[str, Any] | None) -> Deployment:
    said = (status or {}).get("deployments", {}).get(row.name, {})
    ready = (status or {}).get("ready", {}).get(row.name, 0)
    state, detail = _deployment_state(row, ready, running=status is not None)
    return Deployment(
        name=row.name,
        model=row.model,
        digest=row.digest,
        state=state,
        traffic=traffic,
        instance_type=row.instance_type,
        instance_count=row.instance_count,
        environment=row.environment,
        created=row.created,
        requests=said.get("requests", 0),
        errors=said.get("errors", 0),
        latency_ms=LatencySummary(**said.get("latency_ms", {})),
        detail=detail,
        unavailable=said.get("unavailable", 0),
        terms=Terms(scale=row.scale).digest,
    )


def _deployment_state(row: DeploymentRow, ready: int, *, running: bool) -> tuple[DeploymentState, str]:
    """What is recorded, unless the gateway has no worker of it."""
    recorded = DeploymentState(row.state)
    if row.state not in RUNNABLE:
        return recorded, row.detail
    if not running:
        return DeploymentState.STOPPED, row.detail
    if recorded is DeploymentState.READY and not ready:
        return DeploymentState.CREATING, "no worker is ready; they are being started"
    if row.scale and ready != row.instance_count and ready >= row.scale.least:
        return recorded, f"{ready} workers now, by load"
    if ready < (row.scale.least if row.scale else row.instance_count):
        return recorded, f"{ready} of {row.instance_count} workers are ready"
    return recorded, row.detail
