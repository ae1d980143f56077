"""The logs of an endpoint: one file for each deployment, one for the gateway, one for the supervisor.

Each process appends whole lines, with the time in front, to its own file. The supervisor keeps the files small.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import re
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

from finbehave.backends.base import LogLine
from finbehave.backends.local.paths import LOGS, OWN_LOGS, log_file
from finbehave.backends.local.state import now

LOG_BYTES = 8 << 20
"""A log that is longer is moved aside, to ``NAME.log.1``, where it replaces the one before."""

LOOK_EVERY = 0.2
"""Seconds between looks while logs are followed."""

_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) ?(.*)", re.DOTALL)


def append(endpoint_dir: Path, name: str, text: str) -> None:
    """Add a line of our own to a log. A disk that is full costs the line, nothing else."""
    try:
        descriptor = open_for_append(endpoint_dir, name)
    except OSError:
        return
    try:
        os.write(descriptor, f"{now()} {text}\n".encode())
    except OSError:
        return
    finally:
        os.close(descriptor)


def open_for_append(endpoint_dir: Path, name: str) -> int:
    """A descriptor for a process to write its output to."""
    path = log_file(endpoint_dir, name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def open_or_nowhere(endpoint_dir: Path, name: str) -> int:
    """The same for a process that has to run; what cannot be written down is lost."""
    try:
        return open_for_append(endpoint_dir, name)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)


def keep_small(endpoint_dir: Path) -> None:
    """Move the long logs aside. Copied and cut, since the processes that append to them keep them open."""
    for path in (endpoint_dir / LOGS).glob("*.log"):
        try:
            if path.stat().st_size > LOG_BYTES:
                path.with_suffix(".log.1").write_bytes(path.read_bytes())
                os.truncate(path, 0)
        except OSError as error:  # a full disk: cut without a copy, or it stays full
            append(endpoint_dir, OWN_LOGS[0], f"{path.name} cannot be moved aside ({error}) and is cut")
            with contextlib.suppress(OSError):  # it is gone, with its deployment
                os.truncate(path, 0)


def remove(endpoint_dir: Path, name: str) -> None:
    """Forget the logs of a deployment."""
    path = log_file(endpoint_dir, name)
    path.unlink(missing_ok=True)
    path.with_suffix(".log.1").unlink(missing_ok=True)


def read(
    endpoint_dir: Path, names: Sequence[str], *, tail: int | None = None, since: float | None = None
) -> Sequence[LogLine]:
    """The lines of some logs in the order of their times; the last ``tail``, not older than ``since`` seconds."""
    merged = heapq.merge(*(_lines(endpoint_dir, name) for name in names), key=lambda line: line.time)
    if since is not None:
        oldest = _text_of(time.time() - since)
        merged = (line for line in merged if line.time >= oldest)
    return tuple(merged if tail is None else deque(merged, maxlen=max(0, tail)))


def follow(endpoint_dir: Path, names: Sequence[str]) -> Iterator[LogLine]:
    """Lines as they come, until the caller stops or the endpoint is deleted."""
    followed = [_Followed(endpoint_dir, name) for name in names]
    while endpoint_dir.is_dir():
        yield from sorted(itertools.chain.from_iterable(each.fresh() for each in followed), key=lambda line: line.time)
        time.sleep(LOOK_EVERY)


class _Followed:
    """One log, and how far it has been read. It starts at its end."""

    def __init__(self, endpoint_dir: Path, name: str) -> None:
        self._path = log_file(endpoint_dir, name)
        self._deployment = _shown(name)
        self._position = self._path.stat().st_size if self._path.exists() else 0

    def fresh(self) -> list[LogLine]:
        """The whole lines that have come since the last look."""
        if not self._path.exists():
            return []
        if self._path.stat().st_size < self._position:  # it was moved aside
            self._position = 0
        with self._path.open("rb") as file:
            file.seek(self._position)
            whole, newline, _ = file.read(LOG_BYTES).rpartition(b"\n")
        self._position += len(whole) + len(newline)
        return list(_parsed(whole.decode("utf-8", "replace").splitlines(), self._deployment))


def _lines(endpoint_dir: Path, name: str) -> Iterator[LogLine]:
    path = log_file(endpoint_dir, name)
    for each in (path.with_suffix(".log.1"), path):
        if each.exists():
            with each.open(encoding="utf-8", errors="replace") as file:
                yield from _parsed(file, _shown(name))


def _parsed(lines: Iterable[str], deployment: str) -> Iterator[LogLine]:
    """A line without a time, as C code writes them, has that of the line before."""
    moment = ""
    for line in lines:
        text = line.rstrip("\r\n")
        if stamped := _STAMP.fullmatch(text):
            moment, text = stamped[1], stamped[2]
        yield LogLine(moment, deployment, text)


def _shown(name: str) -> str:
    return "" if name in OWN_LOGS else name


def _text_of(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
