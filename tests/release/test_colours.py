"""Where a model goes, and by which steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from finbehave.domain.endpoint import DeploymentSpec, DeploymentState, Endpoint, Terms, Traffic
from finbehave.errors import GateFailed, UsageError
from finbehave.workflows.asked import checked_steps
from finbehave.workflows.colours import Choice, choose, steps_to
from tests.diagnosis.memory_backend import deployment, endpoint

NEW = DeploymentSpec("", "spend:1.1.0", "sha256:1", "local", 1)


def one(name: str, traffic: int, **changes: Any) -> Any:
    return deployment(name, traffic=traffic, **changes)


def carrying(name: str, traffic: int, **changes: Any) -> Any:
    return one(name, traffic, **({"model": NEW.model, "digest": NEW.digest} | changes))


def at(*deployments: Any) -> Endpoint:
    traffic: Traffic = {each.name: each.traffic for each in deployments if each.traffic}
    return endpoint(*deployments, traffic=traffic)


def test_the_first_deployment_is_blue_and_the_next_is_green() -> None:
    assert choose(None, NEW, None).name == "blue"
    assert choose(at(one("blue", 100)), NEW, None).name == "green"
    assert choose(at(one("blue", 0), one("green", 100)), NEW, None) == Choice("blue", one("blue", 0))


def test_with_both_idle_the_older_one_is_replaced() -> None:
    both = at(one("blue", 0, created="2025-02"), one("green", 0, created="2025-01"), one("red", 100))
    assert choose(both, NEW, None).name == "green"


def test_what_is_live_already_is_left_as_it_is() -> None:
    assert choose(at(carrying("blue", 100)), NEW, None).live
    assert choose(at(carrying("blue", 100, instance_type="LOCAL")), NEW, None).live


@pytest.mark.parametrize(
    "changes",
    [
        {"digest": "sha256:0"}, {"environment": "sklearn-1.5"}, {"instance_count": 2}, {"terms": "others"},
        {"state": DeploymentState.FAILED},
    ],
)  # fmt: skip
def test_another_content_environment_size_or_terms_is_not_the_same(changes: dict[str, Any]) -> None:
    choice = choose(at(carrying("blue", 100, **changes)), NEW, None)
    assert (choice.name, choice.live) == ("green", False)


def test_terms_are_told_apart_by_what_they_say_and_kept_where_a_release_goes_on() -> None:
    private, secret = Terms(private=True), Terms(variables=(("PIN", "${{keyvault:https://v/secrets/pin}}"),))
    assert len({Terms().digest, private.digest, secret.digest}) == 3
    assert Terms(identity="scorer").digest == Terms().digest == ""
    assert "keyvault" not in repr(secret)
    live = at(carrying("blue", 100, terms=secret.digest))
    assert choose(live, replace(NEW, terms=secret), None).live
    assert not choose(live, NEW, None).live
    assert choose(live, replace(NEW, like="blue"), None).live


def test_a_canary_that_was_cut_short_goes_on_where_it_stands() -> None:
    half = at(one("blue", 50), carrying("green", 50))
    choice = choose(half, NEW, None)
    assert (choice.name, choice.same, choice.share) == ("green", True, 50)
    assert steps_to(half, choice, (10, 50, 100)) == (100,)


def test_a_warm_deployment_of_the_same_model_is_used_again() -> None:
    choice = choose(at(one("blue", 100), carrying("green", 0)), NEW, None)
    assert (choice.name, choice.same, choice.live) == ("green", True, False)


def test_a_deployment_in_use_is_not_replaced() -> None:
    with pytest.raises(UsageError, match="holds 100 %"):
        choose(at(one("blue", 100)), NEW, "blue")
    with pytest.raises(GateFailed, match="both blue and green"):
        choose(at(one("blue", 50), one("green", 50)), NEW, None)


def test_a_first_deployment_gets_all_traffic_at_once() -> None:
    assert steps_to(None, Choice("blue"), (10, 50, 100)) == (100,)
    assert steps_to(at(one("blue", 0)), Choice("blue"), (10, 100)) == (100,)
    assert steps_to(at(one("blue", 100)), Choice("green"), (10, 50, 100)) == (10, 50, 100)


@pytest.mark.parametrize("steps", [(), (10, 50), (50, 10, 100), (10, 10, 100), (0, 100), (10, 100, 101)])
def test_steps_that_do_not_rise_to_100_are_refused(steps: tuple[int, ...]) -> None:
    with pytest.raises(UsageError):
        checked_steps("canary", steps, 0)
