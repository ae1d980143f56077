"""One endpoint that answers, for every test that only asks it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Finbehave


class Asked:
    """The endpoint as a client sees it, with the program that started it."""

    def __init__(self, program: Finbehave, package: Path) -> None:
        self.program = program
        self.base = program.ok("status")["endpoints"][0]["scoring_uri"].removesuffix("/score")
        self.keys = program.ok("keys", "show")
        self.row: dict[str, Any] = json.loads((package / "golden.json").read_text())["rows"][0]

    def post(self, body: Any, **headers: str) -> httpx.Response:
        """Bytes go as they are, everything else as JSON; with the key unless another is given."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.keys['primary']}", **headers}
        return httpx.post(f"{self.base}/score", content=content, headers=sent, timeout=60)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.base + path, timeout=60)

    @property
    def address(self) -> tuple[str, int]:
        url = httpx.URL(self.base)
        return url.host, url.port or 80


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory, package: Path) -> Iterator[Asked]:
    """A live endpoint with a model on blue, which holds the traffic, and the same on green."""
    program = Finbehave(tmp_path_factory.mktemp("asked"))
    try:
        program.ok("register", str(package))
        program.ok("deploy", "late-payers")
        program.ok("deploy", "late-payers", "--deployment", "green", "--no-wait")
        program.ok("start", "--deployment", "green")
        yield Asked(program, package)
    finally:
        program.end()
