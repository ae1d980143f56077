"""Putting back what a release has done, when it fails or is interrupted.

What was written is read from the ledger, not remembered: a write whose answer was lost counts too. Somebody else's
write stands. The logs of a deployment are kept before it is removed.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from finbehave.backends.base import Backend, TrafficWrite
from finbehave.domain.diagnosis import Cause
from finbehave.domain.endpoint import Deployment, Endpoint, LedgerEntry, Traffic
from finbehave.errors import DeploymentFailed, FinbehaveError, Interrupted, ReleaseHeld, StillRunning, TimedOut
from finbehave.packaging.package import Package
from finbehave.progress import Progress
from finbehave.workflows import gates, history
from finbehave.workflows.bundle import LOG, keep_bundle
from finbehave.workflows.split import shares, split_text
from finbehave.workflows.traffic import actor, is_ours, write_traffic

EXPLAINED_LINES = 2000
READ_LOGS = "finbehave logs "
"""How a remedy begins that says to read the log of a deployment; of one that was removed, the bundle has it."""

LONGEST_FAULT = 280
"""Characters of a message that are kept in front of what was undone, so that the whole stays within 600."""


@dataclass(frozen=True)
class Refused:
    """What a release that failed leaves behind; ``bundle`` is None where no deployment was removed."""

    endpoint: str
    model: str
    traffic: Traffic
    revision: int
    bundle: Path | None
    causes: tuple[Cause, ...]


@dataclass
class Undo:
    """What a release has done so far: the ``reasons`` of its traffic writes, and the deployments it ``created``.

    ``before`` is the endpoint as the release found it; None where there was none. ``beneath`` is what stood before a
    release that goes on with one that was cut short.
    """

    backend: Backend
    workspace: Path
    endpoint: str
    model: str
    before: Endpoint | None
    progress: Progress
    beneath: LedgerEntry | None = None
    reasons: set[str] = field(default_factory=set)
    created: dict[str, Package] = field(default_factory=dict)
    decided: str = ""
    """The last verdict on it, in the ledger's words."""

    @property
    def traffic(self) -> Traffic:
        """The split to go back to."""
        if self.beneath is not None:
            return self.beneath.traffic
        return self.before.traffic if self.before else {}

    @property
    def revision(self) -> int:
        """The revision as the release found it."""
        return self.before.revision if self.before else 0

    @contextmanager
    def on_failure(self) -> Iterator[None]:
        """Run a release; whatever ends it early is raised again when everything is back, and says what was undone."""
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            if isinstance(error, StillRunning) and not self.reasons:  # before any traffic: it is left to go on
                raise
            with uninterrupted():
                refusal = _PuttingBack(self, error).run()
            if refusal is error:
                raise
            raise refusal from error


