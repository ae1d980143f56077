"""The supervisor of an endpoint: the one process that starts its gateway and its workers, and starts again what dies.

It owns the TCP socket, so that a gateway that died is replaced behind it and no client is refused. When the supervisor
itself is killed, or hangs, its gateway goes on answering and launches a successor; the successor starts a gateway and
workers of its own beside them, and only then lets the old ones go.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import json
import os
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NoReturn

from finbehave.backends.local import control, logbook
from finbehave.backends.local.crews import Crew
from finbehave.backends.local.following import Watch
from finbehave.backends.local.launching import hold
from finbehave.backends.local.paths import OWN_LOGS, make_private, runtime_dir_for, runtimes_beside
from finbehave.backends.local.processes import Child, how_it_ended, pause_after
from finbehave.backends.local.scaling import Queueing
from finbehave.backends.local.state import RUNNABLE, DeploymentRow, State
from finbehave.environments.guests import guest_environment
from finbehave.errors import ConfigurationError, FinbehaveError, NotFound, PortTaken, Unavailable

LOOK_EVERY = 0.05
"""Seconds between looks at the state; each costs microseconds."""

TEND_EVERY = 1.0
"""Seconds between looks at what takes longer: stuck workers, long logs."""

BEAT_EVERY = 1.0
"""Seconds between signs of life to the gateway, which replaces a supervisor that gives none."""

SILENT_SECONDS = 10.0
"""A gateway that has not said for so long how it is, is started anew."""

STARTING_SECONDS = 30.0
"""The same of one that has said nothing yet: on a busy machine a start takes its time."""

DRAIN_SECONDS = 40.0
"""More than a request may take."""


def main() -> None:
    """Hold the lock, bind, start everything, say so, and look after it until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("endpoint_dir", type=Path)
    parser.add_argument("--told", type=int, required=True, help="where to say that it runs, or why not")
    arguments = parser.parse_args()
    lock = hold(arguments.endpoint_dir)
    if lock is None:
        _tell(arguments.told, {})
        return
    try:
        supervisor = Supervisor(arguments.endpoint_dir)
        asyncio.run(supervisor.run(arguments.told))
    except FinbehaveError as error:
        answer = {"error": type(error).__name__, "message": error.message, "remedy": error.remedy}
        _tell(arguments.told, answer)
        logbook.append(arguments.endpoint_dir, OWN_LOGS[0], f"it does not start: {error.message}")
        sys.exit(1)


def _tell(descriptor: int, answer: dict[str, str]) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more, or it was told already
        os.write(descriptor, json.dumps(answer).encode())
        os.close(descriptor)


