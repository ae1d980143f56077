"""What goes wrong on Azure: exit code, remedy, and the traffic that the service itself holds afterwards."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

from tests.azure.conftest import Cloud
from tests.azure.stand_in import SUBSCRIPTION, Azure, W

E = "fin-behavior-ep-fixed"
ENDPOINT = f"{W}/onlineEndpoints/{E}$"


def said(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def refused(cloud: Cloud, *words: str) -> tuple[int, str, str, str]:
    done = cloud(*words, "-o", "json")
    assert done.json["status"] == "error", str(done)
    error = done.error
    assert len(error["message"]) <= 600
    return done.code, error["code"], error["message"], error["remedy"]


def test_what_the_deploy_of_a_live_endpoint_meets(live: Cloud) -> None:
    azure = live.azure

    azure.failing["green"] = "User container has crashed or terminated: Liveness probe failed: HTTP probe failed"
    code, _, message, remedy = refused(live, "deploy", "late-payers", "--yes")
    assert code == 7, message
    assert "bundles" in message
    assert remedy
    assert azure.traffic(E) == {"blue": 100}
    assert not any(path.endswith("/deployments/green") for path in azure.resources)
    azure.failing.clear()

    azure.usage = (8, 8)
    code, name, message, remedy = refused(live, "deploy", "late-payers", "--yes")
    assert (code, name) == (9, "quota")
    assert "8 of 8" in message
    assert "--instance-type" in remedy
    assert not any(path.endswith("/deployments/green") for path in azure.resources)
    ill = live("doctor", "-o", "json", env={"FINBEHAVE_OFFLINE": "1"})
    assert (ill.code, ill.result["missing"]) == (2, ["quota"]), str(ill)
    azure.usage = (0, 100)

    azure.answer_once(
        "PUT", "deployments/green", 403, said("AuthorizationFailed", "The client does not have authorization")
    )
    code, name, _, remedy = refused(live, "deploy", "late-payers", "--yes")
    assert (code, name) == (8, "access-denied")
    assert "AzureML Data Scientist" in remedy
    assert azure.traffic(E) == {"blue": 100}


def test_somebody_elses_traffic_stands(live: Cloud) -> None:
    azure = live.azure
    live.ok("deploy", "late-payers", "--no-wait", "--yes")
    azure.meanwhile("POST", "^/score$", lambda: azure.set_traffic(E, {"blue": 60, "green": 40}))
    code, name, message, _ = refused(live, "deploy", "late-payers", "--yes")
    assert (code, name) == (7, "conflict"), message
    assert azure.traffic(E) == {"blue": 60, "green": 40}
    newest = live.ok("traffic", "ledger")["entries"][-1]
    assert (newest["traffic"], newest["actor"]) == ({"blue": 60, "green": 40}, "somebody outside finbehave")


def test_a_busy_service_is_asked_again(live: Cloud) -> None:
    live.azure.answer_once(
        "PUT", ENDPOINT, 409, said("Conflict", "Cannot change it because it is in Updating provisioning state")
    )
    live.ok("deploy", "late-payers", "--yes")
    assert live.azure.traffic(E) == {"green": 100}
    assert len(live.ok("traffic", "ledger")["entries"]) == 2


def test_what_is_refused_before_anything_is_asked(cloud: Cloud) -> None:
    for name in ("ab", "1abc", "a--b", "a" * 33, "ends-"):
        code, error, _, remedy = refused(cloud, "delete", "--endpoint", name, "--yes")
        assert (code, error) == (2, "usage")
        assert remedy.startswith("--endpoint ")
    assert cloud.azure.asked == []
    done = cloud("status", "-o", "json", env={"AZURE_WORKSPACE_NAME": ""})
    assert (done.code, done.error["code"]) == (2, "configuration")
    assert "AZURE_WORKSPACE_NAME" in done.error["remedy"]
    done = cloud("status", "-o", "json", env={"FINBEHAVE_CREDENTIAL": "magic"})
    assert (done.code, done.error["code"]) == (2, "configuration")
    done = cloud("status", "-o", "json", env={"FINBEHAVE_CREDENTIAL": "default", "AZURE_CLIENT_ID": ""})
    assert (done.code, done.error["code"]) == (2, "configuration"), str(done)
    assert "AZURE_CLIENT_ID" in done.error["remedy"]


def test_a_workspace_and_an_endpoint_that_are_not_there(cloud: Cloud) -> None:
    code, error, message, remedy = refused(cloud, "traffic", "show")
    assert (code, error) == (3, "not-found")
    assert "no endpoint" in message
    cloud.azure.answer_once(
        "GET",
        "/onlineEndpoints$",
        404,
        said(
            "ResourceNotFound",
            "The Resource 'Microsoft.MachineLearningServices/workspaces/ws' under resource group 'rg' was not found.",
        ),
    )
    code, error, _, remedy = refused(cloud, "status")
    assert (code, error) == (3, "not-found")
    assert "AZURE_WORKSPACE_NAME" in remedy


def test_an_expired_secret_is_named_and_never_shown(cloud: Cloud) -> None:
    cloud.azure.answer_once("POST", "token", 401, {"error": "invalid_client", "error_description":
        "AADSTS7000222: The provided client secret keys for app 'client' are expired."})  # fmt: skip
    done = cloud("status", "-o", "json")
    assert (done.code, done.error["code"]) == (8, "access-denied"), str(done)
    assert "expired" in done.error["message"]
    assert "secret-value" not in done.out + done.err
    assert SUBSCRIPTION not in done.error["remedy"]


def test_ctrl_c_leaves_what_azure_is_making_and_the_next_deploy_goes_on(live: Cloud) -> None:
    azure = live.azure
    azure.held.add("green")
    running = live.start("deploy", "late-payers", "--yes", "-o", "json")
    green = f"{W}/onlineEndpoints/{E}/deployments/green"
    wait_until(running, lambda: asked_after(azure.asked, ("PUT", green), f"{W}/onlineEndpoints/{E}$"))
    message, remedy = interrupted(running)
    assert "goes on being made" in message
    assert "finbehave status" in remedy
    assert azure.traffic(E) == {"blue": 100}

    azure.release("green")
    live.ok("deploy", "late-payers", "--yes")
    assert azure.traffic(E) == {"green": 100}
    assert [one for one in azure.asked if one == ("PUT", green)] == [("PUT", green)]


def test_ctrl_c_in_a_long_wait_says_what_goes_on(live: Cloud) -> None:
    azure = live.azure
    there = f"{W}/onlineEndpoints/{E}"
    live.ok("deploy", "late-payers", "--no-wait", "--yes")
    until_ready(azure, f"{there}/deployments/green")
    for words, asked, doing in (
        (("traffic", "mirror", "green=10"), ("PUT", there), "changing the traffic of"),
        (("traffic", "set", "green=100"), ("PUT", there), "changing the traffic of"),
        (("keys", "rotate", "--yes"), ("POST", f"{there}/regenerateKeys"), "replacing the primary key of"),
        (("delete", "--deployment", "blue", "--yes"), ("DELETE", f"{there}/deployments/blue"), "removing blue from"),
        (("stop", "--yes"), ("PUT", there), "changing the traffic of"),
        (("start",), ("PUT", there), "changing the traffic of"),
        (("delete", "--yes"), ("DELETE", there), "removing"),
    ):
        azure.asked.clear()
        azure.hold()
        running = live.start(*words, "-o", "json")
        wait_until(running, lambda asked=asked: asked_after(azure.asked, asked, "^/operations/"))
        message, remedy = interrupted(running)
        assert re.search(f"interrupted; Azure (goes on|may have begun) {doing} ", message), message
        assert "finbehave status --backend azure" in remedy
        azure.let_go()
    assert there not in azure.resources


def test_ctrl_c_while_the_traffic_is_being_changed_waits_for_that_and_takes_it_back(live: Cloud) -> None:
    azure = live.azure
    azure.asked.clear()
    azure.meanwhile("PUT", ENDPOINT, lambda: azure.hold(lagging=1000))
    running = live.start("deploy", "late-payers", "--yes", "-o", "json")
    wait_until(running, lambda: asked_after(azure.asked, ("PUT", f"{W}/onlineEndpoints/{E}"), "^/operations/"))
    running.send_signal(signal.SIGINT)
    azure.let_go()
    message, _ = ended(running)
    assert "The traffic is back at blue=100" in message
    assert "green was removed" in message
    assert azure.traffic(E) == {"blue": 100}
    splits = [one["traffic"] for one in live.ok("traffic", "ledger")["entries"]]
    assert splits == [{"blue": 100}, {"green": 100}, {"blue": 100}]


def wait_until(running: subprocess.Popen[str], there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not there():
        assert time.monotonic() < deadline
        assert running.poll() is None


def until_ready(azure: Azure, deployment: str) -> None:
    deadline = time.monotonic() + 120
    while azure.resources[deployment]["properties"]["provisioningState"] != "Succeeded":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def interrupted(running: subprocess.Popen[str]) -> tuple[str, str]:
    running.send_signal(signal.SIGINT)
    return ended(running)


def ended(running: subprocess.Popen[str]) -> tuple[str, str]:
    """By Ctrl-C. The message and the remedy."""
    out, _ = running.communicate(timeout=120)
    error = json.loads(out)["error"]
    assert (running.returncode, error["code"]) == (130, "interrupted"), out
    return error["message"], error["remedy"]


def asked_after(asked: list[tuple[str, str]], first: tuple[str, str], then: str) -> bool:
    """Whether, after that, something was read at a path like this."""
    asked = asked.copy()
    return first in asked and any(verb == "GET" and re.search(then, path) for verb, path in asked[asked.index(first) :])
