"""stop: let an endpoint, or one of its deployments, answer no more, and keep everything."""

from __future__ import annotations

from finbehave.backends.base import open_backend
from finbehave.domain.endpoint import Endpoint
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings


def stop(deployment: str | None = None, *, settings: Settings | None = None, progress: Progress = QUIET) -> Endpoint:
    """Stop the settings' endpoint; nothing is deleted, and start brings back the same traffic."""
    settings = settings or load_settings()
    serving = open_backend(settings, progress).serving
    with serving.exclusive(settings.endpoint):
        return serving.stop(settings.endpoint, deployment)
