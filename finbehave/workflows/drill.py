"""drill: make an endpoint of its own fail in a way that was asked for, so that operators can practise finding out why.

The failure is a real one, of a real process on this machine. Nothing of the workspace is touched but the drill's own
endpoint (``drill-CAUSE``) and its models, which are archived at once.
"""

from __future__ import annotations

import csv
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finbehave.backends.base import Backend, TrafficWrite, open_backend
from finbehave.domain.check import CheckGroup
from finbehave.domain.endpoint import DeploymentSpec
from finbehave.domain.model import RegisteredModel
from finbehave.errors import DeploymentFailed, FinbehaveError, TimedOut, UnexpectedError, UsageError
from finbehave.packaging.package import MODEL, is_package, manifest_from, read_package, seal
from finbehave.progress import QUIET, Progress, checking
from finbehave.settings import Settings, load_settings
from finbehave.workflows.drill_containers import Container
from finbehave.workflows.drills import DRILLS, WEAK_FROM, Clients, Drill
from finbehave.workflows.traffic import actor, write_traffic

DEPLOYMENT = "blue"
ROWS = 240


@dataclass(frozen=True)
class DrillsResult:
    """What can be practised: cause code -> how it comes about."""

    drills: dict[str, str]


@dataclass(frozen=True)
class DrillResult:
    """What has failed; ``symptom`` is what its operator or its client is told, ``title`` what went wrong.

    That is an endpoint with its deployment, or, where things go wrong before there is one, the ``log`` of a container.
    ``next`` are the commands to find out with, and the one that ends the drill.
    """

    cause: str
    title: str
    endpoint: str | None
    deployment: str | None
    log: Path | None
    symptom: str
    next: tuple[str, ...]


def list_drills() -> DrillsResult:
    """What can be practised."""
    return DrillsResult({one.cause: one.title for one in DRILLS})


def drill(cause: str, *, settings: Settings | None = None, progress: Progress = QUIET) -> DrillResult:
    """Bring a cause about on an endpoint of its own.

    Raises:
        UsageError: no such drill; another backend than this machine; the drill's endpoint is there already.
        EnvironmentImpossible, NoNetwork: the drill needs another environment, which cannot be built.
    """
    settings = settings or load_settings()
    wanted = _known(cause)
    if settings.backend != "local":
        raise UsageError("drills are for this machine, where they cost nothing", remedy="leave out --backend")
    if wanted.container is not None:
        return _contained(wanted, wanted.container, settings, progress)
    endpoint = f"drill-{cause}"
    _refuse_again(settings, endpoint)
    model = _registered(wanted, settings, progress)
    serving = open_backend(settings).serving
    with serving.exclusive(endpoint):
        try:
            symptom = _fail(wanted, endpoint, model, settings, progress)
        except BaseException:
            if endpoint in serving.endpoints():
                serving.delete_endpoint(endpoint)
            raise
    return DrillResult(cause, wanted.title, endpoint, DEPLOYMENT, None, symptom, _next(endpoint))


def _known(cause: str) -> Drill:
    for one in DRILLS:
        if one.cause == cause:
            return one
    raise UsageError(f"there is no drill for {cause!r}", remedy="finbehave drill lists those there are")


def _refuse_again(settings: Settings, endpoint: str) -> None:
    if endpoint in open_backend(settings).serving.endpoints():
        raise UsageError(
            f"{endpoint} is there already, from a drill before", remedy=f"finbehave delete --endpoint {endpoint} --yes"
        )


def _next(endpoint: str) -> tuple[str, ...]:
    return (
        f"finbehave status --endpoint {endpoint}",
        f"finbehave logs --endpoint {endpoint} --explain",
        f"finbehave troubleshoot --endpoint {endpoint}",
        f"finbehave delete --endpoint {endpoint} --yes",
    )


def _contained(wanted: Drill, container: Container, settings: Settings, progress: Progress) -> DrillResult:
    """Let a container fail, and keep its log."""
    with checking(progress, "a model for the drill", CheckGroup.LOCAL_MODEL):
        sound = _sound_package(settings)
    with (
        checking(progress, "it goes wrong", CheckGroup.INTEGRATION) as check,
        tempfile.TemporaryDirectory(prefix="finbehave-drill-") as place,
    ):
        said = container(sound, Path(place), settings, progress)
        check.detail = _last_complaint(said)
    log = settings.workspace / "drills" / f"{wanted.cause}.log"
    log.write_text(said, encoding="utf-8")
    look = (f"finbehave troubleshoot --file {log}", f"rm {log}")
    return DrillResult(wanted.cause, wanted.title, None, None, log, check.detail, look)


