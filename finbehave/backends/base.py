"""The Protocols that a backend fulfils: a model registry, serving, and fitting where it has machines for that.

They are primitives. The sequence of a verb (gates, deploy, rollback) is written once, in ``finbehave.workflows``,
on top of them, so that it behaves alike on every backend.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from finbehave.domain.endpoint import (
    Answer,
    Deployment,
    DeploymentSpec,
    Endpoint,
    Keys,
    LedgerEntry,
    Traffic,
)
from finbehave.domain.environment import EnvironmentSpec
from finbehave.domain.model import ModelRef, RegisteredModel, Registration
from finbehave.domain.observed import Observed
from finbehave.progress import QUIET, Progress

if TYPE_CHECKING:  # the settings' library takes its time to import, and the endpoint's processes need none of it
    from finbehave.settings import Settings

Bump = Literal["major", "minor", "patch"]


class ModelRegistry(Protocol):
    """Keeps packages by name and semantic version. Every package is verified on the way in and on the way out."""

    def register(self, package: Path, name: str, *, version: str | None = None, bump: Bump = "patch") -> Registration:
        """Store a package. The same content again returns the version that is there (``created`` False).

        Without ``version`` the next one after the highest is taken by ``bump`` (the first is 1.0.0), so that two
        processes never share one. A crash leaves the version whole or absent.

        Raises:
            UsageError: the version is taken by other content, or is not semantic, or the name is not one.
        """

    def get(self, ref: ModelRef) -> RegisteredModel:
        """The version, or the latest that is not archived. Raises NotFound."""

    def list(self, name: str | None = None, *, archived: bool = False) -> Sequence[RegisteredModel]:
        """All versions by name and version, oldest first; archived ones only when asked for."""

    def package(self, ref: ModelRef) -> Path:
        """A verified package directory to read from: the stored one, or a cached download. Not to be written to."""

    def archive(self, ref: ModelRef, *, archived: bool = True) -> RegisteredModel:
        """Hide a version from ``latest`` and from listings, or bring it back."""


@dataclass(frozen=True)
class TrafficWrite:
    """One atomic change of traffic, with what the ledger keeps of it.

    ``expected`` is the revision that the caller read; the write is refused when another one has come since.
    """

    endpoint: str
    traffic: Traffic
    expected: int
    actor: str
    reason: str


@dataclass(frozen=True)
class LogLine:
    """``time`` is ISO 8601 in UTC, empty where the source has none; ``deployment`` is empty for the endpoint's own."""

    time: str
    deployment: str
    text: str


