"""An endpoint as Azure holds it, in our words: state, split, revision and deployments."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from finbehave.backends.azure import ledger, scaling
from finbehave.domain.endpoint import (
    OWN_ENVIRONMENT,
    Deployment,
    DeploymentState,
    Endpoint,
    EndpointState,
    LedgerEntry,
    Mirror,
    Traffic,
)

DIGEST = "finbehave-digest"
MODEL = "finbehave-model"
ENVIRONMENT = "finbehave-environment"
CREATED = "finbehave-created"
TERMS = "finbehave-terms"
"""Tags of a deployment."""

LONGEST_TAG = ledger.LONGEST_VALUE

_MODEL_ID = re.compile(r"(?:.*/models/|azureml:)(?P<name>[^/:]+)(?:/versions/|:)(?P<version>[^/:]+)$")

_STATES = {
    "succeeded": DeploymentState.READY,
    "failed": DeploymentState.FAILED,
    "canceled": DeploymentState.FAILED,
    "deleting": DeploymentState.STOPPED,
}
"""Azure's provisioning state in small letters -> ours; every other one is of something under way."""


def endpoint_of(endpoint: Any, deployments: Sequence[Any]) -> Endpoint:
    """The endpoint of the SDK's entities."""
    traffic = split_of(endpoint, deployments)
    stopped = stopped_split(endpoint)
    found = tuple(deployment_of(one, traffic.get(one.name, 0)) for one in sorted(deployments, key=lambda one: one.name))
    state = EndpointState.STOPPED if stopped is not None else _state(endpoint, found)
    known = ledger_of(endpoint, deployments)
    return Endpoint(
        name=endpoint.name,
        state=state,
        scoring_uri=endpoint.scoring_uri or "",
        traffic=traffic,
        revision=known[-1].revision if known else 0,
        deployments=found,
        mirror=next((Mirror(name, share) for name, share in (endpoint.mirror_traffic or {}).items() if share), None),
    )


def split_of(endpoint: Any, deployments: Sequence[Any]) -> Traffic:
    """The split; of a stopped endpoint the one that it gets back."""
    held = stopped_split(endpoint)
    raw: Mapping[str, int] = held if held is not None else endpoint.traffic or {}
    there = [one.name for one in deployments]
    names = [*sorted(there), *(name for name in raw if name not in there)]
    shares = {name: int(raw.get(name) or 0) for name in names}
    return {name: share for name, share in shares.items() if share or name in there}


def stopped_split(endpoint: Any) -> Traffic | None:
    """What ``stop`` took away; None for an endpoint that is not stopped, or was given traffic by other means since."""
    said = (endpoint.tags or {}).get(ledger.STOPPED)
    if said is None or any((endpoint.traffic or {}).values()):
        return None
    try:
        return {str(name): int(share) for name, share in json.loads(said).items()}
    except (ValueError, TypeError, AttributeError):
        return None


def ledger_of(endpoint: Any, deployments: Sequence[Any]) -> tuple[LedgerEntry, ...]:
    """The ledger, with an entry at its end where the split was changed by other means."""
    known = ledger.entries(endpoint.tags or {})
    return ledger.with_outside(known, split_of(endpoint, deployments), models_of(deployments))


def models_of(deployments: Sequence[Any]) -> dict[str, str]:
    """Deployment -> ``name:version``."""
    return {one.name: model_of(one) for one in deployments}


def model_of(deployment: Any) -> str:
    """``name:version`` of its model: from the reference that the service holds, else from the tag."""
    reference = deployment.model if isinstance(deployment.model, str) else getattr(deployment.model, "id", None)
    if match := _MODEL_ID.search(reference or ""):
        return f"{match['name']}:{match['version']}"
    return str((deployment.tags or {}).get(MODEL, ""))


def provisioning_of(entity: Any) -> str:
    """Azure's word for how far it is; the SDK gives text in one place and an enum in another."""
    state = entity.provisioning_state
    return str(getattr(state, "value", state) or "")


def deployment_of(deployment: Any, traffic: int) -> Deployment:
    """One deployment. What it has answered is counted by Azure Monitor and is not in it; see ``monitor``."""
    tags = deployment.tags or {}
    provisioning = provisioning_of(deployment)
    state = _STATES.get(provisioning.lower(), DeploymentState.CREATING)
    return Deployment(
        name=deployment.name,
        model=model_of(deployment),
        digest=tags.get(DIGEST, ""),
        state=state,
        traffic=traffic,
        instance_type=deployment.instance_type or "",
        instance_count=int(deployment.instance_count or 1),
        environment=tags.get(ENVIRONMENT, OWN_ENVIRONMENT),
        created=tags.get(CREATED, ""),
        detail="" if state is DeploymentState.READY else f"Azure says {provisioning or 'nothing'}",
        terms=tags.get(TERMS, ""),
        scale=scaling.scale_of(tags),
    )


def _state(endpoint: Any, deployments: tuple[Deployment, ...]) -> EndpointState:
    provisioning = provisioning_of(endpoint).lower()
    held = [one.state for one in deployments if one.traffic]
    if provisioning in ("failed", "canceled") or any(state is not DeploymentState.READY for state in held):
        return EndpointState.DEGRADED
    if provisioning != "succeeded" or any(one.state is DeploymentState.CREATING for one in deployments):
        return EndpointState.UPDATING
    return EndpointState.RUNNING