class _PuttingBack:
    """One undoing, step by step, each telling in words what came of it."""

    def __init__(self, undo: Undo, error: BaseException) -> None:
        self.undo = undo
        self.error = error
        self.serving = undo.backend.serving
        self.said: list[str] = []
        self.causes: tuple[Cause, ...] = ()
        self.bundle: Path | None = None

    def run(self) -> BaseException:
        """Put everything back; the error to raise in place of the one that came."""
        try:
            self._traffic_back()
            self._remove_created()
        except FinbehaveError as error:
            self.said.append(f"Putting back stopped: {error.message}")
        return self._told()

    # --- traffic ------------------------------------------------------------------------------------------

    def _traffic_back(self) -> None:
        undo = self.undo
        if undo.before is None and undo.endpoint not in self.serving.endpoints():
            return
        written = [one for one in self.serving.ledger(undo.endpoint) if one.revision > undo.revision]
        theirs = [one for one in written if not self._ours(one)]
        if theirs:
            last = theirs[-1]
            self.said.append(f"{last.actor} changed the traffic meanwhile; {split_text(last.traffic)} stands.")
        elif written or undo.beneath:
            self._write_back(written[-1].revision if written else undo.revision)
        elif undo.before:
            self.said.append(f"The traffic was not touched: {split_text(undo.traffic)}.")

    def _ours(self, entry: LedgerEntry) -> bool:
        return any(is_ours(entry, actor(), reason) for reason in self.undo.reasons)

    def _write_back(self, newest: int) -> None:
        undo = self.undo
        back_to = undo.beneath.revision if undo.beneath else undo.revision
        reason = history.undone(back_to, f"release of {undo.model}" + (f", {undo.decided}" if undo.decided else ""))
        write_traffic(self.serving, TrafficWrite(undo.endpoint, undo.traffic, newest, actor(), reason))
        now = self.serving.endpoint(undo.endpoint)
        if shares(now.traffic) != shares(undo.traffic):
            self.said.append(f"The traffic was written back and reads {split_text(now.traffic)}.")
            return
        self._score(now)

    def _score(self, now: Endpoint) -> None:
        """Ask whoever holds the traffic again, so that back means back in service."""
        back = f"The traffic is back at {split_text(now.traffic)}"
        try:
            for name in shares(now.traffic):
                held = gates.healthy(now, name, self.undo.progress)
                package = gates.verified(self.undo.backend.models, held.model)
                gates.golden(self.serving, now.name, name, held.model, package, self.undo.progress)
        except FinbehaveError as error:
            self.said.append(f"{back}, but does not pass its checks: {error.message}.")
        else:
            self.said.append(f"{back}.")

    # --- deployments --------------------------------------------------------------------------------------

    def _remove_created(self) -> None:
        undo = self.undo
        if undo.before is None and undo.endpoint not in self.serving.endpoints():
            return
        now = self.serving.endpoint(undo.endpoint)
        for name, package in undo.created.items():
            there = now.deployment(name)
            if there is None or self._was_there(there):
                continue
            if isinstance(self.error, ReleaseHeld):
                self.said.append(f"{name} stays at 0 %.")
                continue
            if now.traffic.get(name, 0):
                self.said.append(f"{name} holds traffic and was left as it is.")
                continue
            self._explain(name)
            self.bundle = keep_bundle(self.serving, undo.workspace, now.name, name, package, _words(self.error))
            self.serving.delete_deployment(now.name, name)
            self.said.append(f"{name} was removed; its logs are in {self.bundle}.")
        if undo.before is None and not self.serving.endpoint(undo.endpoint).deployments:
            self.serving.delete_endpoint(undo.endpoint)

    def _was_there(self, deployment: Deployment) -> bool:
        """Whether it is the one that the release found, and had not replaced yet."""
        old = self.undo.before.deployment(deployment.name) if self.undo.before else None
        return old is not None and (old.created, old.digest) == (deployment.created, deployment.digest)

    def _explain(self, name: str) -> None:
        if self.causes or not isinstance(self.error, (DeploymentFailed, TimedOut)):
            return
        from finbehave.diagnosis.engine import explain

        self.causes = explain(self.serving.logs(self.undo.endpoint, deployment=name, tail=EXPLAINED_LINES))

    # --- what is said -------------------------------------------------------------------------------------

    def _told(self) -> BaseException:
        undone = " ".join(self.said)
        if isinstance(self.error, (KeyboardInterrupt, StillRunning)):
            return Interrupted(f"interrupted. {undone}", result=self._refused())
        if not isinstance(self.error, FinbehaveError):
            self.undo.progress.note(undone)
            return self.error
        fault, remedy = self.error.message, self.error.remedy
        if self.causes:
            title, remedy = self.causes[0].title, self.causes[0].remedy
            fault = f"{_cut(fault, LONGEST_FAULT - len(title))}: {title}"
        elif self.bundle and remedy.startswith(READ_LOGS):
            remedy = f"finbehave troubleshoot --file {self.bundle / LOG}"
        self.error.message = f"{_cut(fault)}. {undone}"
        self.error.remedy = remedy
        self.error.result = self.error.result or self._refused()
        return self.error

    def _refused(self) -> Refused | None:
        undo = self.undo
        try:
            now = self.serving.endpoint(undo.endpoint)
        except FinbehaveError:
            return Refused(undo.endpoint, undo.model, undo.traffic, undo.revision, self.bundle, self.causes)
        return Refused(undo.endpoint, undo.model, now.traffic, now.revision, self.bundle, self.causes)


def _words(error: BaseException) -> str:
    return error.message if isinstance(error, FinbehaveError) else f"{type(error).__name__}: {error}".rstrip(": ")


def _cut(fault: str, most: int = LONGEST_FAULT) -> str:
    text = fault.rstrip(". ")
    return text if len(text) <= most else text[: max(most, 1) - 1] + "…"


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C and the like wait: putting back takes seconds and must not stop in the middle."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # A handler, not SIG_IGN: processes that are started meanwhile would inherit that.
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
