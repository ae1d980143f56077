"""An endpoint in a workspace of its own, and clients in one process that ask it and keep count of what they get.

Shared by ``faults.py`` and ``soak.py``.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from finbehave.packaging.package import Package, read_package

ENDPOINT = "fin-behavior-ep-fixed"
MODEL = "bench"
LONGEST_COMMAND = 300.0
LONGEST_ANSWER = 45.0
"""More than the endpoint gives any request; a client that has waited so long was not answered."""
AFTER_REFUSAL = 0.02
"""Seconds before a client that was refused comes again, so that it does not ask in a circle."""

KINDS = {"gateway": "local.gateway", "supervisor": "local.supervisor", "worker": "worker.py"}
"""A word of the command line of each kind of process."""


class Live:
    """The program in one workspace, and the processes of its endpoint."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.home = workspace / "endpoints" / ENDPOINT

    def command(self, *words: str) -> list[str]:
        """How a command is started."""
        return [sys.executable, "-m", "finbehave", *words, "-o", "json", "--workspace", str(self.workspace)]

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        return subprocess.Popen(self.command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *words: str) -> dict[str, Any]:
        """A command that must succeed, and its result."""
        done = subprocess.run(
            self.command(*words), capture_output=True, text=True, check=False, timeout=LONGEST_COMMAND
        )
        if done.returncode:
            sys.exit(f"finbehave {' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr[-3000:]}")
        result: dict[str, Any] = json.loads(done.stdout)["result"]
        return result

    def processes(self, kind: str, deployment: str = "") -> list[psutil.Process]:
        """Those of this endpoint; of workers, those of one deployment."""
        found = []
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            line = " ".join(words)
            if KINDS[kind] in line and str(self.workspace) in line and (not deployment or deployment in words):
                found.append(process)
        return found

    def uri(self) -> str:
        """Where rows are posted."""
        return str(self.run("status")["endpoints"][0]["scoring_uri"])


@contextmanager
def workspace() -> Iterator[Live]:
    """A fresh one. Whatever happens, no process of its endpoint is left."""
    with tempfile.TemporaryDirectory(prefix="finbehave-bench-") as folder:
        live = Live(Path(folder).resolve() / "workspace")
        try:
            yield live
        finally:
            with suppress(subprocess.SubprocessError):
                subprocess.run(live.command("delete", "--yes"), capture_output=True, check=False, timeout=120)
            for process in [
                process for kind in ("supervisor", "gateway", "worker") for process in live.processes(kind)
            ]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()


def package_of(live: Live, folder: Path | None) -> Package:
    """The package that was named, or one that is trained on the bundled sample."""
    if folder is not None:
        return read_package(folder)
    place = live.workspace.parent
    made = live.run("sample", str(place / "sample"), "--customers", "1000")
    table = place / "training.parquet"
    live.run("prepare", made["transactions"], "--customers", made["customers"], "--out", str(table))
    words = ("--candidates", "hgb", "--trials", "1", "--model-name", MODEL, "--out", str(place / "package"))
    return read_package(Path(live.run("train", "--data", str(table), "--target", made["target"], *words)["package"]))


@dataclass
class Count:
    """What some clients got. ``answered`` are good answers; ``longest`` and ``gap`` in seconds.

    ``gap`` is the longest time in which no client got a good answer.
    """

    since: float
    until: float = 0.0
    answered: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    wrong: Counter[int] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0
    gap: float = 0.0
    _last: float = 0.0

    def __post_init__(self) -> None:
        self._last = self.since

    def heard(self, status: int, started: float) -> None:
        """An answer to a request that was sent at ``started``."""
        now = time.monotonic()
        self.longest = max(self.longest, now - started)
        if status == 200:
            self.answered += 1
            self.pause(now)
        else:
            (self.refused if status in (429, 503) else self.wrong)[status] += 1

    def pause(self, now: float) -> None:
        """Up to ``now`` there was none since the last good answer."""
        self.gap = max(self.gap, now - self._last)
        self._last = now

    @property
    def failed(self) -> int:
        """Whatever was no good answer."""
        return self.refused.total() + self.wrong.total() + self.unanswered.total()

    @property
    def requests(self) -> int:
        """All that were sent, and those that found no connection."""
        return self.answered + self.failed

    @property
    def why(self) -> str:
        """Each kind of failure with its number."""
        return ", ".join(f"{number} x {kind}" for kinds in (self.refused, self.wrong, self.unanswered)
                         for kind, number in kinds.items())  # fmt: skip


