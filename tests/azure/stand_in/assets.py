"""What the resource manager keeps as it is given: models, environments, code, datastores, and whatever has no room."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from tests.azure.stand_in.names import STORE, Answer, Call, W, missing, refusal
from tests.azure.stand_in.state import Azure

LISTED = ("versions", "models", "onlineEndpoints", "deployments", "environments", "codes")


def stored(azure: Azure, call: Call) -> dict[str, Any]:
    """Keep the body of a request under its path."""
    old = azure.resources.get(call.path)
    created = old["systemData"]["createdAt"] if old else datetime.datetime.now(datetime.timezone.utc).isoformat()
    azure.resources[call.path] = one = {
        **call.body,
        "id": call.path,
        "name": call.path.rsplit("/", 1)[1],
        "systemData": {"createdAt": created, "lastModifiedAt": created, "createdBy": "a", "lastModifiedBy": "a"},
    }
    return one


def put(azure: Azure, call: Call) -> Answer:
    """Anything that needs nothing more."""
    return Answer(201, stored(azure, call))


def put_model(azure: Azure, call: Call) -> Answer:
    """A version; of one that is there the path stays."""
    old = azure.resources.get(call.path)
    if old and old["properties"].get("modelUri") != call.body["properties"].get("modelUri"):
        return refusal(400, "UserError", "The version is taken by an asset with another path")
    one = stored(azure, call)
    one["properties"] = {"flavors": {}, **one["properties"]}
    container = call.path.split("/versions/")[0]
    azure.resources.setdefault(container, {"id": container, "name": container.rsplit("/", 1)[1],
                                           "properties": {"latestVersion": one["name"]}})  # fmt: skip
    return Answer(201, one)


def get(azure: Azure, call: Call) -> Answer:
    """One resource, or a list of those below."""
    if azure.stale.get(call.path):
        return Answer(200, azure.stale[call.path].pop())
    if call.path in azure.resources:
        return Answer(200, azure.resources[call.path])
    above, _, last = call.path.rpartition("/")
    if last not in LISTED or (last == "deployments" and above not in azure.resources):
        return missing(call.path)
    found = [one for name, one in azure.resources.items() if name.rsplit("/", 1)[0] == call.path]
    if last in ("versions", "models"):
        view = call.query.get("listViewType", ["ActiveOnly"])[0]
        wanted = {"ActiveOnly": (False,), "ArchivedOnly": (True,)}.get(view, (False, True))
        found = [one for one in found if one["properties"].get("isArchived", False) in wanted]
    return Answer(200, {"value": found})


def datastore(azure: Azure, call: Call) -> Answer:
    """The default one, or the list of it."""
    store = {"id": f"{W}/datastores/workspaceblobstore", "name": "workspaceblobstore", "properties": {
        "datastoreType": "AzureBlob", "accountName": "store", "containerName": "box", "isDefault": True,
        "endpoint": "core.windows.net", "protocol": "https", "credentials": {"credentialsType": "Sas"}}}  # fmt: skip
    return Answer(200, {"value": [store]} if call.path.endswith("/datastores") else store)


def secrets(azure: Azure, call: Call) -> Answer:
    """Of the datastore."""
    return Answer(200, {"secretsType": "Sas", "sasToken": "sig=x"})


def pending_upload(azure: Azure, call: Call) -> Answer:
    """Where code is to be uploaded to."""
    uri = f"https://{STORE}/{uuid.uuid4().hex}"
    return Answer(200, {"pendingUploadType": "TemporaryBlobReference", "blobReferenceForConsumption": {
        "blobUri": uri, "storageAccountArmId": "x",
        "credential": {"credentialType": "SAS", "sasUri": uri + "?sig=x"}}})  # fmt: skip


ROUTES = (
    ("GET", rf"{W}/datastores(/[^/]+)?", datastore),
    ("POST", rf"{W}/datastores/[^/]+/listSecrets", secrets),
    ("POST", r".*/startPendingUpload", pending_upload),
    ("PUT", rf"{W}/models/[^/]+/versions/[^/]+", put_model),
    ("PUT", ".*", put),
    ("GET", ".*", get),
)
"""The last two take what no other room does."""
