"""A service that is busy, fails, breaks off or lags: what the release comes to, and what the service holds then."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.azure.conftest import Cloud
from tests.azure.stand_in import W
from tests.conftest import Done

E = "fin-behavior-ep-fixed"
ENDPOINT = f"{W}/onlineEndpoints/{E}$"
GREEN = f"{W}/onlineEndpoints/{E}/deployments/green"


def said(message: str) -> dict[str, Any]:
    return {"error": {"code": "Busy", "message": message}}


def released(live: Cloud, *words: str) -> Done:
    """The second model goes live: by the answer, and by what the service holds."""
    done = live("deploy", "late-payers", *words, "-o", "json")
    assert done.code == 0, str(done)
    assert done.result["traffic"] == {"green": 100}
    assert live.azure.traffic(E) == {"green": 100}
    assert [one["traffic"] for one in live.ok("traffic", "ledger")["entries"]] == [{"blue": 100}, {"green": 100}]
    return done


def held_off(live: Cloud, code: str, *words: str) -> str:
    """It ends with 9, and everything is as it was. The message."""
    done = live("deploy", "late-payers", *words, "-o", "json")
    assert (done.code, done.error["code"]) == (9, code), str(done)
    assert done.error["remedy"]
    assert live.azure.traffic(E) == {"blue": 100}
    live.azure.relent()
    assert not any(path == GREEN for path in live.azure.resources)
    assert [one["traffic"] for one in live.ok("traffic", "ledger")["entries"]] == [{"blue": 100}]
    return str(done.error["message"])


def test_it_is_asked_again_when_it_wants_to_be_and_the_wait_is_shown(live: Cloud) -> None:
    live.azure.answer_once("PUT", ENDPOINT, 429, said("Too many requests"), **{"Retry-After": "2"})
    live.azure.answer_once("GET", "/onlineEndpoints$", 429, said("Too many requests"), **{"Retry-After": "1"})
    done = released(live)
    told = " ".join(done.err.split())
    assert re.search(r"Too many requests \(status 429\); asked again in 2 s, for up to [123]\d s", told)
    assert "asked again in 1 s" in told


def test_it_is_not_asked_for_longer_than_the_timeout(live: Cloud) -> None:
    live.azure.answer_always("PUT", ENDPOINT, 429, said("Too many requests"), **{"Retry-After": "900"})
    message = held_off(live, "throttled", "--timeout", "10")
    assert "it wants to be asked in 900 s, and 10 s were given" in message
    live.azure.answer_always("PUT", GREEN, 503, said("The service is unavailable"))
    message = held_off(live, "throttled", "--timeout", "10")
    assert "it was asked again for" in message
    assert "status 503" in message
    live.azure.answer_always("PUT", ENDPOINT, 0, b"")
    message = held_off(live, "unavailable", "--timeout", "10")
    assert "broke off" in message


def test_it_is_not_waited_for_longer_than_the_timeout_in_all_and_putting_back_has_its_share(live: Cloud) -> None:
    for method, path in (("PUT", GREEN), ("POST", "/listKeys$"), ("PUT", ENDPOINT), ("DELETE", GREEN)):
        live.azure.answer_once(method, path, 429, said("Too many requests"), **{"Retry-After": "3"})
    message = held_off(live, "throttled", "--timeout", "12")  # by the third of them
    assert re.search(r"asked again for [6-8] of 12 s", message), message
    assert live.azure.asked.count(("PUT", f"{W}/onlineEndpoints/{E}")) == 3  # blue's two, and this one
    assert live.azure.asked.count(("DELETE", GREEN)) == 2


def test_what_fails_once_anywhere_fails_nothing(live: Cloud) -> None:
    asked = (
        ("GET", "/onlineEndpoints$"), ("GET", f"{W}$"), ("GET", "/usages$"), ("PUT", GREEN), ("GET", "/operations/"),
        ("GET", "/deployments$"), ("POST", "^/score$"), ("PUT", ENDPOINT), ("GET", ENDPOINT), ("POST", "/listKeys$"),
    )  # fmt: skip
    for method, path in asked:
        live.azure.answer_once(method, path, 503, said("The service is unavailable"))
    released(live)
    assert live.azure.orders == []
    live.azure.answer_once("DELETE", ENDPOINT, 500, said("Internal server error"))
    done = live("delete", "--yes")
    assert (done.code, "asked again" in done.err) == (0, True), str(done)
    assert not any("/onlineEndpoints/" in path for path in live.azure.resources)


@pytest.mark.parametrize("done", [False, True], ids=["before it was heeded", "after it was heeded"])
def test_a_connection_that_breaks_off_is_looked_after(live: Cloud, done: bool) -> None:
    looks = [] if done else [("GET", "/operations/")]  # what was begun without an answer has none to be followed
    for method, path in (("PUT", GREEN), ("POST", "^/score$"), ("PUT", ENDPOINT), *looks):
        live.azure.drop_once(method, path, done=done)
    released(live)
    assert live.azure.orders == []
    assert live.azure.asked.count(("PUT", GREEN)) == (1 if done else 2)  # what was begun is not begun again


@pytest.mark.parametrize("fault", ["cut off", "late"])
def test_an_answer_that_is_cut_off_or_late_is_looked_after(live: Cloud, fault: str) -> None:
    asked = (("GET", "/deployments$"), ("PUT", GREEN), ("POST", "^/score$"), ("PUT", ENDPOINT))
    looks = [("GET", "/operations/")] if fault == "late" else []  # of a cut answer no operation is known
    for method, path in (*asked, *looks):
        if fault == "late":
            live.azure.late_once(method, path, 3.0)
        else:
            live.azure.cut_once(method, path)
    released(live)
    assert live.azure.orders == []
    assert live.azure.asked.count(("PUT", GREEN)) == 1  # what was begun is not begun again


def test_a_write_that_meets_itself_when_it_is_repeated_is_no_conflict(named: Cloud) -> None:
    named.azure.drop_once("PUT", ENDPOINT, done=True)
    named.azure.answer_once("PUT", ENDPOINT, 409, said("It is in Updating provisioning state"))
    assert named.ok("deploy", "late-payers:1.0.0")["traffic"] == {"blue": 100}
    assert named.azure.orders == []
    assert named.azure.traffic(E) == {"blue": 100}


def test_a_read_that_lags_behind_a_write_is_read_again(live: Cloud) -> None:
    live.azure.lagging = 3
    live.azure.drop_once("PUT", ENDPOINT, done=True)
    released(live)
    back = live.ok("rollback", "--yes")
    assert (back["traffic"], live.azure.traffic(E)) == ({"blue": 100}, {"blue": 100})
