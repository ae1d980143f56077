"""A child process of the supervisor: started with a lifeline, ended kindly and then by force."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence

import psutil

END_SECONDS = 10.0
"""Between asking a process to end and killing it."""

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 10.0
"""Seconds before a process that died is started again: at once, and then ever more slowly."""


class Child:
    """A running process. Its standard input is a pipe that ends with the supervisor, however that ends."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    async def start(
        cls, command: Sequence[str], *, log: int, environment: Mapping[str, str], pass_fds: Sequence[int] = ()
    ) -> Child:
        """Start it with its output going to the descriptor ``log``, which is closed here.

        In a session of its own: a signal to the group of a terminal, or a model that signals its own, reaches no other.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log, env=dict(environment),
                pass_fds=tuple(pass_fds), cwd="/", start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(log)
        return cls(process)

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    @property
    def memory(self) -> int:
        """Bytes that it holds; 0 when it is gone."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def beat(self) -> None:
        """Say on its standard input that the supervisor is alive."""
        if self.running and self._process.stdin is not None:
            self._process.stdin.write(b".")

    async def wait(self) -> int:
        """Its status: negative is the signal that killed it."""
        return await self._process.wait()

    def kill(self) -> None:
        """End it now."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def end(self, patience: float = END_SECONDS) -> None:
        """Ask it to end, and after ``patience`` seconds kill it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), patience)
        except asyncio.TimeoutError:
            self.kill()
            await self._process.wait()


def pause_after(deaths: int) -> float:
    """Seconds to wait before the next start, after so many deaths in a row."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** max(0, deaths - 1))


def how_it_ended(status: int) -> str:
    """In words."""
    if status >= 0:
        return f"ended with status {status}"
    known = {number.value: number.name for number in signal.Signals}
    name = known.get(-status, str(-status))
    return f"was killed by signal 9 ({name})" if status == -signal.SIGKILL else f"was killed by {name}"
