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

KEPT_BACK = 0.25
"""Share of the patience that is there only once the rest has run out: putting back what was begun needs some too."""


class Patience:
    """Seconds for which one command asks a busy service again, over everything that it asks.

    Only what is waited for a busy service counts, so that a command which takes an hour still has patience at its end.
    """

    def __init__(self, given: float) -> None:
        self.given = given
        self.spent = 0.0
        self._kept = given * KEPT_BACK

    @property
    def left(self) -> float:
        """What may still be waited."""
        return max(self.given - self._kept - self.spent, 0.0)

    def spend(self, seconds: float) -> None:
        """So long was waited."""
        self.spent += seconds

    def run_out(self) -> None:
        """The command fails by it; what was kept back is there from now on."""
        self._kept = 0.0


class Waiting:
    """The waits for one thing that is asked of the service.

    Args:
        doing: What is being done, for the words.
        patience: Of the whole command.
        progress: Is told that it waits.
        most: Seconds for this one thing, where it is not worth all the patience.
    """

    def __init__(self, doing: str, patience: Patience, progress: Progress, most: float | None = None) -> None:
        self._doing = doing
        self._patience = patience
        self._progress = progress
        self._most = most
        self._waited = 0.0
        self._pause = FIRST_PAUSE
        self._told = False

    def again(self, error: FinbehaveError, took: float = 0.0, *, pause: Callable[[float], None] = time.sleep) -> bool:
        """Wait, as long as the service says or longer each time. False where the error is final, or time has run out.

        An error of which time has run out says for how long it was asked again.

        Args:
            error: What the service said.
            took: Seconds until it did, which count too: a service may be busy by not answering.
        """
        if not isinstance(error, (Again, Busy)):
            return False
        self._spend(took)
        after = error.after if isinstance(error, Again) else None
        wait = max(after or 0.0, self._pause)
        if wait > self._left:
            self._give_up(error, after)
            return False
        self._tell(error, wait)
        pause(wait)
        self._spend(wait)
        self._progress.advance(self._task, 1, 1)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        return True

    @property
    def _left(self) -> float:
        left = self._patience.left
        return left if self._most is None else min(left, self._most - self._waited)

    def _spend(self, seconds: float) -> None:
        self._waited += seconds
        self._patience.spend(seconds)

    def _give_up(self, error: FinbehaveError, after: float | None) -> None:
        if self._most is not None:
            return
        spent, given = self._patience.spent, self._patience.given
        self._patience.run_out()
        if spent >= FIRST_PAUSE:
            error.message += f"; it was asked again for {spent:.0f} of {given:g} s"
        elif after and given:
            error.message += f"; it wants to be asked in {after:g} s, and {given:g} s were given"

    @property
    def _task(self) -> str:
        return f"Azure is asked again: {self._doing}"

    def _tell(self, error: FinbehaveError, wait: float) -> None:
        if not self._told or wait >= TOLD_SECONDS:
            self._progress.note(f"{error.message}; asked again in {wait:g} s, for up to {self._left:.0f} s")
        self._told = True
        self._progress.advance(self._task, self._waited, self._waited + self._left)
