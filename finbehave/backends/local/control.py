"""How commands and the supervisor talk to a gateway: a Unix socket, one JSON line each way, one exchange a connection.

    {"do": "status"}  ->  {"revision": 3, "listening": true, "ready": {"blue": 2}, "stuck": {"4711": 30.5},
                          "deployments": {"blue": {"requests": 10, "errors": 0,
                          "latency_ms": {"p50": 1.0, "p95": 2.0, "p99": 3.0},
                          "latencies": [0, 7, 3, …]}}}   counts by LATENCY_BOUNDS
    {"do": "reload"}  ->  {"revision": 4}, once the state as it is now decides about requests
    {"do": "drain"}   ->  {}, once every request that was taken has its answer; the gateway then ends

An answer that is refused is ``{"error": "why"}``.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from finbehave.errors import TimedOut, Unavailable

CONTROL_SOCKET = "control"
"""Its name in the endpoint's runtime folder."""

LINE_BYTES = 1 << 20
_CREDENTIALS = struct.Struct("3i")
"""Of the other end of a Unix socket: pid, user, group."""

ALIVE_SECONDS = 2.0
"""A gateway that does not say within so long how it is counts as none."""


def ask(socket_path: Path, request: Mapping[str, Any], timeout: float) -> dict[str, Any]:
    """Put one request and return the answer.

    Raises:
        Unavailable: nobody listens there, or what answers is no gateway.
        TimedOut: no answer within ``timeout`` seconds.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(str(socket_path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as reader:
                answer = json.loads(reader.readline(LINE_BYTES))
    except TimeoutError:
        raise TimedOut(
            f"the endpoint's gateway did not answer within {timeout:g} s", remedy="finbehave troubleshoot"
        ) from None
    except (OSError, ValueError) as error:
        raise Unavailable(f"the endpoint's gateway does not answer: {error}", remedy="finbehave start") from error
    if not isinstance(answer, dict) or "error" in answer:
        raise Unavailable(f"the endpoint's gateway refuses: {answer}", remedy="finbehave troubleshoot")
    return answer


def answers(runtime: Path) -> bool:
    """Whether a gateway with its sockets in this folder is alive."""
    try:
        ask(runtime / CONTROL_SOCKET, {"do": "status"}, ALIVE_SECONDS)
    except Unavailable:
        return False
    return True


def end_hung(runtime: Path, patience: float) -> None:
    """Kill a gateway with its sockets in this folder that answers nobody for so many seconds: it would keep its port.

    Its pid is what the system says of whoever listens there. Where a system does not, it is left.
    """
    deadline = time.monotonic() + patience
    while (pid := _listener(runtime)) is not None and not answers(runtime):
        if time.monotonic() > deadline:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _listener(runtime: Path) -> int | None:
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ALIVE_SECONDS)
            connection.connect(str(runtime / CONTROL_SOCKET))
            pid, _, _ = _CREDENTIALS.unpack(
                connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            )
    except OSError:
        return None
    return int(pid) or None
