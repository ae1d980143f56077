"""The gateway as a process: it puts the parts together, follows the state, and ends when it is told to.

When its supervisor is gone it goes on answering, follows the state as before, and launches a successor, which lets it
go as soon as its own gateway answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn

from finbehave.backends.local import control
from finbehave.backends.local.following import Watch, read_routing
from finbehave.backends.local.gateway import commands
from finbehave.backends.local.gateway.app import App
from finbehave.backends.local.gateway.http import (
    KEEP_ALIVE_SECONDS,
    GuardedProtocol,
    allow_descriptors,
    look_after,
)
from finbehave.backends.local.gateway.lifeline import Lifeline
from finbehave.backends.local.gateway.records import Records
from finbehave.backends.local.gateway.routing import Switchboard
from finbehave.backends.local.state import State, now
from finbehave.errors import FinbehaveError, NotFound

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


def serve(endpoint_dir: Path, runtime: Path, descriptor: int, supervisor: int, after: Sequence[Path]) -> None:
    """Answer on a listening socket until told to drain.

    Args:
        endpoint_dir: The endpoint's folder.
        runtime: The folder of the sockets: its own and its workers'.
        descriptor: The socket.
        supervisor: The pid of its parent.
        after: Where gateways are that answer until it does.
    """
    import uvloop

    allow_descriptors()
    uvloop.run(Gateway(endpoint_dir, runtime, descriptor, supervisor, after).run())


class Gateway:
    """One gateway process."""

    def __init__(
        self, endpoint_dir: Path, runtime: Path, descriptor: int, supervisor: int, after: Sequence[Path]
    ) -> None:
        self._dir = endpoint_dir
        self._runtime = runtime
        self._after = after
        with State(endpoint_dir) as state:
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
        self._lifeline = Lifeline(endpoint_dir, supervisor, self._say)
        self._following = asyncio.Lock()
        self._drained = asyncio.Event()

    async def run(self) -> None:
        """Until it is drained, or a signal says so."""
        await self._follow()
        control = await commands.listen(
            self._runtime, {"status": self._status, "reload": self._reload, "drain": self._drain}
        )
        works = (self._keep_following(), self._lifeline.hold(), self._tend_requests(), self._tend_connections())
        tasks = [asyncio.create_task(work) for work in works]
        try:
            await self._wait_for_workers()
            with contextlib.suppress(FinbehaveError):
                # also a change that nobody could tell this one before its control socket was there
                await self._follow()
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
        return await asyncio.to_thread(lambda: any(map(control.answers, self._after)))

    # --- commands -------------------------------------------------------------------------------------------

    async def _status(self) -> dict[str, Any]:
        return {**commands.status(self._switchboard), "listening": self._server.started}

    async def _reload(self) -> dict[str, Any]:
        await self._follow()
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

    async def _keep_following(self) -> None:
        """Follow the state. While it cannot be read, requests are answered by the table that is there."""
        watch = Watch(self._dir)
        behind, said = True, ""
        while True:
            try:
                behind = behind or watch.changed()
                if behind:
                    await self._follow()
                behind, said = False, ""
            except Exception as error:  # whatever is wrong with the state, it may be mended
                if str(error) != said:
                    said = str(error)
                    self._say(f"the state is read later: {said}")
                if isinstance(error, NotFound) and self._lifeline.cut.is_set():
                    self._server.should_exit = True  # it is deleted, and nobody is left to say so
            await asyncio.sleep(LOOK_EVERY)

    async def _follow(self) -> None:
        """Let the state as it is now decide about requests. Raises FinbehaveError where it cannot be read."""
        async with self._following:  # what was read first is followed first
            routing = await asyncio.to_thread(read_routing, self._dir, self._runtime)
            self._switchboard.follow(routing)
        if self._lifeline.cut.is_set() and not routing.running:
            self._server.should_exit = True

    async def _tend_requests(self) -> None:
        """Let time pass for what waits."""
        while True:
            self._switchboard.look_after(time.monotonic())
            await asyncio.sleep(LOOK_EVERY)

    async def _tend_connections(self) -> None:
        while True:
            await asyncio.sleep(CONNECTIONS_EVERY)
            look_after(self._server.server_state.connections, asyncio.get_running_loop().time())

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):  # a full disk costs the line
            os.write(sys.stderr.fileno(), f"{now()} {text}\n".encode())
