"""delete: remove an endpoint, or one of its deployments that holds no traffic."""

from __future__ import annotations

from dataclasses import dataclass

from finbehave.backends.base import open_backend
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings


@dataclass(frozen=True)
class DeleteResult:
    """What was removed; ``deployment`` is None when the whole endpoint went."""

    endpoint: str
    deployment: str | None
    deleted: bool


def delete(
    deployment: str | None = None, *, settings: Settings | None = None, progress: Progress = QUIET
) -> DeleteResult:
    """Remove the settings' endpoint with all its deployments, or the one deployment that is named."""
    settings = settings or load_settings()
    serving = open_backend(settings, progress).serving
    with serving.exclusive(settings.endpoint):
        if deployment is None:
            serving.delete_endpoint(settings.endpoint)
        else:
            serving.delete_deployment(settings.endpoint, deployment)
    return DeleteResult(settings.endpoint, deployment, deleted=True)
