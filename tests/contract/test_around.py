"""The commands around a release, on every backend alike."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Finbehave

ENDPOINT = "fin-behavior-ep-fixed"


def test_the_whole_way_is_one_command_and_a_second_time_changes_nothing(program: Finbehave, behaviour: Path) -> None:
    words = ("pipeline", "--data", str(behaviour), "--target", "late")
    first = program.ok(*words)
    assert (first["model"], first["version"], first["endpoint"]) == (
        "financial-behavior-model-fixed",
        "1.0.0",
        ENDPOINT,
    )
    assert Path(first["package"], "model.joblib").is_file()
    assert first["metrics"]["roc_auc"] > first["baseline"]["roc_auc"]
    assert first["prediction"] in (0, 1)
    assert program.ok("status")["endpoints"][0]["scoring_uri"] == first["scoring_uri"]

    again = program.ok(*words)
    assert (again["version"], again["changed"]) == ("1.0.0", False)
    assert [entry["traffic"] for entry in program.ok("traffic", "ledger")["entries"]] == [{"blue": 100}]


def test_a_registered_model_is_judged_and_a_live_endpoint_looked_at(program: Finbehave, package: Path) -> None:
    program.ok("register", str(package))
    judged = program.ok("check-compat", "late-payers:1.0.0")
    assert judged["verdict"] == "compatible"
    assert judged["probe"]["max_abs_diff"] == 0
    elsewhere = program(
        "check-compat", "late-payers", "--environment", "scikit-learn==1.1.3", "--no-probe", "-o", "json"
    )
    assert (elsewhere.code, elsewhere.result["verdict"]) == (5, "incompatible")

    program.ok("deploy", "late-payers", "--yes")
    assert program.ok("troubleshoot")["causes"] == []
    program.ok("stop", "--yes")
    stopped = program("troubleshoot", "-o", "json")
    assert stopped.code == 7, str(stopped)
    assert stopped.error["remedy"]
