"""Making a deployment on Azure: what is sent, waiting for it, and removing it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timezone
from typing import Any

from finbehave.backends.azure import capacity, scaling, view
from finbehave.backends.azure.client import LOOK_EVERY, Workspace, left_going, look
from finbehave.backends.azure.environment import ensure_environment
from finbehave.backends.azure.sizes import checked_type
from finbehave.backends.azure.staging import SCRIPT, scoring_code
from finbehave.backends.azure.terms import terms_of
from finbehave.backends.azure.translate import Again
from finbehave.domain.endpoint import OWN_ENVIRONMENT, Capacity, DeploymentSpec, Terms
from finbehave.errors import DeploymentFailed, NotFound, TimedOut
from finbehave.packaging.package import Package
from finbehave.progress import Progress

RESUME_EVERY = 5.0
"""Seconds between looks at a deployment that another command has begun."""

DELETE_SECONDS = 900.0

PROBE = {"initial_delay": 20, "period": 10, "timeout": 10, "failure_threshold": 30, "success_threshold": 1}
"""Seconds and counts. Azure's defaults give a probe 2 s, which a worker that is loading a model overruns."""


def being_made(endpoint: str, name: str) -> AbstractContextManager[None]:
    """Ctrl-C leaves it to Azure: half an hour of building is not thrown away."""
    return left_going(
        f"{name} goes on being made at Azure, without traffic",
        remedy=f"finbehave status --endpoint {endpoint} --backend azure shows how far it is; the same deploy goes on "
        "from there",
    )


