"""The workers of one deployment: started together, kept running, and given up on when they cannot come up.

A deployment whose worker dies before any has ever been ready has failed: the same file will do the same again. One that
has been ready is worth every restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from finbehave.backends.local import logbook
from finbehave.backends.local.processes import Child, how_it_ended, pause_after
from finbehave.backends.local.scaling import Queueing, Scaler
from finbehave.backends.local.state import DeploymentRow, State
from finbehave.domain.endpoint import DeploymentState
from finbehave.environments.guests import GUEST
from finbehave.errors import Busy, DiskFull

LOOK_EVERY = 0.02
"""Seconds between looks whether a starting worker listens."""

ANSWER_SECONDS, START_PATIENCE = 40.0, 3.0
"""For a worker that is to end: more than a request may take, or little where none was ever taken."""

WRITE_AGAIN = 1.0
"""Seconds between attempts to write to the state."""

STEADY_SECONDS = 10.0
"""A worker that lived so long did not die of its start."""


GROWN_BYTES = 1 << 30
"""A worker that holds so much more than when it was ready is replaced. A request of ten thousand rows takes a tenth."""


class Crew:
    """The workers of one generation of a deployment."""

    def __init__(self, endpoint_dir: Path, row: DeploymentRow, runtime: Path, environment: Mapping[str, str]) -> None:
        self._dir = endpoint_dir
        self._row = row
        self._sockets = row.sockets(runtime)
        self._environment = environment
        self._children: dict[int, Child] = {}
        self._ready: set[int] = set()
        self._held: dict[int, int] = {}
        """Bytes that each worker held when it was ready."""
        self._wanted = row.instance_count
        self._more: set[asyncio.Task[None]] = set()
        self._scaler = Scaler(row.instance_count, row.scale.least, row.scale.most) if row.scale else None
        self._proven = row.state == DeploymentState.READY.value
        self._ending = False
        self._gave_up = False

    @property
    def deployment(self) -> str:
        """Its name."""
        return self._row.name

    async def work(self) -> None:
        """Keep every worker running until ``end``."""
        await asyncio.gather(*(self._keep(index) for index in range(self._row.instance_count)))

    def scale(self, queueing: Queueing, moment: float) -> None:
        """Have as many workers as the load asks for, where it may."""
        if self._scaler is None or not self._proven or self._stopped():
            return
        before, self._wanted = self._wanted, self._scaler.look(queueing, moment)
        if self._wanted != before:
            self._say(f"{self._row.name} is to have {self._wanted} workers, by how long requests wait")
        for index in range(before, self._wanted):
            self._go_on(self._keep(index))
        for index in range(self._wanted, before):
            if (child := self._children.get(index)) is not None:
                self._go_on(child.end(ANSWER_SECONDS))

    def _go_on(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._more.add(task)
        task.add_done_callback(self._more.discard)

    async def end(self) -> None:
        """Let the workers answer what they have, and end."""
        self._ending = True
        patience = ANSWER_SECONDS if self._ready else START_PATIENCE
        await asyncio.gather(*(child.end(patience) for child in self._children.values()))

    def end_stuck(self, stuck: Mapping[str, float]) -> None:
        """Kill the workers that are stopped, or stuck where no signal reaches. Pid -> seconds without an answer."""
        for child in self._children.values():
            seconds = stuck.get(str(child.pid))
            if seconds is not None:
                self._say(f"worker {child.pid} of {self._row.name} has not answered for {seconds:.0f} s and is killed")
                child.kill()

    def end_grown(self) -> None:
        """Replace a worker that keeps what it should let go, one at a time; it answers first what it has."""
        for index in sorted(self._ready):
            child = self._children[index]
            grown = child.memory - self._held[index]
            if grown > GROWN_BYTES:
                self._ready.discard(index)
                more = f"has grown by {grown >> 20:,} MiB since it was ready"
                self._say(f"worker {child.pid} of {self._row.name} {more} and is replaced")
                self._go_on(child.end(ANSWER_SECONDS))
                return

    async def _keep(self, index: int) -> None:
        deaths = 0
        loop = asyncio.get_running_loop()
        while not self._stopped() and index < self._wanted:
            started = loop.time()
            try:
                child = await self._start(index)
            except OSError as error:  # its interpreter is gone, or the system gives no process
                deaths += 1
                await self._did_not_start(index, error, pause_after(deaths))
                continue
            watching = loop.create_task(self._see_ready(index, child))
            status = await child.wait()
            await watching
            self._ready.discard(index)
            if self._stopped() or index >= self._wanted:
                return
            self._say(f"worker {child.pid} of {self._row.name} {how_it_ended(status)}")
            if not self._proven:
                await self._give_up(f"worker {child.pid} {how_it_ended(status)} before it was ready")
                return
            deaths = 1 if loop.time() - started > STEADY_SECONDS else deaths + 1
            await asyncio.sleep(pause_after(deaths))

    async def _did_not_start(self, index: int, error: OSError, pause: float) -> None:
        self._say(f"worker {index} of {self._row.name} cannot be started: {error}")
        if self._proven:
            await asyncio.sleep(pause)
        else:
            await self._give_up(f"worker {index} cannot be started: {error}")

    def _stopped(self) -> bool:
        return self._ending or self._gave_up

    async def _start(self, index: int) -> Child:
        self._sockets[index].unlink(missing_ok=True)
        row = self._row
        command = [
            str(row.interpreter), "-s", "-E", str(GUEST / "worker.py"), "--package", str(row.package),
            "--socket", str(self._sockets[index]), "--model", row.model, "--deployment", row.name,
        ]  # fmt: skip
        log = logbook.open_or_nowhere(self._dir, row.name)
        child = await Child.start(command, log=log, environment=self._environment)
        self._children[index] = child
        return child

    async def _see_ready(self, index: int, child: Child) -> None:
        """A worker listens once it has answered its golden rows."""
        while not self._sockets[index].exists():
            if not child.running:
                return
            await asyncio.sleep(LOOK_EVERY)
        self._held[index] = child.memory
        self._ready.add(index)
        if not self._proven and len(self._ready) == self._row.instance_count:
            self._proven = True
            await self._record(DeploymentState.READY)

    async def _give_up(self, why: str) -> None:
        if self._gave_up:
            return
        self._gave_up = True
        await self._record(DeploymentState.FAILED, why)
        await asyncio.gather(*(child.end(START_PATIENCE) for child in self._children.values() if child.running))

    async def _record(self, state: DeploymentState, detail: str = "") -> None:
        """Write it down as soon as that is possible: a full disk or a locked file may cost time, nothing else."""
        while True:
            try:
                await asyncio.to_thread(self._write, state, detail)
            except (Busy, DiskFull) as error:
                self._say(f"that {self._row.name} is {state.value} is written down later: {error.message}")
                await asyncio.sleep(WRITE_AGAIN)
            else:
                return

    def _write(self, state: DeploymentState, detail: str) -> None:
        with State(self._dir) as writable:
            writable.set_deployment_state(self._row.generation, state, detail)

    def _say(self, text: str) -> None:
        logbook.append(self._dir, self._row.name, text)
