"""The one way to Azure ML: the SDK's client, made when first needed, asked in silence, its errors in our words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any, TypeVar

from finbehave.backends.azure.account import Account
from finbehave.backends.azure.credentials import checked_credential, credential, identity_of
from finbehave.backends.azure.quiet import hush, quiet, without_dots
from finbehave.backends.azure.translate import ROLE, ROLES, STORAGE_ROLE, STORAGE_ROLES, Again, translated
from finbehave.backends.azure.uploads import tell_failures
from finbehave.backends.azure.waiting import Patience, Waiting
from finbehave.errors import FinbehaveError, StillRunning, TimedOut
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings

T = TypeVar("T")

LOOK_EVERY = 0.5
"""Seconds between looks at an operation; the SDK's own thread asks the service, at its pace."""

MANAGER = "https://management.azure.com"
POLL_SECONDS = 5
CONNECT_SECONDS, READ_SECONDS = 15, 90
SETTLE_SECONDS = 300.0

HOW_FAR = "finbehave status --backend azure shows how far it is"


@contextmanager
def left_going(words: str, *, remedy: str = HOW_FAR) -> Iterator[None]:
    """Ctrl-C ends this command, not what Azure has begun.

    Raises:
        StillRunning: in place of the interrupt, with ``words`` that say what goes on.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise StillRunning(f"interrupted; {words}", remedy=remedy) from None


def look(poller: Any, seconds: float) -> None:
    """Wait for an operation for a while. What it failed with is told by ``Workspace.outcome``, and not here."""
    with suppress(Exception):
        poller.wait(seconds)


class Workspace:
    """A workspace of Azure ML.

    Args:
        account: Which one.
        settings: Of the command.
        progress: Is told when a busy service is waited for.
        patience: Seconds for which it is asked again, over all that is asked; None for the settings' own, which is
            never exceeded where somebody has set it.
    """

    def __init__(
        self, account: Account, settings: Settings, progress: Progress = QUIET, patience: float | None = None
    ) -> None:
        checked_credential(settings.credential)
        self.account = account
        self.settings = settings
        self.progress = progress
        given = settings.patience if patience is None else patience
        if patience is not None and settings.origin("patience") != "default":
            given = min(patience, settings.patience)
        self.patience = Patience(given)
        self._lock = threading.RLock()
        self._left: Any = None

    @cached_property
    def ml(self) -> Any:
        """The SDK's client. It asks Azure for nothing yet."""
        with self._lock, quiet(debug=self.settings.debug):
            from azure.ai.ml import MLClient

            without_dots()
            tell_failures()
            client = MLClient(
                self.credential,
                self.account.subscription,
                self.account.group,
                self.account.workspace,
                show_progress=False,
                enable_telemetry=False,
                polling_interval=POLL_SECONDS,
                connection_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retry_total=0,  # it would wait in silence, and as long as the service likes
            )
            if not self.settings.debug:
                hush()
            return client

    @cached_property
    def credential(self) -> Any:
        """Who asks."""
        with quiet(debug=self.settings.debug):
            return credential(self.settings.credential)

    def grant(self, role: str, scope: str | None = None) -> str:
        """The command by which an owner gives whoever asks a role at a scope; None for the workspace's."""
        return (
            f"az role assignment create --assignee {self._identity or 'WHO'} --role '{role}' "
            f"--scope {scope or self.account.resource}"
        )

    @cached_property
    def _identity(self) -> str | None:
        """The object id of whoever asks, where that can be known."""
        try:
            with self._lock, quiet(debug=self.settings.debug):
                return identity_of(self.credential.get_token(f"{MANAGER}/.default").token)
        except Exception:  # it only makes a remedy more exact
            return None

    @cached_property
    def _manager(self) -> Any:
        """A client of the resource manager, for what the SDK has no call for; it asks as the SDK does."""
        from azure.core import PipelineClient
        from azure.core.pipeline.policies import BearerTokenCredentialPolicy, HeadersPolicy

        policies = [
            HeadersPolicy({"Accept": "application/json"}),
            BearerTokenCredentialPolicy(self.credential, f"{MANAGER}/.default"),
        ]
        return PipelineClient(MANAGER, policies=policies, connection_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS)

    def resource(
        self,
        doing: str,
        method: str,
        path: str,
        *,
        version: str,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        patience: float | None = None,
    ) -> Any:
        """Ask the resource manager itself: what it answered, parsed; None for an empty answer.

        Raises:
            FinbehaveError: what ``translated`` makes of a refusal.
        """

        def send(_: Any) -> Any:
            from azure.core.exceptions import HttpResponseError, ResourceNotFoundError, map_error
            from azure.core.rest import HttpRequest

            request = HttpRequest(method, path, params={"api-version": version, **(query or {})}, json=body)
            request.url = self._manager.format_url(request.url)
            response = self._manager.send_request(request)
            response.read()
            if response.status_code >= 400:
                map_error(response.status_code, response, {404: ResourceNotFoundError})
                raise HttpResponseError(response=response)
            return response.json() if response.content else None

        return self.ask(doing, send, patience=patience)

    def ask(self, doing: str, function: Callable[[Any], T], *, patience: float | None = None) -> T:
        """Call the SDK. What the service refuses for load, or for an operation under way, is asked again for a while.

        Args:
            doing: What is being done, for the words of an error.
            function: Takes the SDK's client. It may run several times.
            patience: Seconds for this alone, at most; None for all that the command has left.

        Raises:
            FinbehaveError: what ``translated`` makes of the SDK's error.
        """
        client = self.ml
        self._settle()
        waiting = Waiting(doing, self.patience, self.progress, patience)
        while True:
            started = time.monotonic()
            try:
                with self._lock, quiet(debug=self.settings.debug):
                    return function(client)
            except Exception as error:
                ours = self._translated(error, doing)
                if not waiting.again(ours, time.monotonic() - started):
                    raise ours from error

    def finish(self, doing: str, begin: Callable[[Any], Any], *, timeout: float, patience: float | None = None) -> Any:
        """Begin a long operation and wait for its end; one of which nothing is known any more is begun again.

        Raises:
            TimedOut: it still runs after ``timeout`` seconds; it goes on at the service.
            StillRunning: Ctrl-C; so it does. Whatever is asked of this workspace next waits for its end first.
        """
        waiting = Waiting(doing, self.patience, self.progress, patience)
        while True:
            with left_going(f"Azure may have begun {doing}"):
                poller = self.ask(doing, begin, patience=patience)
            with left_going(f"Azure goes on {doing}"):
                self._left = poller
                done = self._wait(doing, poller, timeout)
            self._left = None
            if not done:
                raise TimedOut(f"{doing}: not done within {timeout:g} s; it goes on at Azure", remedy=HOW_FAR)
            try:
                return self.outcome(doing, poller)
            except Again as error:  # a look at it was refused, and what it came to is not known
                if not waiting.again(error):
                    raise

    def _wait(self, doing: str, poller: Any, timeout: float) -> bool:
        """Whether it has ended in time, well or not."""
        started = time.monotonic()
        try:
            while not poller.done():
                waited = time.monotonic() - started
                if waited > timeout:
                    return False
                self.progress.advance(doing, waited, None)
                look(poller, LOOK_EVERY)
            return True
        finally:
            self.progress.advance(doing, 1, 1)

    def _settle(self) -> None:
        """What was left going is waited for: who puts a release back must not read what is just being changed."""
        poller, self._left = self._left, None
        if poller is not None:
            self._wait("what was begun at Azure ends first", poller, SETTLE_SECONDS)

    def outcome(self, doing: str, poller: Any) -> Any:
        """The result of an operation that has ended. Raises what it failed with, in our words."""
        try:
            with self._lock, quiet(debug=self.settings.debug):
                return poller.result()
        except Exception as error:
            raise self._translated(error, doing) from error

    def _translated(self, error: Exception, doing: str) -> FinbehaveError:
        """In our words, with the command that gives a role that is missing."""
        ours = translated(error, doing)
        if ours.remedy == ROLES:
            ours.remedy = f"{ROLES}: {self.grant(ROLE)}; then finbehave doctor --backend azure"
        elif ours.remedy == STORAGE_ROLES:
            account = self.account
            storage = (
                f"az ml workspace show -n {account.workspace} -g {account.group} --subscription {account.subscription}"
            )
            ours.remedy = f"{STORAGE_ROLES}: {self.grant(STORAGE_ROLE, f'$({storage} --query storage_account -o tsv)')}"
        return ours
