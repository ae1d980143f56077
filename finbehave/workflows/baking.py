"""Watching a step of a release: is the new colour ready still, and does it do as well as the old one beside it?

``--bake`` is how long at least; a verdict that needs more requests is waited for as long as ``--timeout`` lets it, if
requests come fast enough. Where the backend cannot say what was answered, and where no time to watch was given, only
readiness, the split and the golden records decide.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from finbehave.backends.base import Serving
from finbehave.domain.check import CheckGroup
from finbehave.domain.observed import Observed
from finbehave.errors import ReleaseAborted, ReleaseHeld
from finbehave.monitoring.canary import Decision, Trial, Verdict, judge_alone
from finbehave.progress import OpenCheck, Progress, checking
from finbehave.workflows import gates
from finbehave.workflows.gates import Written
from finbehave.workflows.split import shares

LOOK_EVERY = 1.0
"""Seconds between looks."""

QUIET_SECONDS = 5.0
"""So long, at least, without any request means that none will come."""

LONGEST_REASON = 160
"""Characters of a verdict that the ledger keeps."""


@dataclass
class Baking:
    """The watch over one release of ``deployment``, step by step.

    ``decided`` is the last verdict in the ledger's words, empty before the first; ``ours`` and ``theirs`` are what was
    seen of both since the release began.
    """

    serving: Serving
    deployment: str
    seconds: float
    patience: float
    progress: Progress
    decided: str = ""
    trial: Trial = field(default_factory=Trial)
    ours: Observed = field(default_factory=Observed)
    theirs: Observed = field(default_factory=Observed)
    began: float = field(default_factory=time.monotonic)

    def step(self, written: Written, following: int) -> None:
        """Watch one step, and return when the next may come.

        Args:
            following: Percent that the deployment gets next; 0 after the last step.

        Raises:
            ReleaseAborted: it is worse than the other.
            ReleaseHeld: nobody can say.
            TrafficConflict, DeploymentFailed, EndpointUnhealthy: the split or the deployment did not stay.
        """
        share = written.traffic[self.deployment]
        name = f"{self.deployment} at {share} % for {self.seconds:g} s"
        with checking(self.progress, name, CheckGroup.END_TO_END) as check:
            look = _Look(self, written, following)
            verdict = look.until_decided()
            if verdict is not None:
                self.ours, self.theirs = look.ours, look.theirs
                self._conclude(verdict, share, check)

    def _conclude(self, verdict: Verdict, share: int, check: OpenCheck) -> None:
        done = {Decision.PROMOTE: "promoted", Decision.HOLD: "held", Decision.ABORT: "aborted"}[verdict.decision]
        self.decided = f"{done} at {share} %: {verdict.why}"[:LONGEST_REASON]
        check.detail = f"{verdict.decision.value}: {verdict.why}; {verdict.requests:,} requests"
        if verdict.decision is Decision.ABORT:
            raise ReleaseAborted(
                f"{self.deployment} does worse at {share} % of the traffic, after {verdict.requests:,} requests: "
                f"{verdict.why}",
                remedy="find out what differs with finbehave logs --explain on the kept log",
            )
        if verdict.decision is Decision.HOLD:
            raise ReleaseHeld(
                f"{self.deployment} is held at {share} % of the traffic: {verdict.why}{_wanting(verdict)}",
                remedy="finbehave deploy --resume when more requests come, or with a longer --timeout",
            )


def _wanting(verdict: Verdict) -> str:
    if verdict.more is None:
        return f" ({verdict.requests:,} requests; more of them would not decide it)"
    return f" ({verdict.requests:,} requests, and about {verdict.more:,} more are needed)"


@dataclass
class _Look:
    """One step under watch; ``ours`` and ``theirs`` go on from what the steps before have seen."""

    baking: Baking
    written: Written
    following: int

    def __post_init__(self) -> None:
        self.serving = self.baking.serving
        # after the golden records of this step, which are no client's requests
        self._before = self._observed()
        self._started = time.monotonic()
        self.ours, self.theirs = self.baking.ours, self.baking.theirs

    def until_decided(self) -> Verdict | None:
        """The verdict that ends the step; None where the backend cannot say what was answered."""
        while True:
            spent = time.monotonic() - self._started
            self.baking.progress.advance(f"watching {self.baking.deployment}", min(spent, self._long), self._long)
            verdict = self._verdict()
            if verdict is not None and verdict.decision is Decision.ABORT:
                return verdict
            if spent >= self._long and (verdict is None or self._over(verdict, spent)):
                return verdict
            time.sleep(min(LOOK_EVERY, max(0.05, self._long - spent)))
            gates.still(self.serving, self.written, self.baking.deployment)

    def _observed(self) -> Mapping[str, Observed]:
        """Until now, with the samples of the whole release."""
        return self.serving.observe(self.written.endpoint, time.monotonic() - self.baking.began)

    @property
    def _long(self) -> float:
        return self.baking.seconds

    def _verdict(self) -> Verdict | None:
        now = self._observed()
        if not now:
            return None
        self.ours = self._of(now, self.baking.deployment).after(self.baking.ours)
        other = self._other()
        if not self.following or other is None:
            return judge_alone(self._of(now, self.baking.deployment))
        self.theirs = self._of(now, other).after(self.baking.theirs)
        return self.baking.trial.look(self.ours, self.theirs, self.following / 100)

    def _of(self, now: Mapping[str, Observed], name: str) -> Observed:
        return now.get(name, Observed()).since(self._before.get(name, Observed()))

    def _other(self) -> str | None:
        """Whoever holds most of the rest of the traffic."""
        rest = {name: held for name, held in shares(self.written.traffic).items() if name != self.baking.deployment}
        return max(rest, key=rest.__getitem__) if rest else None

    def _over(self, verdict: Verdict, spent: float) -> bool:
        """Whether waiting longer is of no use."""
        if verdict.decision is not Decision.HOLD or verdict.more is None:
            return True
        left, came = self.baking.patience - spent, self.ours.requests
        if not came:
            return spent >= QUIET_SECONDS
        return left <= 0 or verdict.more - (came - verdict.requests) > came / spent * left
