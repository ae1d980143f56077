"""logs: what an endpoint and its deployments wrote, and what it means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from finbehave.backends.base import LogLine, open_backend
from finbehave.domain.diagnosis import Cause
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings


@dataclass(frozen=True)
class LogsResult:
    """``causes`` is None unless it was asked for."""

    endpoint: str
    lines: tuple[LogLine, ...]
    causes: tuple[Cause, ...] | None = None


def logs(
    deployment: str | None = None,
    *,
    tail: int | None = 200,
    since: float | None = None,
    explain: bool = False,
    settings: Settings | None = None,
    progress: Progress = QUIET,
) -> LogsResult:
    """The last lines of the settings' endpoint.

    Args:
        deployment: Only this one's; None for the endpoint's own and all of its deployments'.
        tail: At most so many lines; None for all.
        since: Not older than so many seconds.
        explain: Name the causes that the lines show, most likely first.
    """
    settings = settings or load_settings()
    serving = open_backend(settings, progress).serving
    lines = tuple(serving.logs(settings.endpoint, deployment=deployment, tail=tail, since=since))
    causes = None
    if explain:
        from finbehave.diagnosis.engine import explain as causes_of

        causes = causes_of(lines)
    return LogsResult(settings.endpoint, lines, causes)


def follow(
    deployment: str | None = None, *, settings: Settings | None = None, progress: Progress = QUIET
) -> Iterator[LogLine]:
    """Lines as they come, until the caller stops."""
    settings = settings or load_settings()
    return open_backend(settings, progress).serving.follow(settings.endpoint, deployment=deployment)