class Serving(Protocol):
    """Endpoints and their deployments. Everything raises NotFound for what is not there."""

    def endpoints(self) -> Sequence[str]:
        """Names, sorted."""

    def ensure_endpoint(self, name: str, progress: Progress) -> Endpoint:
        """Create the endpoint if need be, start it if it should run and does not, and return it."""

    def endpoint(self, name: str) -> Endpoint:
        """State, traffic and deployments as they are now."""

    def measured(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint with what its deployments have answered, where that takes a question of its own.

        It stays as it was where nobody can say; the reason is a note.
        """

    def preflight(self, endpoint: str, spec: DeploymentSpec, progress: Progress) -> Sequence[str]:
        """Check, before anything is created, what can be known: names, access, room for it.

        Returns what will run and what it costs, a line each; nothing where there is nothing to say.

        Raises:
            UsageError, AccessDenied, NotFound, Unavailable: what does not hold.
        """

    def create_deployment(self, endpoint: str, spec: DeploymentSpec, progress: Progress) -> Deployment:
        """Create or replace a deployment at 0 % of the traffic; one that holds traffic is refused."""

    def wait_ready(self, endpoint: str, deployment: str, timeout: float, progress: Progress) -> Deployment:
        """Wait until it answers.

        Raises:
            DeploymentFailed: it crashed or gave up; the logs are still there to fetch.
            TimedOut: ``timeout`` seconds ran out.
        """

    def score(
        self, endpoint: str, rows: Sequence[Mapping[str, Any]], *, deployment: str | None = None, timeout: float = 30.0
    ) -> Answer:
        """Ask over HTTP, as any client would, with the endpoint's key; by header where a deployment is named.

        Raises:
            InputInvalid, AccessDenied, Unavailable, TimedOut, GateFailed: by what the endpoint answered.
        """

    def observe(self, endpoint: str, seconds: float) -> Mapping[str, Observed]:
        """What each deployment has answered: counts since it came up, and scores of the last ``seconds``.

        Empty where the backend cannot say that from one second to the next.
        """

    def set_traffic(self, write: TrafficWrite) -> LedgerEntry:
        """Change the split and append the ledger in one write, and return only once requests follow it.

        Raises:
            TrafficConflict: the revision is no longer ``write.expected``; nothing was changed.
        """

    def set_mirror(self, endpoint: str, deployment: str, percent: int) -> None:
        """Ask a deployment without traffic too, for so many requests in a hundred; 0 ends it. Clients see none of it.

        Any other mirror ends.
        """

    def ledger(self, endpoint: str) -> Sequence[LedgerEntry]:
        """Every change, oldest first."""

    def logs(
        self, endpoint: str, *, deployment: str | None = None, tail: int | None = 200, since: float | None = None
    ) -> Sequence[LogLine]:
        """The last ``tail`` lines not older than ``since`` seconds; also of a deployment that crashed."""

    def follow(self, endpoint: str, *, deployment: str | None = None) -> Iterator[LogLine]:
        """Lines as they come, until the caller stops."""

    def start(self, endpoint: str, deployment: str | None, progress: Progress) -> Endpoint:
        """Bring it up again, with the traffic it had; what runs already stays as it is."""

    def stop(self, endpoint: str, deployment: str | None) -> Endpoint:
        """Stop answering and keep everything."""

    def delete_deployment(self, endpoint: str, deployment: str) -> None:
        """Remove a deployment. Refused while it holds traffic."""

    def delete_endpoint(self, endpoint: str) -> None:
        """Remove an endpoint with its deployments."""

    def keys(self, endpoint: str) -> Keys:
        """The keys as they are. Raises UsageError where the endpoint takes something else."""

    def rotate_key(self, endpoint: str, which: Literal["primary", "secondary"]) -> Keys:
        """Replace one key; the other goes on working."""

    def exclusive(self, endpoint: str) -> AbstractContextManager[None]:
        """Hold the one lock of the endpoint, for a whole deploy or rollback. Raises Busy."""


@dataclass(frozen=True)
class Machines:
    """Which machine a fit is to run on.

    ``compute`` is one that is there, by name; None asks for a machine for this fit alone. ``spot``: one that is cheaper
    and may be taken away.
    """

    compute: str | None
    spot: bool


@dataclass(frozen=True)
class FitSpec:
    """A fit for another machine.

    ``request`` is what ``guest/fit.py`` is asked, without its paths; ``arrays`` the file of its rows. ``environment``
    pins everything that it needs.
    """

    request: Mapping[str, Any]
    arrays: Path
    environment: EnvironmentSpec
    machines: Machines


@dataclass(frozen=True)
class Fitted:
    """What ``guest/fit.py`` answered elsewhere, and the name of the job that ran it."""

    result: dict[str, Any]
    job: str


class Fitting(Protocol):
    """Fits on machines elsewhere. Only the fit itself is theirs: data, guard, package and golden records stay here."""

    def preflight(self, machines: Machines) -> str:
        """What the fit will run on, in words. Raises NotFound; UsageError for a machine of another kind."""

    def fit(self, spec: FitSpec, model: Path, *, timeout: float, progress: Progress) -> Fitted:
        """Run the fit, or go on waiting for the same one, and put the fitted pipeline at ``model``.

        Whoever stops waiting, by Ctrl-C or after ``timeout`` seconds, leaves it going.

        Raises:
            GuestFailed: it failed; the end of its log is in the error, and the whole in a file that the error names.
            Unavailable: no machine, no quota, or it was cancelled. TimedOut: it goes on.
        """


@dataclass(frozen=True)
class Backend:
    """Where a workflow works.

    ``elsewhere``: deployments run on other machines, where a mistake shows late and costs money, so that a model is
    tried on this one first. ``fitting`` is None where there are no machines but this one.
    """

    models: ModelRegistry
    serving: Serving
    elsewhere: bool
    fitting: Fitting | None = None


def open_backend(settings: Settings, progress: Progress = QUIET, patience: float | None = None) -> Backend:
    """The backend that the settings name. Each is imported only when it is used.

    Args:
        settings: Of the command.
        progress: Is told when a busy service is waited for.
        patience: Seconds for which one is asked again, in all; None for the settings' own.
    """
    if settings.backend == "azure":
        from finbehave.backends.azure import open_azure

        return open_azure(settings, progress, patience)
    from finbehave.backends.local import open_local

    return open_local(settings)
