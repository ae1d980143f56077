"""What each machine of a deployment takes on: shown before, held by the service afterwards, kept by what follows."""

from __future__ import annotations

from typing import Any

import pytest

from finbehave.backends.azure.capacity import capacity_of, request_seconds, settled, tag_of
from finbehave.domain.endpoint import Capacity
from tests.azure.conftest import Cloud
from tests.azure.stand_in import W
from tests.conftest import Finbehave

E = "fin-behavior-ep-fixed"
SAID = ("--workers", "3", "--concurrency", "6", "--request-timeout", "90")


def held(cloud: Cloud, deployment: str) -> dict[str, Any]:
    """What the service holds of it."""
    properties = cloud.azure.resources[f"{W}/onlineEndpoints/{E}/deployments/{deployment}"]["properties"]
    variables, settings = properties["environmentVariables"], properties["requestSettings"]
    return {
        "workers": variables["WORKER_COUNT"],
        "worker timeout": variables["WORKER_TIMEOUT"],
        "threads": variables["OMP_NUM_THREADS"],
        "at once": settings["maxConcurrentRequestsPerInstance"],
        "request timeout": settings["requestTimeout"],
    }


THREE = {"workers": "3", "worker timeout": "360", "threads": "1", "at once": 6, "request timeout": "PT1M30S"}


def planned(cloud: Cloud, *words: str) -> str:
    plan = cloud.ok("deploy", "late-payers:1.0.0", *words, "--plan")["plan"]
    return next(one["detail"] for one in plan if one["kind"] == "cost")


def test_it_follows_from_the_machine_and_the_plan_says_it(named: Cloud) -> None:
    named.workers = ""
    assert planned(named).endswith("each machine has 4 workers and takes 4 requests at once, 30 s for each")
    eight = ("--instance-type", "Standard_F8s_v2")
    assert planned(named, *eight).endswith("each machine has 8 workers and takes 8 requests at once, 30 s for each")
    many = named("deploy", "late-payers:1.0.0", "--workers", "9", "--plan", "-o", "json")
    (doubt,) = (one for one in many.json["checks"] if one["name"] == "names and sizes")
    assert (many.code, doubt["status"], doubt["remedy"].split(",")[0]) == (0, "warning", "--workers 4")
    named.ok("deploy", "late-payers:1.0.0", *eight)
    assert held(named, "blue") == {
        "workers": "8", "worker timeout": "300", "threads": "1", "at once": 8, "request timeout": "PT30S",
    }  # fmt: skip


def test_what_was_said_stands_instead_and_another_number_is_another_deployment(named: Cloud) -> None:
    assert planned(named, *SAID).endswith("each machine has 3 workers and takes 6 requests at once, 90 s for each")
    named.ok("deploy", "late-payers:1.0.0", *SAID)
    assert held(named, "blue") == THREE
    assert named.ok("deploy", "late-payers:1.0.0", *SAID)["changed"] is False
    setting = {"FINBEHAVE_WORKERS": "3", "FINBEHAVE_CONCURRENCY": "6", "FINBEHAVE_REQUEST_TIMEOUT": "90"}
    assert named.ok("deploy", "late-payers:1.0.0", env=setting)["changed"] is False

    named.ok("deploy", "late-payers:1.0.0", "--workers", "2")
    assert named.azure.traffic(E) == {"green": 100}
    assert (held(named, "green")["workers"], held(named, "green")["at once"]) == ("2", 2)
    assert held(named, "blue") == THREE


def test_a_rollback_that_deploys_again_keeps_it(named: Cloud) -> None:
    named.ok("deploy", "late-payers:1.0.0", *SAID)
    named.ok("deploy", "late-payers:1.0.1", *SAID)
    named.ok("delete", "--deployment", "blue", "--yes")
    named.ok("rollback", "--yes")
    assert named.azure.traffic(E) == {"blue": 100}
    assert held(named, "blue") == THREE
    assert named.ok("deploy", "late-payers:1.0.0", *SAID)["changed"] is False


def test_numbers_that_azure_does_not_take_are_refused_before_anything_is_asked(cloud: Cloud) -> None:
    for option, value in (("--request-timeout", "181"), ("--request-timeout", "0"), ("--workers", "0")):
        refused = cloud("deploy", "late-payers", option, value, "-o", "json")
        assert refused.code == 2, str(refused)
        assert option.strip("-").replace("-", "_") in refused.error["message"]
    assert cloud.azure.asked == []


def test_the_variables_behind_it_are_refused_with_the_option_that_sets_them(named: Cloud) -> None:
    for variable, option in (("WORKER_COUNT", "--workers"), ("WORKER_TIMEOUT", "--request-timeout")):
        refused = named("deploy", "late-payers", "--variable", f"{variable}=9", "-o", "json")
        assert refused.code == 2, str(refused)
        assert option in refused.error["remedy"]


def test_this_machine_refuses_it(finbehave: Finbehave) -> None:
    for option in ("--workers", "--concurrency", "--request-timeout"):
        refused = finbehave("deploy", "late-payers", option, "3", "-o", "json")
        assert (refused.code, refused.error["code"]) == (2, "usage"), str(refused)
        assert option in refused.error["message"]
        assert "--backend azure" in refused.error["remedy"]


@pytest.mark.parametrize("asked", [Capacity(), Capacity(3), Capacity(2, 4, 0.5)])
def test_a_tag_holds_what_was_said_and_nothing_else(asked: Capacity) -> None:
    assert capacity_of({"finbehave-capacity": tag_of(asked)}) == asked
    assert capacity_of({"finbehave-capacity": "by hand"}) == capacity_of(None) == Capacity()


@pytest.mark.filterwarnings("ignore")
def test_a_client_waits_as_long_as_the_deployment_may_take() -> None:
    from azure.ai.ml.entities import ManagedOnlineDeployment, OnlineRequestSettings

    said = OnlineRequestSettings(request_timeout_ms=45_000)
    assert request_seconds(ManagedOnlineDeployment(name="blue", endpoint_name=E, request_settings=said)) == 45
    assert request_seconds(ManagedOnlineDeployment(name="blue", endpoint_name=E)) == 0


def test_a_worker_outlives_its_longest_request_and_the_loading_of_its_model() -> None:
    for seconds in (0.5, 30, 90, 180):
        takes = settled("Standard_F4s_v2", Capacity(request_timeout=seconds))
        assert takes.worker_timeout > takes.request_timeout
        assert takes.worker_timeout >= 300
