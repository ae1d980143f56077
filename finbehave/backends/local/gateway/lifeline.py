"""The supervisor at the other end of standard input: whether it lives, whether it moves, and a successor where not.

It says a byte each second. One that says nothing is stopped or hangs, and nothing that dies would be started again:
it is killed, which frees its lock, and is then succeeded like one that was killed by somebody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

from finbehave.backends.local.launching import launch
from finbehave.backends.local.state import State
from finbehave.errors import FinbehaveError

LIFELINE = 0
"""Standard input."""

TURN_SECONDS, SILENT_TURNS = 1.0, 10
"""A supervisor that says nothing for so many turns of ours hangs. Turns and no clock: where the machine sleeps or has
no time for us, it has none for the supervisor either, and we turn as little as it speaks."""

RELAUNCH_EVERY = 5.0


class Lifeline:
    """The supervisor with this pid, our parent. ``cut``: it is gone."""

    def __init__(self, endpoint_dir: Path, supervisor: int, say: Callable[[str], None]) -> None:
        self._dir = endpoint_dir
        self._supervisor = supervisor
        self._say = say
        self._silent = 0
        self.cut = asyncio.Event()

    async def hold(self) -> None:
        """Watch over the supervisor, and when it is gone launch successors for as long as this process lives."""
        loop = asyncio.get_running_loop()
        loop.add_reader(LIFELINE, self._hear)
        while not self.cut.is_set():
            await self._turn()
        loop.remove_reader(LIFELINE)
        self._say("the supervisor is gone; another one is started")
        while True:
            await self._launch_successor()
            await asyncio.sleep(RELAUNCH_EVERY)

    def _hear(self) -> None:
        self._silent = 0
        if not os.read(LIFELINE, 4096):
            self.cut.set()

    async def _turn(self) -> None:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.cut.wait(), TURN_SECONDS)
            return
        self._silent += 1
        if self._silent > SILENT_TURNS and os.getppid() == self._supervisor:
            self._say(f"the supervisor has said nothing for {self._silent} s and is killed")
            self._silent = 0
            os.kill(self._supervisor, signal.SIGKILL)

    async def _launch_successor(self) -> None:
        """Unless the endpoint is to stop. Whatever hinders it may be over the next time."""
        try:
            await asyncio.to_thread(_launch_where_wanted, self._dir)
        except (FinbehaveError, OSError) as error:
            self._say(f"no supervisor can be started now: {error}")


def _launch_where_wanted(endpoint_dir: Path) -> None:
    with State(endpoint_dir) as state:
        wanted = state.endpoint().running
    if wanted:
        launch(endpoint_dir)
