"""Command jobs: their command really runs, on what was uploaded, and its output and log become blobs."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import uuid
from typing import Any

from tests.azure.stand_in import assets, blobs
from tests.azure.stand_in.names import API, STORE, Answer, Call, W, missing, refusal
from tests.azure.stand_in.state import Azure

JOB = rf"{W}/jobs/[^/]+"


def put(azure: Azure, call: Call) -> Answer:
    """Start it."""
    if call.path in azure.resources:
        # believed: the words
        return refusal(400, "UserError", "A job of this name exists, and what it runs cannot be changed")
    one = assets.stored(azure, call)
    _run(azure, call.path, one)
    return Answer(201, one)


def get(azure: Azure, call: Call) -> Answer:
    """How far it is."""
    _look(azure, call.path)
    return assets.get(azure, call)


def _run(azure: Azure, path: str, one: dict[str, Any]) -> None:
    asked = one["properties"]
    studio = {"Studio": {"endpoint": f"https://ml.azure.com/runs/{one['name']}", "jobServiceType": "Studio"}}
    asked.update(status="Running", services=studio, properties={})
    place = azure.folder / one["name"]
    made = place / "made"
    made.mkdir(parents=True)
    if azure.job_refused:
        asked["status"] = "Failed"
        return
    code = blobs.unpacked(azure, azure.resources[asked["codeId"]]["properties"]["codeUri"], place / "code")
    if azure.job_lacks:
        said = f"raise ModuleNotFoundError({f'No module named {azure.job_lacks!r}'!r}, name={azure.job_lacks!r})"
        (code / f"{azure.job_lacks}.py").write_text(said + "\n")
    words = asked["command"]
    for name, value in asked["inputs"].items():
        words = words.replace(
            f"${{{{inputs.{name}}}}}", str(blobs.unpacked(azure, value["uri"], place / uuid.uuid4().hex))
        )
    for name in asked["outputs"]:
        words = words.replace(f"${{{{outputs.{name}}}}}", str(made))
    program, *rest = shlex.split(words)
    assert program == "python"
    with (place / "log").open("wb") as log:
        azure.running[path] = subprocess.Popen(
            [sys.executable, *rest], cwd=code, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            text=True, env={**asked["environmentVariables"], "PATH": os.environ["PATH"]},
        )  # fmt: skip


def _look(azure: Azure, path: str) -> None:
    """A job that has ended leaves its output and its log among the blobs."""
    process = azure.running.get(path)
    if process is None or azure.job_held or (status := process.poll()) is None:
        return
    del azure.running[path]
    name = path.rsplit("/", 1)[1]
    azure.resources[path]["properties"]["status"] = "Failed" if status else "Completed"
    place = azure.folder / name
    for file in (place / "made").iterdir():
        azure.blobs[f"{blobs.BOX}/azureml/{name}/made/{file.name}"] = (file.read_bytes(), {})
    _keep_log(azure, name)


def _keep_log(azure: Azure, name: str) -> str:
    """As far as it has come; its path."""
    path = f"{blobs.BOX}/ExperimentRun/dcid.{name}/user_logs/std_log.txt"
    log = azure.folder / name / "log"
    if log.exists():
        azure.blobs[path] = (log.read_bytes(), {})
    return path


def history(azure: Azure, call: Call) -> Answer:
    """The service that tells what became of runs."""
    if call.path == "/discovery":
        return Answer(200, {"api": f"https://{API}"})
    if call.path.endswith("/rundata"):
        name = call.body["runId"]
        outputs = {"made": {"assetId": f"azureml://made/{name}", "type": "uri_folder"}}
        return Answer(200, {"runMetadata": {"runId": name, "outputs": outputs}})
    if call.path.endswith("/batchGetResolvedUris"):
        store = "azureml://datastores/workspaceblobstore/paths/azureml"
        found = {
            one: {"uri": f"{store}/{one.rsplit('/', 1)[1]}/made/", "type": "uri_folder"} for one in call.body["values"]
        }
        return Answer(200, {"values": found})
    if call.path.endswith("/details"):
        name = call.path.split("/runs/")[1].split("/")[0]
        status = azure.resources[f"{W}/jobs/{name}"]["properties"]["status"]
        code, message = azure.job_refused or ("UserError", "User process 'python' exited with status code 1.")
        error = {"error": {"code": code, "message": message}}
        files = {"user_logs/std_log.txt": f"https://{STORE}{_keep_log(azure, name)}?sig=x"}
        return Answer(200, {"runId": name, "status": status, "logFiles": files, "error": error})
    return missing(call.path)


ROUTES = (("PUT", JOB, put), ("GET", JOB, get))
