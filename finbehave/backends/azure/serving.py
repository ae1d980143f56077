"""Serving on Azure's managed online endpoints: what commands ask of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal

from finbehave.backends.azure import logs, quota, scaling, view
from finbehave.backends.azure.client import Workspace
from finbehave.backends.azure.deployments import Deployments, being_made
from finbehave.backends.azure.doors import Doors
from finbehave.backends.azure.monitor import Monitor
from finbehave.backends.azure.names import checked_name
from finbehave.backends.azure.splits import ENDPOINT_SECONDS, Splits
from finbehave.backends.azure.terms import identity_id
from finbehave.backends.azure.translate import ImageBuildFailed
from finbehave.backends.base import LogLine, ModelRegistry, TrafficWrite
from finbehave.backends.local.locks import exclusive
from finbehave.domain.endpoint import Answer, Deployment, DeploymentSpec, Endpoint, Keys, LedgerEntry, Terms
from finbehave.domain.model import ModelRef
from finbehave.domain.observed import Observed
from finbehave.errors import DeploymentFailed, NotFound, UsageError
from finbehave.packaging.package import read_package
from finbehave.progress import Progress
from finbehave.settings import Settings


class AzureServing:
    """Fulfils ``Serving`` in a workspace of Azure ML."""

    def __init__(self, workspace: Workspace, models: ModelRegistry, settings: Settings) -> None:
        self._workspace = workspace
        self._models = models
        self._settings = settings
        self._deployments = Deployments(workspace)
        self._doors = Doors(workspace, self._entity, self._deployments.listed)
        self._monitor = Monitor(workspace)
        self._splits = Splits(workspace, self._both)

    # --- endpoints ------------------------------------------------------------------------------------------

    def endpoints(self) -> Sequence[str]:
        """Names, sorted."""
        return self._workspace.ask(
            "listing the endpoints", lambda ml: tuple(sorted(one.name for one in ml.online_endpoints.list()))
        )

    def ensure_endpoint(self, name: str, progress: Progress) -> Endpoint:
        """Create it if need be; one that was stopped gets its traffic back."""
        checked_name(name, "an endpoint")
        try:
            there = self._entity(name)
        except NotFound:
            self._create(name)
            return self.endpoint(name)
        if view.stopped_split(there) is not None:
            return self.start(name, None, progress)
        return self.endpoint(name)

    def _create(self, name: str) -> None:
        private = self._settings.private

        def begin(ml: Any) -> Any:
            from azure.ai.ml.entities import IdentityConfiguration, ManagedIdentityConfiguration, ManagedOnlineEndpoint

            identity = None
            if named := self._settings.identity:
                used = ManagedIdentityConfiguration(resource_id=identity_id(named, self._workspace.account))
                identity = IdentityConfiguration(type="user_assigned", user_assigned_identities=[used])
            entity = ManagedOnlineEndpoint(
                name=name,
                auth_mode=self._settings.auth_mode,
                tags={"finbehave": "1"},
                public_network_access="disabled" if private else None,
                identity=identity,
            )
            return ml.online_endpoints.begin_create_or_update(entity)

        self._workspace.finish(f"creating {name}", begin, timeout=ENDPOINT_SECONDS)

    def endpoint(self, name: str) -> Endpoint:
        """State, traffic and deployments as they are now."""
        entity, deployments = self._both(name)
        found = view.endpoint_of(entity, deployments)
        self._splits.seen(name, found.revision, found.traffic)
        return found

    def measured(self, endpoint: Endpoint) -> Endpoint:
        """With what Azure Monitor has counted."""
        return self._monitor.measured(endpoint)

    def _entity(self, name: str) -> Any:
        try:
            return self._workspace.ask(f"reading {name}", lambda ml: ml.online_endpoints.get(name))
        except NotFound as error:
            if "AZURE_" in error.remedy:
                raise
            raise NotFound(
                f"there is no endpoint {name} in the workspace {self._workspace.account.workspace}",
                remedy="finbehave status --backend azure shows what there is; finbehave deploy makes one",
            ) from error

    def _both(self, name: str) -> tuple[Any, list[Any]]:
        entity = self._entity(name)
        return entity, self._deployments.listed(name)

    def delete_endpoint(self, endpoint: str) -> None:
        """Remove it with its deployments, and wait until it is gone."""
        for deployment in self.endpoint(endpoint).deployments:
            self._unscale(endpoint, deployment)
        self._workspace.finish(
            f"removing {endpoint}", lambda ml: ml.online_endpoints.begin_delete(name=endpoint), timeout=ENDPOINT_SECONDS
        )
        self._doors.forget(endpoint)
        self._splits.forget(endpoint)

    # --- deployments ----------------------------------------------------------------------------------------

    def preflight(self, endpoint: str, spec: DeploymentSpec, progress: Progress) -> Sequence[str]:
        """Names, workspace, terms, role and quota; what will run, and what it costs."""
        checked_name(endpoint, "an endpoint")
        _refuse_local_terms(self._settings)
        there = self.endpoint(endpoint) if endpoint in self.endpoints() else None
        entity = self._entity(endpoint) if there and spec.terms != Terms() else None
        return quota.preflight(self._workspace, endpoint, spec, there, entity, progress)

    def create_deployment(self, endpoint: str, spec: DeploymentSpec, progress: Progress) -> Deployment:
        """Upload the scoring code and begin; nothing is waited for."""
        checked_name(spec.name, "a deployment")
        there = self.endpoint(endpoint).deployment(spec.name)
        _refuse_traffic(endpoint, there, "replaced")
        self._unscale(endpoint, there)
        package = read_package(self._models.package(ModelRef.parse(spec.model)))
        self._deployments.create(endpoint, spec, package, progress)
        with being_made(endpoint, spec.name):
            return self._deployment(endpoint, spec.name)

    def _deployment(self, endpoint: str, name: str) -> Deployment:
        found = self.endpoint(endpoint).deployment(name)
        if found is None:
            raise NotFound(
                f"the endpoint {endpoint} has no deployment {name}",
                remedy=f"finbehave status --endpoint {endpoint} --backend azure",
            )
        return found

    def wait_ready(self, endpoint: str, deployment: str, timeout: float, progress: Progress) -> Deployment:
        """Wait until Azure says that it has succeeded; one that scales gets its rule then.

        One that fails has its log to show when this raises: it comes some minutes late, and goes with the deployment.
        """
        try:
            self._deployments.wait(endpoint, deployment, timeout, progress)
        except DeploymentFailed as error:
            if not isinstance(error, ImageBuildFailed):  # of which nothing has run
                logs.wait_for_failed(self._workspace, endpoint, deployment)
            raise
        found = self._deployment(endpoint, deployment)
        if found.scale:
            scaling.write(self._workspace, self._entity(endpoint), deployment, found.scale)
        return found

    def _unscale(self, endpoint: str, deployment: Deployment | None) -> None:
        if deployment is not None and deployment.scale:
            scaling.remove(self._workspace, endpoint, deployment.name)

    def delete_deployment(self, endpoint: str, deployment: str) -> None:
        """Remove one that holds no traffic."""
        found = self._deployment(endpoint, deployment)
        _refuse_traffic(endpoint, found, "deleted")
        self._unscale(endpoint, found)
        self._deployments.delete(endpoint, deployment)

    # --- requests -------------------------------------------------------------------------------------------

    def score(
        self, endpoint: str, rows: Sequence[Mapping[str, Any]], *, deployment: str | None = None, timeout: float = 30.0
    ) -> Answer:
        """Ask over HTTP, with what the endpoint takes."""
        return self._doors.score(endpoint, rows, deployment=deployment, timeout=timeout)

    # --- traffic --------------------------------------------------------------------------------------------

    def observe(self, endpoint: str, seconds: float) -> Mapping[str, Observed]:  # noqa: ARG002
        """Nothing: the platform's metrics come minutes later, which is too late for the verdict on a step."""
        return {}

    def set_traffic(self, write: TrafficWrite) -> LedgerEntry:
        """Split and ledger in one request, on what is there; read back until the service says the same."""
        return self._splits.write(write)

    def set_mirror(self, endpoint: str, deployment: str, percent: int) -> None:
        """The platform copies the requests, and tells nobody what was answered."""
        self._splits.mirror(endpoint, deployment, percent)

    def ledger(self, endpoint: str) -> Sequence[LedgerEntry]:
        """What the tags hold, oldest first, and at its end what was changed by other means."""
        return view.ledger_of(*self._both(endpoint))

    # --- up and down ----------------------------------------------------------------------------------------

    def start(self, endpoint: str, deployment: str | None, progress: Progress) -> Endpoint:  # noqa: ARG002
        """Give back the traffic that ``stop`` took."""
        if deployment is not None:
            self._deployment(endpoint, deployment)  # Azure runs it as long as it exists
        self._splits.give_back(endpoint)
        return self.endpoint(endpoint)

    def stop(self, endpoint: str, deployment: str | None) -> Endpoint:
        """Take its traffic away and remember it; the machines go on, and go on costing."""
        if deployment is not None:
            raise UsageError(
                f"Azure runs a deployment until it is deleted, so {deployment} cannot be stopped",
                remedy=f"finbehave delete --endpoint {endpoint} --deployment {deployment} --backend azure",
            )
        self._splits.take_away(endpoint)
        return self.endpoint(endpoint)

    # --- the rest -------------------------------------------------------------------------------------------

    def logs(
        self, endpoint: str, *, deployment: str | None = None, tail: int | None = 200, since: float | None = None
    ) -> Sequence[LogLine]:
        """The last lines of both containers."""
        return logs.read(self._workspace, endpoint, self._logs_of(endpoint, deployment), tail=tail, since=since)

    def follow(self, endpoint: str, *, deployment: str | None = None) -> Iterator[LogLine]:
        """Lines as Azure hands them out."""
        return logs.follow(self._workspace, endpoint, self._logs_of(endpoint, deployment))

    def _logs_of(self, endpoint: str, deployment: str | None) -> Sequence[str]:
        if deployment:
            return [self._deployment(endpoint, deployment).name]
        return [one.name for one in self.endpoint(endpoint).deployments]

    def keys(self, endpoint: str) -> Keys:
        """Both keys; an endpoint that takes tokens has none."""
        return self._doors.keys(endpoint)

    def rotate_key(self, endpoint: str, which: Literal["primary", "secondary"]) -> Keys:
        """Replace one, and return only when the service hands out another one than before."""
        return self._doors.rotate(endpoint, which)

    def exclusive(self, endpoint: str) -> AbstractContextManager[None]:
        """One command at a time from this machine; of other machines the read-back tells."""
        checked_name(endpoint, "an endpoint")
        return exclusive(self._settings.workspace, f"azure-{self._workspace.account.workspace}-{endpoint}")


def _refuse_local_terms(settings: Settings) -> None:
    """Azure has TLS of its own, and neither the limits nor the memory of our gateway."""
    ours = ("tls_cert", "tls_key", "rate_limit", "response_cache")
    said = [f"--{name.replace('_', '-')}" for name in ours if getattr(settings, name) is not None]
    if said:
        raise UsageError(f"{said[0]} is for an endpoint on this machine", remedy=f"leave out {', '.join(said)}")


def _refuse_traffic(endpoint: str, deployment: Deployment | None, verb: str) -> None:
    if deployment is not None and deployment.traffic:
        raise UsageError(
            f"{deployment.name} holds {deployment.traffic} % of the traffic of {endpoint} and is not {verb} under it",
            remedy=f"finbehave traffic set on another deployment first: finbehave traffic show --endpoint {endpoint}",
        )
