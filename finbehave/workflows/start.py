"""start: bring an endpoint, or one of its deployments, up again."""

from __future__ import annotations

from finbehave.backends.base import open_backend
from finbehave.domain.endpoint import Endpoint
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings


def start(deployment: str | None = None, *, settings: Settings | None = None, progress: Progress = QUIET) -> Endpoint:
    """Start the settings' endpoint with the traffic it had; what runs already stays as it is."""
    settings = settings or load_settings()
    serving = open_backend(settings, progress).serving
    with serving.exclusive(settings.endpoint):
        return serving.start(settings.endpoint, deployment, progress)
