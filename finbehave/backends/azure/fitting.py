"""Fits as command jobs of Azure ML: rows and request go up as a folder, model and answer come down as one.

A job is named by all that decides its outcome, so that the same command finds the job that it has left.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from finbehave.backends.azure.client import Workspace
from finbehave.backends.azure.environment import built_environment, ensure_built
from finbehave.backends.azure.joblogs import Live, download, reason, whole_log
from finbehave.backends.azure.staging import FITTING, JOB, fitting_code
from finbehave.backends.azure.translate import ImageBuildFailed, QuotaExceeded
from finbehave.backends.azure.waiting import FIRST_PAUSE, LONGEST_PAUSE
from finbehave.backends.base import FitSpec, Fitted, Machines
from finbehave.disk import unwritable
from finbehave.environments.guests import GUEST, read_response
from finbehave.errors import (
    AccessDenied,
    FinbehaveError,
    GuestFailed,
    NotFound,
    StillRunning,
    TimedOut,
    Unavailable,
    UsageError,
)
from finbehave.packaging.package import MODEL
from finbehave.progress import Progress
from finbehave.settings import Settings

SERVERLESS = "serverless"
"""The name by which Azure's own tools ask for a machine for one job alone."""

LOW_PRIORITY = "low_priority"
"""The SDK's word for the tier of a cluster's machines. A job on a cluster cannot choose it: ``queue_settings`` is for
serverless machines only. Source: Azure ML, "Manage and optimize costs" and the schema of command jobs."""

RUNNING, COMPLETED, CANCELED = "Running", "Completed", "Canceled"
ENDED = frozenset([COMPLETED, CANCELED, "Failed"])
LONGEST_SECONDS = 12 * 3600
"""After so long Azure ends the job, so that none costs money for ever."""

