"""How long work tells whoever watches it: checks as they finish, notes, and how far it is.

Workflows and rooms take a ``Progress`` and never print. The command line draws it; the Python API is quiet.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from finbehave.domain.check import Check, CheckGroup, CheckStatus
from finbehave.errors import FinbehaveError


class Progress(Protocol):
    """Who watches. Methods are called from the thread that works and return at once."""

    def check(self, check: Check) -> None:
        """A check has ended."""

    def note(self, text: str) -> None:
        """An assumption or a warning, one line, that a person should read."""

    def advance(self, task: str, done: float, total: float | None = None) -> None:
        """``task`` has come as far as ``done`` of ``total`` (None: not known); equal means finished."""


class Quiet:
    """Watches nothing."""

    def check(self, check: Check) -> None:
        """Ignore it."""

    def note(self, text: str) -> None:
        """Ignore it."""

    def advance(self, task: str, done: float, total: float | None = None) -> None:
        """Ignore it."""


QUIET: Progress = Quiet()


@dataclass
class OpenCheck:
    """A check under way; the block that runs it sets ``detail``, and ``status`` where it is not passed."""

    detail: str = ""
    status: CheckStatus = CheckStatus.PASSED
    remedy: str | None = None


@contextmanager
def checking(progress: Progress, name: str, group: CheckGroup) -> Iterator[OpenCheck]:
    """Run a block as a check: time it, and report it as failed, with the error's remedy, when it raises ours."""
    started = time.monotonic()
    progress.advance(name, 0, None)
    running = OpenCheck()

    def ended(status: CheckStatus, detail: str, remedy: str | None) -> Check:
        return Check(name, group, status, detail, round(time.monotonic() - started, 3), remedy)

    try:
        yield running
    except FinbehaveError as error:
        progress.check(ended(CheckStatus.FAILED, error.message, error.remedy))
        raise
    except KeyboardInterrupt:
        progress.check(ended(CheckStatus.FAILED, "interrupted", "run the command again"))
        raise
    progress.check(ended(running.status, running.detail, running.remedy))
