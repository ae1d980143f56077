"""What is Azure's own in a release there, with the variables of the contract alone; the rest is in tests/contract."""

from __future__ import annotations

import re
from pathlib import Path

from tests.azure.conftest import Cloud
from tests.azure.stand_in import W
from tests.e2e.broken import CRASH, fails_alone

E = "fin-behavior-ep-fixed"


def test_what_the_operator_sees_is_what_the_service_holds(cloud: Cloud, package: Path) -> None:
    name = cloud.ok("register", str(package))["name"]
    plan = cloud.ok("deploy", name, "--plan")
    assert "cost" in {action["kind"] for action in plan["plan"]}
    cloud.ok("deploy", name, "--workers", "4", "--yes")
    assert cloud.azure.traffic(E) == {"blue": 100}
    lines = [line["text"] for line in cloud.ok("logs", "--deployment", "blue", "--tail", "2000")["lines"]]
    assert any("Models are downloaded" in line for line in lines)
    assert "Container logs:" in lines
    assert sum("Booting worker with pid" in line for line in lines) == 4
    shown = [line for line in cloud("logs", "--deployment", "blue").out.splitlines() if "azmlinfsrv" in line]
    assert {len(re.findall(r"\d{4}-\d\d-\d\d", line)) for line in shown} == {1}
    cloud.ok("deploy", name, "--deployment", "green", "--no-wait", "--rehearsal")
    assert cloud.ok("traffic", "mirror", "green=10")["mirror"]["percent"] == 10
    assert cloud.azure.resources[f"{W}/onlineEndpoints/{E}"]["properties"]["mirrorTraffic"] == {"green": 10}
    cloud.ok("stop", "--yes")
    assert cloud.azure.traffic(E) == {}
    cloud.ok("start")
    assert cloud.azure.traffic(E) == {"blue": 100}


def test_only_the_program_speaks(cloud: Cloud) -> None:
    done = cloud("models", "list", "-o", "json")
    assert done.json["status"] == "ok"
    assert done.err == ""


def test_what_would_crash_there_is_found_here_before_anything_is_created(
    cloud: Cloud, package: Path, tmp_path: Path
) -> None:
    cloud.ok("register", str(fails_alone(package, tmp_path / "broken")))
    for words in (("deploy", "late-payers", "--plan"), ("deploy", "late-payers", "--yes", "--rehearsal")):
        refused = cloud(*words, "-o", "json", env={"FINBEHAVE_REHEARSAL": "true"})
        assert (refused.code, refused.error["code"]) == (5, "incompatible-model"), str(refused)
        assert "it never became ready" in refused.error["message"]
        assert refused.error["remedy"]
        rehearsed = next(check for check in refused.json["checks"] if check["name"].startswith("rehearsal"))
        assert rehearsed["status"] == "failed"
        assert CRASH in rehearsed["detail"]
    assert not [path for method, path in cloud.azure.asked if method == "PUT" and "onlineEndpoints" in path]