@dataclass(frozen=True)
class Crowd:
    """Clients of one row: ``kept`` on connections that they keep, ``fresh`` with a new one for each request."""

    uri: str
    key: str
    row: Mapping[str, Any]
    kept: int = 6
    fresh: int = 2

    def request(self, *, close: bool, **changed: Any) -> bytes:
        """The bytes of a POST of the row with some values changed."""
        body = json.dumps({**self.row, **changed}).encode()
        place = urlsplit(self.uri)
        head = (
            f"POST {place.path} HTTP/1.1\r\nhost: {place.netloc}\r\nauthorization: Bearer {self.key}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        )
        return (head + "connection: close\r\n" * close + "\r\n").encode() + body

    @contextmanager
    def asking(self) -> Iterator[Count]:
        """Ask from another thread for as long as the block runs; each client then hears its last answer."""
        count = Count(time.monotonic())
        ended = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._ask_all(count, ended)))
        thread.start()
        try:
            yield count
        finally:
            ended.set()
            thread.join()
            count.until = time.monotonic()

    async def _ask_all(self, count: Count, ended: threading.Event) -> None:
        clients = [self._client(count, ended, keeps=True) for _ in range(self.kept)]
        clients += [self._client(count, ended, keeps=False) for _ in range(self.fresh)]
        working = asyncio.gather(*clients)
        while not ended.is_set():
            await asyncio.sleep(0.02)
        count.pause(time.monotonic())
        await working

    async def _client(self, count: Count, ended: threading.Event, *, keeps: bool) -> None:
        request = self.request(close=not keeps)
        while not ended.is_set():
            if not await self._on_one_connection(request, count, ended):
                await asyncio.sleep(AFTER_REFUSAL)

    async def _on_one_connection(self, request: bytes, count: Count, ended: threading.Event) -> bool:
        """Until it is closed, or was good for nothing: then False."""
        place = urlsplit(self.uri)
        try:
            reader, writer = await asyncio.open_connection(place.hostname, place.port)
        except OSError as error:
            count.unanswered[f"no connection ({type(error).__name__})"] += 1
            return False
        try:
            while not (ended.is_set() or reader.at_eof()):  # a connection that was closed while idle costs nothing
                started = time.monotonic()
                writer.write(request)
                status, stays = await asyncio.wait_for(_answer(reader), LONGEST_ANSWER)
                count.heard(status, started)
                if status != 200:
                    return False
                if not stays:
                    break
        except (OSError, EOFError, asyncio.TimeoutError) as error:
            count.unanswered[f"cut off ({type(error).__name__})"] += 1
            return False
        finally:
            writer.close()
        return True

    def rush(self, connections: int) -> Count:
        """So many clients at once, with a connection and a request each."""
        return asyncio.run(self._rush(connections))

    async def _rush(self, connections: int) -> Count:
        count, request, never = Count(time.monotonic()), self.request(close=True), threading.Event()
        await asyncio.gather(*(self._on_one_connection(request, count, never) for _ in range(connections)))
        count.until = time.monotonic()
        return count


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """The status of one answer, and whether the connection stays."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
    await reader.readexactly(length)
    return int(head.split(None, 2)[1]), b"connection: close" not in head


def machine() -> str:
    """How busy it is."""
    return f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
