"""rollback: the traffic back to an earlier release, in one write, when that release is healthy."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from finbehave.backends.base import Backend, Serving, TrafficWrite, open_backend
from finbehave.domain.check import CheckGroup
from finbehave.domain.endpoint import Deployment, DeploymentSpec, DeploymentState, Endpoint, LedgerEntry, Traffic
from finbehave.domain.model import ModelRef
from finbehave.packaging.package import Package
from finbehave.progress import QUIET, Progress, checking
from finbehave.settings import Settings, load_settings
from finbehave.workflows import gates, history
from finbehave.workflows.colours import idle_colour
from finbehave.workflows.split import shares, split_text
from finbehave.workflows.traffic import actor, write_traffic
from finbehave.workflows.undo import Undo

TIMEOUT = 600.0


@dataclass(frozen=True)
class RollbackResult:
    """``model`` is the one with the most traffic now; ``restored`` the revision gone back to."""

    endpoint: str
    traffic: Traffic
    previous_traffic: Traffic
    model: str
    revision: int
    restored: int
    changed: bool
    seconds: float


@dataclass(frozen=True)
class Aim:
    """What a rollback goes back to, before anything is done."""

    entry: LedgerEntry
    now: Endpoint

    @property
    def words(self) -> str:
        """For the question that a person is asked."""
        models = ", ".join(f"{name} {share} % {model}" for name, (model, share) in history.serves(self.entry).items())
        return f"{self.now.name} from {split_text(self.now.traffic)} back to revision {self.entry.revision} ({models})"


def aim(to: int | None = None, *, settings: Settings | None = None, progress: Progress = QUIET) -> Aim:
    """What ``rollback`` would go back to.

    Raises:
        NotFound: no such endpoint or revision, or nothing to go back to.
    """
    settings = settings or load_settings()
    return _aim(open_backend(settings, progress).serving, settings.endpoint, to)


def _aim(serving: Serving, endpoint: str, to: int | None) -> Aim:
    ledger = serving.ledger(endpoint)
    entry = history.previous(ledger) if to is None else history.entry_at(ledger, to)
    return Aim(entry, serving.endpoint(endpoint))


def rollback(
    to: int | None = None,
    *,
    timeout: float = TIMEOUT,
    settings: Settings | None = None,
    progress: Progress = QUIET,
) -> RollbackResult:
    """Give the traffic back to the release before the current one, or to what a revision served.

    A deployment that still runs is only asked its golden records; one that is gone, or was replaced, is deployed again
    from the registry, on a colour that holds no traffic. A second rollback goes further back.

    Args:
        to: A revision of the ledger; None for the release before the current one.
        timeout: Seconds that a deployment may take until it answers, where one has to be started.

    Raises:
        NotFound: no such endpoint or revision, or nothing to go back to.
        GateFailed, DeploymentFailed, EndpointUnhealthy: the earlier release is not healthy; traffic is where it was.
        TrafficConflict: somebody else changed the traffic meanwhile; theirs stands.
    """
    started = time.monotonic()
    settings = settings or load_settings()
    backend = open_backend(settings, progress, timeout)
    with backend.serving.exclusive(settings.endpoint):
        target = _aim(backend.serving, settings.endpoint, to)
        work = _Rollback(backend, settings, progress, target, timeout)
        revision, traffic = work.run()
    most = max(history.serves(target.entry).values(), key=lambda served: served[1])
    return RollbackResult(
        endpoint=settings.endpoint,
        traffic=traffic,
        previous_traffic=shares(target.now.traffic),
        model=most[0],
        revision=revision,
        restored=target.entry.revision,
        changed=revision != target.now.revision,
        seconds=round(time.monotonic() - started, 3),
    )


@dataclass
class _Rollback:
    """One run of ``rollback``, under the endpoint's lock."""

    backend: Backend
    settings: Settings
    progress: Progress
    target: Aim
    timeout: float

    def __post_init__(self) -> None:
        self.serving = self.backend.serving
        self.now = self.target.now
        self.entry = self.target.entry
        self.taken: set[str] = set()

    def run(self) -> tuple[int, Traffic]:
        """The revision and the split afterwards."""
        gates.endpoint_up(self.now)
        undo = Undo(self.backend, self.settings.workspace, self.now.name, "", self.now, self.progress)
        with undo.on_failure():
            split: Traffic = {}
            for name, (model, share) in history.serves(self.entry).items():
                undo.model = model
                split[self._restored(name, model, undo)] = share
            if split == shares(self.now.traffic):
                self.progress.note(f"{split_text(split)} serves already; nothing to change")
                return self.now.revision, split
            return self._write(split, undo)

    def _write(self, split: Traffic, undo: Undo) -> tuple[int, Traffic]:
        reason = history.rolled_back(self.entry.revision)
        undo.reasons.add(reason)
        write = TrafficWrite(self.now.name, split, self.now.revision, actor(), reason)
        entry = write_traffic(self.serving, write)
        most = max(split, key=lambda name: split[name])
        gates.read_back(self.serving, gates.Written(self.now.name, split, entry.revision), most, self.progress)
        return entry.revision, split

    # --- bringing a deployment of the recorded split into being ---------------------------------------------

    def _restored(self, name: str, model: str, undo: Undo) -> str:
        """The deployment that serves a recorded model now: one that runs it, or one that is made to."""
        package = gates.verified(self.backend.models, model)
        there = self._carrier(name, model)
        if there is None:
            used = self._deploy_again(name, model, package, undo)
        else:
            used = there.name
            if there.state is not DeploymentState.READY:
                self.serving.start(self.now.name, used, self.progress)
                gates.ready(self.serving, self.now.name, used, self.timeout, self.progress)
        self.taken.add(used)
        gates.golden(self.serving, self.now.name, used, model, package, self.progress)
        return used

    def _carrier(self, name: str, model: str) -> Deployment | None:
        """A deployment that holds the model and has not crashed; under the recorded name before any other."""
        fit = [
            one
            for one in self.now.deployments
            if one.model == model and one.state is not DeploymentState.FAILED and one.name not in self.taken
        ]
        return min(fit, key=lambda one: one.name != name, default=None)

    def _deploy_again(self, name: str, model: str, package: Package, undo: Undo) -> str:
        free = not self.now.traffic.get(name, 0) and name not in self.taken
        used = name if free else idle_colour(self.now, tuple(self.taken))
        self.progress.note(f"{model} no longer runs; it is deployed again from the registry, in its own environment")
        with checking(self.progress, f"{used} is created", CheckGroup.INTEGRATION) as check:
            undo.created[used] = package
            self.serving.create_deployment(self.now.name, self._spec(used, model), self.progress)
            check.detail = f"{model} at 0 % of the traffic"
        gates.ready(self.serving, self.now.name, used, self.timeout, self.progress)
        return used

    def _spec(self, name: str, model: str) -> DeploymentSpec:
        registered = self.backend.models.get(ModelRef.parse(model))
        spec = DeploymentSpec(name, model, registered.digest, self.settings.instance_type, self.settings.instance_count)
        live = max(self.now.deployments, key=lambda one: one.traffic, default=None)
        if live is None:
            return spec
        return replace(spec, instance_type=live.instance_type, instance_count=live.instance_count, like=live.name)
