"""What is not of machine learning, and beside it in the resource manager: quota, roles, autoscale rules, metrics."""

from __future__ import annotations

from tests.azure.stand_in import assets, metrics
from tests.azure.stand_in.names import Answer, Call, refusal
from tests.azure.stand_in.state import Azure


def usages(azure: Azure, call: Call) -> Answer:
    """Of one family of machines."""
    used, limit = azure.usage
    return Answer(200, {"value": [{
        "id": "u", "name": {"value": "standardFSv2Family", "localizedValue": "F"}, "currentValue": used,
        "limit": limit, "unit": "Count",
    }]})  # fmt: skip


def permissions(azure: Azure, call: Call) -> Answer:
    """What whoever asks may do."""
    return Answer(200, {"value": [azure.permissions]})


def roles(azure: Azure, call: Call) -> Answer:
    """What an identity was given."""
    given = [{"properties": {"roleDefinitionId": f"/roleDefinitions/{one}"}} for one in azure.roles]
    return Answer(200, {"value": given})


def put_rule(azure: Azure, call: Call) -> Answer:
    """An autoscale rule."""
    target = azure.resources.get(call.body["properties"]["targetResourceUri"], {"properties": {}})
    # believed: a rule of what is not ready is refused, with other words
    if target["properties"].get("provisioningState") != "Succeeded":
        return refusal(400, "BadRequest", "The target resource is not there")
    return Answer(201, assets.stored(azure, call))


def delete_rule(azure: Azure, call: Call) -> Answer:
    """At once."""
    return Answer(200 if azure.resources.pop(call.path, None) else 204)


def counted(azure: Azure, call: Call) -> Answer:
    """What Azure Monitor tells of requests."""
    return Answer(200, metrics.metrics(azure.answered, call.query))


ROUTES = (
    ("GET", r".*/Microsoft.Insights/metrics", counted),
    ("GET", r".*/usages", usages),
    ("GET", r".*/permissions", permissions),
    ("GET", r".*/roleAssignments", roles),
    ("PUT", r".*/autoscalesettings/[^/]+", put_rule),
    ("DELETE", r".*/autoscalesettings/[^/]+", delete_rule),
)