class Supervisor:
    """One endpoint on this machine. Raises PortTaken where another program listens on its port."""

    def __init__(self, endpoint_dir: Path) -> None:
        self._dir = endpoint_dir
        with State(endpoint_dir) as state:
            self._before = runtimes_beside(state.endpoint().runtime)
            for before in self._before:
                control.end_hung(before, SILENT_SECONDS)
            self._runtime = _fresh_runtime(endpoint_dir)
            self._listener = self._listen(state)
            state.settle(self._runtime, self._listener.getsockname()[1])
        self._gateway: Child | None = None
        self._heard = False
        self._unanswered: float | None = None
        """Since when the gateway has not said how it is."""
        self._crews: dict[int, Crew] = {}
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def _listen(self, state: State) -> socket.socket:
        row = state.endpoint()
        family = socket.AF_INET6 if ":" in row.host else socket.AF_INET
        try:
            if not any(map(control.answers, self._before)):
                _refuse_taken(family, row.host, row.port)
            listener = socket.socket(family, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # so that a successor can listen too, before this one's gateway ends
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.bind((row.host, row.port))
        except PermissionError as error:
            raise ConfigurationError(
                f"{row.host}:{row.port} may not be listened on: {error.strerror}",
                remedy="name a port from 1024 on, with FINBEHAVE_PORT",
            ) from error
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
                raise ConfigurationError(
                    f"{row.host} is no address of this machine: {error.strerror}",
                    remedy="name another one with --host, as 127.0.0.1",
                ) from error
            raise PortTaken(
                f"{row.host}:{row.port} cannot be listened on: {error.strerror or error}",
                remedy="end the program that listens there, or set FINBEHAVE_PORT to another port and start again",
            ) from error
        listener.setblocking(False)  # the gateway listens, when it can answer: until then the one before is asked
        return listener

    async def run(self, told: int) -> None:
        """Until it is told to stop, by a signal or by the state."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stopping.set)
        self._say(f"supervisor {os.getpid()} starts")
        self._spawn(self._keep_gateway())
        self._spawn(self._beat())
        try:
            await self._gateway_answers()
            _tell(told, {})
            self._spawn(self._tend())
            self._spawn(self._succeed())
            await self._follow_state()
        finally:
            await self._end()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) and not self._stopping.is_set():
            self._fall(error)

    def _fall(self, error: BaseException) -> NoReturn:
        """End at once after a fault of its own: the gateway goes on answering, and starts a successor."""
        self._say(f"it ends because of a fault of its own: {type(error).__name__}: {error}")
        os._exit(1)

    def _say(self, text: str) -> None:
        logbook.append(self._dir, OWN_LOGS[0], text)

    # --- the gateway ----------------------------------------------------------------------------------------

    async def _keep_gateway(self) -> None:
        deaths = 0
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            started, self._heard, self._unanswered = loop.time(), False, None
            try:
                self._gateway = await self._start_gateway()
            except OSError as error:  # the system gives no process
                self._say(f"the gateway cannot be started: {error}")
                await asyncio.sleep(TEND_EVERY)
                continue
            status = await self._gateway.wait()
            if self._stopping.is_set():
                return
            deaths = 1 if loop.time() - started > TEND_EVERY else deaths + 1
            self._say(f"the gateway {how_it_ended(status)} and is started again")
            await asyncio.sleep(pause_after(deaths))

    async def _start_gateway(self) -> Child:
        (self._runtime / control.CONTROL_SOCKET).unlink(missing_ok=True)
        descriptor = self._listener.fileno()
        command = [
            sys.executable, "-m", "finbehave.backends.local.gateway", str(self._dir), str(self._runtime),
            "--fd", str(descriptor), "--supervisor", str(os.getpid()),
        ]  # fmt: skip
        for before in await self._still_there():
            command += ["--after", str(before)]
        log = logbook.open_or_nowhere(self._dir, OWN_LOGS[1])
        return await Child.start(command, log=log, environment=dict(os.environ), pass_fds=(descriptor,))

    async def _still_there(self) -> list[Path]:
        """Gateways of supervisors before this one."""
        return await asyncio.to_thread(lambda: [each for each in self._before if control.answers(each)])

    async def _beat(self) -> None:
        """Until the very end: a supervisor that waits for the last answers lives as well."""
        while True:
            if self._gateway is not None:
                self._gateway.beat()
            await asyncio.sleep(BEAT_EVERY)

    def _end_silent(self, asked: float) -> None:
        """Kill a gateway that is alive and does not say how it is: stopped, or caught in a loop.

        Its silence counts from the first question that it leaves open: before, this process may have been stopped too.
        """
        if self._gateway is None:
            return
        self._unanswered = self._unanswered or asked
        seconds = asyncio.get_running_loop().time() - self._unanswered
        if seconds > (SILENT_SECONDS if self._heard else STARTING_SECONDS):
            self._say(f"the gateway has not answered for {seconds:.0f} s and is killed")
            self._gateway.kill()

    async def _gateway_answers(self) -> None:
        """Its first answer. Raises Unavailable where it ends again and again instead."""
        deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
        while not self._stopping.is_set():
            if await self._ask({"do": "status"}) is not None:
                return
            if asyncio.get_running_loop().time() > deadline:
                raise Unavailable(
                    f"the gateway of {self._dir.name} does not answer",
                    remedy=f"finbehave logs --endpoint {self._dir.name} shows what it said",
                )
            await asyncio.sleep(LOOK_EVERY)

    async def _ask(self, request: dict[str, str], timeout: float = 2.0) -> dict[str, object] | None:
        """The gateway's answer, None where there is none."""
        try:
            return await asyncio.to_thread(control.ask, self._runtime / control.CONTROL_SOCKET, request, timeout)
        except Unavailable:
            return None

    # --- the workers ----------------------------------------------------------------------------------------

    async def _follow_state(self) -> None:
        """Bring about what the state says, whenever it changes, until that is to stop or the endpoint is gone."""
        watch = Watch(self._dir)
        behind, said = False, ""
        while not self._stopping.is_set():
            try:
                behind = behind or watch.changed()
                if behind and not await self._bring_about():
                    return
                behind, said = False, ""
            except NotFound:
                raise
            except FinbehaveError as error:
                if error.message != said:
                    said = error.message
                    self._say(f"the state is read later: {said}")
            except Exception as error:
                self._fall(error)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LOOK_EVERY)

    def _wanted(self) -> tuple[bool, dict[int, DeploymentRow]]:
        """Whether it is to run, and by generation the deployments that are."""
        with State(self._dir) as state, state.reading():
            rows = {row.generation: row for row in state.deployments() if row.state in RUNNABLE}
            return state.endpoint().running, rows

    async def _bring_about(self) -> bool:
        """A crew for each deployment that should run, none for others; False when the endpoint is to stop."""
        running, wanted = await asyncio.to_thread(self._wanted)
        for generation in self._crews.keys() - wanted.keys():
            self._spawn(self._crews.pop(generation).end())
        for generation in wanted.keys() - self._crews.keys():
            home = self._runtime / f"home-{generation}"
            home.mkdir(mode=0o700, exist_ok=True)
            crew = Crew(self._dir, wanted[generation], self._runtime, guest_environment(home))
            self._crews[generation] = crew
            self._spawn(crew.work())
        return running

    async def _tend(self) -> None:
        while not self._stopping.is_set():
            logbook.keep_small(self._dir)
            asked = asyncio.get_running_loop().time()
            if (answer := await self._ask({"do": "status"})) is None:
                self._end_silent(asked)
            else:
                self._heard, self._unanswered = True, None
                stuck = answer.get("stuck")
                for crew in self._crews.values():
                    crew.end_stuck(stuck if isinstance(stuck, dict) else {})
                    crew.end_grown()
                self._scale(answer.get("queueing"))
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), TEND_EVERY)

    def _scale(self, queueing: object) -> None:
        """Deployment -> what waits there, as the gateway says it."""
        if isinstance(queueing, dict):
            for crew in self._crews.values():
                if (said := queueing.get(crew.deployment)) is not None:
                    crew.scale(Queueing(**said), asyncio.get_running_loop().time())

    async def _succeed(self) -> None:
        """When everything runs here, let go what killed supervisors have left."""
        left = await self._still_there()
        while left and not (await self._ask({"do": "status"}) or {}).get("listening"):
            await asyncio.sleep(LOOK_EVERY)
        for before in left:
            self._say("a gateway of a supervisor before is let go")
            with contextlib.suppress(Unavailable):
                await asyncio.to_thread(control.ask, before / control.CONTROL_SOCKET, {"do": "drain"}, DRAIN_SECONDS)
        for before in self._before:
            shutil.rmtree(before, ignore_errors=True)

    # --- the end --------------------------------------------------------------------------------------------

    async def _end(self) -> None:
        """Answer what was taken, then end everything that was started."""
        self._stopping.set()
        self._say("it stops")
        await self._ask({"do": "drain"}, DRAIN_SECONDS)
        if self._gateway is not None:
            await self._gateway.end()
        await asyncio.gather(*(crew.end() for crew in self._crews.values()))
        self._listener.close()
        shutil.rmtree(self._runtime, ignore_errors=True)
        self._say("it has stopped")


def _fresh_runtime(endpoint_dir: Path) -> Path:
    """A folder for sockets that nobody else uses: a supervisor that was killed may have left workers on others."""
    base = runtime_dir_for(endpoint_dir)
    runtime = base.with_name(f"{base.name}-{secrets.token_hex(3)}")
    make_private(runtime)
    return runtime


def _refuse_taken(family: int, host: str, port: int) -> None:
    """Raise OSError where somebody listens: with SO_REUSEPORT alone, two endpoints could share a port unseen."""
    if port:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
            trial.listen(1)


if __name__ == "__main__":
    main()
