"""The checks of a live endpoint that an operator would make, one after the other; each goes on where another failed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from finbehave.backends.base import Backend
from finbehave.diagnosis.engine import explain
from finbehave.domain.check import Check, CheckGroup, CheckStatus
from finbehave.domain.diagnosis import Cause
from finbehave.domain.endpoint import Deployment, DeploymentState, Endpoint, EndpointState
from finbehave.domain.model import ModelRef
from finbehave.errors import FinbehaveError
from finbehave.progress import OpenCheck, Progress, checking
from finbehave.workflows.golden import differing

LINES = 2000
"""Lines of each deployment's log that are read."""

LITTLE_SPACE, NO_SPACE = 2 << 30, 200 << 20
"""Free bytes below which a disk is a warning, or a fault: an environment with scikit-learn takes half a gigabyte."""

FAILING, ENOUGH = 0.05, 20
"""The share of failed requests that is a warning, and the requests from which on it says something."""

_AWAY = frozenset([EndpointState.STOPPED, EndpointState.DEAD])


@dataclass
class _Tally:
    """A ``Progress`` that remembers which checks failed."""

    progress: Progress
    failed: list[Check] = field(default_factory=list)

    def check(self, check: Check) -> None:
        if check.status is CheckStatus.FAILED:
            self.failed.append(check)
        self.progress.check(check)

    def note(self, text: str) -> None:
        self.progress.note(text)

    def advance(self, task: str, done: float, total: float | None = None) -> None:
        self.progress.advance(task, done, total)


