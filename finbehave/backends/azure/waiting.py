"""Asking a busy service again: how long is waited, for how long in all, and that somebody is told."""

from __future__ import annotations

import time
from collections.abc import Callable

from finbehave.backends.azure.translate import Again
from finbehave.errors import Busy, FinbehaveError
from finbehave.progress import Progress

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
TOLD_SECONDS = 5.0
"""A wait that the service asks for is told in words from here on; a shorter one moves a bar only."""


class Waiting:
    """The waits for one thing that is asked of the service.

    Args:
        doing: What is being done, for the words.
        patience: Seconds for which it is asked again, in all.
        progress: Is told that it waits.
    """

    def __init__(self, doing: str, patience: float, progress: Progress) -> None:
        self._doing = doing
        self._patience = patience
        self._progress = progress
        self._started = time.monotonic()
        self._pause = FIRST_PAUSE
        self._told = False

    def again(self, error: FinbehaveError, *, pause: Callable[[float], None] = time.sleep) -> bool:
        """Wait, as long as the service says or longer each time. False where the error is final, or time has run out.

        An error of which time has run out says for how long it was asked again.
        """
        if not isinstance(error, (Again, Busy)):
            return False
        after = error.after if isinstance(error, Again) else None
        wait = max(after or 0.0, self._pause)
        waited = time.monotonic() - self._started
        if waited + wait > self._patience:
            if self._told:
                error.message += f"; it was asked again for {waited:.0f} s"
            elif after and self._patience:
                error.message += f"; it wants to be asked in {after:g} s, and {self._patience:g} s were given"
            return False
        self._tell(error, wait, waited)
        pause(wait)
        self._progress.advance(self._task, 1, 1)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        return True

    @property
    def _task(self) -> str:
        return f"Azure is asked again: {self._doing}"

    def _tell(self, error: FinbehaveError, wait: float, waited: float) -> None:
        if not self._told or wait >= TOLD_SECONDS:
            left = self._patience - waited
            self._progress.note(f"{error.message}; asked again in {wait:g} s, for up to {left:.0f} s")
        self._told = True
        self._progress.advance(self._task, waited, self._patience)
