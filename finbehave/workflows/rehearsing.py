"""check-compat --rehearse: a package under Azure's own inference server, in the target environment, on this machine.

What a managed online endpoint would take ten minutes and more to say: whether the container becomes ready within its
probes, answers, answers the same, and fits into the machine. The probe numbers are a managed endpoint's defaults
(Azure ML, deployment YAML: ``liveness_probe`` and ``readiness_probe``).
"""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finbehave.domain.check import CheckGroup, CheckStatus
from finbehave.domain.compat import Finding, Severity, TargetReport, Verdict
from finbehave.domain.endpoint import Capacity
from finbehave.domain.environment import Interpreter
from finbehave.errors import UsageError
from finbehave.progress import Progress, checking
from finbehave.settings import Settings
from finbehave.workflows.inference_server import SERVER, InferenceServer, inference_server, scoring_code, with_server
from finbehave.workflows.terms import asked_capacity

if TYPE_CHECKING:
    from finbehave.packaging.package import Package

INITIAL_DELAY, PERIOD, TIMEOUT, FAILURES = 10.0, 10.0, 2.0, 30
"""Seconds before the first probe, between probes, for an answer, and how many in a row may fail."""
ALLOWED = INITIAL_DELAY + PERIOD * FAILURES
SYSTEM_MIB = 1024
"""What the machine's own agents and the system take of its memory (as ``backends.azure.sizes`` reckons)."""
_LOOK_EVERY = 0.25


@dataclass(frozen=True)
class Rehearsal:
    """``seconds_to_ready`` of ``seconds_allowed``; ``memory_mib`` is the most that the server and one worker held.

    ``memory_needed_mib`` is that for every worker of the instance type, ``memory_allowed_mib`` what it has for them
    (None where the type is not known). ``differing`` are the golden records that it answers otherwise; None where it
    answered none.
    """

    ready: bool
    seconds_to_ready: float | None
    seconds_allowed: float
    answered: bool
    latency_ms: float | None
    differing: int | None
    memory_mib: int
    workers: int
    memory_needed_mib: int
    memory_allowed_mib: int | None
    instance_type: str
    error: str | None
    remedy: str | None


def check_servable(path: Path) -> None:
    """Raises UsageError for what is no package, which is what Azure is given."""
    if not path.is_dir():
        raise UsageError(
            f"{path} is a file, and a rehearsal serves a package",
            remedy=f"finbehave register {path} --environment FILE, then finbehave check-compat NAME --rehearse",
        )


def rehearse(path: Path, environment: str | None, settings: Settings, progress: Progress) -> Rehearsal:
    """Serve a package in an environment as Azure would, once it was judged to work there.

    Raises:
        Unavailable, ConfigurationError: the environment with the inference server could not be built.
    """
    from finbehave.environments.files import read_environment
    from finbehave.packaging.package import read_package

    package = read_package(path)
    spec = read_environment(environment) if environment else package.environment
    with checking(progress, f"inference server in {spec.origin}", CheckGroup.ENVIRONMENT) as check:
        interpreter = with_server(spec, settings, progress)
        check.detail = f"{SERVER} {interpreter.packages.get(SERVER, '?')}"
    with checking(progress, f"rehearsal in {spec.origin}", CheckGroup.INTEGRATION) as check:
        rehearsal = _Rehearsing(package, interpreter, settings.instance_type, asked_capacity(settings)).run()
        check.detail, check.remedy = told(rehearsal), rehearsal.remedy
        if rehearsal.error:
            check.status = CheckStatus.FAILED
    return rehearsal


def with_rehearsal(report: TargetReport, rehearsal: Rehearsal) -> TargetReport:
    """The verdict, with what the rehearsal showed."""
    if rehearsal.error is None:
        return report
    finding = Finding(Severity.ERROR, "rehearsal", rehearsal.error, rehearsal.remedy or "")
    return replace(report, verdict=Verdict.INCOMPATIBLE, findings=(finding, *report.findings))


def told(rehearsal: Rehearsal) -> str:
    """A rehearsal in one line."""
    if rehearsal.error:
        return rehearsal.error
    room = f" of {rehearsal.memory_allowed_mib:,}" if rehearsal.memory_allowed_mib else ""
    return (
        f"ready after {rehearsal.seconds_to_ready:.1f} s of {rehearsal.seconds_allowed:g}, answered in "
        f"{rehearsal.latency_ms:.0f} ms; {rehearsal.workers} workers need {rehearsal.memory_needed_mib:,}{room} MiB "
        f"of {rehearsal.instance_type}"
    )