class Examination:
    """What the checks of one endpoint found: ``causes``, how many log ``lines`` they read, and which of them failed."""

    def __init__(self, backend: Backend, endpoint: Endpoint, progress: Progress) -> None:
        self.backend = backend
        self.endpoint = endpoint
        self.tally = _Tally(progress)
        self.causes: list[Cause] = []
        self.lines = 0
        self._faults: list[Cause] = []

    @property
    def failed(self) -> list[Check]:
        """The checks that failed, in order."""
        return self.tally.failed

    def faulty(self, cause: Cause) -> bool:
        """Whether it is a cause of something that failed now, not of something in the past."""
        return cause in self._faults

    def _check(self, name: str, group: CheckGroup, work: Callable[[OpenCheck], None]) -> bool:
        """Run one check; whatever of ours it raises is its failure. Whether it did not fail."""
        try:
            with checking(self.tally, name, group) as check:
                work(check)
        except FinbehaveError:
            return False
        return check.status is not CheckStatus.FAILED

    def _name(self, cause: Cause, *, fault: bool) -> None:
        self.causes.append(cause)
        if fault:
            self._faults.append(cause)

    # --- the endpoint -------------------------------------------------------------------------------------

    def endpoint_state(self) -> None:
        """It runs."""

        def look(check: OpenCheck) -> None:
            state = self.endpoint.state
            check.detail = f"{state.value}, {self.endpoint.scoring_uri}"
            if state in _AWAY:
                check.status = CheckStatus.FAILED
                check.detail = "it was stopped" if state is EndpointState.STOPPED else "its supervisor is gone"
                check.remedy = f"finbehave start --endpoint {self.endpoint.name}"
            elif state is EndpointState.UPDATING:
                check.status = CheckStatus.WARNING
                check.remedy = f"finbehave status --endpoint {self.endpoint.name} --watch until it is done"

        self._check("endpoint", CheckGroup.INTEGRATION, look)

    def traffic(self) -> None:
        """The percents sum to 100, on deployments that can answer."""

        def look(check: OpenCheck) -> None:
            split = {name: share for name, share in self.endpoint.traffic.items() if share}
            check.detail = " ".join(f"{name}={share}" for name, share in split.items()) or "no deployment holds traffic"
            ready = [one.name for one in self.endpoint.deployments if one.state is DeploymentState.READY]
            wrong = [name for name in split if name not in ready]
            if sum(split.values()) == 100 and not wrong:
                return
            check.status = CheckStatus.FAILED
            check.remedy = self._traffic_remedy(ready)
            if split and wrong:
                check.detail += f"; {', '.join(wrong)} cannot answer"
            elif ready and not split:  # else there is another cause, in a log
                self._name(
                    Cause("no-traffic", "no deployment of the endpoint holds traffic", (), check.remedy, 0.99),
                    fault=True,
                )

        self._check("traffic", CheckGroup.INTEGRATION, look)

    def _traffic_remedy(self, ready: list[str]) -> str:
        if self.endpoint.state in _AWAY:
            return f"finbehave start --endpoint {self.endpoint.name}"
        if ready:
            return f"finbehave traffic set {ready[0]}=100 --endpoint {self.endpoint.name}"
        if self.endpoint.revision > 1:
            return f"finbehave rollback --endpoint {self.endpoint.name}"
        return f"finbehave deploy MODEL --endpoint {self.endpoint.name}"

    def disk(self, workspace: Path) -> None:
        """There is room for another environment and for logs."""

        def look(check: OpenCheck) -> None:
            there = next(folder for folder in (workspace.absolute(), *workspace.absolute().parents) if folder.exists())
            free = shutil.disk_usage(there).free
            check.detail = f"{free / 1e9:.1f} GB free in {there}"
            if free >= LITTLE_SPACE:
                return
            check.remedy = "free some space: delete old deployments, logs and cached environments"
            check.status = CheckStatus.FAILED if free < NO_SPACE else CheckStatus.WARNING
            if check.status is CheckStatus.FAILED:
                self._name(
                    Cause("disk-full", f"the disk is nearly full: {check.detail}", (), check.remedy, 0.95), fault=True
                )

        self._check("disk", CheckGroup.ENVIRONMENT, look)

    def refusals(self) -> None:
        """What clients were refused, as the endpoint's own log has it: never a fault by itself."""

        def look(check: OpenCheck) -> None:
            lines = self.backend.serving.logs(self.endpoint.name, tail=LINES)
            own = [line for line in lines if not line.deployment]
            self.lines += len(own)
            causes = explain(own)
            check.detail = f"{len(own)} lines of the endpoint's own log, nothing that is known to be wrong"
            if causes:
                check.status = CheckStatus.WARNING
                check.detail, check.remedy = causes[0].title, causes[0].remedy
            for cause in causes:
                if cause.code not in {known.code for known in self.causes}:
                    self._name(cause, fault=False)

        self._check("refused requests", CheckGroup.END_TO_END, look)

    # --- its deployments ----------------------------------------------------------------------------------

    def deployment(self, deployment: Deployment) -> bool:
        """It is ready, few of its requests failed, and it answers its golden records. Whether all is well."""

        def look(check: OpenCheck) -> None:
            check.detail = f"{deployment.state.value}, {deployment.model}"
            if deployment.detail:
                check.detail += f": {deployment.detail}"
            down = deployment.state is DeploymentState.STOPPED and deployment.traffic
            if deployment.state is DeploymentState.FAILED or down:
                check.status = CheckStatus.FAILED
            elif deployment.state is not DeploymentState.READY:
                check.status = CheckStatus.SKIPPED
            elif (asked := deployment.requests or 0) >= ENOUGH and (deployment.errors or 0) >= FAILING * asked:
                check.status = CheckStatus.WARNING
                check.detail += f"; {deployment.errors} of {asked} requests failed"
            if check.status in (CheckStatus.FAILED, CheckStatus.WARNING):
                check.remedy = (
                    f"finbehave logs --endpoint {self.endpoint.name} --deployment {deployment.name} --explain"
                )

        up = self._check(f"deployment {deployment.name}", CheckGroup.INTEGRATION, look)
        if deployment.state is not DeploymentState.READY or self.endpoint.state in _AWAY:
            return up and deployment.state is not DeploymentState.CREATING
        return self._check(
            f"golden records {deployment.name}", CheckGroup.END_TO_END, lambda check: self._golden(deployment, check)
        )

    def _golden(self, deployment: Deployment, check: OpenCheck) -> None:
        from finbehave.packaging.package import read_package

        package = read_package(self.backend.models.package(ModelRef.parse(deployment.model)))
        golden = package.golden
        answer = self.backend.serving.score(self.endpoint.name, golden.rows, deployment=deployment.name)
        wrong = differing(golden, package.manifest, answer)
        check.detail = f"{len(golden.rows)} rows answered as in training, {answer.latency_ms:.0f} ms"
        if wrong:
            check.status = CheckStatus.FAILED
            check.detail = f"{len(wrong)} of {len(golden.rows)} rows are answered otherwise than in training"
            check.remedy = (
                f"finbehave rollback --endpoint {self.endpoint.name}; finbehave check-compat {deployment.model}"
            )

    def log(self, deployment: Deployment, *, healthy: bool) -> None:
        """What its log shows: a fault where the deployment has one now, else something that has passed."""

        def look(check: OpenCheck) -> None:
            lines = self.backend.serving.logs(self.endpoint.name, deployment=deployment.name, tail=LINES)
            self.lines += len(lines)
            causes = explain(lines)
            check.detail = f"{len(lines)} lines, nothing that is known to be wrong"
            if not causes:
                return
            check.status = CheckStatus.WARNING if healthy else CheckStatus.FAILED
            check.detail, check.remedy = causes[0].title, causes[0].remedy
            for cause in causes:
                self._name(replace(cause, title=f"{deployment.name}: {cause.title}"), fault=not healthy)

        self._check(f"log {deployment.name}", CheckGroup.INTEGRATION, look)
