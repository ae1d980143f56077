"""The gates of a release: a verified package, a deployment that is ready, golden answers, traffic read back.

Each is a check that is reported as it ends. "Could not verify" is a failure.
"""

from __future__ import annotations

from dataclasses import dataclass

from finbehave.backends.base import ModelRegistry, Serving
from finbehave.domain.check import CheckGroup
from finbehave.domain.endpoint import Answer, Deployment, DeploymentState, Endpoint, EndpointState, Traffic
from finbehave.domain.model import ModelRef
from finbehave.errors import (
    DeploymentFailed,
    EndpointUnhealthy,
    GateFailed,
    InputInvalid,
    TamperedPackage,
    TrafficConflict,
)
from finbehave.packaging.package import Package, read_package
from finbehave.progress import Progress, checking
from finbehave.workflows.golden import differing
from finbehave.workflows.split import shares, split_text


def verified(models: ModelRegistry, model: str) -> Package:
    """The package of a registered ``name:version``, when it is still the one that was registered.

    Raises:
        NotFound: no such model.
        TamperedPackage: its files are not those that were registered.
    """
    registered = models.get(ModelRef.parse(model))
    package = read_package(models.package(registered.ref))
    if package.digest != registered.digest:
        raise TamperedPackage(
            f"what is stored as {registered.ref} is not what was registered: its digest is {package.digest[:19]}…, "
            f"not {registered.digest[:19]}…",
            remedy="register the package again under a new version, with finbehave register PACKAGE",
        )
    return package


def endpoint_up(endpoint: Endpoint) -> None:
    """Refuse an endpoint that does not run. Raises EndpointUnhealthy."""
    if endpoint.state in (EndpointState.STOPPED, EndpointState.DEAD):
        why = "was stopped" if endpoint.state is EndpointState.STOPPED else "should run, but its supervisor is gone"
        raise EndpointUnhealthy(
            f"{endpoint.name} {why}", remedy=f"finbehave start --endpoint {endpoint.name}, then run the command again"
        )


def healthy(endpoint: Endpoint, deployment: str, progress: Progress) -> Deployment:
    """The deployment, when it is ready now.

    Raises:
        EndpointUnhealthy, DeploymentFailed: it is not.
    """
    with checking(progress, f"{deployment} is ready", CheckGroup.INTEGRATION) as check:
        endpoint_up(endpoint)
        found = endpoint.deployment(deployment)
        if found is None or found.state is not DeploymentState.READY:
            state = "gone" if found is None else found.state.value
            detail = f": {found.detail}" if found and found.detail else ""
            raise DeploymentFailed(
                f"{deployment} of {endpoint.name} is {state}{detail}",
                remedy=f"finbehave logs --endpoint {endpoint.name} --deployment {deployment} --explain",
            )
        check.detail = found.model
    return found


def ready(serving: Serving, endpoint: str, deployment: str, timeout: float, progress: Progress) -> Deployment:
    """Wait until a new deployment answers.

    Raises:
        DeploymentFailed: it crashed.
        TimedOut: ``timeout`` seconds ran out.
    """
    with checking(progress, f"{deployment} comes up", CheckGroup.INTEGRATION) as check:
        found = serving.wait_ready(endpoint, deployment, timeout, progress)
        check.detail = f"{found.model} with {found.instance_count} instance{'s' * (found.instance_count > 1)}"
    return found


def golden(serving: Serving, endpoint: str, deployment: str, model: str, package: Package, progress: Progress) -> None:
    """The golden records on exactly this deployment, asked by header.

    Raises:
        GateFailed: it answers otherwise than in training, or refuses its own records, or another deployment answered.
    """
    with checking(progress, f"golden records on {deployment}", CheckGroup.INTEGRATION) as check:
        answer = _ask(serving, endpoint, deployment, package, model)
        if (answer.deployment, answer.model) != (deployment, model):
            raise GateFailed(
                f"{deployment} with {model} was asked, and {answer.deployment} with {answer.model} answered",
                remedy=f"finbehave status --endpoint {endpoint}",
            )
        check.detail = _same(answer, package, model)


def routed(serving: Serving, endpoint: str, deployment: str, model: str, package: Package, progress: Progress) -> None:
    """The golden records as any client asks them, when all traffic is on this deployment.

    Raises:
        GateFailed: another deployment answered, or it answers otherwise than in training.
    """
    with checking(progress, f"requests reach {deployment}", CheckGroup.END_TO_END) as check:
        answer = _ask(serving, endpoint, None, package, model)
        if answer.deployment != deployment:
            raise GateFailed(
                f"all traffic is on {deployment}, and {answer.deployment} answered",
                remedy=f"finbehave troubleshoot --endpoint {endpoint}",
            )
        check.detail = _same(answer, package, model)


def _ask(serving: Serving, endpoint: str, deployment: str | None, package: Package, model: str) -> Answer:
    try:
        return serving.score(endpoint, package.golden.rows, deployment=deployment)
    except InputInvalid as error:
        raise GateFailed(
            f"{model} refuses its own golden records: {error.message}",
            remedy=f"finbehave check-compat {model}",
        ) from error


def _same(answer: Answer, package: Package, model: str) -> str:
    golden = package.golden
    if wrong := differing(golden, package.manifest, answer):
        raise GateFailed(
            f"{model} on {answer.deployment} answers {len(wrong)} of {len(golden.rows)} golden records otherwise than "
            f"in training (the first is row {wrong[0]})",
            remedy=f"finbehave check-compat {model} shows in which environment it predicts the same",
        )
    return f"{len(golden.rows)} rows answered as in training, {answer.latency_ms:.0f} ms"


# --- after a traffic write ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """What was written, to be found again when the endpoint is read."""

    endpoint: str
    traffic: Traffic
    revision: int


def read_back(serving: Serving, written: Written, deployment: str, progress: Progress) -> None:
    """The split is what was written, and the deployment is ready under it.

    Raises:
        TrafficConflict: somebody else changed it meanwhile.
        DeploymentFailed, EndpointUnhealthy: the deployment does not stand it.
    """
    with checking(progress, f"traffic {split_text(written.traffic)}", CheckGroup.INTEGRATION) as check:
        still(serving, written, deployment)
        check.detail = f"revision {written.revision}, read back"


def still(serving: Serving, written: Written, deployment: str) -> None:
    """The split is what was written, and the deployment is ready. Raises as ``read_back``."""
    now = serving.endpoint(written.endpoint)
    if now.revision != written.revision or shares(now.traffic) != shares(written.traffic):
        raise TrafficConflict(
            f"the traffic of {now.name} was changed meanwhile; {split_text(now.traffic)} stands",
            remedy=f"finbehave traffic ledger --endpoint {now.name}",
        )
    endpoint_up(now)
    found = now.deployment(deployment)
    if found is None or found.state is not DeploymentState.READY:
        state = "gone" if found is None else found.state.value
        raise DeploymentFailed(
            f"{deployment} of {now.name} is {state} under its traffic",
            remedy=f"finbehave logs --endpoint {now.name} --deployment {deployment} --explain",
        )
