"""How a guest script talks to the host. Standard library only; Python 3.8 and later.

The host runs ``python SCRIPT request.json response.json EVENTS_FD``; whatever the script prints is only a log.

request.json
    ``{"schema_version": 1, "memory_bytes": null | bytes, "request": {...}}``
response.json
    ``{"schema_version": 1, "result": {...}}`` or ``{"schema_version": 1, "error": {"type", "message", "traceback"}}``
events
    One JSON object a line: ``{"event": "progress", "task", "done", "total"}`` or ``{"event": "note", "text"}``, or
    any other ``event`` that the script and its caller agree on.

Standard input is a lifeline: it ends when the host is gone, and the guest ends with it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from typing import Any, Callable

SCHEMA_VERSION = 1


class Events:
    """Where a script says how far it is."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def send(self, event: str, **fields: Any) -> None:
        """One event. A host that no longer listens is no reason to stop."""
        if self._descriptor is None:
            return
        line = json.dumps({"event": event, **fields}, default=plain) + "\n"
        try:
            os.write(self._descriptor, line.encode())
        except OSError:
            self._descriptor = None

    def progress(self, task: str, done: float, total: float | None = None) -> None:
        """``task`` has come as far as ``done`` of ``total``."""
        self.send("progress", task=task, done=done, total=total)

    def note(self, text: str) -> None:
        """A line that a person should read."""
        self.send("note", text=text)


def plain(value: Any) -> Any:
    """What JSON takes, of numpy's scalars and arrays and of paths and sets; for ``json.dumps(default=…)``."""
    for conversion in ("tolist", "item"):
        if hasattr(value, conversion):
            return getattr(value, conversion)()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


def answer(handle: Callable[[dict[str, Any], Events], dict[str, Any]]) -> None:
    """Be a guest script: read the request, call ``handle(request, events)``, write what it returns or raises.

    An exception is an answer, not a crash: it is written with its traceback and the script exits with 1.
    """
    request_path, response_path, descriptor = sys.argv[1:4]
    _hold_lifeline()
    with open(request_path, encoding="utf-8") as file:
        envelope = json.load(file)
    if envelope["schema_version"] != SCHEMA_VERSION:
        raise SystemExit(f"request of schema_version {envelope['schema_version']}, not {SCHEMA_VERSION}")
    _limit_memory(envelope.get("memory_bytes"))
    try:
        response = {"result": handle(envelope["request"], Events(int(descriptor)))}
    except BaseException as error:  # also a SystemExit that a model raises: the host has to hear of it
        traceback.print_exc()
        response = {"error": {"type": type(error).__name__, "message": str(error), "traceback": traceback.format_exc()}}
    _write(response_path, {"schema_version": SCHEMA_VERSION, **response})
    if "error" in response:
        raise SystemExit(1)


def _hold_lifeline() -> None:
    """Watch standard input from a thread, and give the script an empty one in its place."""
    lifeline = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)

    def watch() -> None:
        while os.read(lifeline, 64):
            pass
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def _limit_memory(limit: int | None) -> None:
    """Cap the address space, hard, before anything of the model is loaded."""
    if limit is None:
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _write(path: str, response: dict[str, Any]) -> None:
    """Whole or not at all: a reader never meets half a response."""
    unfinished = path + ".unfinished"
    with open(unfinished, "w", encoding="utf-8") as file:
        json.dump(response, file, default=plain)
    os.replace(unfinished, path)
