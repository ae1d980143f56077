"""Every error a person or a script can meet.

A class says what kind of failure it is: its ``code`` (stable, for scripts) and its ``exit_status`` (the
contract's table). The place that raises says what happened and what mends it. Errors are rendered in one
place, ``finbehave.cli.output``; nothing below it prints or exits.
"""

from __future__ import annotations

from typing import Any, ClassVar


class FinbehaveError(Exception):
    """The root of the tree; raise one of the classes below.

    Args:
        message: What happened and why, one short paragraph without a final newline.
        remedy: The command or the edit that mends it; never empty in what a person sees.
        result: What the command still found out (a compatibility report, a refused release), if anything.
    """

    code: ClassVar[str] = "unexpected"
    exit_status: ClassVar[int] = 1
    default_remedy: ClassVar[str] = "run the command again with --debug and attach the log file to a report"

    def __init__(self, message: str, *, remedy: str | None = None, result: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy or self.default_remedy
        self.result = result


class UnexpectedError(FinbehaveError):
    """A fault of ours: a guest that broke its protocol, a state that cannot be."""


class GuestFailed(FinbehaveError):
    """Guest code, in the model's own environment, did not give an answer.

    A probe takes this as an answer; for everything else it is the failure.

    Args:
        kind: ``exception``, ``crashed`` or ``timeout``.
        error_type: The exception's class, by name.
        signal: What killed it, as ``SIGSEGV``.
        traceback: The guest's own.
        log: The end of what it printed.
    """

    code = "guest-failed"
    default_remedy = "run the command again with --debug, which prints what the model's process said"

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        error_type: str = "",
        signal: str = "",
        traceback: str = "",
        log: str = "",
        remedy: str | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.kind = kind
        self.error_type = error_type
        self.signal = signal
        self.traceback = traceback
        self.log = log


# --- 2: usage and configuration ---------------------------------------------------------------------------


class UsageError(FinbehaveError):
    """The command's words are off."""

    code = "usage"
    exit_status = 2
    default_remedy = "see finbehave COMMAND --help"


class ConfigurationError(FinbehaveError):
    """A setting, a project file or the workspace cannot be used."""

    code = "configuration"
    exit_status = 2
    default_remedy = "see finbehave config for every value and where it comes from"


class ConfirmationRequired(FinbehaveError):
    """A destructive command without a terminal to ask on and without ``--yes``."""

    code = "confirmation-required"
    exit_status = 2
    default_remedy = "add --yes"


class PortTaken(ConfigurationError):
    """Another program listens on the port that was asked for."""

    code = "port-taken"


# --- 3: not found -----------------------------------------------------------------------------------------


class NotFound(FinbehaveError):
    """A file, model, endpoint, deployment or revision that is not there."""

    code = "not-found"
    exit_status = 3


# --- 4: data ----------------------------------------------------------------------------------------------


class DataRefused(FinbehaveError):
    """A data file that cannot be read or cannot be trained on."""

    code = "data-refused"
    exit_status = 4


class LeakageSuspected(DataRefused):
    """A column may give the target away; a person has to say whether it is known before the outcome.

    Args:
        columns: Those that are suspected.
    """

    code = "leakage-suspected"

    def __init__(self, message: str, *, columns: tuple[str, ...] = (), remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.columns = columns


class InputInvalid(DataRefused):
    """Rows to score that do not fit the model's schema."""

    code = "input-invalid"


# --- 5, 6: models -----------------------------------------------------------------------------------------


class IncompatibleModel(FinbehaveError):
    """The model will not load, or not predict the same, in the environment it is meant for."""

    code = "incompatible-model"
    exit_status = 5


class EnvironmentImpossible(IncompatibleModel):
    """An environment that cannot exist: pins that conflict, a version that has no build for this Python."""

    code = "environment-impossible"


class UnsafeModel(FinbehaveError):
    """A model file that would run code of its own when loaded."""

    code = "unsafe-model"
    exit_status = 6


class TamperedPackage(FinbehaveError):
    """A package whose files are not those its manifest names."""

    code = "tampered-package"
    exit_status = 6


# --- 7: release gates -------------------------------------------------------------------------------------


class GateFailed(FinbehaveError):
    """A release gate said no; traffic is where it was."""

    code = "gate-failed"
    exit_status = 7


class UnknownModel(GateFailed):
    """What a model file is, or holds, could not be established."""

    code = "unknown-model"


class DeploymentFailed(GateFailed):
    """A deployment that did not come up, or did not answer."""

    code = "deployment-failed"


class ReleaseAborted(GateFailed):
    """A canary that is worse than what it was to replace."""

    code = "release-aborted"


class ReleaseHeld(GateFailed):
    """A canary of which nobody can say yet whether it is worse; it stays, without traffic."""

    code = "release-held"


class TrafficConflict(GateFailed):
    """Somebody else changed the traffic meanwhile; theirs stands."""

    code = "conflict"


class EndpointUnhealthy(GateFailed):
    """A live endpoint has a fault."""

    code = "endpoint-unhealthy"


# --- 8, 9: access and availability ------------------------------------------------------------------------


class AccessDenied(FinbehaveError):
    """Authentication or authorisation failed."""

    code = "access-denied"
    exit_status = 8
    default_remedy = "see finbehave keys show"


class Unavailable(FinbehaveError):
    """Something that is needed cannot be reached now: a service, a network, a quota, a disk."""

    code = "unavailable"
    exit_status = 9


class Busy(Unavailable):
    """Another finbehave command is at work on the same endpoint or model."""

    code = "busy"


class TimedOut(Unavailable):
    """A wait that ran out."""

    code = "timeout"


class DiskFull(Unavailable):
    """No space left where something had to be written."""

    code = "disk-full"
    default_remedy = "free some space, then run the command again"


class NoNetwork(Unavailable):
    """An environment has to be built and the package index cannot be reached."""

    code = "no-network"


# --- 130 --------------------------------------------------------------------------------------------------


class Interrupted(FinbehaveError):
    """Ctrl-C; the message says what was undone and what is still running."""

    code = "interrupted"
    exit_status = 130
    default_remedy = "run the command again"


class StillRunning(Interrupted):
    """Ctrl-C while something that was begun goes on elsewhere, and is left to: the next command picks it up."""
