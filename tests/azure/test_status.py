"""What status tells of an endpoint on Azure: requests, errors and latencies of the last hour, from Azure Monitor."""

from __future__ import annotations

from typing import Any

from tests.azure.conftest import Cloud
from tests.azure.stand_in import W
from tests.azure.stand_in.metrics import Request

E = "fin-behavior-ep-fixed"
METRICS = f"/onlineEndpoints/{E}/providers/Microsoft.Insights/metrics$"
ROW = '{"income": 2000, "spending": 1500, "age": 40, "account": "current"}'


def blue(cloud: Cloud) -> Any:
    (endpoint,) = cloud.ok("status")["endpoints"]
    return next(one for one in endpoint["deployments"] if one["name"] == "blue")


def test_what_clients_asked_is_counted_with_the_latencies(live: Cloud) -> None:
    before = blue(live)["requests"]
    assert before > 0  # the release asked its golden records
    live.ok("invoke", "--data", ROW)
    (endpoint,) = live.ok("status")["endpoints"]
    (one,) = endpoint["deployments"]
    assert (one["requests"], one["errors"], endpoint["counted_minutes"]) == (before + 1, 0, 60)
    assert 0 < one["latency_ms"]["p50"] <= one["latency_ms"]["p95"] <= one["latency_ms"]["p99"]
    shown = live("status")
    assert "requests, errors, latencies: the last 60 minutes" in shown.out
    assert "availability 100.000%" in shown.out
    assert shown.err == ""


def test_whose_fault_a_request_was_decides_what_it_counts_as(live: Cloud) -> None:
    answered = live.azure.answered
    answered.clear()
    one = blue(live)
    assert (one["requests"], one["errors"], set(one["latency_ms"].values())) == (0, 0, {None})
    answered += [Request("blue", 200, 200, 10.0)] * 6 + [Request("blue", 424, 422, 5.0)] * 4
    one = blue(live)  # rows that the model refuses are the callers' faults
    assert (one["requests"], one["errors"], one["unavailable"]) == (10, 0, 0)
    answered += [Request("blue", 424, 500, 5.0), Request("blue", 503, 0, 1.0), Request("blue", 408, 0, 5e3)]
    answered += [Request("blue", 429, 0, 1.0), Request("green", 500, 0, 1.0)]
    one = blue(live)
    assert (one["requests"], one["errors"], one["unavailable"]) == (14, 3, 2)


def test_a_minute_counts_by_its_requests_and_what_is_older_than_an_hour_not_at_all(live: Cloud) -> None:
    live.azure.answered.clear()
    now = Request("blue", 200, 200, 10.0)
    live.azure.answered += [now] * 9 + [Request("blue", 200, 200, 110.0, now.minute.replace(":00Z", ":01Z"))]
    live.azure.answered += [Request("blue", 500, 0, 9e9, "2020-01-01T00:00:00Z")]
    one = blue(live)
    assert (one["requests"], one["errors"]) == (10, 0)
    assert one["latency_ms"] == {"p50": 20.0, "p95": 20.0, "p99": 20.0}


def test_where_it_cannot_be_read_the_rest_is_shown_and_the_reason_said_once(live: Cloud) -> None:
    live.azure.resources[f"{W}/onlineEndpoints/another-ep"] = {
        **live.azure.resources[f"{W}/onlineEndpoints/{E}"], "name": "another-ep",
    }  # fmt: skip
    for status, code, message, told in (
        (403, "AuthorizationFailed", "The client does not have authorization", "Monitoring Reader"),
        (409, "MissingSubscriptionRegistration", "It is not registered to use namespace 'Microsoft.Insights'",
         "az provider register --namespace Microsoft.Insights"),
        (503, "ServiceUnavailable", "The service is unavailable", "The service is unavailable"),
    ):  # fmt: skip
        said = {"error": {"code": code, "message": message}}
        live.azure.answer_always("GET", "/Microsoft.Insights/metrics$", status, said)
        done = live("status", "-o", "json", env={"FINBEHAVE_PATIENCE": "0"})
        assert done.code == 0, str(done)
        assert told in " ".join(done.err.split())
        assert done.err.count("requests, errors and latencies are not shown") == 1
        another, endpoint = done.result["endpoints"]
        assert (another["name"], endpoint["counted_minutes"]) == ("another-ep", None)
        (one,) = endpoint["deployments"]
        assert (one["state"], one["requests"], one["errors"]) == ("ready", None, None)
        assert done.result["objectives"][E][0]["value"] is None
