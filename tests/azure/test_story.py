"""The story of a release on Azure, from a shell, with the variables of the contract alone."""

from __future__ import annotations

from pathlib import Path

from tests.azure.conftest import Cloud

E = "fin-behavior-ep-fixed"
ROW = '{"income": 2000, "spending": 1500, "age": 40, "account": "current"}'


def test_a_package_is_registered_listed_downloaded_and_archived(cloud: Cloud, package: Path) -> None:
    first = cloud.ok("register", str(package))
    assert (first["version"], first["created"]) == ("1.0.0", True)
    again = cloud.ok("register", str(package))
    assert (again["version"], again["digest"], again["created"]) == ("1.0.0", first["digest"], False)
    listed = cloud.ok("models", "list")["models"]
    assert [(one["name"], one["version"], one["digest"]) for one in listed] == [
        (first["name"], "1.0.0", first["digest"])
    ]
    got = cloud.ok("models", "download", first["name"], "--out", str(cloud.folder / "got"))
    assert (Path(got["package"]) / "model.joblib").read_bytes() == (package / "model.joblib").read_bytes()
    cloud.ok("models", "archive", f"{first['name']}:1.0.0")
    assert cloud.ok("models", "list")["models"] == []
    missing = cloud("models", "show", first["name"], "-o", "json")
    assert (missing.code, missing.error["code"]) == (3, "not-found")


def test_a_release_a_canary_and_the_way_back(cloud: Cloud, package: Path, other_package: Path) -> None:
    name = cloud.ok("register", str(package))["name"]
    plan = cloud.ok("deploy", name, "--plan")
    assert {"cost", "create-endpoint", "create-deployment"} <= {action["kind"] for action in plan["plan"]}
    assert cloud.ok("status")["endpoints"] == []

    first = cloud.ok("deploy", name, "--yes")
    assert (first["deployment"], first["traffic"], first["revision"]) == ("blue", {"blue": 100}, 1)
    assert cloud.azure.traffic(E) == {"blue": 100}
    answer = cloud.ok("invoke", "--data", ROW)
    assert (answer["model"], answer["deployment"]) == (f"{name}:1.0.0", "blue")

    cloud.ok("register", str(other_package))
    second = cloud.ok("deploy", name, "--strategy", "canary", "--steps", "20,100", "--yes")
    assert (second["previous_traffic"], second["traffic"], second["revision"]) == ({"blue": 100}, {"green": 100}, 3)
    back = cloud.ok("rollback", "--yes")
    assert (back["traffic"], back["model"]) == ({"blue": 100}, f"{name}:1.0.0")
    assert cloud.azure.traffic(E) == {"blue": 100}
    assert [one["traffic"] for one in cloud.ok("traffic", "ledger")["entries"]] == [
        {"blue": 100}, {"blue": 80, "green": 20}, {"green": 100}, {"blue": 100},
    ]  # fmt: skip

    keys = cloud.ok("keys", "show")
    fresh = cloud.ok("keys", "rotate", "--key", "primary", "--yes")
    assert (fresh["primary"] != keys["primary"], fresh["secondary"]) == (True, keys["secondary"])
    lines = [line["text"] for line in cloud.ok("logs", "--deployment", "blue")["lines"]]
    assert any("StorageInitializer" in line for line in lines)
    assert any("InferenceServer" in line for line in lines)

    cloud.ok("stop", "--yes")
    assert cloud.azure.traffic(E) == {}
    cloud.ok("start")
    assert cloud.azure.traffic(E) == {"blue": 100}
    cloud.ok("delete", "--yes")
    assert cloud("status", "--endpoint", E, "-o", "json").code == 3


def test_only_the_program_speaks(cloud: Cloud) -> None:
    done = cloud("models", "list", "-o", "json")
    assert done.json["status"] == "ok"
    assert done.err == ""
