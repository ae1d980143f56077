"""An endpoint with its processes, for tests that kill them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tests.conftest import Finbehave
from tests.e2e.client import Client

PATIENCE = 60.0


class Live:
    """An endpoint with a model on blue."""

    def __init__(self, program: Finbehave, package: Path) -> None:
        self.program = program
        program.ok("register", str(package))
        self.uri = program.ok("deploy", "late-payers")["scoring_uri"]
        self.row = json.loads((package / "golden.json").read_text())["rows"][0]

    @property
    def home(self) -> Path:
        return self.program.workspace / "endpoints" / "fin-behavior-ep-fixed"

    def client(self) -> Client:
        return Client(self.uri, self.program.ok("keys", "show")["primary"], self.row)

    def processes(self, words: str) -> list[psutil.Process]:
        """Those of this endpoint whose command line has these words."""
        found = []
        for process in psutil.process_iter(["cmdline"]):
            line = " ".join(process.info["cmdline"] or [])
            if words in line and str(self.program.workspace) in line:
                found.append(process)
        return found

    def process(self, words: str) -> psutil.Process:
        """The one of them, when what a test before has left is gone."""
        found: list[psutil.Process] = []

        def alone() -> bool:
            found[:] = self.processes(words)
            return len(found) == 1

        until(f"a single {words}", alone)
        return found[0]

    @property
    def endpoint(self) -> dict[str, Any]:
        (one,) = self.program.ok("status")["endpoints"]
        return one


def until(what: str, come: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE
    while not come():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.05)


def answers_after(client: Client, count: int = 20) -> None:
    """Wait for some more answers."""
    before = client.answered.total()
    until("more answers", lambda: client.answered.total() >= before + count)
