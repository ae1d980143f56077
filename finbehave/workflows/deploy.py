"""deploy: a registered model to an endpoint, through its gates, with one decisive write of the traffic."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from finbehave.backends.base import Backend, TrafficWrite, open_backend
from finbehave.domain.check import CheckGroup
from finbehave.domain.endpoint import OWN_ENVIRONMENT, Endpoint, EndpointState, LedgerEntry, Traffic
from finbehave.errors import GateFailed, IncompatibleModel, NotFound
from finbehave.progress import QUIET, Progress, checking
from finbehave.settings import Settings, load_settings
from finbehave.workflows import gates, history
from finbehave.workflows.asked import Release, Strategy, checked_steps, kept_environment, resolve, verified
from finbehave.workflows.baking import Baking
from finbehave.workflows.colours import Choice, choose, steps_to
from finbehave.workflows.split import shares, split_at, split_text
from finbehave.workflows.terms import asked_terms
from finbehave.workflows.traffic import actor, write_traffic
from finbehave.workflows.undo import Undo

STEPS = (10, 50, 100)
TIMEOUT = 600.0


@dataclass(frozen=True)
class Action:
    """One thing that a deploy does or would do: its kind, for scripts, and words."""

    kind: Literal[
        "create-endpoint", "start-endpoint", "create-deployment", "replace-deployment", "check", "set-traffic", "cost"
    ]
    detail: str


@dataclass(frozen=True)
class DeployResult:
    """``plan`` is what was done, or with ``changed`` False what would be done or nothing.

    ``traffic`` is the split now, ``previous_traffic`` the one before; ``scoring_uri`` is None where there
    is no endpoint yet.
    """

    endpoint: str
    deployment: str
    model: str
    digest: str
    scoring_uri: str | None
    traffic: Traffic
    previous_traffic: Traffic
    revision: int
    changed: bool
    plan: tuple[Action, ...]
    seconds: float


def deploy(
    model: str,
    *,
    deployment: str | None = None,
    environment: str | None = None,
    variables: Mapping[str, str] | None = None,
    like: str | None = None,
    strategy: Strategy = "all-at-once",
    steps: Sequence[int] = STEPS,
    bake: float = 0.0,
    plan: bool = False,
    wait: bool = True,
    timeout: float = TIMEOUT,
    settings: Settings | None = None,
    progress: Progress = QUIET,
) -> DeployResult:
    """Deploy a model to the settings' endpoint.

    A failure before the first traffic write removes only what this deploy created; after it, the traffic goes back in
    one write. What is live already is left as it is. A deploy that was cut short is picked up where it stands.

    Args:
        model: ``name``, ``name:1.2.0`` or ``name@latest``.
        deployment: The deployment to use; None for the idle colour.
        environment: Another environment than the package's own: a file or a curated name.
        variables: Environment variables of the deployment, on Azure. A value may be a reference to a secret of a Key
            Vault, ``${{keyvault:https://…}}``; no value is shown or logged.
        like: A deployment whose variables and network are kept where it is there, so that a release can go on.
        strategy: All traffic in one write, or by ``steps``.
        steps: Rising percents; the last is 100.
        bake: Seconds to watch after each step, at least; the verdict of a canary waits for enough requests as long as
            ``timeout`` lets it. 0 watches nothing: golden records alone decide.
        plan: Change nothing and say what would change.
        wait: False: create the deployment at 0 % and return; the same deploy later goes on from there.
        timeout: Seconds that it may take until it answers.

    Raises:
        UsageError: words that are no model, no steps; a package or file instead of a registered model.
        NotFound: no such model.
        TamperedPackage, IncompatibleModel, UnsafeModel: nothing was created.
        ReleaseHeld: too little was seen to say whether it does as well; it stays, without traffic.
        DeploymentFailed, ReleaseAborted, GateFailed, TimedOut: the new deployment was removed, its logs kept; traffic
            is where it was.
        TrafficConflict: somebody else changed the traffic meanwhile; theirs stands.
        Interrupted: Ctrl-C; undone in the same way.
    """
    settings = settings or load_settings()
    percents = checked_steps(strategy, steps, bake)
    terms = asked_terms(settings, variables or {})
    backend = open_backend(settings, progress, timeout)
    found = resolve(model, backend.models)
    package = verified(found, backend.models, progress)
    environment = kept_environment(environment, settings.workspace)
    release = Release(found, package, deployment, environment, percents, bake, timeout, terms, like)
    work = _Deploy(backend, settings, progress, release)
    if plan:
        return work.planned()
    with backend.serving.exclusive(settings.endpoint):
        return work.run(wait=wait)


def unfinished(*, settings: Settings | None = None, progress: Progress = QUIET) -> tuple[str, str | None, str | None]:
    """Model, deployment and environment of the release that stopped on its way on the settings' endpoint.

    Raises:
        NotFound: there is none.
    """
    settings = settings or load_settings()
    serving = open_backend(settings, progress).serving
    found = history.unfinished(serving.ledger(settings.endpoint))
    if found is None:
        raise NotFound(
            f"no release of {settings.endpoint} stopped on its way",
            remedy=f"finbehave traffic ledger --endpoint {settings.endpoint} shows every step",
        )
    model, name = found
    there = serving.endpoint(settings.endpoint).deployment(name) if name else None
    environment = there.environment if there and there.environment != OWN_ENVIRONMENT else None
    return model, name, environment


# --- doing it -----------------------------------------------------------------------------------------------


@dataclass
class _Deploy:
    """One run of ``deploy``."""

    backend: Backend
    settings: Settings
    progress: Progress
    release: Release

    def __post_init__(self) -> None:
        self.serving = self.backend.serving
        self.name = self.settings.endpoint
        self.ref = self.release.ref
        self.package = self.release.package
        self.started = time.monotonic()

    def planned(self) -> DeployResult:
        """What would be done."""
        before = self._before()
        choice = self._choose(before)
        notes: Sequence[str] = ()
        if not choice.live:
            notes = self._preflight(choice)
            self._compatible(choice)
        actions = (*(Action("cost", line) for line in notes), *self._plan(choice, before))
        return self._result(choice, before, before, actions, changed=False)

    def run(self, *, wait: bool) -> DeployResult:
        """Do it, under the endpoint's lock."""
        before = self._before()
        choice = self._choose(before)
        if choice.live:
            self.progress.note(f"{self.ref} is live on {choice.name} already; nothing to change")
            if before is not None and before.state not in (EndpointState.STOPPED, EndpointState.DEAD):
                self.serving.ensure_endpoint(self.name, self.progress)
            return self._result(choice, before, before, (), changed=False)
        if before is not None and before.state is EndpointState.STOPPED:
            gates.endpoint_up(before)
        self._preflight(choice)
        self._compatible(choice)
        undo = Undo(
            self.backend, self.settings.workspace, self.name, self.ref, before, self.progress, self._beneath(choice)
        )
        with undo.on_failure():
            self._create(choice, undo)
            if wait:
                self._admit(choice)
                self._shift(choice, undo)
        after = self.serving.endpoint(self.name)
        return self._result(choice, before, after, self._plan(choice, before), changed=True)

    def _before(self) -> Endpoint | None:
        return self.serving.endpoint(self.name) if self.name in self.serving.endpoints() else None

    def _beneath(self, choice: Choice) -> LedgerEntry | None:
        """What stood before the canary that this goes on with, if it does."""
        if not choice.share:
            return None
        return history.beneath(self.serving.ledger(self.name))

    def _choose(self, before: Endpoint | None) -> Choice:
        try:
            return choose(before, self.release.spec("", self.settings), self.release.deployment)
        except GateFailed as error:  # both colours hold traffic
            if release := history.under_way(self.serving.ledger(self.name)):
                error.message += f": the release of {release.model} on {release.deployment} is at {release.percent} %"
                error.remedy = f"{history.ways_on(self.name)}; then run the command again"
            raise

    def _preflight(self, choice: Choice) -> Sequence[str]:
        """What the place needs before anything is created there."""
        return (
            ()
            if choice.same
            else self.serving.preflight(self.name, self.release.spec(choice.name, self.settings), self.progress)
        )

    def _create(self, choice: Choice, undo: Undo) -> None:
        self.serving.ensure_endpoint(self.name, self.progress)
        if choice.same:
            further = f" with {choice.share} % of the traffic, and goes on from there" if choice.share else ""
            self.progress.note(f"{choice.name} carries {self.ref} already{further or ' and is used as it is'}")
            return
        spec = self.release.spec(choice.name, self.settings)
        with checking(self.progress, f"{spec.name} is created", CheckGroup.INTEGRATION) as check:
            undo.created[spec.name] = self.package
            self.serving.create_deployment(self.name, spec, self.progress)
            check.detail = f"{self.ref} at 0 % of the traffic"

    def _admit(self, choice: Choice) -> None:
        """It answers, and as in training, before any client reaches it."""
        gates.ready(self.serving, self.name, choice.name, self.release.timeout, self.progress)
        self._golden(choice)

    def _golden(self, choice: Choice) -> None:
        gates.golden(self.serving, self.name, choice.name, self.ref, self.package, self.progress)

    def _shift(self, choice: Choice, undo: Undo) -> None:
        """Give it the traffic, step by step, each followed by its gates and, with a bake, by its verdict."""
        revision, traffic = undo.revision, undo.before.traffic if undo.before else {}
        steps = steps_to(undo.before, choice, self.release.steps)
        baking = Baking(self.serving, choice.name, self.release.bake, self.release.timeout, self.progress)
        for share, following in zip(steps, (*steps[1:], 0), strict=True):
            reason = history.released(self.ref, choice.name, share, baking.decided)
            undo.reasons.add(reason)
            split = split_at(traffic, choice.name, share)
            entry = write_traffic(self.serving, TrafficWrite(self.name, split, revision, actor(), reason))
            revision = entry.revision
            written = gates.Written(self.name, split, revision)
            gates.read_back(self.serving, written, choice.name, self.progress)
            self._golden(choice)
            if self.release.bake:
                try:
                    baking.step(written, following)
                finally:
                    undo.decided = baking.decided
        gates.routed(self.serving, self.name, choice.name, self.ref, self.package, self.progress)

    def _compatible(self, choice: Choice) -> None:
        """The verdict, before anything is created. On this machine the deployment itself, at 0 %, is the trial."""
        from finbehave.workflows.judging import judge, refusal

        path, environment = self.package.path, self.release.environment
        report = judge(path, environment, probe=self.backend.elsewhere, settings=self.settings, progress=self.progress)
        if self.backend.elsewhere and self.settings.rehearsal and not choice.same and refusal(self.ref, report) is None:
            from finbehave.workflows.rehearsing import rehearse, with_rehearsal

            report = with_rehearsal(report, rehearse(path, environment, self.settings, self.progress))
        if (refused := refusal(self.ref, report)) is not None:
            if environment is not None and isinstance(refused, IncompatibleModel):
                refused.remedy = f"leave out --environment, so that it runs in its own; or {refused.remedy}"
            raise refused

    # --- what is told -------------------------------------------------------------------------------------

    def _plan(self, choice: Choice, before: Endpoint | None) -> tuple[Action, ...]:
        return tuple(self._actions(choice, before)) if not choice.live else ()

    def _actions(self, choice: Choice, before: Endpoint | None) -> Iterator[Action]:
        if before is None:
            yield Action("create-endpoint", f"create the endpoint {self.name}")
        elif before.state is EndpointState.DEAD:
            yield Action("start-endpoint", f"start {self.name} again")
        if choice.there is None:
            yield Action("create-deployment", f"create {choice.name} with {self.ref} at 0 % of the traffic")
        elif not choice.same:
            yield Action("replace-deployment", f"replace {choice.there.model} on {choice.name} with {self.ref} at 0 %")
        rows = len(self.package.golden.rows)
        yield Action("check", f"wait until {choice.name} is ready and answers {rows} golden records as in training")
        traffic = before.traffic if before else {}
        for share in steps_to(before, choice, self.release.steps):
            after = split_at(traffic, choice.name, share)
            watched = f", watched for {self.release.bake:g} s" if self.release.bake else ""
            yield Action("set-traffic", f"{split_text(traffic)} becomes {split_text(after)}{watched}")
            traffic = after

    def _result(
        self,
        choice: Choice,
        before: Endpoint | None,
        after: Endpoint | None,
        plan: tuple[Action, ...],
        *,
        changed: bool,
    ) -> DeployResult:
        return DeployResult(
            endpoint=self.name,
            deployment=choice.name,
            model=self.ref,
            digest=self.release.model.digest,
            scoring_uri=after.scoring_uri if after else None,
            traffic=shares(after.traffic) if after else {},
            previous_traffic=shares(before.traffic) if before else {},
            revision=after.revision if after else 0,
            changed=changed,
            plan=plan,
            seconds=round(time.monotonic() - self.started, 3),
        )