def _last_complaint(log: str) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    complaints = [line for line in lines if "error" in line.lower()]
    return (complaints or lines or ["it said nothing"])[-1]


# --- the model ----------------------------------------------------------------------------------------------


def _registered(wanted: Drill, settings: Settings, progress: Progress) -> RegisteredModel:
    """A package with what is wrong in it, where only this drill sees it."""
    models = open_backend(settings).models
    with checking(progress, "a model for the drill", CheckGroup.LOCAL_MODEL) as check:
        sound = _sound_package(settings)
        with tempfile.TemporaryDirectory(prefix="finbehave-drill-") as place:
            package = Path(place) / "package"
            shutil.copytree(sound, package)
            _spoil(wanted, package)
            model = models.register(package, f"drill-{wanted.cause}").model
        models.archive(model.ref)
        check.detail = wanted.title
    return model


def _sound_package(settings: Settings) -> Path:
    """Trained once in a workspace."""
    from finbehave.workflows.train import train

    package = settings.workspace / "drills" / "package"
    if not is_package(package):
        with tempfile.TemporaryDirectory(prefix="finbehave-drill-") as place:
            data = _customers(Path(place) / "customers.csv")
            train(data, "late", out=package, model_name="drill", candidates=["linear"], settings=settings)
    return read_package(package).path


def _customers(path: Path) -> Path:
    """Made-up customers, some of whom pay late."""
    chance = random.Random(0)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["income", "age", "account", "late"])
        for _ in range(ROWS):
            income, age = round(chance.lognormvariate(7.6, 0.4), 2), chance.randint(18, 85)
            account = chance.choice(["current", "savings", "student"])
            writer.writerow([income, age, account, int(chance.random() < (0.6 if account == "student" else 0.2))])
    return path


def _spoil(wanted: Drill, package: Path) -> None:
    if wanted.spoil is not None:
        wanted.spoil(package)
    if wanted.weakness is not None:
        from finbehave.environments.guests import run_guest

        request = {"package": str(package), "weakness": wanted.weakness, "from": WEAK_FROM}
        run_guest(Path(sys.executable), "fragile.py", request)
    seal(package, manifest_from(json.loads((package / "manifest.json").read_text(encoding="utf-8"))))


# --- the endpoint -------------------------------------------------------------------------------------------


def _fail(wanted: Drill, endpoint: str, model: RegisteredModel, settings: Settings, progress: Progress) -> str:
    """Deploy it past every gate, let clients at it, and return what is said of that."""
    backend = open_backend(settings)
    with checking(progress, "it goes wrong", CheckGroup.INTEGRATION) as check:
        check.detail = _not_up(wanted, endpoint, model, backend, settings) or _misused(
            wanted, endpoint, Clients(settings, endpoint, _row(backend, model))
        )
    return check.detail


def _not_up(wanted: Drill, endpoint: str, model: RegisteredModel, backend: Backend, settings: Settings) -> str | None:
    """What is said when the deployment does not come up; None when it does."""
    serving, package = backend.serving, backend.models.package(model.ref)
    spec = DeploymentSpec(DEPLOYMENT, str(model.ref), model.digest, settings.instance_type, 1, wanted.environment)
    serving.ensure_endpoint(endpoint, QUIET)
    serving.stop(endpoint, None)
    serving.create_deployment(endpoint, spec, QUIET)
    try:
        with _away(package / MODEL) if wanted.loses_model else nullcontext():
            serving.start(endpoint, None, QUIET)
            serving.wait_ready(endpoint, DEPLOYMENT, wanted.patience, QUIET)
    except (DeploymentFailed, TimedOut) as error:
        return error.message
    return None


def _row(backend: Backend, model: RegisteredModel) -> Mapping[str, Any]:
    return read_package(backend.models.package(model.ref)).golden.rows[0]


def _misused(wanted: Drill, endpoint: str, clients: Clients) -> str:
    """What the clients are answered."""
    if wanted.traffic:
        write = TrafficWrite(endpoint, {DEPLOYMENT: 100}, 0, actor(), f"drill {wanted.cause}")
        write_traffic(clients.serving, write)
    if wanted.misuse is not None:
        try:
            wanted.misuse(clients)
        except FinbehaveError as error:
            return error.message
    raise UnexpectedError(
        f"the drill {wanted.cause} went well, which it should not", remedy="attach the log of this run to a report"
    )


@contextmanager
def _away(file: Path) -> Iterator[None]:
    """A file is not there for a while."""
    aside = file.parent.with_name(f".{file.name}")
    file.rename(aside)
    try:
        yield
    finally:
        aside.rename(file)
