"""The gateway's control socket: its supervisor and commands ask how it is, have it reload its state, or drain it.

The exchange is described in ``finbehave/backends/local/control.py``, the other end.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from finbehave.backends.local.control import CONTROL_SOCKET, LINE_BYTES
from finbehave.backends.local.gateway.pool import Pool
from finbehave.backends.local.gateway.routing import Switchboard
from finbehave.errors import FinbehaveError

Do = Callable[[], Awaitable[dict[str, Any]]]


async def listen(runtime: Path, commands: dict[str, Do]) -> asyncio.AbstractServer:
    """Answer on the control socket, from now on."""

    async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
            writer.write(json.dumps(await _answer(line, commands)).encode() + b"\n")
            await writer.drain()
        except (OSError, ValueError):  # whoever asked is gone, or sent more than a line
            return
        finally:
            writer.close()

    path = runtime / CONTROL_SOCKET
    path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(exchange, path, limit=LINE_BYTES)
    path.chmod(0o600)
    return server


async def _answer(line: bytes, commands: dict[str, Do]) -> dict[str, Any]:
    try:
        do = commands[json.loads(line)["do"]]
    except (ValueError, KeyError, TypeError):
        return {"error": f"the commands are {', '.join(commands)}"}
    try:
        return await do()
    except FinbehaveError as error:
        return {"error": error.message}


def status(switchboard: Switchboard) -> dict[str, Any]:
    """How everything is."""
    now = time.monotonic()
    pools = switchboard.pools
    return {
        "revision": switchboard.table.revision,
        "ready": {pool.name: sum(pid is not None for pid in pool.workers.values()) for pool in pools},
        "stuck": {str(pid): round(seconds, 3) for pool in pools for pid, seconds in pool.stuck(now).items()},
        "queueing": {pool.name: _queueing(pool) for pool in pools},
        "deployments": {
            pool.name: {
                "requests": pool.metrics.requests,
                "errors": pool.metrics.errors,
                "unavailable": pool.metrics.unavailable,
                "latency_ms": pool.metrics.percentiles_ms(),
                "latencies": pool.metrics.fine,
                "mirrored": pool.mirrored,
            }
            for pool in pools
        },
    }


def _queueing(pool: Pool) -> dict[str, float]:
    """As ``backends.local.scaling.Queueing`` has it."""
    waited = pool.metrics.queueing
    return {"requests": waited.count, "seconds": waited.sum, "waiting": pool.waiting}
