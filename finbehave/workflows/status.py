"""status: every endpoint, its traffic and how its deployments do."""

from __future__ import annotations

from dataclasses import dataclass

from finbehave.backends.base import open_backend
from finbehave.domain.endpoint import Endpoint
from finbehave.monitoring.objectives import Objective, objectives
from finbehave.settings import Settings, load_settings


@dataclass(frozen=True)
class StatusResult:
    """Endpoints by name, and endpoint -> what it is to hold to."""

    endpoints: tuple[Endpoint, ...]
    objectives: dict[str, tuple[Objective, ...]]


def status(endpoint: str | None = None, *, settings: Settings | None = None) -> StatusResult:
    """One endpoint, or all there are."""
    serving = open_backend(settings or load_settings()).serving
    names = [endpoint] if endpoint else serving.endpoints()
    found = tuple(serving.endpoint(name) for name in names)
    return StatusResult(found, {one.name: objectives(one.deployments) for one in found})
