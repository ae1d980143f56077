"""A canary under real clients: promoted, held or aborted for a reason, and taken up again after its terminal died."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Finbehave
from tests.e2e.broken import says_yes
from tests.e2e.client import Client, rows_of
from tests.e2e.test_release import deployments, said

HALF = ("--steps", "50,100", "--bake", "0.5")
"""A verdict needs some hundred requests of the new colour, which half of the traffic brings soon."""


@pytest.fixture
def client(finbehave: Finbehave, package: Path, behaviour: Path) -> Client:
    """Of an endpoint with the first model; it asks about every row of a file in turn."""
    finbehave.ok("register", str(package))
    uri = finbehave.ok("deploy", "late-payers")["scoring_uri"]
    rows = rows_of(behaviour)
    return Client(uri, finbehave.ok("keys", "show")["primary"], rows[0], rows)


def reasons(finbehave: Finbehave) -> list[Any]:
    return [entry["reason"] for entry in finbehave.ok("traffic", "ledger")["entries"]]


def test_without_clients_it_is_held_and_goes_on_when_they_come(
    finbehave: Finbehave, client: Client, other_package: Path
) -> None:
    finbehave.ok("register", str(other_package))
    held = finbehave("deploy", "late-payers", "--strategy", "canary", *HALF, "-o", "json")
    assert (held.code, held.error["code"]) == (7, "release-held"), str(held)
    assert "no request has come" in held.error["message"]
    assert "finbehave deploy --resume" in held.error["remedy"]
    assert finbehave.ok("traffic", "show")["traffic"] == {"blue": 100}
    assert deployments(finbehave)["green"]["state"] == "ready"
    assert reasons(finbehave)[-1].endswith("late-payers:1.0.1, held at 50 %: no request has come")

    with client.asking():
        resumed = finbehave.ok("deploy", "--resume", *HALF)
    assert (resumed["model"], resumed["traffic"]) == ("late-payers:1.0.1", {"green": 100})
    assert client.failed == []
    assert "; promoted at 50 %: errors 0.0% against 0.0%" in reasons(finbehave)[-1]
    assert finbehave.ok("rollback", "--yes")["traffic"] == {"blue": 100}

    nothing = finbehave("deploy", "--resume", "-o", "json")
    assert (nothing.code, nothing.error["code"]) == (3, "not-found")


def test_one_that_answers_otherwise_is_aborted_before_it_gets_more(
    finbehave: Finbehave, client: Client, package: Path, tmp_path: Path
) -> None:
    finbehave.ok("register", str(says_yes(package, tmp_path / "yes")))
    with client.asking():
        aborted = finbehave("deploy", "late-payers", "--strategy", "canary", "--bake", "60", "-o", "json")
    assert (aborted.code, aborted.error["code"]) == (7, "release-aborted"), str(aborted)
    assert "shift of answers" in aborted.error["message"]
    assert client.failed == []
    assert finbehave.ok("traffic", "show")["traffic"] == {"blue": 100}
    assert list(deployments(finbehave)) == ["blue"]
    assert "aborted at 10 %: shift of answers" in reasons(finbehave)[-1]


def test_one_whose_terminal_died_is_resumed_and_on_failure_goes_back_to_what_stood_before_it(
    finbehave: Finbehave, client: Client, other_package: Path
) -> None:
    finbehave.ok("register", str(other_package))
    process = finbehave.start("deploy", "late-payers", "--strategy", "canary", "--bake", "60", "-o", "json")
    said(process, "traffic blue=90 green=10")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert finbehave.ok("traffic", "show")["traffic"] == {"blue": 90, "green": 10}

    held = finbehave("deploy", "--resume", *HALF, "-o", "json")
    assert (held.code, held.error["code"]) == (7, "release-held"), str(held)
    assert finbehave.ok("traffic", "show")["traffic"] == {"blue": 100}

    with client.asking():
        assert finbehave.ok("deploy", "--resume", *HALF)["traffic"] == {"green": 100}
    assert client.failed == []


def test_resume_takes_no_model_and_deploy_needs_one(finbehave: Finbehave) -> None:
    for words in ((), ("late-payers", "--resume")):
        refused = finbehave("deploy", *words, "-o", "json")
        assert (refused.code, refused.error["code"]) == (2, "usage")
