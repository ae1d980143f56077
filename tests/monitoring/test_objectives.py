"""What an endpoint is to hold to."""

from __future__ import annotations

from dataclasses import replace

from finbehave.cli.status import Rates
from finbehave.domain.endpoint import Deployment, DeploymentState, Endpoint, EndpointState, LatencySummary
from finbehave.monitoring.objectives import objectives

QUIET = Deployment("blue", "m:1.0.0", "sha256:0", DeploymentState.READY, 100, "Standard_F4s_v2", 1, "own", "")


def met(*deployments: Deployment) -> dict[str, bool | None]:
    return {one.name: one.met for one in objectives(deployments)}


def test_before_the_first_request_nothing_is_held_or_broken() -> None:
    assert met(QUIET) == {"response": None, "availability": None, "errors": None}


def test_each_objective_is_broken_by_what_it_is_about() -> None:
    good = replace(QUIET, requests=10_000, latency_ms=LatencySummary(5.0, 20.0, 40.0))
    assert met(good) == {"response": True, "availability": True, "errors": True}
    assert not met(replace(good, latency_ms=LatencySummary(5.0, 900.0, 1000.0)))["response"]
    assert not met(replace(good, errors=10, unavailable=10))["availability"]
    assert met(replace(good, errors=9, unavailable=9)) == {"response": True, "availability": True, "errors": True}
    assert met(replace(good, errors=11)) == {"response": True, "availability": True, "errors": False}


def test_only_what_holds_traffic_counts() -> None:
    good = replace(QUIET, requests=10_000, latency_ms=LatencySummary(5.0, 20.0, 40.0))
    idle = replace(good, name="green", traffic=0, errors=5_000, unavailable=5_000)
    assert met(good, idle) == met(good)


def test_a_rate_is_of_the_time_between_two_looks_and_survives_a_replacement() -> None:
    def seen(requests: int) -> list[Endpoint]:
        return [Endpoint("e", EndpointState.RUNNING, "", {}, 1, (replace(QUIET, requests=requests),))]

    rates = Rates()
    rates.look(seen(100), 10.0)
    assert rates.text("e", "blue") == ""
    rates.look(seen(350), 12.0)
    assert rates.text("e", "blue") == "125.0"
    rates.look(seen(3), 14.0)  # it was replaced, and counts anew
    assert rates.text("e", "blue") == "125.0"
    rates.look(seen(13), 16.0)
    assert rates.text("e", "blue") == "5.0"
