"""Starting an endpoint's supervisor, and knowing whether one is alive.

A supervisor lives as long as it holds a file lock: no pid is remembered, so none is mistaken for another's.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from finbehave import errors
from finbehave.backends.local import control, logbook
from finbehave.backends.local.paths import OWN_LOGS, SUPERVISOR_LOCK, runtimes_beside
from finbehave.errors import ConfigurationError, TimedOut, UnexpectedError

START_SECONDS = 60.0
"""A supervisor and its gateway are there within one second, on a machine that is not overloaded."""

STOP_SECONDS = 60.0
"""More than the longest request may take."""


def launch(endpoint_dir: Path) -> None:
    """Start the supervisor, detached from this process and its terminal, and wait until its gateway answers.

    Where one is alive already, nothing happens.

    Raises:
        PortTaken, ConfigurationError, DiskFull: it cannot run, for the reason that it gave.
        TimedOut: it does not answer.
    """
    if alive(endpoint_dir):
        return
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as told:
        try:
            supervisor = _start(endpoint_dir, writer)
        finally:
            os.close(writer)
        if not select.select([told], [], [], START_SECONDS)[0]:
            supervisor.kill()  # it holds the lock, and the next one could not start either
            raise TimedOut(
                f"the supervisor of {endpoint_dir.name} did not start within {START_SECONDS:g} s",
                remedy=f"finbehave troubleshoot --endpoint {endpoint_dir.name}",
            )
        _heard(endpoint_dir, told.read())


def _start(endpoint_dir: Path, told: int) -> subprocess.Popen[bytes]:
    log = logbook.open_or_nowhere(endpoint_dir, OWN_LOGS[0])
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "finbehave.backends.local.supervisor", str(endpoint_dir), "--told", str(told)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(told,), cwd="/", env=_environment(),
            start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(log)


def _environment() -> dict[str, str]:
    """Without settings and secrets of whoever starts it: everything it needs to know is in its state."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("FINBEHAVE_", "AZURE_"))}


def _heard(endpoint_dir: Path, said: bytes) -> None:
    try:
        answer: dict[str, Any] = json.loads(said)
    except ValueError:
        raise UnexpectedError(
            f"the supervisor of {endpoint_dir.name} ended while it started",
            remedy=f"finbehave logs --endpoint {endpoint_dir.name} shows what it said",
        ) from None
    if "error" in answer:
        kind = getattr(errors, answer["error"], UnexpectedError)
        raise kind(answer["message"], remedy=answer["remedy"])


def alive(endpoint_dir: Path) -> bool:
    """Whether a supervisor holds the lock now."""
    try:
        descriptor = os.open(endpoint_dir / SUPERVISOR_LOCK, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def hold(endpoint_dir: Path) -> int | None:
    """Take the lock for as long as this process lives; None when another supervisor has it."""
    descriptor = os.open(endpoint_dir / SUPERVISOR_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + 1.0
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:  # somebody who only looked lets go at once
                os.close(descriptor)
                return None
            time.sleep(0.01)
        except OSError as error:
            os.close(descriptor)
            raise ConfigurationError(
                f"files in {endpoint_dir} cannot be locked: {error.strerror or error}",
                remedy="name a --workspace on a local disk",
            ) from error
        else:
            return descriptor


def wait_until_ended(endpoint_dir: Path, runtime: Path) -> None:
    """Wait for the supervisor to let go, after it was told to stop, and for every gateway. Raises TimedOut."""
    deadline = time.monotonic() + STOP_SECONDS
    while alive(endpoint_dir) or any(map(control.answers, runtimes_beside(runtime))):
        if time.monotonic() > deadline:
            raise TimedOut(
                f"the supervisor of {endpoint_dir.name} has not stopped after {STOP_SECONDS:g} s",
                remedy=f"finbehave logs --endpoint {endpoint_dir.name} shows what it waits for",
            )
        time.sleep(0.02)