EXPERIMENT = "finbehave-train"
ASKED, MADE = "asked", "made"
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""As on this machine: fits run side by side, each on one thread."""

_TRIES = 20
_LOG_BYTES = 64 * 1024


class AzureFitting:
    """Fulfils ``Fitting`` in a workspace of Azure ML."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings
        self._kept = settings.workspace.absolute() / "azure" / "jobs"

    def preflight(self, machines: Machines) -> str:
        """What the fit will run on; a machine of a cluster has the cluster's own tier."""
        if _serverless(machines):
            size = self._settings.instance_type
            return f"{'a low-priority' if machines.spot else 'a'} {size} for this job alone"
        name = str(machines.compute)
        try:
            found = self._workspace.ask(f"reading the compute {name}", lambda ml: ml.compute.get(name))
        except NotFound as error:
            if "AZURE_" in error.remedy:  # the workspace itself
                raise
            raise NotFound(
                f"there is no compute {name} in the workspace {self._workspace.account.workspace}",
                remedy="az ml compute list; or leave out --compute and add --spot, for a machine for this job alone",
            ) from error
        low = str(getattr(found, "tier", "") or "").lower() == LOW_PRIORITY
        if machines.spot and not low:
            raise UsageError(
                f"{name} has no low-priority machines, and a job cannot choose: the tier is the cluster's own",
                remedy="name a cluster made with az ml compute create --type AmlCompute --tier low_priority, or leave "
                "out --compute",
            )
        return f"{name}, {getattr(found, 'size', None) or found.type}" + (", low priority" if low else "")

    def fit(self, spec: FitSpec, model: Path, *, timeout: float, progress: Progress) -> Fitted:
        """Start the job or find it, wait for its end, and take what it made."""
        job = self._started(spec, progress)
        with self._left_going(job):
            status = self._ended(job, timeout, progress)
        with tempfile.TemporaryDirectory(prefix="finbehave-job-") as place:
            folder = Path(place)
            if status != COMPLETED:
                raise self._failure(job, status, folder)
            download(self._workspace, job, folder, MADE)
            made = folder / "named-outputs" / MADE
            result = read_response(made / "response.json", "fit.py", "")
            if result is None or not (made / MODEL).is_file():
                raise GuestFailed(
                    f"the job {job} has ended well, and what it made is not there any more", kind="crashed",
                    remedy="change the command, such as --trials, for another job",
                )  # fmt: skip
            try:
                shutil.copyfile(made / MODEL, model)
            except OSError as error:
                raise unwritable(model, error) from error
        return Fitted(result, job)

    # --- starting -------------------------------------------------------------------------------------------------

    def _started(self, spec: FitSpec, progress: Progress) -> str:
        """The job that does this already or has done it; else a new one. What failed before is tried again."""
        wanted = built_environment(spec.environment, serving=False)
        stem = _name(spec, wanted.name, self._settings.instance_type)
        for number in range(1, _TRIES + 1):
            name = stem if number == 1 else f"{stem}-{number}"
            known = self._known(name)
            if known is None:
                environment = ensure_built(self._workspace, wanted)
                with self._left_going(name, ", if it has come there"):
                    self._create(name, spec, environment, progress)
                return name
            if _status(known) not in ENDED - {COMPLETED}:
                progress.note(f"the job {name} does this already")
                return name
        raise Unavailable(
            f"this fit has failed {_TRIES} times on Azure: {stem} and those after it",
            remedy="read their logs in the studio, under Jobs, and fit on this machine: leave out --compute and --spot",
        )

    def _known(self, name: str) -> Any:
        try:
            return self._workspace.ask(f"looking for the job {name}", lambda ml: ml.jobs.get(name))
        except NotFound as error:
            if "AZURE_" in error.remedy:
                raise
            return None

    def _create(self, name: str, spec: FitSpec, environment: str, progress: Progress) -> None:
        progress.advance("uploading the rows", 0, None)
        with _asked(spec) as asked, fitting_code() as code:
            try:
                made = self._workspace.ask(
                    f"starting the job {name}",
                    lambda ml: ml.jobs.create_or_update(self._job(name, spec.machines, environment, asked, code)),
                )
            except FinbehaveError:
                made = self._known(name)  # an answer that was lost
                if made is None:
                    raise
        progress.advance("uploading the rows", 1, 1)
        where = getattr(made, "studio_url", None)
        progress.note(f"the job {name} fits on Azure" + (f": {where}" if where else ""))

    def _job(self, name: str, machines: Machines, environment: str, asked: Path, code: Path) -> Any:
        """Made anew for each try: the SDK writes into it where it has put the files."""
        from azure.ai.ml import Input, Output, command
        from azure.ai.ml.entities import QueueSettings

        alone = _serverless(machines)
        job = command(
            name=name,
            experiment_name=EXPERIMENT,
            display_name=name,
            command=f"python {JOB} ${{{{inputs.{ASKED}}}}} ${{{{outputs.{MADE}}}}}",
            code=str(code),
            environment=environment,
            environment_variables=dict(THREADS),
            inputs={ASKED: Input(type="uri_folder", path=str(asked), mode="download")},
            outputs={MADE: Output(type="uri_folder", mode="rw_mount")},
            compute=None if alone else machines.compute,
            instance_type=self._settings.instance_type if alone else None,
            instance_count=1,
        )
        job.set_limits(timeout=LONGEST_SECONDS)
        if alone and machines.spot:
            job.queue_settings = QueueSettings(job_tier="Spot")
        return job

    # --- waiting --------------------------------------------------------------------------------------------------

    def _ended(self, job: str, timeout: float, progress: Progress) -> str:
        """The status in which it has ended."""
        doing = f"the job {job}"
        started, pause, seen = time.monotonic(), FIRST_PAUSE, ""
        live = Live(self._workspace, job, progress)
        while True:
            status = _status(self._workspace.ask(f"looking at {doing}", lambda ml: ml.jobs.get(job)))
            waited = time.monotonic() - started
            if status in ENDED:
                progress.advance(doing, 1, 1)
                return status
            if waited > timeout:
                raise TimedOut(
                    f"{doing} is {status} after {timeout:g} s; it goes on at Azure",
                    remedy=f"the same command finds it again; {self._cancel(job)}",
                )
            if status != seen:
                progress.note(f"{doing} is {status.lower()}")
            seen = status
            progress.advance(doing, waited, None)
            if status == RUNNING:
                live.pass_on()
            time.sleep(min(pause, max(timeout - waited, 0.01)))
            pause = min(pause * 1.5, LONGEST_PAUSE)

    @contextmanager
    def _left_going(self, job: str, perhaps: str = "") -> Iterator[None]:
        """Ctrl-C ends this command, not the job. Raises StillRunning in place of the interrupt."""
        try:
            yield
        except KeyboardInterrupt:
            raise StillRunning(
                f"interrupted; the job {job} goes on at Azure{perhaps}",
                remedy=f"the same command finds it; {self._cancel(job)}",
            ) from None

    def _cancel(self, job: str) -> str:
        where = self._workspace.account
        return f"az ml job cancel --name {job} -g {where.group} -w {where.workspace} ends it"

    def _failure(self, job: str, status: str, folder: Path) -> FinbehaveError:
        """Why it failed: by the fit's own answer, else by its log, else by what Azure says."""
        if status == CANCELED:
            return Unavailable(f"the job {job} was cancelled at Azure", remedy="run the same command again")
        log, ran = whole_log(self._workspace, job, folder)
        kept = self._keep(job, log)
        told = f" (job {job} on Azure; its log is kept in {kept})"
        tail = log[-_LOG_BYTES:]
        try:
            download(self._workspace, job, folder, MADE)
            read_response(folder / "named-outputs" / MADE / "response.json", "fit.py", tail)
        except GuestFailed as error:
            if error.error_type == "Refused":
                return error
            return GuestFailed(
                error.message[:300] + told, kind=error.kind, error_type=error.error_type, traceback=error.traceback,
                log=tail, remedy=f"read {kept}",
            )  # fmt: skip
        except FinbehaveError:
            pass  # it made nothing
        told_by_azure = reason(self._workspace, job)
        if not ran and isinstance(told_by_azure, (QuotaExceeded, ImageBuildFailed, AccessDenied)):
            return told_by_azure
        last = next((line.strip() for line in reversed(log.splitlines()) if line.strip()) if ran else iter(()), "")
        why = last or (told_by_azure.message if told_by_azure else "it said nothing")
        return GuestFailed(f"the fit failed: {why[:250]}{told}", kind="crashed", log=tail, remedy=f"read {kept}")

    def _keep(self, job: str, log: str) -> Path:
        path = self._kept / f"{job}.log"
        try:
            self._kept.mkdir(parents=True, exist_ok=True)
            path.write_text(log, encoding="utf-8")
        except OSError as error:
            raise unwritable(path, error) from error
        return path


