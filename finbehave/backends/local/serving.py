"""Serving on this machine: what commands ask of an endpoint, through its state, its supervisor and its gateway."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

from finbehave.backends.base import LogLine, ModelRegistry, TrafficWrite
from finbehave.backends.local import client, control, launching, logbook
from finbehave.backends.local.database import create_database, new_key
from finbehave.backends.local.front import checked_tls, client_context
from finbehave.backends.local.locks import exclusive
from finbehave.backends.local.paths import OWN_LOGS, checked_name, endpoints_dir, runtime_dir_for, runtimes_beside
from finbehave.backends.local.state import DeploymentRow, State, now
from finbehave.backends.local.view import endpoint_of, observed
from finbehave.domain.endpoint import (
    OWN_ENVIRONMENT,
    Answer,
    Deployment,
    DeploymentSpec,
    DeploymentState,
    Endpoint,
    Keys,
    LedgerEntry,
    Scale,
)
from finbehave.domain.environment import EnvironmentSpec
from finbehave.domain.model import ModelRef
from finbehave.domain.observed import Observed
from finbehave.errors import DeploymentFailed, FinbehaveError, NotFound, TimedOut, Unavailable, UsageError
from finbehave.progress import Progress
from finbehave.settings import Settings

LOOK_EVERY = 0.05
RELOAD_SECONDS = 5.0
UP_SECONDS = 120.0
"""How long start waits until what had traffic answers again."""


class LocalServing:
    """Fulfils ``Serving`` in a workspace."""

    def __init__(self, settings: Settings, models: ModelRegistry) -> None:
        self._settings = settings
        self._models = models
        self._root = endpoints_dir(settings.workspace)

    # --- endpoints ------------------------------------------------------------------------------------------

    def endpoints(self) -> Sequence[str]:
        """Names, sorted."""
        if not self._root.is_dir():
            return ()
        return tuple(sorted(entry.name for entry in self._root.iterdir() if self._is_there(entry)))

    def _is_there(self, folder: Path) -> bool:
        if folder.name.startswith("."):
            return False
        try:
            with State(folder):
                return True
        except NotFound:
            return False

    def ensure_endpoint(self, name: str, progress: Progress) -> Endpoint:
        """Create it if need be, and see that its supervisor is alive."""
        folder = self._root / checked_name(name, "an endpoint")
        settings = self._settings
        tls = checked_tls(settings.tls_cert, settings.tls_key)
        created = create_database(folder, settings.host, settings.port, runtime_dir_for(folder))
        with State(folder) as state:
            self._meet_clients(state, tls, created=created)
            if not state.endpoint().running:
                state.set_running(running=True)
        progress.advance(f"starting {name}", 0)
        try:
            launching.launch(folder)
        except FinbehaveError:
            if created:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        progress.advance(f"starting {name}", 1, 1)
        return self.endpoint(name)

    def _meet_clients(self, state: State, tls: tuple[Path, Path] | None, *, created: bool) -> None:
        """As the settings say, where they say something. Raises UsageError for TLS that would have to come later."""
        front = state.front()
        if tls is not None and not created and tls != (front.certificate, front.private_key):
            raise UsageError(
                f"this endpoint is there already and speaks {front.scheme}; its TLS is settled when it is created",
                remedy="leave out --tls-cert and --tls-key, or name another --endpoint, which gets them",
            )
        said: dict[str, Any] = {
            "rate_limit": self._settings.rate_limit,
            "response_cache": self._settings.response_cache,
        }
        if tls is not None:
            said |= {"certificate": tls[0], "private_key": tls[1]}
        changes = {name: value for name, value in said.items() if value not in (None, getattr(front, name))}
        if changes:
            state.change_front(**changes)

    def endpoint(self, name: str) -> Endpoint:
        """State, traffic and deployments as they are now."""
        return endpoint_of(self._folder(name))

    def measured(self, endpoint: Endpoint) -> Endpoint:
        """As it is: its gateway has been asked already."""
        return endpoint

    def _folder(self, name: str) -> Path:
        """Of an endpoint that is there. Raises NotFound."""
        folder = self._root / checked_name(name, "an endpoint")
        with State(folder):
            return folder

    # --- deployments ----------------------------------------------------------------------------------------

    def preflight(self, endpoint: str, spec: DeploymentSpec, progress: Progress) -> Sequence[str]:  # noqa: ARG002
        """Names only: this machine has no quota and sends no bill."""
        checked_name(endpoint, "an endpoint")
        checked_name(spec.name, "a deployment")
        return ()

    def create_deployment(self, endpoint: str, spec: DeploymentSpec, progress: Progress) -> Deployment:
        """Build its environment if need be, and leave the rest to the supervisor."""
        from finbehave.environments.isolated import ensure_environment

        checked_name(spec.name, "a deployment")
        folder = self._folder(endpoint)
        package = self._models.package(ModelRef.parse(spec.model))
        interpreter = ensure_environment(
            _environment(spec, package), cache=self._settings.cache, offline=self._settings.offline, progress=progress
        )
        row = DeploymentRow(
            spec.name, 0, spec.model, spec.digest, interpreter.path, package, spec.instance_type, spec.instance_count,
            spec.environment or OWN_ENVIRONMENT, now(), DeploymentState.CREATING.value,
            scale=self._scale(endpoint, spec),
        )  # fmt: skip
        with State(folder) as state:
            logbook.remove(folder, spec.name)
            state.put_deployment(row)
        return self._deployment(endpoint, spec.name)

    def _scale(self, endpoint: str, spec: DeploymentSpec) -> Scale | None:
        with State(self._folder(endpoint)) as state:
            like = next((row for row in state.deployments() if row.name == spec.like), None)
        return spec.terms.scale if like is None else like.scale

    def _deployment(self, endpoint: str, name: str) -> Deployment:
        found = self.endpoint(endpoint).deployment(name)
        if found is None:
            raise NotFound(
                f"the endpoint {endpoint} has no deployment {name}", remedy=f"finbehave status --endpoint {endpoint}"
            )
        return found

    def wait_ready(self, endpoint: str, deployment: str, timeout: float, progress: Progress) -> Deployment:
        """Wait until every one of its workers answers."""
        folder = self._folder(endpoint)
        started = time.monotonic()
        while True:
            found = self._deployment(endpoint, deployment)
            if found.state is DeploymentState.READY:
                return found
            if found.state is not DeploymentState.CREATING:
                raise DeploymentFailed(
                    f"{deployment} of {endpoint} did not come up: {found.detail or found.state.value}",
                    remedy=f"finbehave logs --endpoint {endpoint} --deployment {deployment} --explain",
                )
            if (waited := time.monotonic() - started) > timeout:
                logbook.append(folder, deployment, f"{deployment} was not ready within {timeout:g} s")
                raise TimedOut(
                    f"{deployment} of {endpoint} was not ready within {timeout:g} s",
                    remedy=f"finbehave logs --endpoint {endpoint} --deployment {deployment}, or a longer --timeout",
                )
            launching.launch(folder)
            progress.advance(f"{deployment} loads its model", waited, timeout)
            time.sleep(LOOK_EVERY)

    def delete_deployment(self, endpoint: str, deployment: str) -> None:
        """Forget it; the supervisor lets its workers answer what they have, and ends them."""
        folder = self._folder(endpoint)
        with State(folder) as state:
            state.remove_deployment(deployment)
        self._reload(folder)
        logbook.remove(folder, deployment)

    def delete_endpoint(self, endpoint: str) -> None:
        """Stop it and remove all it has, its ledger included."""
        folder = self._folder(endpoint)
        self._end(folder)
        gone = folder.with_name(f".deleted-{folder.name}-{time.time_ns()}")
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    # --- requests and traffic -------------------------------------------------------------------------------

    def score(
        self, endpoint: str, rows: Sequence[Mapping[str, Any]], *, deployment: str | None = None, timeout: float = 30.0
    ) -> Answer:
        """Ask over HTTP, as any client would."""
        with State(self._folder(endpoint)) as state:
            row = state.endpoint()
            front = state.front()
            key = self._settings.key.get_secret_value() if self._settings.key else state.own_key()
        address, tls = (row.host, row.port), client_context(front)
        return client.ask(endpoint, address, tls, key, rows, deployment=deployment, timeout=timeout)

    def observe(self, endpoint: str, seconds: float) -> Mapping[str, Observed]:
        """What the gateway has counted, and the samples that it has written down."""
        return observed(self._folder(endpoint), seconds)

    def set_traffic(self, write: TrafficWrite) -> LedgerEntry:
        """One row of the ledger, which the gateway then confirms that it follows."""
        folder = self._folder(write.endpoint)
        with State(folder) as state:
            entry = state.set_traffic(write.traffic, expected=write.expected, actor=write.actor, reason=write.reason)
        self._reload(folder)
        return entry

    def set_mirror(self, endpoint: str, deployment: str, percent: int) -> None:
        """From the next request on."""
        folder = self._folder(endpoint)
        with State(folder) as state:
            state.deployment(deployment)
            state.change_front(mirror=deployment if percent else "", mirror_percent=percent)
        self._reload(folder)

    def ledger(self, endpoint: str) -> Sequence[LedgerEntry]:
        """Every change, oldest first."""
        with State(self._folder(endpoint)) as state:
            return state.ledger()

    def _reload(self, folder: Path) -> None:
        """Requests follow the state as it is now. Raises Unavailable or TimedOut where that is not sure.

        During a succession there are two gateways, and each is told. One that is not there now reads the state before
        it answers anybody.
        """
        with State(folder) as state:
            runtime = state.endpoint().runtime
        for each in runtimes_beside(runtime):
            try:
                control.ask(each / control.CONTROL_SOCKET, {"do": "reload"}, RELOAD_SECONDS)
            except TimedOut:
                raise
            except Unavailable:
                if control.answers(each):
                    raise

    # --- up and down ----------------------------------------------------------------------------------------

    def start(self, endpoint: str, deployment: str | None, progress: Progress) -> Endpoint:
        """Bring it up and wait until what has traffic, or the named deployment, answers."""
        folder = self._folder(endpoint)
        with State(folder) as state:
            named = [state.deployment(deployment)] if deployment else []
            if self._settings.port and not launching.alive(folder):
                state.move(self._settings.port)
            for row in named:
                if row.state in (DeploymentState.STOPPED.value, DeploymentState.FAILED.value):
                    state.set_deployment_state(row.generation, DeploymentState.CREATING)
            if not state.endpoint().running:
                state.set_running(running=True)
            awaited = [row.name for row in named] or [name for name, share in state.traffic()[1].items() if share]
        launching.launch(folder)
        for name in awaited:
            self._wait_up(endpoint, name, progress)
        return self.endpoint(endpoint)

    def _wait_up(self, endpoint: str, deployment: str, progress: Progress) -> None:
        """Like ``wait_ready``, for one that may be ready by name while its workers are still loading."""
        started = time.monotonic()
        while (waited := time.monotonic() - started) < UP_SECONDS:
            found = self._deployment(endpoint, deployment)
            if found.state in (DeploymentState.READY, DeploymentState.STOPPED):
                return
            progress.advance(f"{deployment} loads its model", waited, UP_SECONDS)
            time.sleep(LOOK_EVERY)
        raise TimedOut(
            f"{deployment} of {endpoint} did not answer within {UP_SECONDS:g} s",
            remedy=f"finbehave logs --endpoint {endpoint} --deployment {deployment} --explain",
        )

    def stop(self, endpoint: str, deployment: str | None) -> Endpoint:
        """Answer what was taken, and then nobody. Nothing is deleted."""
        folder = self._folder(endpoint)
        if deployment is None:
            self._end(folder)
        else:
            with State(folder) as state:
                state.set_deployment_state(state.deployment(deployment).generation, DeploymentState.STOPPED)
            self._reload(folder)
        return self.endpoint(endpoint)

    def _end(self, folder: Path) -> None:
        with State(folder) as state:
            state.set_running(running=False)
            runtime = state.endpoint().runtime
        launching.wait_until_ended(folder, runtime)

    # --- the rest -------------------------------------------------------------------------------------------

    def logs(
        self, endpoint: str, *, deployment: str | None = None, tail: int | None = 200, since: float | None = None
    ) -> Sequence[LogLine]:
        """Lines of all logs in one order, or of one deployment; also of one that crashed."""
        return logbook.read(self._folder(endpoint), self._logs_of(endpoint, deployment), tail=tail, since=since)

    def follow(self, endpoint: str, *, deployment: str | None = None) -> Iterator[LogLine]:
        """Lines as they come."""
        return logbook.follow(self._folder(endpoint), self._logs_of(endpoint, deployment))

    def _logs_of(self, endpoint: str, deployment: str | None) -> Sequence[str]:
        with State(self._folder(endpoint)) as state:
            if deployment:
                return [state.deployment(deployment).name]
            return [*OWN_LOGS, *(row.name for row in state.deployments())]

    def keys(self, endpoint: str) -> Keys:
        """The keys as they are."""
        with State(self._folder(endpoint)) as state:
            return state.keys()

    def rotate_key(self, endpoint: str, which: Literal["primary", "secondary"]) -> Keys:
        """Replace one; the gateway takes the new one before this returns."""
        folder = self._folder(endpoint)
        with State(folder) as state:
            state.set_key(which, new_key())
            keys = state.keys()
        self._reload(folder)
        return keys

    def exclusive(self, endpoint: str) -> AbstractContextManager[None]:
        """The one lock of the endpoint."""
        return exclusive(self._settings.workspace, checked_name(endpoint, "an endpoint"))


def _environment(spec: DeploymentSpec, package: Path) -> EnvironmentSpec:
    from finbehave.environments.files import read_environment
    from finbehave.packaging.package import read_package

    return read_environment(spec.environment) if spec.environment else read_package(package).environment
