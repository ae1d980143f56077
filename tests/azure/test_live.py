"""The contract on a real workspace of Azure ML, where there is one; docs/azure.md says how to run it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Finbehave

ROW = '{"income": 2000, "spending": 1500, "age": 40, "account": "current"}'
pytestmark = [
    pytest.mark.skipif(
        os.environ.get("FINBEHAVE_LIVE") != "1", reason="needs a workspace of Azure ML: FINBEHAVE_LIVE=1"
    ),
    pytest.mark.timeout(4 * 3600),
]


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Finbehave]:
    """With an endpoint name of its own, which is deleted whatever happens."""
    monkeypatch.setattr("tests.conftest.LONGEST_COMMAND", 3600.0)
    program = Finbehave(tmp_path)
    name = f"fin-live-{int(time.time())}"
    settings = {"FINBEHAVE_BACKEND": "azure", "FINBEHAVE_ENDPOINT": name, "FINBEHAVE_MODEL_NAME": name}
    ordinary = program.environment
    program.environment = lambda more=None: ordinary({**settings, **(more or {})})  # type: ignore[method-assign]
    try:
        yield program
    finally:
        program("delete", "--yes")


def test_a_release_a_canary_the_way_back_and_the_end(live: Finbehave, package: Path, other_package: Path) -> None:
    assert live("doctor", "-o", "json").code == 0
    name = live.ok("register", str(package))["name"]
    assert live.ok("deploy", name, "--plan")["changed"] is False
    assert live.ok("deploy", name, "--timeout", "2400", "--yes")["traffic"] == {"blue": 100}
    assert live.ok("invoke", "--data", ROW)["model"].endswith(":1.0.0")
    assert live("invoke", "--data", ROW, "-o", "json", env={"FINBEHAVE_KEY": "not-the-key"}).code == 8
    live.ok("register", str(other_package), "--name", name)
    canary = ("--strategy", "canary", "--steps", "20,100", "--timeout", "2400", "--yes")
    assert live.ok("deploy", name, *canary)["traffic"] == {"green": 100}
    assert live.ok("rollback", "--yes")["traffic"] == {"blue": 100}
    splits = [entry["traffic"] for entry in live.ok("traffic", "ledger")["entries"]]
    assert splits == [{"blue": 100}, {"blue": 80, "green": 20}, {"green": 100}, {"blue": 100}]
    before = live.ok("keys", "show")["primary"]
    assert live.ok("keys", "rotate", "--yes")["primary"] != before
    assert live.ok("invoke", "--data", ROW)["predictions"]
    assert any("azmlinfsrv" in line["text"] for line in live.ok("logs", "--deployment", "blue")["lines"])
    assert live.ok("troubleshoot")["causes"] == []
    live.ok("delete", "--yes")
    assert live("status", "--endpoint", live.environment()["FINBEHAVE_ENDPOINT"], "-o", "json").code == 3