@dataclass
class _Rehearsing:
    package: Package
    interpreter: Interpreter
    instance_type: str
    asked: Capacity
    most: int = 0
    """Bytes that the server's processes have held together."""

    def __post_init__(self) -> None:
        from finbehave.backends.azure.capacity import settled

        self.takes = settled(self.instance_type, self.asked)

    def run(self) -> Rehearsal:
        with tempfile.TemporaryDirectory(prefix="finbehave-rehearsal-") as folder:
            home = Path(folder)
            with inference_server(self.interpreter, scoring_code(home), self.package.path, home) as server:
                ready = self._wait(server)
                rows = json.dumps({"data": self.package.golden.rows}).encode()
                answer, latency, failure = self._ask(server.port, rows) if ready is not None else (None, None, None)
                self._measure(server.process)
                log = server.log
        return self._outcome(ready, answer, latency, failure, log)

    def _wait(self, server: InferenceServer) -> float | None:
        """Seconds until the probe's path answers 200; None where it ended, or the probes would have given up."""
        started = time.monotonic()
        while time.monotonic() - started < ALLOWED and server.running:
            if server.answers_probe(TIMEOUT):
                return time.monotonic() - started
            self._measure(server.process)
            time.sleep(_LOOK_EVERY)
        return None

    def _ask(self, port: int, body: bytes) -> tuple[Any, float | None, str | None]:
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=self.takes.request_timeout)
        try:
            connection.request("POST", "/score", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read()
            latency = 1000 * (time.monotonic() - started)
            if response.status != 200:
                return None, latency, f"it answered {response.status}: {content[:200].decode(errors='replace')}"
            return json.loads(content), latency, None
        except (OSError, http.client.HTTPException, ValueError) as error:
            return None, None, f"the golden rows got no answer: {type(error).__name__} {error}"
        finally:
            connection.close()

    def _measure(self, process: subprocess.Popen[bytes]) -> None:
        import psutil

        held = 0
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(process.pid)
            for one in (root, *root.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                    held += one.memory_info().rss
        self.most = max(self.most, held)

    # --- what it means ----------------------------------------------------------------------------------------------

    def _outcome(
        self, ready: float | None, answer: Any, latency: float | None, failure: str | None, log: str
    ) -> Rehearsal:
        from finbehave.backends.azure.sizes import size_of

        size, count = size_of(self.instance_type), self.takes.workers
        held = self.most >> 20
        found = Rehearsal(
            ready is not None, None if ready is None else round(ready, 2), ALLOWED, answer is not None,
            None if latency is None else round(latency, 1), self._differing(answer), held, count, held * count,
            None if size is None else int(size.memory * 1024) - SYSTEM_MIB, self.instance_type, None, None,
        )  # fmt: skip
        error, remedy = self._fault(found, failure, log)
        return replace(found, error=error, remedy=remedy)

    def _differing(self, answer: Any) -> int | None:
        from finbehave.domain.endpoint import Answer
        from finbehave.workflows.golden import differing

        if not isinstance(answer, dict):
            return None
        predictions, probabilities = answer.get("predictions") or (), answer.get("probabilities")
        said = Answer(tuple(predictions), tuple(probabilities) if probabilities else None, "", "", "", 0.0)
        return len(differing(self.package.golden, self.package.manifest, said))

    def _fault(self, found: Rehearsal, failure: str | None, log: str) -> tuple[str | None, str | None]:
        if not found.ready:
            return self._not_ready(log)
        if failure is not None:
            cause = _cause(log)
            return f"ready, and then {failure}", cause[1] if cause else "finbehave check-compat MODEL, to see why"
        if found.differing:
            return (
                f"it answers {found.differing} of its {len(self.package.golden.rows)} golden records otherwise under "
                "the inference server",
                "finbehave train, to make the model anew for this environment",
            )
        if found.memory_allowed_mib is not None and found.memory_needed_mib > found.memory_allowed_mib:
            return (
                f"{found.workers} workers hold {found.memory_needed_mib:,} MiB, and {found.instance_type} has "
                f"{found.memory_allowed_mib:,} for them",
                "finbehave deploy MODEL --instance-type TYPE, a larger one, or fewer --workers",
            )
        return None, None

    def _not_ready(self, log: str) -> tuple[str, str]:
        cause = _cause(log)
        if cause is not None:
            return f"it never became ready: {cause[0]}", cause[1]
        last = next((line for line in reversed(log.splitlines()) if line.strip()), "it said nothing")
        return (
            f"it did not become ready within {ALLOWED:g} s, after which Azure gives up: {last[:200]}",
            "finbehave check-compat MODEL, to see whether it loads",
        )


def _cause(log: str) -> tuple[str, str] | None:
    from finbehave.diagnosis.engine import diagnose

    found = diagnose(log)
    return (f"{found[0].title} ({found[0].code})", found[0].remedy) if found else None