class Deployments:
    """The deployments of a workspace's endpoints."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._begun: dict[tuple[str, str], Any] = {}

    def listed(self, endpoint: str) -> list[Any]:
        """The SDK's entities. Raises NotFound where there is no endpoint."""
        return self._workspace.ask(
            f"reading the deployments of {endpoint}",
            lambda ml: list(ml.online_deployments.list(endpoint_name=endpoint)),
        )

    def create(self, endpoint: str, spec: DeploymentSpec, package: Package, progress: Progress) -> None:
        """Send it, and leave it to Azure; one of the same name, failed or not, is replaced."""
        progress.advance(f"environment of {spec.name}", 0)
        environment = ensure_environment(self._workspace, spec.environment, package, progress)
        progress.advance(f"environment of {spec.name}", 1, 1)
        terms = self._terms(endpoint, spec)
        with scoring_code() as code, being_made(endpoint, spec.name):
            entity = self._entity(endpoint, spec, terms, environment, str(code))
            poller = self._workspace.ask(f"creating {spec.name} on {endpoint}", self._beginning(endpoint, entity))
            if poller is not None:
                self._begun[endpoint, spec.name] = poller

    def _beginning(self, endpoint: str, entity: Any) -> Callable[[Any], Any]:
        """Begins, and when it is asked again does not begin anew what is there: the answer to it was lost."""
        tried: list[int] = []

        def begin(ml: Any) -> Any:
            if tried:
                there = [one for one in ml.online_deployments.list(endpoint_name=endpoint) if one.name == entity.name]
                if there and (there[0].tags or {}).get(view.CREATED) == entity.tags[view.CREATED]:
                    return None
            tried.append(1)
            return ml.online_deployments.begin_create_or_update(entity)

        return begin

    def _terms(self, endpoint: str, spec: DeploymentSpec) -> Terms:
        like = next((one for one in self.listed(endpoint) if one.name == spec.like), None) if spec.like else None
        return terms_of(like) if like is not None else spec.terms

    def _entity(self, endpoint: str, spec: DeploymentSpec, terms: Terms, environment: str, code: str) -> Any:
        from azure.ai.ml.entities import (
            CodeConfiguration,
            ManagedOnlineDeployment,
            OnlineRequestSettings,
            ProbeSettings,
        )

        instance_type = checked_type(spec.instance_type)
        takes = capacity.settled(instance_type, terms.capacity)
        return ManagedOnlineDeployment(
            name=spec.name,
            endpoint_name=endpoint,
            model=f"azureml:{spec.model}",
            environment=environment,
            code_configuration=CodeConfiguration(code=code, scoring_script=SCRIPT),
            instance_type=instance_type,
            instance_count=spec.instance_count,
            environment_variables={
                "OMP_NUM_THREADS": "1",
                "WORKER_COUNT": str(takes.workers),
                "WORKER_TIMEOUT": str(takes.worker_timeout),
                "FINBEHAVE_DEPLOYMENT": spec.name,
                **dict(terms.variables),
            },
            request_settings=OnlineRequestSettings(
                max_concurrent_requests_per_instance=takes.concurrency,
                request_timeout_ms=round(takes.request_timeout * 1000),
                max_queue_wait_ms=round(capacity.QUEUE_SECONDS * 1000),
            ),
            liveness_probe=ProbeSettings(**PROBE),
            readiness_probe=ProbeSettings(**PROBE),
            egress_public_network_access="disabled" if terms.private else None,
            tags={
                view.MODEL: spec.model[: view.LONGEST_TAG],
                view.DIGEST: spec.digest,
                view.ENVIRONMENT: (spec.environment or OWN_ENVIRONMENT)[: view.LONGEST_TAG],
                view.CREATED: datetime.now(timezone.utc).isoformat(timespec="microseconds"),
                **({view.TERMS: terms.digest} if terms.digest else {}),
                **({scaling.TAG: scaling.tag_of(terms.scale)} if terms.scale else {}),
                **({capacity.TAG: capacity.tag_of(terms.capacity)} if terms.capacity != Capacity() else {}),
            },
        )

    def wait(self, endpoint: str, name: str, timeout: float, progress: Progress) -> None:
        """Wait until it has succeeded, whoever has begun it.

        Raises:
            DeploymentFailed: it failed; its logs are still there.
            TimedOut: it still runs after ``timeout`` seconds.
            StillRunning: Ctrl-C; it goes on at Azure.
        """
        started = time.monotonic()
        with being_made(endpoint, name):
            while not self._succeeded(endpoint, name):
                waited = time.monotonic() - started
                if waited > timeout:
                    raise TimedOut(
                        f"{name} of {endpoint} was not ready within {timeout:g} s",
                        remedy=f"finbehave logs --endpoint {endpoint} --deployment {name} --backend azure, or a longer "
                        "--timeout: a first image takes up to 20 minutes",
                    )
                progress.advance(f"Azure makes {name} ready", waited, timeout)
                self._pause(endpoint, name, timeout - waited)

    def _succeeded(self, endpoint: str, name: str) -> bool:
        poller = self._begun.get((endpoint, name))
        if poller is not None:
            if not poller.done():
                return False
            del self._begun[endpoint, name]
            with suppress(Again):  # a look at it was refused; the deployment itself says how it is
                self._workspace.outcome(f"creating {name} on {endpoint}", poller)
        there = next((one for one in self.listed(endpoint) if one.name == name), None)
        if there is None:
            raise NotFound(
                f"the endpoint {endpoint} has no deployment {name}",
                remedy=f"finbehave status --endpoint {endpoint} --backend azure",
            )
        state = view.provisioning_of(there).lower()
        if state in ("failed", "canceled"):
            raise DeploymentFailed(
                f"{name} of {endpoint} did not come up: Azure says {view.provisioning_of(there)}",
                remedy=f"finbehave logs --endpoint {endpoint} --deployment {name} --backend azure --explain",
            )
        return state == "succeeded"

    def _pause(self, endpoint: str, name: str, left: float) -> None:
        poller = self._begun.get((endpoint, name))
        if poller is not None:
            look(poller, min(LOOK_EVERY, max(left, 0.01)))
        else:
            time.sleep(min(RESUME_EVERY, max(left, 0.01)))

    def delete(self, endpoint: str, name: str) -> None:
        """Remove it, and wait until it is gone."""
        self._begun.pop((endpoint, name), None)
        self._workspace.finish(
            f"removing {name} from {endpoint}",
            lambda ml: ml.online_deployments.begin_delete(name=name, endpoint_name=endpoint),
            timeout=DELETE_SECONDS,
        )
