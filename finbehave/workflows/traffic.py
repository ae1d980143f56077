"""traffic: how requests are split, changing that in one write, and the ledger of every change."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from finbehave.backends.base import Serving, TrafficWrite, open_backend
from finbehave.domain.endpoint import Endpoint, LedgerEntry, Mirror, Traffic
from finbehave.errors import FinbehaveError, NotFound, TrafficConflict, Unavailable, UsageError
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings
from finbehave.workflows import gates, history
from finbehave.workflows.split import shares, split_text

MOST_MIRRORED = 50
"""Percent: Azure takes no more (its documentation of mirrored traffic)."""


@dataclass(frozen=True)
class TrafficResult:
    """The split as it is now, without deployments that hold nothing. ``changed``: something had to be written."""

    endpoint: str
    traffic: Traffic
    revision: int
    previous_traffic: Traffic
    changed: bool
    mirror: Mirror | None = None


@dataclass(frozen=True)
class LedgerResult:
    """Every change of traffic, oldest first."""

    endpoint: str
    entries: tuple[LedgerEntry, ...]


def show_traffic(*, settings: Settings | None = None, progress: Progress = QUIET) -> TrafficResult:
    """The split of the settings' endpoint."""
    settings = settings or load_settings()
    now = open_backend(settings, progress).serving.endpoint(settings.endpoint)
    return TrafficResult(now.name, shares(now.traffic), now.revision, shares(now.traffic), False, now.mirror)


def show_ledger(*, settings: Settings | None = None, progress: Progress = QUIET) -> LedgerResult:
    """The ledger of the settings' endpoint."""
    settings = settings or load_settings()
    return LedgerResult(settings.endpoint, tuple(open_backend(settings, progress).serving.ledger(settings.endpoint)))


def set_traffic(
    split: Mapping[str, int], *, reason: str = "", settings: Settings | None = None, progress: Progress = QUIET
) -> TrafficResult:
    """Change the split by hand, in one write; deployments that are not named get nothing.

    Each deployment that is given more than it has must be ready and answer its golden records first. It takes no lock:
    a person may overrule a release under way, which then notices and lets this split stand.

    Args:
        split: Deployment -> percent; the percents sum to 100, or to 0 to take the endpoint out of service.
        reason: What the ledger keeps of why.

    Raises:
        UsageError: percents that are none, or do not sum to 100.
        NotFound: no such endpoint or deployment.
        GateFailed: a deployment that is to get traffic is not ready or answers otherwise than in training.
        TrafficConflict: somebody else changed the traffic meanwhile.
    """
    settings = settings or load_settings()
    backend = open_backend(settings, progress)
    now = backend.serving.endpoint(settings.endpoint)
    _check(split, now)
    gates.endpoint_up(now)
    wanted = {one.name: split.get(one.name, 0) for one in now.deployments}
    if shares(wanted) == shares(now.traffic):
        return TrafficResult(now.name, shares(now.traffic), now.revision, shares(now.traffic), changed=False)
    for one in now.deployments:
        if wanted[one.name] > now.traffic.get(one.name, 0):
            gates.healthy(now, one.name, progress)
            package = gates.verified(backend.models, one.model)
            gates.golden(backend.serving, now.name, one.name, one.model, package, progress)
    write = TrafficWrite(now.name, wanted, now.revision, actor(), history.by_hand(reason))
    entry = write_traffic(backend.serving, write)
    return TrafficResult(now.name, shares(entry.traffic), entry.revision, shares(now.traffic), changed=True)


