"""The logs of a deployment's two containers: what fetched the model, and what serves it.

Azure gives the last lines only, some minutes late, and nothing of a deployment that was deleted.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

from finbehave.backends.azure.client import Workspace
from finbehave.backends.base import LogLine
from finbehave.errors import NotFound, UsageError
from finbehave.redaction import without_references

CONTAINERS = ("storage-initializer", "inference-server")
"""In the order in which they run."""

MOST_LINES = 5_000
FOLLOW_EVERY = 5.0
LATE_SECONDS, LOOK_EVERY = 120.0, 5.0
"""For so long, and so often, the log of a deployment that has failed is asked for before it counts as empty."""

STARTED, SAID = "UserContainerStart: Succeeded", "Container logs:"

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:[.,](\d{1,6}))?")


def read(
    workspace: Workspace, endpoint: str, deployments: Sequence[str], *, tail: int | None, since: float | None
) -> tuple[LogLine, ...]:
    """The last lines of these deployments."""
    lines = [line for name in deployments for line in _of(workspace, endpoint, name, tail)]
    if since is not None:
        oldest = datetime.fromtimestamp(time.time() - since, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
        lines = [line for line in lines if not line.time or line.time >= oldest]
    return tuple(lines if tail is None else lines[-tail:])


def wait_for_failed(workspace: Workspace, endpoint: str, deployment: str) -> None:
    """Wait until the log of a deployment that has failed tells why, for a while."""
    seconds = min(LATE_SECONDS, workspace.patience.left)
    started = time.monotonic()
    task = f"the log of {deployment} is on its way"
    while not told(_fetch(workspace, endpoint, deployment, CONTAINERS[1], MOST_LINES)):
        waited = time.monotonic() - started
        if waited + LOOK_EVERY > seconds:
            return
        workspace.progress.advance(task, waited, seconds)
        time.sleep(LOOK_EVERY)
    workspace.progress.advance(task, 1, 1)


def told(text: str) -> bool:
    """Whether a log says how it ended: with words of the container, or with a container that never started."""
    return bool(text.strip()) and (STARTED not in text or bool(text.rpartition(SAID)[2].strip()))


def follow(workspace: Workspace, endpoint: str, deployments: Sequence[str]) -> Iterator[LogLine]:
    """Lines as Azure hands them out, until the caller stops."""
    seen: dict[str, tuple[LogLine, ...]] = {}
    while True:
        for name in deployments:
            now = _of(workspace, endpoint, name, 500)
            yield from _after(seen.get(name, ()), now)
            seen[name] = now
        time.sleep(FOLLOW_EVERY)


def _after(before: tuple[LogLine, ...], now: tuple[LogLine, ...]) -> tuple[LogLine, ...]:
    """What of ``now`` comes after the end of ``before``: a window that has moved on overlaps with the last one."""
    for size in range(min(len(before), len(now)), 0, -1):
        if before[-size:] == now[:size]:
            return now[size:]
    return now


def _of(workspace: Workspace, endpoint: str, deployment: str, tail: int | None) -> tuple[LogLine, ...]:
    found: list[LogLine] = []
    for container in CONTAINERS:
        text = _fetch(workspace, endpoint, deployment, container, min(tail or MOST_LINES, MOST_LINES))
        stamp = ""
        for line in text.splitlines():
            stamp = _stamp(line) or stamp  # a traceback's lines have no time of their own
            found.append(LogLine(stamp, deployment, line))
    return tuple(found)


def _fetch(workspace: Workspace, endpoint: str, deployment: str, container: str, lines: int) -> str:
    try:
        return workspace.ask(
            f"reading the log of {deployment}",
            lambda ml: without_references(
                str(
                    ml.online_deployments.get_logs(
                        name=deployment, endpoint_name=endpoint, lines=lines, container_type=container
                    )
                )
            ),
        )
    except NotFound:
        if container == CONTAINERS[0]:
            return ""  # that container has come and gone, or never was
        raise
    except UsageError:
        return ""  # a container that has not started is refused as a bad request


def _stamp(line: str) -> str:
    match = _TIME.search(line[:120])
    if match is None:
        return ""
    fraction = f".{match[3]}" if match[3] else ""
    return f"{match[1]}T{match[2]}{fraction}Z"
