"""A release as an operator lives through it: forward by steps, back in a second, and never half."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Finbehave
from tests.e2e.broken import CRASH, fails_alone, says_otherwise
from tests.e2e.client import Client

PATIENCE = 60.0


@pytest.fixture
def live(finbehave: Finbehave, package: Path) -> Any:
    """What deploy answered when the first model went live."""
    finbehave.ok("register", str(package))
    return finbehave.ok("deploy", "late-payers")


def row_of(package: Path) -> Any:
    return json.loads((package / "golden.json").read_text())["rows"][0]


def client_of(finbehave: Finbehave, uri: str, package: Path) -> Client:
    return Client(uri, finbehave.ok("keys", "show")["primary"], row_of(package))


def until(what: str, come: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE
    while not come():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.05)


def said(process: subprocess.Popen[str], words: str) -> None:
    """Read what a command tells until these words come."""
    assert process.stderr is not None
    seen = ""
    for line in process.stderr:
        seen += line
        if words in line:
            return
    raise AssertionError(f"{words!r} was never said:\n{seen}")


def ended(process: subprocess.Popen[str], by: int | None = None) -> tuple[int, Any]:
    """The status and the document of a started command."""
    if by is not None:
        process.send_signal(by)
    out, err = process.communicate(timeout=PATIENCE)
    assert out, err
    return process.returncode, json.loads(out)


def deployments(finbehave: Finbehave) -> dict[str, Any]:
    (endpoint,) = finbehave.ok("status")["endpoints"]
    return {one["name"]: one for one in endpoint["deployments"]}


def test_a_release_goes_forward_by_steps_and_back_at_once_and_no_client_notices(
    finbehave: Finbehave, live: Any, package: Path, other_package: Path
) -> None:
    assert (live["deployment"], live["traffic"], live["previous_traffic"]) == ("blue", {"blue": 100}, {})
    assert live["model"] == "late-payers:1.0.0"
    finbehave.ok("register", str(other_package), "--bump", "minor")

    with client_of(finbehave, live["scoring_uri"], package).asking() as client:
        moved = finbehave.ok("deploy", "late-payers", "--strategy", "canary", "--steps", "10,50,100", "--bake", "0.5")
        back = finbehave.ok("rollback", "--yes")
    assert client.failed == []
    assert set(client.answered) == {"blue", "green"}

    assert (moved["model"], moved["traffic"]) == ("late-payers:1.1.0", {"green": 100})
    assert moved["previous_traffic"] == {"blue": 100}
    assert back["model"] == "late-payers:1.0.0"
    assert (back["traffic"], back["previous_traffic"]) == ({"blue": 100}, {"green": 100})
    assert client.ask()["model"] == "late-payers:1.0.0"

    entries = finbehave.ok("traffic", "ledger")["entries"]
    assert [entry["traffic"] for entry in entries] == [
        {"blue": 100},
        {"blue": 90, "green": 10},
        {"blue": 50, "green": 50},
        {"green": 100},
        {"blue": 100},
    ]
    assert [entry["revision"] for entry in entries] == [1, 2, 3, 4, 5]
    assert all("@" in entry["actor"] for entry in entries)
    assert entries[-1]["reason"] == "rollback to revision 1"
    assert entries[-1]["models"] == {"blue": "late-payers:1.0.0", "green": "late-payers:1.1.0"}

    nowhere = finbehave("rollback", "--yes", "-o", "json")
    assert (nowhere.code, nowhere.error["code"]) == (3, "not-found")


def test_what_is_live_is_left_and_a_plan_changes_nothing(finbehave: Finbehave, live: Any, other_package: Path) -> None:
    again = finbehave.ok("deploy", "late-payers:1.0.0")
    assert (again["changed"], again["revision"], again["plan"]) == (False, live["revision"], [])

    finbehave.ok("register", str(other_package))
    plan = finbehave.ok("deploy", "late-payers", "--strategy", "canary", "--plan")
    assert [action["kind"] for action in plan["plan"]] == ["create-deployment", "check", *["set-traffic"] * 3]
    assert not plan["changed"]
    assert list(deployments(finbehave)) == ["blue"]


def test_an_environment_that_cannot_run_the_model_is_refused_with_a_way_out(
    finbehave: Finbehave, live: Any, other_package: Path
) -> None:
    finbehave.ok("register", str(other_package))
    refused = finbehave("deploy", "late-payers", "--environment", "scikit-learn==1.1.3", "-o", "json")
    assert (refused.code, refused.error["code"]) == (5, "incompatible-model"), str(refused)
    assert refused.error["remedy"].startswith("leave out --environment")
    assert list(deployments(finbehave)) == ["blue"]


def test_a_deploy_that_does_not_wait_is_finished_by_the_next_one(
    finbehave: Finbehave, live: Any, other_package: Path
) -> None:
    finbehave.ok("register", str(other_package))
    begun = finbehave.ok("deploy", "late-payers", "--no-wait")
    assert (begun["deployment"], begun["traffic"]) == ("green", {"blue": 100})
    assert finbehave.ok("deploy", "late-payers")["traffic"] == {"green": 100}


def test_a_rollback_redeploys_a_model_whose_colour_is_gone(
    finbehave: Finbehave, live: Any, other_package: Path
) -> None:
    finbehave.ok("register", str(other_package))
    finbehave.ok("deploy", "late-payers")
    finbehave.ok("delete", "--deployment", "blue", "--yes")
    back = finbehave.ok("rollback", "--yes")
    assert (back["model"], back["traffic"]) == ("late-payers:1.0.0", {"blue": 100})


def test_a_model_that_crashes_at_start_is_removed_and_its_cause_is_told(
    finbehave: Finbehave, live: Any, package: Path, tmp_path: Path
) -> None:
    finbehave.ok("register", str(fails_alone(package, tmp_path / "broken")))
    refused = finbehave("deploy", "late-payers", "-o", "json")
    assert (refused.code, refused.error["code"]) == (7, "deployment-failed"), str(refused)
    assert CRASH in refused.error["message"]
    bundle = Path(refused.result["bundle"])
    assert str(bundle) in refused.error["message"]
    assert CRASH in (bundle / "deployment.log").read_text()
    assert refused.result["traffic"] == {"blue": 100}
    assert list(deployments(finbehave)) == ["blue"]


def test_a_first_model_that_crashes_leaves_no_endpoint(finbehave: Finbehave, package: Path, tmp_path: Path) -> None:
    finbehave.ok("register", str(fails_alone(package, tmp_path / "broken")))
    refused = finbehave("deploy", "late-payers", "-o", "json")
    assert refused.code == 7, str(refused)
    assert finbehave.ok("status")["endpoints"] == []


def test_a_model_that_answers_otherwise_than_in_training_never_gets_traffic(
    finbehave: Finbehave, live: Any, package: Path, tmp_path: Path
) -> None:
    finbehave.ok("register", str(says_otherwise(package, tmp_path / "otherwise")))
    refused = finbehave("deploy", "late-payers", "-o", "json")
    assert (refused.code, refused.error["code"]) == (7, "gate-failed"), str(refused)
    assert "golden" in refused.error["message"]
    assert [entry["revision"] for entry in finbehave.ok("traffic", "ledger")["entries"]] == [live["revision"]]
    assert list(deployments(finbehave)) == ["blue"]


@pytest.mark.parametrize(
    ("moment", "by"), [("green is created", signal.SIGINT), ("traffic blue=90 green=10", signal.SIGTERM)]
)
def test_an_interrupted_deploy_leaves_the_traffic_and_nothing_else(
    finbehave: Finbehave, live: Any, other_package: Path, moment: str, by: int
) -> None:
    finbehave.ok("register", str(other_package))
    words = ("late-payers", "--strategy", "canary", "--bake", "60", "-o", "json")
    process = finbehave.start("deploy", *words)
    said(process, moment)
    code, document = ended(process, by)
    assert (code, document["error"]["code"]) == (130, "interrupted"), document
    assert finbehave.ok("traffic", "show")["traffic"] == {"blue": 100}
    assert list(deployments(finbehave)) == ["blue"]


def test_a_second_deploy_is_told_to_wait_and_a_person_may_overrule_the_first(
    finbehave: Finbehave, live: Any, other_package: Path
) -> None:
    finbehave.ok("register", str(other_package))
    first = finbehave.start("deploy", "late-payers", "--strategy", "canary", "--bake", "60", "-o", "json")
    said(first, "traffic blue=90 green=10")

    second = finbehave("deploy", "late-payers", "-o", "json")
    assert (second.code, second.error["code"]) == (9, "busy"), str(second)

    finbehave.ok("traffic", "set", "blue=70", "green=30", "--reason", "hold it")
    code, document = ended(first)
    assert (code, document["error"]["code"]) == (7, "conflict"), document
    assert finbehave.ok("traffic", "show")["traffic"] == {"blue": 70, "green": 30}
    assert deployments(finbehave)["green"]["state"] == "ready"


def test_only_registered_models_are_deployed(finbehave: Finbehave, package: Path) -> None:
    refused = finbehave("deploy", str(package), "-o", "json")
    assert (refused.code, refused.error["code"]) == (2, "usage")
    assert "finbehave register" in refused.error["remedy"]
    missing = finbehave("deploy", "nobody", "-o", "json")
    assert missing.code == 3, str(missing)


def test_a_rollback_without_a_terminal_needs_to_be_told_yes(finbehave: Finbehave, live: Any) -> None:
    finbehave.ok("deploy", "late-payers", "--instance-count", "2")
    asked = finbehave("rollback", "-o", "json")
    assert (asked.code, asked.error["code"]) == (2, "confirmation-required"), str(asked)
    assert finbehave.ok("traffic", "show")["traffic"] == {"green": 100}
