"""What Azure Monitor tells of the requests that were answered, in the shape of its REST interface."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """``model`` is the status of the model's own answer."""

    deployment: str
    status: int
    model: int
    ms: float
    minute: str = field(default_factory=lambda: time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime()))

    def of(self, dimension: str) -> str:
        # believed: the names of the dimensions
        said = {"deployment": self.deployment, "statusCode": str(self.status), "modelStatusCode": str(self.model)}
        return said[dimension]


def metrics(answered: Sequence[Request], query: dict[str, list[str]]) -> dict[str, Any]:
    """The answer to one question: every metric that is named, by the dimensions that the filter names."""
    wanted = re.findall(r"(\w+) eq '([^']*)'", query["$filter"][0])
    start, end = query["timespan"][0].split("/")
    found = [
        one
        for one in answered
        if start <= one.minute <= end and all(value in ("*", one.of(name)) for name, value in wanted)
    ]
    names = query["metricnames"][0].split(",")
    return {"value": [_metric(name, found, [dimension for dimension, _ in wanted]) for name in names]}


def _metric(name: str, found: Sequence[Request], dimensions: Sequence[str]) -> dict[str, Any]:
    series: dict[tuple[str, ...], dict[str, list[Request]]] = defaultdict(lambda: defaultdict(list))
    for one in found:
        series[tuple(one.of(dimension) for dimension in dimensions)][one.minute].append(one)
    value = _value(name)
    return {
        "name": {"value": name, "localizedValue": name},
        "timeseries": [
            {
                "metadatavalues": [
                    {"name": {"value": dimension.lower()}, "value": said}
                    for dimension, said in zip(dimensions, of, strict=True)
                ],
                "data": [{"timeStamp": "2020-01-01T00:00:00Z"}]
                + [{"timeStamp": minute, "average": value(there)} for minute, there in minutes.items()],
            }
            for of, minutes in series.items()
        ],
    }


def _value(name: str) -> Callable[[Sequence[Request]], float]:
    if name == "RequestsPerMinute":
        return lambda there: float(len(there))
    percent = int(name.removeprefix("RequestLatency_P"))
    return lambda there: sorted(one.ms for one in there)[(len(there) * percent - 1) // 100]
