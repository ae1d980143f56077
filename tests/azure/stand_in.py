"""A small stand-in for Azure: login, resource manager, blobs, scoring and jobs; ``proxy.py`` is how it is reached.

Deployments really run the uploaded code with the uploaded model, and jobs their command on what was uploaded. What was
asked of any other host is kept, and refused.
"""

from __future__ import annotations

import base64
import datetime
import json
import os
import re
import shlex
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.azure.metrics import Request, metrics

SUBSCRIPTION = "00000000-0000-0000-0000-0000000000aa"
TENANT = "00000000-0000-0000-0000-0000000000bb"
PRINCIPAL = "00000000-0000-0000-0000-0000000000cc"
"""Whoever asks."""

W = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws"
API = "westeurope.api.azureml.ms"
HOSTS = (
    "management.azure.com", "login.microsoftonline.com", "store.blob.core.windows.net",
    "ep.westeurope.inference.ml.azure.com", API,
)  # fmt: skip

DRIVER = """
import json, sys
sys.path.insert(0, sys.argv[1])
import score
score.init()
print("ready", flush=True)
for line in sys.stdin:
    answer = score._scorer.answer([json.loads(line).encode()])[0]
    print(json.dumps([answer.status, answer.body.decode()]), flush=True)
"""

Answer = tuple[int, Any, dict[str, str]]


