"""What an endpoint is to hold to, and whether it does: the runbook's objectives over what its deployments answered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from finbehave.domain.endpoint import Deployment


@dataclass(frozen=True)
class Objective:
    """``value`` of what ``goal`` asks, over what was counted; None, as ``met``, where that is no request.

    Response is in seconds (the 99th percentile of the latest requests), the others are shares of the requests.
    """

    name: str
    goal: str
    value: float | None
    met: bool | None


RESPONSE_SECONDS = 1.0
AVAILABLE_SHARE = 0.999
ERROR_SHARE = 0.001
"""The runbook's promises: answers in under a second, over 99.9 % available, under 0.1 % errors."""


def objectives(deployments: Sequence[Deployment]) -> tuple[Objective, ...]:
    """Of those that hold traffic, together."""
    serving = [one for one in deployments if one.traffic]
    slowest, available, failed = _slowest(serving), _available(serving), _failed(serving)
    return (
        Objective("response", f"p99 < {RESPONSE_SECONDS:g} s", slowest, _holds(slowest, below=RESPONSE_SECONDS)),
        Objective("availability", f"> {AVAILABLE_SHARE:.1%}", available, _holds(available, above=AVAILABLE_SHARE)),
        Objective("errors", f"< {ERROR_SHARE:.1%}", failed, _holds(failed, below=ERROR_SHARE)),
    )


def _holds(value: float | None, *, above: float = -math.inf, below: float = math.inf) -> bool | None:
    return None if value is None else above < value < below


def _slowest(deployments: Sequence[Deployment]) -> float | None:
    measured = [one.latency_ms.p99 for one in deployments if one.latency_ms.p99 is not None]
    return max(measured) / 1000 if measured else None


def _available(deployments: Sequence[Deployment]) -> float | None:
    asked = sum(one.requests or 0 for one in deployments)
    return 1 - sum(one.unavailable or 0 for one in deployments) / asked if asked else None


def _failed(deployments: Sequence[Deployment]) -> float | None:
    asked = sum(one.requests or 0 for one in deployments)
    return sum(one.errors or 0 for one in deployments) / asked if asked else None
