"""What the contract promises, on every backend alike."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Finbehave
from tests.e2e.broken import fails_alone, says_otherwise
from tests.e2e.test_release import said

ENDPOINT = "fin-behavior-ep-fixed"
ROW = '{"income": 2000, "spending": 1500, "age": 40, "account": "current"}'


@pytest.fixture
def live(program: Finbehave, package: Path) -> Finbehave:
    """With the first model in service."""
    program.ok("register", str(package))
    program.ok("deploy", "late-payers")
    return program


def traffic(program: Finbehave) -> Any:
    return {name: share for name, share in program.ok("traffic", "show")["traffic"].items() if share}


def colours(program: Finbehave) -> list[str]:
    (endpoint,) = program.ok("status")["endpoints"]
    return [one["name"] for one in endpoint["deployments"]]


def test_a_package_is_registered_listed_downloaded_and_archived(program: Finbehave, package: Path) -> None:
    first = program.ok("register", str(package))
    assert (first["name"], first["version"], first["created"]) == ("late-payers", "1.0.0", True)
    again = program.ok("register", str(package))
    assert (again["version"], again["digest"], again["created"]) == ("1.0.0", first["digest"], False)
    listed = program.ok("models", "list")["models"]
    assert [(one["name"], one["version"], one["digest"]) for one in listed] == [
        ("late-payers", "1.0.0", first["digest"])
    ]
    got = program.ok("models", "download", "late-payers", "--out", str(program.folder / "got"))
    assert (Path(got["package"]) / "model.joblib").read_bytes() == (package / "model.joblib").read_bytes()
    program.ok("models", "archive", "late-payers:1.0.0")
    assert program.ok("models", "list")["models"] == []
    missing = program("models", "show", "late-payers", "-o", "json")
    assert (missing.code, missing.error["code"]) == (3, "not-found")


def test_a_release_a_canary_the_way_back_and_the_end(program: Finbehave, package: Path, other_package: Path) -> None:
    program.ok("register", str(package))
    plan = program.ok("deploy", "late-payers", "--plan")
    assert {"create-endpoint", "create-deployment"} <= {action["kind"] for action in plan["plan"]}
    assert program.ok("status")["endpoints"] == []

    first = program.ok("deploy", "late-payers")
    assert (first["deployment"], first["traffic"], first["previous_traffic"]) == ("blue", {"blue": 100}, {})
    assert (first["model"], first["revision"]) == ("late-payers:1.0.0", 1)
    again = program.ok("deploy", "late-payers")
    assert (again["changed"], again["revision"]) == (False, 1)
    answer = program.ok("invoke", "--data", ROW)
    assert (answer["model"], answer["deployment"], len(answer["predictions"])) == ("late-payers:1.0.0", "blue", 1)
    assert set(answer["probabilities"][0]) == {"0", "1"}

    program.ok("register", str(other_package))
    second = program.ok("deploy", "late-payers", "--strategy", "canary", "--steps", "20,100")
    assert (second["previous_traffic"], second["traffic"], second["revision"]) == ({"blue": 100}, {"green": 100}, 3)
    assert program.ok("invoke", "--data", ROW, "--deployment", "blue")["model"] == "late-payers:1.0.0"
    back = program.ok("rollback", "--yes")
    assert (back["model"], back["traffic"]) == ("late-payers:1.0.0", {"blue": 100})
    assert (back["previous_traffic"], back["revision"]) == ({"green": 100}, 4)

    entries = program.ok("traffic", "ledger")["entries"]
    assert [entry["traffic"] for entry in entries] == [
        {"blue": 100}, {"blue": 80, "green": 20}, {"green": 100}, {"blue": 100},
    ]  # fmt: skip
    assert [entry["revision"] for entry in entries] == [1, 2, 3, 4]
    assert entries[-1]["models"] == {"blue": "late-payers:1.0.0", "green": "late-payers:1.0.1"}

    keys = program.ok("keys", "show")
    fresh = program.ok("keys", "rotate", "--key", "primary", "--yes")
    assert (fresh["primary"] != keys["primary"], fresh["secondary"]) == (True, keys["secondary"])
    assert program.ok("logs", "--deployment", "blue")["lines"]

    program.ok("stop", "--yes")
    refused = program("invoke", "--data", ROW, "-o", "json")
    assert refused.code == 9, str(refused)
    program.ok("start")
    assert traffic(program) == {"blue": 100}
    assert program.ok("invoke", "--data", ROW)["deployment"] == "blue"
    program.ok("delete", "--yes")
    assert program("status", "--endpoint", ENDPOINT, "-o", "json").code == 3


def test_what_is_not_there_or_not_right_is_told_by_the_exit_status(live: Finbehave) -> None:
    wrong_row = '{"income": "a lot", "spending": 1500, "age": 40, "account": "current"}'
    for code, words in (
        (3, ("deploy", "nobody")),
        (3, ("deploy", "late-payers:9.9.9")),
        (3, ("invoke", "--data", ROW, "--deployment", "green")),
        (3, ("invoke", "--data", ROW, "--endpoint", "nowhere-ep")),
        (3, ("rollback", "--yes")),
        (3, ("traffic", "set", "green=100")),
        (2, ("traffic", "set", "blue=90")),
        (2, ("delete", "--deployment", "blue", "--yes")),
        (4, ("invoke", "--data", wrong_row)),
    ):
        refused = live(*words, "-o", "json")
        assert refused.code == code, str(refused)
        assert refused.json["status"] == "error"
        assert (len(refused.error["message"]) <= 600, bool(refused.error["remedy"])) == (True, True)
    assert live("invoke", "--data", ROW, "-o", "json", env={"FINBEHAVE_KEY": "not-the-key"}).code == 8
    assert traffic(live) == {"blue": 100}


def test_a_model_that_crashes_at_start_never_gets_traffic_and_its_logs_are_kept(
    live: Finbehave, package: Path, tmp_path: Path
) -> None:
    live.ok("register", str(fails_alone(package, tmp_path / "broken")))
    refused = live("deploy", "late-payers", "-o", "json")
    assert refused.code == 7, str(refused)
    bundle = Path(refused.result["bundle"])
    assert "minimum of 2 is required" in (bundle / "deployment.log").read_text()
    assert str(bundle) in refused.error["message"]
    assert (traffic(live), colours(live)) == ({"blue": 100}, ["blue"])


def test_a_model_that_answers_otherwise_than_in_training_never_gets_traffic(
    live: Finbehave, package: Path, tmp_path: Path
) -> None:
    live.ok("register", str(says_otherwise(package, tmp_path / "otherwise")))
    refused = live("deploy", "late-payers", "-o", "json")
    assert refused.code in (5, 7), str(refused)  # by the trial beforehand, where there is one, or by the golden records
    assert (traffic(live), colours(live)) == ({"blue": 100}, ["blue"])


@pytest.mark.parametrize("moment", ["green is created", "golden records on green", "traffic blue=90 green=10"])
def test_a_canary_that_is_killed_leaves_an_endpoint_that_answers_and_goes_on(
    live: Finbehave, other_package: Path, moment: str
) -> None:
    live.ok("register", str(other_package))
    process = live.start("deploy", "late-payers", "--strategy", "canary", "--bake", "60", "-o", "json")
    said(process, moment)
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = traffic(live)
    assert left in ({"blue": 100}, {"blue": 90, "green": 10})
    told = live.ok("status")["under_way"]
    if "green" in left:
        assert (told[ENDPOINT]["deployment"], told[ENDPOINT]["percent"]) == ("green", 10)
        other = live("deploy", "late-payers", "--instance-type", "Standard_F8s_v2", "-o", "json")
        assert (other.code, "finbehave deploy --resume" in other.error["remedy"]) == (7, True), str(other)
    else:
        assert told == {}
    assert live.ok("invoke", "--data", ROW)["predictions"]
    assert live.ok("deploy", "late-payers", "--strategy", "canary")["traffic"] == {"green": 100}
    assert live.ok("rollback", "--yes")["traffic"] == {"blue": 100}
    assert live.ok("invoke", "--data", ROW)["model"] == "late-payers:1.0.0"
