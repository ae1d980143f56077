"""How many machines a deployment has by load: one autoscale setting of Azure Monitor for each.

It is kept in a tag of the deployment from its creation on, and written once the deployment is ready, so that whoever
goes on with a release writes the same; it is removed before the deployment is.

Sources: Azure ML, "Autoscale online endpoints" (target, metrics, the permission that is needed); Azure Monitor REST,
"Autoscale Settings - Create Or Update", 2022-10-01.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from finbehave.backends.azure.client import Workspace
from finbehave.backends.azure.permissions import missing
from finbehave.domain.check import CheckGroup, CheckStatus
from finbehave.domain.endpoint import Scale
from finbehave.errors import AccessDenied, FinbehaveError, NotFound
from finbehave.progress import Progress, checking

TAG = "finbehave-scale"
VERSION = "2022-10-01"
WRITE = "Microsoft.Insights/autoscaleSettings/write"

METRICS: Mapping[str, str] = {"cpu": "CpuUtilizationPercentage", "latency": "RequestLatency"}
"""Measure -> metric. The first is the deployment's, the second the endpoint's: over all of its deployments."""

WINDOW, GRAIN = "PT5M", "PT1M"
OUT_AGAIN, IN_AGAIN = "PT5M", "PT15M"
"""Before another machine comes, or goes: a new one takes minutes to fetch its image."""

CALM = 0.5
"""Share of the target below which a machine goes: what two machines carry at half of it, one carries at most at it."""


def tag_of(scale: Scale) -> str:
    """The scale as the deployment's tag holds it."""
    return json.dumps([scale.least, scale.most, scale.measure, scale.target])


def scale_of(tags: Mapping[str, str] | None) -> Scale | None:
    """The scale of a deployment's tags; None without one, or where somebody has damaged it."""
    try:
        least, most, measure, target = json.loads((tags or {})[TAG])
        return Scale(int(least), int(most), "latency" if measure == "latency" else "cpu", float(target))
    except (KeyError, ValueError, TypeError):
        return None


def check_permission(workspace: Workspace, progress: Progress) -> None:
    """Whether this identity may write the rule, before anything is created.

    Raises:
        AccessDenied: it may not.
    """
    with checking(progress, "autoscale rules", CheckGroup.ENVIRONMENT) as check:
        try:
            lacking = missing(workspace, workspace.account.resource_group, [WRITE])
        except FinbehaveError as error:
            check.status, check.detail, check.remedy = CheckStatus.WARNING, f"not known: {error.message}", error.remedy
            return
        if lacking:
            raise _denied(workspace, f"this identity may not write autoscale rules ({WRITE})")
        check.detail = "may be written"


def _denied(workspace: Workspace, message: str) -> AccessDenied:
    role = workspace.grant("Monitoring Contributor", workspace.account.resource_group)
    return AccessDenied(
        message, remedy=f"leave out --max-instances, or an owner of the resource group gives it the role: {role}"
    )


def write(workspace: Workspace, endpoint: Any, deployment: str, scale: Scale) -> None:
    """Write the rule of a deployment that is ready; ``endpoint`` is the SDK's entity.

    Raises:
        AccessDenied, ConfigurationError: it may not, or the subscription has no Azure Monitor.
    """
    target = f"{workspace.account.resource}/onlineEndpoints/{endpoint.name}/deployments/{deployment}"
    metric = target if scale.measure == "cpu" else target.rsplit("/deployments/", 1)[0]
    capacity = {"minimum": str(scale.least), "maximum": str(scale.most), "default": str(scale.least)}
    rules = [_rule(scale, metric, "Increase"), _rule(scale, metric, "Decrease")]
    body = {
        "location": endpoint.location,
        "tags": {"finbehave": "1"},
        "properties": {
            "enabled": True,
            "name": _name(workspace, endpoint.name, deployment),
            "targetResourceUri": target,
            "profiles": [{"name": "by load", "capacity": capacity, "rules": rules}],
        },
    }
    doing = f"writing the autoscale rule of {deployment}"
    path = _path(workspace, endpoint.name, deployment)
    try:
        workspace.resource(doing, "PUT", path, version=VERSION, body=body)
    except AccessDenied as error:
        raise _denied(workspace, error.message) from error


def remove(workspace: Workspace, endpoint: str, deployment: str) -> None:
    """Remove the rule; one that is gone is no error."""
    path = _path(workspace, endpoint, deployment)
    try:
        workspace.resource(f"removing the autoscale rule of {deployment}", "DELETE", path, version=VERSION)
    except NotFound:
        return


def _rule(scale: Scale, metric_of: str, direction: str) -> dict[str, Any]:
    more = direction == "Increase"
    return {
        "metricTrigger": {
            "metricName": METRICS[scale.measure],
            "metricResourceUri": metric_of,
            "timeGrain": GRAIN,
            "statistic": "Average",
            "timeWindow": WINDOW,
            "timeAggregation": "Average",
            "operator": "GreaterThan" if more else "LessThan",
            "threshold": scale.target if more else scale.target * CALM,
        },
        "scaleAction": {
            "direction": direction,
            "type": "ChangeCount",
            "value": "1",
            "cooldown": OUT_AGAIN if more else IN_AGAIN,
        },
    }


def _name(workspace: Workspace, endpoint: str, deployment: str) -> str:
    return f"finbehave-{workspace.account.workspace}-{endpoint}-{deployment}"


def _path(workspace: Workspace, endpoint: str, deployment: str) -> str:
    group = workspace.account.resource_group
    return f"{group}/providers/Microsoft.Insights/autoscalesettings/{_name(workspace, endpoint, deployment)}"
