"""What is Azure's own in a release there, with the variables of the contract alone; the rest is in tests/contract."""

from __future__ import annotations

from pathlib import Path

from tests.azure.conftest import Cloud

E = "fin-behavior-ep-fixed"


def test_what_the_operator_sees_is_what_the_service_holds(cloud: Cloud, package: Path) -> None:
    name = cloud.ok("register", str(package))["name"]
    plan = cloud.ok("deploy", name, "--plan")
    assert "cost" in {action["kind"] for action in plan["plan"]}
    cloud.ok("deploy", name, "--yes")
    assert cloud.azure.traffic(E) == {"blue": 100}
    lines = [line["text"] for line in cloud.ok("logs", "--deployment", "blue")["lines"]]
    assert any("StorageInitializer" in line for line in lines)
    assert any("InferenceServer" in line for line in lines)
    cloud.ok("stop", "--yes")
    assert cloud.azure.traffic(E) == {}
    cloud.ok("start")
    assert cloud.azure.traffic(E) == {"blue": 100}


def test_only_the_program_speaks(cloud: Cloud) -> None:
    done = cloud("models", "list", "-o", "json")
    assert done.json["status"] == "ok"
    assert done.err == ""
