"""keys: what opens an endpoint."""

from __future__ import annotations

from typing import Literal

from finbehave.backends.base import open_backend
from finbehave.domain.endpoint import Keys
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings


def show_keys(*, settings: Settings | None = None, progress: Progress = QUIET) -> Keys:
    """Both keys of the settings' endpoint."""
    settings = settings or load_settings()
    return open_backend(settings, progress).serving.keys(settings.endpoint)


def rotate_key(
    which: Literal["primary", "secondary"] = "primary", *, settings: Settings | None = None, progress: Progress = QUIET
) -> Keys:
    """Replace one key; clients that use the other notice nothing."""
    settings = settings or load_settings()
    return open_backend(settings, progress).serving.rotate_key(settings.endpoint, which)
