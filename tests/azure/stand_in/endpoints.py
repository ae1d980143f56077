"""Online endpoints: their traffic, and what opens them."""

from __future__ import annotations

import uuid

from tests.azure.stand_in import assets, deployments, operations
from tests.azure.stand_in.names import SCORING, Answer, Call, W, refusal
from tests.azure.stand_in.state import Azure

ENDPOINT = rf"{W}/onlineEndpoints/[^/]+"


def put(azure: Azure, call: Call) -> Answer:
    """Made, or changed as a whole: what the body leaves out is gone, its traffic too. At once, not in minutes."""
    old = azure.resources.get(call.path)
    one = assets.stored(azure, call)
    one["properties"] = {
        "traffic": {}, **one["properties"], "provisioningState": "Succeeded",
        "scoringUri": f"https://{one['name']}{SCORING}/score",
    }  # fmt: skip
    if old:
        azure.stale[call.path] = [old] * azure.lagging
    azure.keys.setdefault(one["name"], {"primaryKey": uuid.uuid4().hex, "secondaryKey": uuid.uuid4().hex})
    return Answer(201, one, operations.ended(azure))


def delete(azure: Azure, call: Call) -> Answer:
    """With its deployments."""
    if call.path not in azure.resources:
        return Answer(204)
    for path in [path for path in azure.resources if path.startswith(f"{call.path}/deployments/")]:
        deployments.remove(azure, path)
    del azure.resources[call.path]
    azure.keys.pop(_name(call))
    return Answer(202, b"", operations.ended(azure))


def token(azure: Azure, call: Call) -> Answer:
    """Of Azure ML, for this endpoint."""
    return Answer(200, {"accessToken": azure.tokens["endpoint"], "expiryTimeUtc": 0, "refreshAfterTimeUtc": 0,
                        "tokenType": "Bearer"})  # fmt: skip


def keys(azure: Azure, call: Call) -> Answer:
    """Both, or one of them anew; an endpoint that takes tokens has none."""
    mode = azure.takes(_name(call))
    if mode != "Key":
        # believed: the status, and the words
        return refusal(400, "BadRequest", f"Keys are not available: authMode is {mode}")
    if call.path.endswith("/listKeys"):
        return Answer(200, azure.keys[_name(call)])
    which = "primaryKey" if call.body["keyType"] == "Primary" else "secondaryKey"
    azure.keys[_name(call)][which] = uuid.uuid4().hex
    return Answer(202, b"", operations.ended(azure))


def _name(call: Call) -> str:
    return call.path.split("/onlineEndpoints/")[1].split("/")[0]


ROUTES = (
    ("PUT", ENDPOINT, put),
    ("DELETE", ENDPOINT, delete),
    ("POST", f"{ENDPOINT}/token", token),
    ("POST", f"{ENDPOINT}/(listKeys|regenerateKeys)", keys),
)
