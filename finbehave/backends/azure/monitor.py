"""What the deployments of an endpoint have answered in the last hour, as Azure Monitor counts it, some minutes late.

Sources: Azure Monitor, "Supported metrics for Microsoft.MachineLearningServices/workspaces/onlineEndpoints": names,
units, dimensions, and a value for each minute; REST, "Metrics - List", 2023-10-01. That the average of a minute is what
came in it, and how the dimensions' values are written, is read out of them and has not been seen on Azure itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from finbehave.backends.azure.client import Workspace
from finbehave.domain.endpoint import Deployment, Endpoint, LatencySummary
from finbehave.errors import AccessDenied, FinbehaveError

VERSION = "2023-10-01"
PATIENCE = 5.0
WINDOW_MINUTES = 60
FRESH_SECONDS = 30.0
"""For so long an answer is not asked for again: there is one new value a minute."""

REQUESTS = "RequestsPerMinute"
LATENCIES: Mapping[str, str] = {f"p{percent}": f"RequestLatency_P{percent}" for percent in (50, 95, 99)}
"""Milliseconds, one for each minute."""

MODEL_FAILED, TOO_SLOW = 424, 408
"""The model's own status was not 200, and is another dimension; the model took longer than it may."""

UNAVAILABLE = frozenset([TOO_SLOW, 502, 503, 504])
"""Nobody to answer, or not in time."""

MOST_SERIES = "1000"
"""The service gives ten unless it is told."""


@dataclass(frozen=True)
class _Series:
    """One line of a chart: its metric, its dimensions by name in small letters, and its value by minute."""

    metric: str
    of: Mapping[str, str]
    values: Mapping[str, float]

    @property
    def total(self) -> float:
        return sum(self.values.values())


class Monitor:
    """Asks Azure Monitor, and says once why it does not answer."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: dict[str, tuple[float, tuple[_Series, ...] | None]] = {}
        self._told = False

    def measured(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint with what its deployments have answered; as it was, with a note, where that cannot be read."""
        asked, series = self._known.get(endpoint.name, (-FRESH_SECONDS, None))
        if time.monotonic() - asked >= FRESH_SECONDS:
            series = self._read(endpoint.name)
            self._known[endpoint.name] = time.monotonic(), series
        if series is None:
            return endpoint
        deployments = tuple(_measured(one, series) for one in endpoint.deployments)
        return replace(endpoint, deployments=deployments, counted_minutes=WINDOW_MINUTES)

    def _read(self, endpoint: str) -> tuple[_Series, ...] | None:
        try:
            return tuple(self._series(endpoint))
        except FinbehaveError as error:
            self._tell(error)
            return None

    def _tell(self, error: FinbehaveError) -> None:
        if self._told:
            return
        self._told = True
        why, remedy = error.message, error.remedy
        if isinstance(error, AccessDenied):
            why = "this identity may not read Azure Monitor"
            remedy = f"an owner of the workspace gives it the role: {self._workspace.grant('Monitoring Reader')}"
        self._workspace.progress.note(f"requests, errors and latencies are not shown: {why}; {remedy}")

    def _series(self, endpoint: str) -> Iterator[_Series]:
        counts = self._ask(endpoint, REQUESTS, "deployment eq '*' and statusCode eq '*'")
        yield from counts
        yield from self._ask(endpoint, ",".join(LATENCIES.values()), "deployment eq '*'")
        if any(_status(one, "statuscode") == MODEL_FAILED for one in counts):
            which = f"deployment eq '*' and statusCode eq '{MODEL_FAILED}' and modelStatusCode eq '*'"
            yield from self._ask(endpoint, REQUESTS, which)

    def _ask(self, endpoint: str, metrics: str, which: str) -> list[_Series]:
        now = time.time()
        start, end = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 60 * ago)) for ago in (WINDOW_MINUTES, 0))
        query = {
            "metricnames": metrics,
            "aggregation": "Average",
            "interval": "PT1M",
            "timespan": f"{start}/{end}",
            "$filter": which,
            "top": MOST_SERIES,
        }
        path = f"{self._workspace.account.resource}/onlineEndpoints/{endpoint}/providers/Microsoft.Insights/metrics"
        said = self._workspace.resource(
            f"reading the metrics of {endpoint}", "GET", path, version=VERSION, query=query, patience=PATIENCE
        )
        return [
            _Series(_name(metric), _dimensions(series), _values(series))
            for metric in said.get("value") or ()
            for series in metric.get("timeseries") or ()
        ]


def _name(one: Any) -> str:
    return str((one.get("name") or {}).get("value") or "")


def _dimensions(series: Any) -> dict[str, str]:
    return {_name(one).lower(): str(one.get("value")) for one in series.get("metadatavalues") or ()}


def _values(series: Any) -> dict[str, float]:
    """A minute without a request has no value, or none that counts."""
    return {str(one.get("timeStamp")): float(one["average"]) for one in series.get("data") or () if one.get("average")}


def _status(series: _Series, dimension: str) -> int:
    """0 for a series without that dimension, or with a word in it."""
    said = series.of.get(dimension, "")
    return int(said) if said.isdigit() else 0


def _measured(deployment: Deployment, series: tuple[_Series, ...]) -> Deployment:
    own = [one for one in series if one.of.get("deployment") == deployment.name]
    counts = [one for one in own if one.metric == REQUESTS and "modelstatuscode" not in one.of]
    refused = sum(one.total for one in own if 400 <= _status(one, "modelstatuscode") < 500)  # the callers' rows
    unavailable = sum(one.total for one in counts if _status(one, "statuscode") in UNAVAILABLE)
    failed = sum(one.total for one in counts if _is_error(_status(one, "statuscode")))
    by_minute: dict[str, float] = {}
    for one in counts:
        for minute, count in one.values.items():
            by_minute[minute] = by_minute.get(minute, 0.0) + count
    return replace(
        deployment,
        requests=round(sum(by_minute.values())),
        errors=round(max(failed - refused, 0.0)),
        unavailable=round(unavailable),
        latency_ms=LatencySummary(**{name: _mean(own, metric, by_minute) for name, metric in LATENCIES.items()}),
    )


def _is_error(status: int) -> bool:
    return status >= 500 or status in (MODEL_FAILED, TOO_SLOW)


def _mean(series: list[_Series], metric: str, by_minute: Mapping[str, float]) -> float | None:
    """The minutes' percentiles, each by the requests of its minute: the service keeps no other."""
    found = [
        (value, by_minute.get(minute) or 1.0)
        for one in series
        if one.metric == metric
        for minute, value in one.values.items()
    ]
    weight = sum(count for _, count in found)
    return round(sum(value * count for value, count in found) / weight, 3) if found else None
