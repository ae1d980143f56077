"""status: every endpoint, its traffic and how its deployments do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from finbehave.backends.base import Serving, open_backend
from finbehave.domain.endpoint import Endpoint
from finbehave.monitoring.objectives import Objective, objectives
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings
from finbehave.workflows.history import UnderWay, under_way
from finbehave.workflows.split import shares


@dataclass(frozen=True)
class StatusResult:
    """Endpoints by name, and endpoint -> what it is to hold to.

    ``under_way`` has the endpoints that are in the middle of a release, or were left there by one that was ended.
    """

    endpoints: tuple[Endpoint, ...]
    objectives: dict[str, tuple[Objective, ...]]
    under_way: dict[str, UnderWay]


def status(
    endpoint: str | None = None, *, settings: Settings | None = None, progress: Progress = QUIET
) -> StatusResult:
    """One endpoint, or all there are."""
    return next(looks(endpoint, settings=settings, progress=progress))


def looks(
    endpoint: str | None = None, *, settings: Settings | None = None, progress: Progress = QUIET
) -> Iterator[StatusResult]:
    """The status whenever the next one is asked for, without an end."""
    serving = open_backend(settings or load_settings(), progress).serving
    while True:
        yield _look(serving, endpoint)


def _look(serving: Serving, endpoint: str | None) -> StatusResult:
    names = [endpoint] if endpoint else serving.endpoints()
    found = tuple(serving.measured(serving.endpoint(name)) for name in names)
    split = [one.name for one in found if len(shares(one.traffic)) > 1]
    releases = {name: under_way(serving.ledger(name)) for name in split}
    return StatusResult(
        found,
        {one.name: objectives(one.deployments) for one in found},
        {name: release for name, release in releases.items() if release},
    )