class Azure:
    """What the service holds, and the faults that it is told to make."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self.resources: dict[str, dict[str, Any]] = {W: _workspace()}
        self.blobs: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.operations: dict[str, dict[str, Any]] = {}
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.said: dict[str, Path] = {}
        self.keys: dict[str, dict[str, str]] = {}
        self.tokens = {scope: uuid.uuid4().hex for scope in ("management.azure.com", "ml.azure.com", "endpoint")}
        self.tokens["management.azure.com"] = _token()
        self.faults: list[tuple[str, str, Answer]] = []
        self.always: tuple[str, str, Answer] | None = None
        self.dropping: list[tuple[str, str, bool]] = []
        self.lagging = 0
        self.holding = False
        self.stale: dict[str, list[dict[str, Any]]] = {}
        self.before: list[tuple[str, str, Callable[[], None]]] = []
        self.failing: dict[str, str] = {}
        self.held: set[str] = set()
        self.making: dict[str, str] = {}
        self.job_refused: tuple[str, str] | None = None
        self.job_lacks = ""
        self.job_held = False
        self.usage = (0, 100)
        self.roles: list[str] = []
        self.permissions = {"actions": ["*"], "notActions": list[str]()}
        self.answered: list[Request] = []
        self.asked: list[tuple[str, str]] = []
        self.refused: list[str] = []

    # --- what tests say -----------------------------------------------------------------------------------------

    def answer_once(self, method: str, path: str, status: int, body: Any, **headers: str) -> None:
        """The next request like this gets this answer."""
        self.faults.append((method, path, (status, body, headers)))

    def answer_always(self, method: str, path: str, status: int, body: Any, **headers: str) -> None:
        """Every request like this gets this answer, until ``relent``."""
        self.always = (method, path, (status, body, headers))

    def relent(self) -> None:
        """End of that."""
        self.always = None

    def drop_once(self, method: str, path: str, *, done: bool) -> None:
        """The connection of the next request like this breaks off without an answer; with ``done`` it was heeded."""
        self.dropping.append((method, path, done))

    def meanwhile(self, method: str, path: str, what: Callable[[], None]) -> None:
        """Do something just before the next request like this is answered."""
        self.before.append((method, path, what))

    def traffic(self, endpoint: str) -> dict[str, int]:
        """What the service itself holds."""
        held = self.resources[f"{W}/onlineEndpoints/{endpoint}"]["properties"]["traffic"]
        return {name: share for name, share in held.items() if share}

    def set_traffic(self, endpoint: str, split: dict[str, int]) -> None:
        """Somebody in the portal."""
        self.resources[f"{W}/onlineEndpoints/{endpoint}"]["properties"]["traffic"] = split

    def rules(self) -> dict[str, Any]:
        """Autoscale settings by the deployment that they are for."""
        found = (one["properties"] for path, one in self.resources.items() if "/autoscalesettings/" in path)
        return {one["targetResourceUri"].rsplit("/", 1)[1]: one for one in found}

    def identity(self, name: str) -> str:
        """A user-assigned identity that somebody has made; its resource id."""
        path = f"{W.split('/providers/')[0]}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
        self.resources[path] = {"id": path, "name": name, "properties": {"principalId": "p-" + name}}
        return path

    def cluster(self, name: str, priority: str) -> None:
        """A cluster that somebody has made; ``priority`` is Dedicated or LowPriority."""
        path = f"{W}/computes/{name}"
        self.resources[path] = {"id": path, "name": name, "location": "westeurope", "properties": {
            "computeType": "AmlCompute", "provisioningState": "Succeeded", "properties": {
                "vmSize": "STANDARD_DS3_V2", "vmPriority": priority,
                "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 1}}}}  # fmt: skip

    def jobs(self) -> list[dict[str, Any]]:
        """What was asked of each, the oldest first."""
        return [one["properties"] for path, one in self.resources.items() if path.startswith(f"{W}/jobs/")]

    def release(self, deployment: str) -> None:
        """What was held back is ready."""
        self.held.discard(deployment)
        if deployment in self.making:
            self.operations[self.making.pop(deployment)] = {"status": "Succeeded"}
        for path, one in self.resources.items():
            if path.endswith(f"/deployments/{deployment}"):
                one["properties"]["provisioningState"] = "Succeeded"

    def hold(self, *, lagging: int = 0) -> None:
        """What is begun from now on does not end until ``let_go``; reads lag so often behind writes."""
        self.holding, self.lagging = True, lagging

    def let_go(self) -> None:
        """End of that."""
        with self.lock:
            self.holding, self.lagging = False, 0
            self.stale.clear()
            self.operations.update({path: {"status": "Succeeded"} for path in self.operations})

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.communicate()

    # --- routes -------------------------------------------------------------------------------------------------

    def handle(self, host: str, method: str, target: str, headers: Any, body: bytes) -> Answer:
        url = urlsplit(target)
        path = unquote(url.path)
        with self.lock:
            self.asked.append((method, path))
            for place, (verb, part, what) in enumerate(self.before):
                if verb == method and re.search(part, path):
                    del self.before[place]
                    what()
                    break
            for place, (verb, part, answer) in enumerate(self.faults):
                if verb == method and re.search(part, path):
                    del self.faults[place]
                    return answer
            if self.always and self.always[0] == method and re.search(self.always[1], path):
                return self.always[2]
            for place, (verb, part, done) in enumerate(self.dropping):
                if verb == method and re.search(part, path):
                    del self.dropping[place]
                    if done:
                        self._route(host, method, target, headers, body)
                    return 0, b"", {}
        return self._route(host, method, target, headers, body)

    def _route(self, host: str, method: str, target: str, headers: Any, body: bytes) -> Answer:
        url = urlsplit(target)
        path, query = unquote(url.path), parse_qs(url.query)
        if host.startswith("login"):
            return self._login(path, body)
        if ".blob." in host:
            return self._blob(method, path, query, headers, body)
        if ".inference." in host:
            return self._score(headers, body)
        if host == API:
            with self.lock:
                return self._history(path, body)
        if headers.get("Authorization") != f"Bearer {self.tokens['management.azure.com']}":
            return 401, _error("InvalidAuthenticationToken", "The access token is not for the resource manager"), {}
        with self.lock:
            return self._arm(method, path, query, json.loads(body) if body else None)

    def _login(self, path: str, body: bytes) -> Answer:
        base = f"https://login.microsoftonline.com/{TENANT}"
        if "openid-configuration" in path:
            return 200, {
                "issuer": f"{base}/v2.0", "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            }, {}  # fmt: skip
        if "instance" in path:
            return 200, {"tenant_discovery_endpoint": f"{base}/v2.0/.well-known/openid-configuration",
                         "metadata": []}, {}  # fmt: skip
        scope = urlsplit(parse_qs(body.decode())["scope"][0]).hostname or ""
        return 200, {"token_type": "Bearer", "expires_in": 3600, "access_token": self.tokens[scope]}, {}

    def _blob(self, method: str, path: str, query: Any, headers: Any, body: bytes) -> Answer:
        if query.get("comp") == ["list"]:
            prefix = query.get("prefix", [""])[0]
            names = [name for name in sorted(self.blobs) if name.removeprefix("/box/").startswith(prefix)]
            listed = "".join(
                f"<Blob><Name>{name.removeprefix('/box/')}</Name><Properties><Content-Length>"
                f"{len(self.blobs[name][0])}</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>"
                for name in names
            )
            text = f'<?xml version="1.0"?><EnumerationResults><Blobs>{listed}</Blobs><NextMarker/></EnumerationResults>'
            return 200, text.encode(), {"Content-Type": "application/xml"}
        meta = {name: value for name, value in headers.items() if name.lower().startswith("x-ms-meta-")}
        stamp = {"ETag": '"1"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
        if method == "PUT" and query.get("comp") == ["metadata"]:
            self.blobs[path] = (self.blobs[path][0], meta)
            return 200, b"", stamp
        if method == "PUT":
            self.blobs[path] = (body, meta)
            return 201, b"", stamp
        if path not in self.blobs:
            return 404, b"", {"x-ms-error-code": "BlobNotFound"}
        content, meta = self.blobs[path]
        more = {**stamp, **meta, "x-ms-blob-type": "BlockBlob", "Accept-Ranges": "bytes"}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("x-ms-range") or headers.get("Range") or "")
        if method == "HEAD" or not wanted:
            return 200, content, more
        first = int(wanted[1])
        if first >= len(content):
            return 416, b"", {"x-ms-error-code": "InvalidRange"}
        last = min(int(wanted[2] or len(content) - 1), len(content) - 1)
        return 206, content[first : last + 1], {**more, "Content-Range": f"bytes {first}-{last}/{len(content)}"}

    def _arm(self, method: str, path: str, query: Any, body: Any) -> Answer:
        path = path.rstrip("/")
        if path.startswith("/operations/"):
            return 200, self.operations[path], {"retry-after-ms": "20"}
        if path.endswith("/Microsoft.Insights/metrics"):
            return 200, metrics(self.answered, query), {}
        if (answer := self._beside(method, path, body)) is not None:
            return answer
        below = path.removeprefix(W)
        if method == "POST":
            return self._act(path, body)
        if below.startswith("/datastores"):
            store = {"id": f"{W}/datastores/workspaceblobstore", "name": "workspaceblobstore", "properties": {
                "datastoreType": "AzureBlob", "accountName": "store", "containerName": "box", "isDefault": True,
                "endpoint": "core.windows.net", "protocol": "https",
                "credentials": {"credentialsType": "Sas"}}}  # fmt: skip
            return 200, store if below.count("/") > 1 else {"value": [store]}, {}
        if method == "PUT":
            return self._put(path, body)
        if method == "DELETE":
            return self._delete(path)
        return self._get(path, query)

    def _beside(self, method: str, path: str, body: Any) -> Answer | None:
        """What is not of machine learning: quota, roles, autoscale rules."""
        if path.endswith("/usages"):
            used, limit = self.usage
            return 200, {"value": [{"id": "u", "name": {"value": "standardFSv2Family", "localizedValue": "F"},
                                    "currentValue": used, "limit": limit, "unit": "Count"}]}, {}  # fmt: skip
        if path.endswith("/permissions"):
            return 200, {"value": [self.permissions]}, {}
        if "/autoscalesettings/" in path and method == "PUT":
            target = self.resources.get(body["properties"]["targetResourceUri"], {"properties": {}})
            if target["properties"].get("provisioningState") != "Succeeded":
                return 400, _error("BadRequest", "The target resource is not there"), {}
        if path.endswith("/roleAssignments"):
            return 200, {"value": [{"properties": {"roleDefinitionId": f"/roleDefinitions/{one}"}}
                                   for one in self.roles]}, {}  # fmt: skip
        return None

    def _get(self, path: str, query: Any) -> Answer:
        if self.stale.get(path):
            return 200, self.stale[path].pop(), {}
        if "/jobs/" in path and path in self.resources:
            self._look(path)
        if path in self.resources:
            return 200, self.resources[path], {}
        *_, last = path.rsplit("/", 1)
        if last in ("versions", "models", "onlineEndpoints", "deployments", "environments", "codes"):
            found = [one for name, one in self.resources.items() if name.rsplit("/", 1)[0] == path]
            if last in ("versions", "models"):
                view = query.get("listViewType", ["ActiveOnly"])[0]
                wanted = {"ActiveOnly": (False,), "ArchivedOnly": (True,)}.get(view, (False, True))
                found = [one for one in found if one["properties"].get("isArchived", False) in wanted]
            if last == "deployments" and path.rsplit("/", 1)[0] not in self.resources:
                return _missing(path)
            return 200, {"value": found}, {}
        return _missing(path)

    def _put(self, path: str, body: Any) -> Answer:
        old = self.resources.get(path)
        if old and "/jobs/" in path:
            return 400, _error("UserError", "A job of this name exists, and what it runs cannot be changed"), {}
        created = old["systemData"]["createdAt"] if old else datetime.datetime.now(datetime.timezone.utc).isoformat()
        one = {
            **body,
            "id": path,
            "name": path.rsplit("/", 1)[1],
            "systemData": {"createdAt": created, "lastModifiedAt": created, "createdBy": "a", "lastModifiedBy": "a"},
        }
        if "/models/" in path:
            if old and old["properties"].get("modelUri") != body["properties"].get("modelUri"):
                return 400, _error("UserError", "The version is taken by an asset with another path"), {}
            one["properties"] = {"flavors": {}, **body["properties"]}
            container = path.split("/versions/")[0]
            self.resources.setdefault(container, {"id": container, "name": container.rsplit("/", 1)[1],
                                                  "properties": {"latestVersion": one["name"]}})  # fmt: skip
        self.resources[path] = one
        if "/jobs/" in path:
            self._run(path, one)
        if "/onlineEndpoints/" not in path:
            return 201, one, {}
        one["properties"] = {**one["properties"], "provisioningState": "Succeeded"}
        name = path.split("/onlineEndpoints/")[1].split("/")[0]
        if "/deployments/" in path:
            return self._deploy(path, name, one)
        if old:
            self.stale[path] = [old] * self.lagging
        one["properties"].setdefault("traffic", {})
        one["properties"]["scoringUri"] = "https://ep.westeurope.inference.ml.azure.com/score"
        self.keys.setdefault(name, {"primaryKey": "first-" + name, "secondaryKey": "second-" + name})
        return 201, one, self._operation(None)

    def _deploy(self, path: str, endpoint: str, one: dict[str, Any]) -> Answer:
        one["properties"]["scaleSettings"] = {"scaleType": "Default"}
        if fault := self.failing.get(one["name"]):
            one["properties"]["provisioningState"] = "Failed"
            return 201, one, self._operation(fault)
        if old := self.processes.pop(f"{endpoint}/{one['name']}", None):
            old.kill()
            old.communicate()
        code = self._unpacked(self.resources[one["properties"]["codeConfiguration"]["codeId"]]["properties"]["codeUri"])
        mount = self.folder / uuid.uuid4().hex / "azureml-models" / "/".join(
            one["properties"]["model"].split("/models/")[1].split("/versions/")
        )  # fmt: skip
        self._unpacked(self.resources[one["properties"]["model"]]["properties"]["modelUri"], mount / "package")
        variables = one["properties"]["environmentVariables"]
        said = self.folder / uuid.uuid4().hex
        with said.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", DRIVER, str(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                text=True, env={"AZUREML_MODEL_DIR": str(mount), **variables},
            )  # fmt: skip
        assert process.stdout is not None
        self.said[f"{endpoint}/{one['name']}"] = said
        if process.stdout.readline() != "ready\n":
            process.communicate()
            one["properties"]["provisioningState"] = "Failed"
            return 201, one, self._operation("User container has crashed or terminated: Liveness probe failed")
        self.processes[f"{endpoint}/{one['name']}"] = process
        if one["name"] in self.held:
            one["properties"]["provisioningState"] = "Creating"
            where = self._operation(None)
            self.making[one["name"]] = urlsplit(where["Azure-AsyncOperation"]).path
            self.operations[self.making[one["name"]]] = {"status": "InProgress"}
            return 201, one, where
        return 201, one, self._operation(None)

    # --- jobs ---------------------------------------------------------------------------------------------------

    def _run(self, path: str, one: dict[str, Any]) -> None:
        asked = one["properties"]
        studio = {"Studio": {"endpoint": f"https://ml.azure.com/runs/{one['name']}", "jobServiceType": "Studio"}}
        asked.update(status="Running", services=studio, properties={})
        place = self.folder / one["name"]
        made = place / "made"
        made.mkdir(parents=True)
        if self.job_refused:
            asked["status"] = "Failed"
            return
        code = self._unpacked(self.resources[asked["codeId"]]["properties"]["codeUri"])
        if self.job_lacks:
            said = f"raise ModuleNotFoundError({f'No module named {self.job_lacks!r}'!r}, name={self.job_lacks!r})"
            (code / f"{self.job_lacks}.py").write_text(said + "\n")
        words = asked["command"]
        for name, value in asked["inputs"].items():
            words = words.replace(f"${{{{inputs.{name}}}}}", str(self._unpacked(value["uri"])))
        for name in asked["outputs"]:
            words = words.replace(f"${{{{outputs.{name}}}}}", str(made))
        program, *rest = shlex.split(words)
        assert program == "python"
        with (place / "log").open("wb") as log:
            self.processes[path] = subprocess.Popen(
                [sys.executable, *rest], cwd=code, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                text=True, env={**asked["environmentVariables"], "PATH": os.environ["PATH"]},
            )  # fmt: skip

    def _look(self, path: str) -> None:
        """A job that has ended leaves its output and its log among the blobs."""
        process = self.processes.get(path)
        if process is None or self.job_held or (status := process.poll()) is None:
            return
        del self.processes[path]
        name = path.rsplit("/", 1)[1]
        self.resources[path]["properties"]["status"] = "Failed" if status else "Completed"
        place = self.folder / name
        for file in (place / "made").iterdir():
            self.blobs[f"/box/azureml/{name}/made/{file.name}"] = (file.read_bytes(), {})
        self.blobs[f"/box/ExperimentRun/dcid.{name}/user_logs/std_log.txt"] = ((place / "log").read_bytes(), {})

    def _history(self, path: str, body: bytes) -> Answer:
        if path == "/discovery":
            return 200, {"api": f"https://{API}"}, {}
        if path.endswith("/rundata"):
            name = json.loads(body)["runId"]
            outputs = {"made": {"assetId": f"azureml://made/{name}", "type": "uri_folder"}}
            return 200, {"runMetadata": {"runId": name, "outputs": outputs}}, {}
        if path.endswith("/batchGetResolvedUris"):
            store = "azureml://datastores/workspaceblobstore/paths/azureml"
            found = {
                one: {"uri": f"{store}/{one.rsplit('/', 1)[1]}/made/", "type": "uri_folder"}
                for one in json.loads(body)["values"]
            }
            return 200, {"values": found}, {}
        if path.endswith("/details"):
            name = path.split("/runs/")[1].split("/")[0]
            status = self.resources[f"{W}/jobs/{name}"]["properties"]["status"]
            code, message = self.job_refused or ("UserError", "User process 'python' exited with status code 1.")
            log = f"/box/ExperimentRun/dcid.{name}/user_logs/std_log.txt"
            if (self.folder / name / "log").exists():
                self.blobs[log] = ((self.folder / name / "log").read_bytes(), {})
            files = {"user_logs/std_log.txt": f"https://store.blob.core.windows.net{log}?sig=x"}
            return 200, {"runId": name, "status": status, "logFiles": files,
                         "error": {"error": {"code": code, "message": message}}}, {}  # fmt: skip
        return _missing(path)

    def _unpacked(self, uri: str, target: Path | None = None) -> Path:
        target = target or self.folder / uuid.uuid4().hex
        there = urlsplit(uri).path if uri.startswith("https") else "/box/" + uri.split("/paths/")[1]
        prefix = there.rstrip("/") + "/"
        for name, (content, _) in self.blobs.items():
            if name.startswith(prefix):
                file = target / name.removeprefix(prefix)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
        return target

    def _delete(self, path: str) -> Answer:
        if path not in self.resources:
            return 204, b"", {}
        for name in [name for name in self.resources if name == path or name.startswith(path + "/")]:
            del self.resources[name]
        if "/autoscalesettings/" in path:
            return 200, b"", {}
        return 202, b"", self._operation(None)

    def _act(self, path: str, body: Any) -> Answer:
        action = path.rsplit("/", 1)[1]
        name = (re.findall(r"/onlineEndpoints/([^/]+)", path) or [""])[0]
        if action == "listSecrets":
            return 200, {"secretsType": "Sas", "sasToken": "sig=x"}, {}
        if action.lower() == "startpendingupload":
            uri = f"https://store.blob.core.windows.net/{uuid.uuid4().hex}"
            return 200, {"pendingUploadType": "TemporaryBlobReference", "blobReferenceForConsumption": {
                "blobUri": uri, "storageAccountArmId": "x",
                "credential": {"credentialType": "SAS", "sasUri": uri + "?sig=x"}}}, {}  # fmt: skip
        if action == "token":
            return 200, {"accessToken": self.tokens["endpoint"], "expiryTimeUtc": 0, "refreshAfterTimeUtc": 0,
                         "tokenType": "Bearer"}, {}  # fmt: skip
        if action in ("listKeys", "regenerateKeys") and self._takes(name) != "Key":
            return 400, _error("BadRequest", f"Keys are not available: authMode is {self._takes(name)}"), {}
        if action == "listKeys":
            return 200, self.keys[name], {}
        if action == "regenerateKeys":
            which = "primaryKey" if body["keyType"] == "Primary" else "secondaryKey"
            self.keys[name][which] = uuid.uuid4().hex
            return 202, b"", self._operation(None)
        if action == "getLogs":
            deployment = path.split("/deployments/")[1].split("/")[0]
            content = f"2026-11-25 09:00:00,123 I [7] azmlinfsrv - {body['containerType']} of {deployment}\n"
            if body["containerType"] == "InferenceServer" and f"{name}/{deployment}" in self.said:
                content += self.said[f"{name}/{deployment}"].read_text()
            return 200, {"content": content}, {}
        return _missing(path)

    def _operation(self, fault: str | None) -> dict[str, str]:
        path = f"/operations/{uuid.uuid4().hex}"
        failed = {"status": "Failed", "error": {"code": "ResourceNotReady", "message": fault}}
        self.operations[path] = failed if fault else {"status": "InProgress" if self.holding else "Succeeded"}
        where = f"https://management.azure.com{path}"
        return {"Azure-AsyncOperation": where, "retry-after-ms": "20"}

    def _takes(self, endpoint: str) -> str:
        return str(self.resources[f"{W}/onlineEndpoints/{endpoint}"]["properties"]["authMode"])

    def _score(self, headers: Any, body: bytes) -> Answer:
        endpoint = next(iter(self.keys))
        mode = self._takes(endpoint)
        good = {"AMLToken": [self.tokens["endpoint"]], "AADToken": [self.tokens["ml.azure.com"]]}
        if headers.get("Authorization", "").removeprefix("Bearer ") not in good.get(mode, self.keys[endpoint].values()):
            return 401, {"message": f"{mode} auth failed"}, {}
        split = self.traffic(endpoint)
        name = headers.get("azureml-model-deployment") or (max(split, key=lambda one: split[one]) if split else "")
        process = self.processes.get(f"{endpoint}/{name}")
        if process is None:
            return 404, {"message": "no deployment"}, {}
        assert process.stdin is not None
        assert process.stdout is not None
        started = time.monotonic()
        with self.lock:
            process.stdin.write(json.dumps(body.decode()) + "\n")
            process.stdin.flush()
            status, text = json.loads(process.stdout.readline())
        taken = (time.monotonic() - started) * 1000
        self.answered.append(Request(name, 200 if status == 200 else 424, status, taken))
        more = {"azureml-model-deployment": name, "x-request-id": "r1"}
        if status != 200:
            return 424, text.encode(), {**more, "ms-azureml-model-error-statuscode": str(status)}
        return 200, text.encode(), more


def _workspace() -> dict[str, Any]:
    return {"id": W, "name": "ws", "location": "westeurope", "type": "Microsoft.MachineLearningServices/workspaces",
            "properties": {"workspaceId": "w", "discoveryUrl": f"https://{API}/discovery", "storageAccount": "s",
                           "keyVault": "k", "applicationInsights": "a"}}  # fmt: skip


def _token() -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"oid": PRINCIPAL}).encode()).decode().rstrip("=")
    return f"{uuid.uuid4().hex}.{claims}.signature"


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def _missing(path: str) -> Answer:
    return 404, _error("ResourceNotFound", f"{path} was not found"), {}