def _status(job: Any) -> str:
    """The SDK gives an enumeration for what it knows, and text for what is new."""
    return str(getattr(job.status, "value", job.status))


def _serverless(machines: Machines) -> bool:
    return machines.compute in (None, SERVERLESS)


def _name(spec: FitSpec, environment: str, size: str) -> str:
    machines = [SERVERLESS, size, spec.machines.spot] if _serverless(spec.machines) else [spec.machines.compute]
    decides = json.dumps([dict(spec.request), environment, machines], sort_keys=True)
    digest = hashlib.sha256(decides.encode())
    for name in FITTING:
        digest.update((GUEST / name).read_bytes())
    with spec.arrays.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return f"finbehave-fit-{digest.hexdigest()[:16]}"


@contextmanager
def _asked(spec: FitSpec) -> Iterator[Path]:
    """The folder that goes up: the request, and the rows under the name that ``guest/job.py`` knows."""
    with tempfile.TemporaryDirectory(prefix="finbehave-asked-") as place:
        folder = Path(place) / ASKED
        folder.mkdir()
        envelope = {"schema_version": 1, "memory_bytes": None, "request": dict(spec.request)}
        (folder / "request.json").write_text(json.dumps(envelope), encoding="utf-8")
        shutil.copyfile(spec.arrays, folder / "rows.npz")
        yield folder