def mirror_traffic(
    deployment: str, percent: int, *, settings: Settings | None = None, progress: Progress = QUIET
) -> TrafficResult:
    """Let a deployment without traffic answer copies of requests, to see how it would do. Clients see none of it.

    Args:
        deployment: One that is ready and holds no traffic.
        percent: Of the requests, at most 50, as on Azure; 0 ends it.

    Raises:
        UsageError: a share that is none, or a deployment that has traffic.
        NotFound: no such endpoint or deployment.
        DeploymentFailed: it is not ready.
    """
    settings = settings or load_settings()
    serving = open_backend(settings, progress).serving
    now = serving.endpoint(settings.endpoint)
    _check({deployment: 0}, now)
    if not 0 <= percent <= MOST_MIRRORED:
        raise UsageError(
            f"{deployment}={percent}: at most {MOST_MIRRORED} percent of the requests are mirrored",
            remedy=f"finbehave traffic mirror {deployment}=10",
        )
    if percent:
        if now.traffic.get(deployment):
            raise UsageError(
                f"{deployment} holds traffic, and so answers clients already",
                remedy=f"finbehave status --endpoint {now.name} shows which deployment does not",
            )
        gates.healthy(now, deployment, progress)
    changed = (now.mirror.percent if now.mirror and now.mirror.deployment == deployment else 0) != percent
    if changed:
        serving.set_mirror(now.name, deployment, percent)
    after = serving.endpoint(now.name)
    held = shares(after.traffic)
    return TrafficResult(after.name, held, after.revision, held, changed, after.mirror)


def _check(split: Mapping[str, int], now: Endpoint) -> None:
    for name in split:
        if now.deployment(name) is None:
            there = ", ".join(one.name for one in now.deployments) or "none"
            raise NotFound(
                f"{now.name} has no deployment {name}; there is: {there}",
                remedy=f"finbehave status --endpoint {now.name}",
            )
    if any(not 0 <= share <= 100 for share in split.values()) or sum(split.values()) not in (0, 100):
        said = " ".join(f"{name}={share}" for name, share in split.items())
        raise UsageError(f"{said}: the percents must sum to 100", remedy="finbehave traffic set blue=90 green=10")


# --- writing it, for every verb that does -------------------------------------------------------------------


def actor() -> str:
    """Who is at work, for the ledger: ``user@host``."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def write_traffic(serving: Serving, write: TrafficWrite) -> LedgerEntry:
    """Write once, and where the answer is lost look whether the write arrived.

    Raises:
        TrafficConflict: somebody else came first; theirs stands.
        Unavailable: the write did not arrive, or nobody can say whether it did.
    """
    try:
        return serving.set_traffic(write)
    except TrafficConflict as error:
        raise _conflict(serving, write) from error
    except Unavailable as error:
        if entry := _arrived(serving, write):
            return entry
        raise _lost(serving, write, error) from error


def _arrived(serving: Serving, write: TrafficWrite) -> LedgerEntry | None:
    """Our entry, if the ledger has it as the newest."""
    try:
        newest = serving.ledger(write.endpoint)[-1:]
    except FinbehaveError:
        return None
    ours = [one for one in newest if one.revision > write.expected and is_ours(one, write.actor, write.reason)]
    return ours[0] if ours and shares(ours[0].traffic) == shares(write.traffic) else None


def is_ours(entry: LedgerEntry, who: str, reason: str) -> bool:
    """Whether an entry was written by this person for this reason."""
    return entry.actor == who and entry.reason == reason


def _conflict(serving: Serving, write: TrafficWrite) -> TrafficConflict:
    newest = serving.ledger(write.endpoint)[-1:]
    theirs = f"{newest[0].actor} ({newest[0].reason})" if newest else "somebody else"
    stands = f"; {split_text(newest[0].traffic)} stands" if newest else ""
    return TrafficConflict(
        f"the traffic of {write.endpoint} was changed meanwhile by {theirs}{stands}",
        remedy=f"finbehave traffic ledger --endpoint {write.endpoint}, then run the command again",
    )


def _lost(serving: Serving, write: TrafficWrite, error: Unavailable) -> Unavailable:
    try:
        now = f"it is {split_text(serving.endpoint(write.endpoint).traffic)}"
    except FinbehaveError:
        now = "what it is now cannot be read"
    return type(error)(
        f"the traffic of {write.endpoint} could not be changed: {error.message}; {now}",
        remedy=f"finbehave traffic show --endpoint {write.endpoint}, then run the command again",
    )
