"""Machines by load: the rule that the service holds, from the moment a deployment is ready until it is removed."""

from __future__ import annotations

from tests.azure.conftest import Cloud
from tests.azure.stand_in import W
from tests.conftest import Finbehave

E = "fin-behavior-ep-fixed"
BLUE = f"{W}/onlineEndpoints/{E}/deployments/blue"
BY_LOAD = ("--min-instances", "2", "--max-instances", "5", "--target-cpu", "60")


def test_the_rule_comes_when_the_deployment_is_ready_and_goes_with_it(named: Cloud) -> None:
    azure = named.azure
    plan = named.ok("deploy", "late-payers:1.0.0", *BY_LOAD, "--plan")["plan"]
    assert any("scales from 2 machines" in one["detail"] for one in plan if one["kind"] == "cost")
    assert azure.rules() == {}

    azure.held.add("blue")
    named.ok("deploy", "late-payers:1.0.0", *BY_LOAD, "--no-wait")
    assert azure.rules() == {}
    azure.release("blue")
    named.ok("deploy", "late-payers:1.0.0", *BY_LOAD)
    rule = azure.rules()["blue"]
    assert rule["targetResourceUri"] == BLUE
    (profile,) = rule["profiles"]
    assert profile["capacity"] == {"minimum": "2", "maximum": "5", "default": "2"}
    told = [(one["metricTrigger"], one["scaleAction"]["direction"]) for one in profile["rules"]]
    assert [(one["metricName"], one["operator"], one["threshold"], way) for one, way in told] == [
        ("CpuUtilizationPercentage", "GreaterThan", 60, "Increase"),
        ("CpuUtilizationPercentage", "LessThan", 30, "Decrease"),
    ]
    assert {one["metricResourceUri"] for one, _ in told} == {BLUE}
    assert azure.resources[BLUE]["sku"]["capacity"] == 2

    azure.resources[BLUE]["sku"]["capacity"] = 4  # as the rule would
    assert named.ok("deploy", "late-payers:1.0.0", *BY_LOAD)["changed"] is False
    (endpoint,) = named.ok("status")["endpoints"]
    (blue,) = endpoint["deployments"]
    assert (blue["instance_count"], blue["scale"]["most"], blue["scale"]["measure"]) == (4, 5, "cpu")

    named.ok("deploy", "late-payers:1.0.1")
    assert (azure.traffic(E), list(azure.rules())) == ({"green": 100}, ["blue"])
    named.ok("delete", "--deployment", "blue", "--yes")
    assert azure.rules() == {}


def test_by_latency_the_measure_is_the_endpoints_and_nothing_is_left_of_it(named: Cloud) -> None:
    azure = named.azure
    named.ok("deploy", "late-payers:1.0.0", "--max-instances", "3", "--target-latency", "80")
    trigger = azure.rules()["blue"]["profiles"][0]["rules"][0]["metricTrigger"]
    assert (trigger["metricName"], trigger["threshold"]) == ("RequestLatency", 80)
    assert trigger["metricResourceUri"] == f"{W}/onlineEndpoints/{E}"
    named.ok("delete", "--yes")
    assert azure.rules() == {}


def test_a_release_whose_rule_is_refused_is_undone(named: Cloud) -> None:
    azure = named.azure
    azure.permissions["notActions"] = ["Microsoft.Insights/autoscaleSettings/*"]
    refused = named("deploy", "late-payers:1.0.0", *BY_LOAD, "-o", "json")
    assert (refused.code, refused.error["code"]) == (8, "access-denied"), str(refused)
    assert "Monitoring Contributor" in refused.error["remedy"]
    assert not any("/onlineEndpoints/" in path for path in azure.resources)

    azure.permissions["notActions"] = []
    named.ok("deploy", "late-payers:1.0.0")
    said = {"error": {"code": "AuthorizationFailed", "message": "The client does not have authorization"}}
    azure.answer_once("PUT", "/autoscalesettings/", 403, said)
    refused = named("deploy", "late-payers:1.0.1", *BY_LOAD, "-o", "json")
    assert refused.code == 8, str(refused)
    assert "Monitoring Contributor" in refused.error["remedy"]
    assert (azure.traffic(E), azure.rules()) == ({"blue": 100}, {})
    assert not any(path.endswith("/green") for path in azure.resources)


def test_numbers_that_do_not_fit_are_refused_before_anything_is_asked(cloud: Cloud) -> None:
    for words, remedy in (
        (("--min-instances", "2"), "--max-instances"),
        (("--target-cpu", "60"), "--max-instances"),
        (("--min-instances", "3", "--max-instances", "3"), "--instance-count"),
        (("--max-instances", "3", "--target-cpu", "60", "--target-latency", "80"), "leave out"),
        (("--max-instances", "51"), "max_instances"),
        (("--max-instances", "3", "--target-cpu", "100"), "target_cpu"),
    ):
        refused = cloud("deploy", "late-payers", *words, "-o", "json")
        assert refused.code == 2, str(refused)
        assert remedy in refused.error["remedy"]
    assert cloud.azure.asked == []


def test_this_machine_has_no_such_targets(finbehave: Finbehave) -> None:
    for option, value in (("--target-cpu", "60"), ("--target-latency", "80")):
        refused = finbehave("deploy", "late-payers", "--max-instances", "3", option, value, "-o", "json")
        assert (refused.code, refused.error["code"]) == (2, "usage"), str(refused)
        assert option in refused.error["message"]
        assert "--backend azure" in refused.error["remedy"]
