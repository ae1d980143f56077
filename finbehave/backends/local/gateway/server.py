"""The gateway as a process: it puts the parts together, follows the state, and ends when it is told to.

When its supervisor is gone it goes on answering, by the table that it has, and launches a successor, which lets it go
as soon as its own gateway answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import uvicorn

from finbehave.backends.local import control
from finbehave.backends.local.gateway import commands
from finbehave.backends.local.gateway.app import App
from finbehave.backends.local.gateway.http import (
    KEEP_ALIVE_SECONDS,
    GuardedProtocol,
    allow_descriptors,
    look_after,
)
from finbehave.backends.local.gateway.records import Records
from finbehave.backends.local.gateway.routing import Switchboard
from finbehave.backends.local.launching import launch
from finbehave.backends.local.state import State, Watch, now, read_routing
from finbehave.errors import Busy, FinbehaveError

LOOK_EVERY = 0.05
"""Seconds between looks at the state and at what waits; each costs microseconds."""

CONNECTIONS_EVERY = 1.0
DRAIN_SECONDS = 35
"""More than a request may take."""

FIRST_SECONDS, SUCCESSION_SECONDS = 10.0, 120.0
"""How long a start waits for workers before clients hear that none is ready; the second while another gateway answers
them."""

LET_GO_SECONDS = 1.0
"""Before idle connections are closed, so long a time in which each is closed with an answer, which no client misses."""

RELAUNCH_EVERY = 5.0


def serve(endpoint_dir: Path, descriptor: int, after: Path | None) -> None:
    """Answer on a listening socket until told to drain; ``after`` is where a gateway is that answers until then."""
    import uvloop

    allow_descriptors()
    uvloop.run(Gateway(endpoint_dir, descriptor, after).run())


class Gateway:
    """One gateway process."""

    def __init__(self, endpoint_dir: Path, descriptor: int, after: Path | None) -> None:
        self._dir = endpoint_dir
        self._after = after
        with State(endpoint_dir) as state:
            self._runtime = state.endpoint().runtime
            front = state.front()
        self._socket = socket.socket(fileno=descriptor)
        self._switchboard = Switchboard()
        self._records = Records(endpoint_dir)
        self._app = App(self._switchboard, self._records, endpoint_dir)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._app, http=GuardedProtocol, ws="none", lifespan="off", interface="asgi3", proxy_headers=False,
                server_header=False, access_log=False, log_config=None, timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=DRAIN_SECONDS, ssl_certfile=front.certificate,
                ssl_keyfile=front.private_key,
            )
        )  # fmt: skip
        self._orphaned = asyncio.Event()
        self._drained = asyncio.Event()

    async def run(self) -> None:
        """Until it is drained, or a signal says so."""
        self._switchboard.follow(read_routing(self._dir))
        control = await commands.listen(
            self._runtime, {"status": self._status, "reload": self._reload, "drain": self._drain}
        )
        tasks = [asyncio.create_task(work) for work in (self._keep_watch(), self._hold_lifeline(), self._tend())]
        try:
            await self._wait_for_workers()
            await self._server.serve(sockets=[self._socket])
        finally:
            self._drained.set()
            await asyncio.sleep(0)  # whoever asked for the drain hears of it
            control.close()
            for task in tasks:
                task.cancel()
            self._records.close()

    async def _wait_for_workers(self) -> None:
        """Listen when every deployment with traffic can answer, or it is late.

        It is late sooner where clients hear nothing meanwhile than where the gateway before still answers them.
        """
        started = time.monotonic()
        while not (self._switchboard.table.complete or self._server.should_exit):
            waited = time.monotonic() - started
            if waited > SUCCESSION_SECONDS or (waited > FIRST_SECONDS and not await self._answered_elsewhere()):
                return
            await asyncio.sleep(LOOK_EVERY)

    async def _answered_elsewhere(self) -> bool:
        return self._after is not None and await asyncio.to_thread(control.answers, self._after)

    # --- commands -------------------------------------------------------------------------------------------

    async def _status(self) -> dict[str, Any]:
        return {**commands.status(self._switchboard), "listening": self._server.started}

    async def _reload(self) -> dict[str, Any]:
        if not self._orphaned.is_set():
            self._switchboard.follow(read_routing(self._dir))
        return {"revision": self._switchboard.table.revision}

    async def _drain(self) -> dict[str, Any]:
        self._app.letting_go = True
        for listening in self._server.servers if self._server.started else ():
            listening.close()
        deadline = time.monotonic() + LET_GO_SECONDS
        while self._server.server_state.connections and time.monotonic() < deadline:
            await asyncio.sleep(LOOK_EVERY)
        self._server.should_exit = True
        await self._drained.wait()
        return {}

    # --- looking after --------------------------------------------------------------------------------------

    async def _keep_watch(self) -> None:
        """Follow the state, and let time pass for what waits."""
        watch = Watch(self._dir)
        changed = False
        try:
            while True:
                changed = changed or watch.changed()
                if changed and not self._orphaned.is_set():
                    changed = not await self._follow()
                self._switchboard.look_after(time.monotonic())
                await asyncio.sleep(LOOK_EVERY)
        finally:
            watch.close()

    async def _follow(self) -> bool:
        """Requests are answered by the table that is there while the state cannot be read: then False."""
        try:
            self._switchboard.follow(read_routing(self._dir))
        except Busy as error:
            self._say(f"the state is read later: {error.message}")
            return False
        return True

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(CONNECTIONS_EVERY)
            look_after(self._server.server_state.connections, asyncio.get_running_loop().time())

    async def _hold_lifeline(self) -> None:
        """Standard input ends with the supervisor."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(0, ended.set)
        await ended.wait()
        loop.remove_reader(0)
        self._orphaned.set()
        while not self._server.should_exit:
            self._say("the supervisor is gone; another one is started")
            await self._launch_successor()
            await asyncio.sleep(RELAUNCH_EVERY)

    async def _launch_successor(self) -> None:
        """Unless the endpoint is to stop, or is deleted: then nobody is left to serve."""
        try:
            with State(self._dir) as state:
                wanted = state.endpoint().running
            if wanted:
                await asyncio.to_thread(launch, self._dir)
            else:
                self._server.should_exit = True
        except FinbehaveError as error:
            self._say(f"no supervisor can be started: {error.message}")
            if not self._dir.exists():
                self._server.should_exit = True

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):  # a full disk costs the line
            os.write(sys.stderr.fileno(), f"{now()} {text}\n".encode())
