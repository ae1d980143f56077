"""Deployments of an endpoint: made in the background, as the service does it, and really run.

A request to make one is answered at once, and an operation tells how far it is. It succeeds when the server answers the
probe, and fails with the service's words when its environment cannot be built or the server ends.
"""

from __future__ import annotations

import sys
import threading
import uuid
from pathlib import Path
from typing import Any

from finbehave.errors import FinbehaveError
from tests.azure.stand_in import assets, blobs, operations
from tests.azure.stand_in.containers import Container, curated_interpreter, interpreter_of
from tests.azure.stand_in.names import Answer, Call, W, missing, refusal
from tests.azure.stand_in.state import Azure

DEPLOYMENT = rf"{W}/onlineEndpoints/[^/]+/deployments/[^/]+"
CRASHED = (
    "ResourceNotReady",
    "User container has crashed or terminated: Liveness probe failed: HTTP probe failed with statuscode: 502.",
)

Fault = tuple[str, str]
"""Code and words."""


def put(azure: Azure, call: Call) -> Answer:
    """Begin to make it, or to replace it."""
    old = azure.resources.get(call.path)
    if call.path.split("/deployments/")[0] not in azure.resources:
        return missing(call.path.split("/deployments/")[0])
    if old and old["properties"]["provisioningState"] == "Creating":
        # believed: the status; the words are known of an endpoint
        return refusal(409, "Conflict", f"{old['name']} cannot be changed because it is in Creating provisioning state")
    if old:
        remove(azure, call.path)  # believed: the old one goes at once, and not when the new one is ready
    one = assets.stored(azure, call)
    one["properties"] |= {"provisioningState": "Creating", "scaleSettings": {"scaleType": "Default"}}
    # believed: the endpoint itself can be changed while a deployment of it is made
    operation = operations.begin(azure)
    azure.making[one["name"]] = operation
    azure.containers[call.path] = container = Container(azure.folder / uuid.uuid4().hex)
    threading.Thread(target=_make, args=(azure, one, container, operation), daemon=True).start()
    return Answer(201, one, operations.followed(operation))


def _make(azure: Azure, one: dict[str, Any], container: Container, operation: str) -> None:
    fault = _ordered(azure, one["name"]) or _started(azure, one["name"], one["properties"], container)
    with azure.lock:
        azure.lock.wait_for(lambda: azure.ended or not (azure.holding or one["name"] in azure.held))
        if azure.making.get(one["name"]) == operation:
            del azure.making[one["name"]]
        if azure.resources.get(one["id"]) is not one:
            fault = ("OperationCanceled", "The deployment was deleted or replaced while it was made")
        one["properties"]["provisioningState"] = "Failed" if fault else "Succeeded"
        operations.end(azure, operation, fault)


def _ordered(azure: Azure, name: str) -> Fault | None:
    said = azure.failing.get(name)
    return ("ResourceNotReady", said) if isinstance(said, str) else said


def _started(azure: Azure, name: str, asked: dict[str, Any], container: Container) -> Fault | None:
    """Fetch what it runs, and run it. Why it does not, if so."""
    try:
        container.event("Pulling", "Start pulling container image")
        bare = name in azure.bare
        interpreter = Path(sys.executable) if bare else _interpreter(azure, asked["environmentId"])
    except FinbehaveError as error:
        # believed: the words around those of the build
        return "ImageBuildFailure", f"Image build failed. Pip subprocess error: {error.message}"
    if "AcrPull" in azure.lacking:
        container.event("ImagePullFailed", "Image pull failed, retrying.", "Warning")
        return "BadArgument", "Endpoint identity does not have pull permission on the registry."
    container.event("Pulled", "Container image is pulled successfully")
    container.event("Downloading", "Start downloading models")
    if "Storage Blob Data Reader" in azure.lacking:
        container.event("DownloadFailed", "Model download failed, retrying.", "Warning")
        return "ResourceNotFound", "Unable to download user model/code artifacts, storage blob container box"
    app = container.home / "azureml-app"
    settings = asked["codeConfiguration"]
    code = blobs.unpacked(azure, azure.resources[settings["codeId"]]["properties"]["codeUri"], app / "code")
    model, version = asked["model"].split("/models/")[1].split("/versions/")
    uri = azure.resources[asked["model"]]["properties"]["modelUri"]
    mount = app / "azureml-models" / model / version
    blobs.unpacked(azure, uri, mount / uri.rstrip("/").rsplit("/", 1)[1])
    container.event("Downloaded", "Models are downloaded successfully or no model need to download")
    variables = asked.get("environmentVariables") or {}
    if "Key Vault Secrets User" in azure.lacking and any("keyvault:" in value for value in variables.values()):
        # believed: the words
        return "SecretsInjectionError", f"Failed to resolve secret references of {', '.join(variables)}"
    return None if container.start(interpreter, code, settings["scoringScript"], mount, variables) else CRASHED


def _interpreter(azure: Azure, reference: str) -> Path:
    if reference.startswith("azureml://registries/"):
        return curated_interpreter(reference)
    return interpreter_of(azure.resources[reference]["properties"]["condaFile"])


def remove(azure: Azure, path: str) -> None:
    """End what it runs."""
    del azure.resources[path]
    azure.containers.pop(path).end()


def delete(azure: Azure, call: Call) -> Answer:
    """It and what it runs; one that holds traffic stays."""
    if call.path not in azure.resources:
        return Answer(204)
    endpoint, name = call.path.split("/onlineEndpoints/")[1].split("/deployments/")
    if azure.traffic(endpoint).get(name):
        # believed: the status, and the words
        return refusal(400, "BadRequest", f"{name} holds traffic and cannot be deleted")
    remove(azure, call.path)
    return Answer(202, b"", operations.ended(azure))


def logs(azure: Azure, call: Call) -> Answer:
    """The last lines of one of its two containers, in the service's form."""
    path = call.path.rsplit("/", 1)[0]
    if path not in azure.resources:
        return missing(path)
    if azure.log_lag:
        azure.log_lag -= 1
        return Answer(200, {"content": ""})  # believed: empty, and not a refusal
    container = azure.containers[path]
    if call.body["containerType"] == "InferenceServer":
        content = _told(container) + container.log
    else:
        # believed: all of this container's words
        content = "Models are downloaded successfully\n" if container.saw("Downloaded") else ""
    lines = content.splitlines(keepends=True)
    return Answer(200, {"content": "".join(lines[-call.body.get("tail", 500) :])})


def _told(container: Container) -> str:
    steps = {"UserContainerImagePull": "Pulled", "ModelDownload": "Downloaded", "UserContainerStart": "Started"}
    told = ["Instance status:", "SystemSetup: Succeeded"]
    told += [f"{step}: {'Succeeded' if container.saw(event) else 'InProgress'}" for step, event in steps.items()]
    told += ["", "Container events:", *container.events, "", "Container logs:", ""]
    return "\n".join(told)


ROUTES = (
    ("PUT", DEPLOYMENT, put),
    ("DELETE", DEPLOYMENT, delete),
    ("POST", f"{DEPLOYMENT}/getLogs", logs),
)
