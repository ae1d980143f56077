"""What is kept of requests: a line in the gateway's log, and samples of rows with their answers, for drift.

    logs/gateway.log                   {"request": "…", "deployment": "blue", "status": 200, "ms": 1.8, "rows": 1}
                                       {"request": "…", "status": 401, "code": "auth-key", "why": "…"}
    predictions/DEPLOYMENT.jsonl       {"time": "…", "moment": 71.5, "request": "…", "model": "…", "predictions": […],
                                        "inputs": […]}   moment: of the machine's steady clock, in seconds

A thread of its own writes, from a queue that has a bound: a slow or full disk costs lines, never an answer.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from finbehave.backends.local.paths import predictions_file
from finbehave.backends.local.state import now

LINES_A_SECOND = 20
"""Of successful requests, for each deployment; beyond that they are counted, not written. Errors have as many more."""

FILE_BYTES = 16 << 20
"""A file of samples that is longer is moved aside, to ``NAME.jsonl.1``."""

LONGEST_REASON = 300
WAITING = 2000
COMPLAIN_EVERY = 60.0


class Allowance:
    """At most so many in a second."""

    def __init__(self, each_second: int) -> None:
        self._each_second = each_second
        self._second = 0
        self._used = 0

    def take(self, moment: float) -> bool:
        """Whether one more is within the bound."""
        second = int(moment)
        if second != self._second:
            self._second, self._used = second, 0
        self._used += 1
        return self._used <= self._each_second


class Records:
    """Takes lines on the event loop and writes them elsewhere."""

    def __init__(self, endpoint_dir: Path) -> None:
        self._endpoint_dir = endpoint_dir
        self._queue: queue.Queue[tuple[str, str] | None] = queue.Queue(WAITING)
        self._allowed: dict[tuple[str, bool], Allowance] = {}
        self._complained = -COMPLAIN_EVERY
        self.dropped = 0
        self._thread = threading.Thread(target=self._write_all, name="records", daemon=True)
        self._thread.start()

    def wants(self, deployment: str, moment: float, *, failed: bool = False) -> bool:
        """Whether the next request of a deployment is written down."""
        allowance = self._allowed.setdefault((deployment, failed), Allowance(LINES_A_SECOND))
        return allowance.take(moment)

    def request(self, request_id: str, deployment: str, status: int, milliseconds: float, rows: int) -> None:
        """A line of the gateway's log."""
        said = {"request": request_id, "deployment": deployment, "status": status}
        self._put("", json.dumps({**said, "ms": round(milliseconds, 3), "rows": rows}))

    def refusal(self, request_id: str, deployment: str, status: int, error: Mapping[str, str]) -> None:
        """A line of the gateway's log; the words may quote a value of the request."""
        said = {"request": request_id, "deployment": deployment, "status": status}
        self._put("", json.dumps({**said, "code": error["code"], "why": error["message"][:LONGEST_REASON]}))

    def sample(self, request_id: str, deployment: str, sample: bytes) -> None:
        """Rows with what was answered, as the worker wrote them."""
        head = json.dumps({"time": now(), "moment": time.monotonic(), "request": request_id})
        self._put(deployment, f"{head[:-1]}, {sample[1:].decode()}")

    def close(self) -> None:
        """Write what is left."""
        self._queue.put(None)
        self._thread.join(timeout=5)

    def _put(self, deployment: str, line: str) -> None:
        try:
            self._queue.put_nowait((deployment, line))
        except queue.Full:
            self.dropped += 1

    # --- on the thread --------------------------------------------------------------------------------------

    def _write_all(self) -> None:
        while (taken := self._queue.get()) is not None:
            deployment, line = taken
            try:
                if deployment:
                    self._write_sample(deployment, line)
                else:
                    self._say(line)
            except OSError as error:
                self.dropped += 1
                self._complain(error)

    def _say(self, line: str) -> None:
        os.write(sys.stderr.fileno(), f"{now()} {line}\n".encode())

    def _write_sample(self, deployment: str, line: str) -> None:
        path = predictions_file(self._endpoint_dir, deployment)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if path.exists() and path.stat().st_size > FILE_BYTES:
            path.replace(path.with_suffix(".jsonl.1"))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        data = line.encode() + b"\n"
        try:
            written = os.write(descriptor, data)
            if written < len(data):  # the disk is full, or there is a quota: half a line would spoil the next one too
                os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)

    def _complain(self, error: OSError) -> None:
        if time.monotonic() - self._complained < COMPLAIN_EVERY:
            return
        self._complained = time.monotonic()
        with contextlib.suppress(OSError):  # it may be the log's own disk
            self._say(f"requests are not written down: {error.strerror or error}")
