"""The one lock of an endpoint: a deploy, a rollback and the like happen one after the other.

It is held by the process, not by what is written: whoever dies lets go.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from finbehave.backends.local.paths import locks_dir
from finbehave.backends.local.state import now
from finbehave.disk import unwritable
from finbehave.errors import Busy


@contextmanager
def exclusive(workspace: Path, endpoint: str) -> Iterator[None]:
    """Hold the lock of an endpoint.

    Raises:
        Busy: another command holds it; the message says which and since when.
        ConfigurationError, DiskFull: the workspace cannot be written, or its files cannot be locked.
    """
    path = locks_dir(workspace) / f"{endpoint}.lock"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise unwritable(path, error, remedy="name another --workspace") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(
                f"another command is at work on {endpoint}: {_holder(descriptor)}",
                remedy="wait until it is done, then run the command again",
            ) from None
        _sign(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _sign(descriptor: int, path: Path) -> None:
    """Write down who holds the lock."""
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "since": now(), "command": _command()}).encode(), 0)
    except OSError as error:
        raise unwritable(path, error, remedy="name another --workspace") from error


def _command() -> str:
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])


def _holder(descriptor: int) -> str:
    try:
        said = json.loads(os.pread(descriptor, 4096, 0))
        return f"{said['command']}, process {said['pid']}, since {said['since']}"
    except (ValueError, KeyError, TypeError):
        return "it has only just begun"
