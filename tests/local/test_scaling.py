"""Workers come and go by how long requests wait for one."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from finbehave.backends.local.scaling import QUIET_SECONDS, Queueing, Scaler
from tests.conftest import Finbehave

PATIENCE = 60.0


class Told:
    """A scaler of one to three workers that is told what was asked, second by second."""

    def __init__(self) -> None:
        self.scaler = Scaler(1, 1, 3)
        self.requests, self.seconds, self.moment = 0, 0.0, 0.0

    def second(self, requests: int, mean: float, waiting: int = 0) -> int:
        self.requests += requests
        self.seconds += requests * mean
        self.moment += 1.0
        return self.scaler.look(Queueing(self.requests, self.seconds, waiting), self.moment)


def test_requests_that_wait_bring_one_worker_a_second_up_to_the_most() -> None:
    told = Told()
    assert [told.second(100, 0.001), told.second(100, 0.05), told.second(100, 0.05)] == [1, 2, 3]
    assert told.second(100, 0.5) == 3


def test_a_jam_in_which_nothing_is_answered_brings_one_too() -> None:
    told = Told()
    assert told.second(1, 0.0, waiting=9) == 1
    assert [told.second(0, 0.0, waiting=30), told.second(0, 0.0, waiting=40)] == [2, 3]


def test_a_quiet_minute_takes_one_away_and_a_pause_does_not() -> None:
    told = Told()
    told.second(100, 0.05)
    told.second(100, 0.05)
    held = [told.second(5, 0.0005) for _ in range(int(QUIET_SECONDS) * 2 + 2)]
    assert held[:-1].count(3) >= QUIET_SECONDS
    assert held[-1] == 1
    told = Told()
    told.second(100, 0.05)
    for _ in range(4):
        assert {told.second(0, 0.0) for _ in range(int(QUIET_SECONDS) - 2)} == {2}
        assert told.second(50, 0.01) == 2


def test_a_gateway_that_counts_anew_changes_nothing() -> None:
    told = Told()
    told.second(100, 0.05)
    told.requests, told.seconds = 0, 0.0
    assert told.second(10, 0.001) == 2


@pytest.mark.parametrize("words", [("--min-instances", "2"), ("--max-instances", "1"), ("--target-cpu", "70")])
def test_numbers_that_do_not_fit_are_refused(finbehave: Finbehave, package: Path, words: tuple[str, ...]) -> None:
    finbehave.ok("register", str(package))
    assert finbehave("deploy", "late-payers", *words, "-o", "json").code == 2


def test_under_load_a_second_worker_comes_and_no_answer_is_lost(finbehave: Finbehave, package: Path) -> None:
    finbehave.ok("register", str(package))
    uri = finbehave.ok("deploy", "late-payers", "--max-instances", "2")["scoring_uri"]
    rows = json.loads((package / "golden.json").read_text())["rows"] * 100
    bearer = {"Authorization": f"Bearer {finbehave.ok('keys', 'show')['primary']}"}

    def workers() -> int:
        return int(finbehave.ok("status")["endpoints"][0]["deployments"][0]["detail"][:1] or 1)

    def ask(_: int) -> Any:
        return httpx.post(uri, json=rows, headers=bearer, timeout=PATIENCE).status_code

    assert workers() == 1
    deadline = time.monotonic() + PATIENCE
    with ThreadPoolExecutor(12) as crowd:
        while workers() < 2:
            assert time.monotonic() < deadline, "no second worker came"
            assert set(crowd.map(ask, range(60))) == {200}
    assert finbehave.ok("deploy", "late-payers", "--max-instances", "2")["changed"] is False
    lines = [line["text"] for line in finbehave.ok("logs", "--deployment", "blue")["lines"]]
    assert any("is to have 2 workers" in line for line in lines)
