"""What a signature is, and the cause codes it may name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

CAUSE_CODES = (
    # may the operator in, and is there room?
    "auth-token", "role-missing", "network-blocked", "conflict", "quota",
    # is there an image?
    "image-build-failed", "python-version", "image-pull-denied", "disk-full",
    # does the script start, in a sound environment?
    "score-script-missing", "score-script-invalid", "numpy-abi", "missing-package", "library-mismatch",
    # does the model load?
    "model-not-found", "model-is-pointer", "model-corrupt", "missing-class", "sklearn-mismatch", "segfault",
    "out-of-memory", "init-failed", "init-timeout", "probe-misconfigured",
    # does it answer?
    "endpoint-not-found", "no-traffic", "auth-key", "throttled", "scoring-timeout", "response-not-json", "run-failed",
    "input-invalid",
    "platform-error",
)  # fmt: skip
"""Every code, in the order in which several causes are to be mended: what comes first in a release comes first."""


class Phase(str, Enum):
    """Where in the life of a container a line was written."""

    START = "start"
    """The script is imported, or its init() runs."""
    RUN = "run"
    """Requests are answered."""


Words = str | tuple[str, ...]
"""A template, or several of which the first counts whose fields are all known."""


@dataclass(frozen=True)
class Signature:
    """How a cause shows in a log, and what mends it.

    A line that matches ``pattern`` is the evidence. Templates of ``titles`` and ``remedies`` may use its named groups,
    those of ``near``, and what the log says elsewhere (see ``finbehave.diagnosis.context``).
    """

    code: str
    anchors: tuple[str, ...]
    """In small letters; every line that matches holds one of them. They keep the search linear."""
    pattern: str
    titles: Words
    remedies: Words
    source: str
    """Where it is known from."""
    confidence: float = 0.9
    raised: bool = False
    """It is the message of an exception: of a chain of exceptions only one is the cause."""
    phase: Phase | None = None
    """Counts in this phase, or where the phase is not known."""
    frames: str = ""
    """The innermost three frames of the traceback must show this; where there is none, there is nothing to show."""
    within: str = ""
    """Some frame of the traceback must show this."""
    not_frames: str = ""
    """The innermost frame must not show this."""
    near: tuple[str, ...] = ()
    """Looked for in the message and in the lines around; their named groups are optional."""
    needs: tuple[str, ...] = ()
    """Fields that must be known."""
    present: str = ""
    """Must show somewhere in the log."""
    absent_after: str = ""
    """No later line of the container may show this (harmless lines aside)."""
    unless_near: str = ""
    """Must not show in the lines before; may use the pattern's named groups."""
    unless_line: str = ""
    """Must not show on the same line."""
    tentative: bool = False
    """Often tried and handled on purpose: when another known exception was raised while handling it, that counts."""
    echo: bool = False
    """What follows from another cause; named only where no other is."""
    quiet: bool = False
    """Also written where nothing is wrong: lines below error level do not count, and real failures come before it."""
