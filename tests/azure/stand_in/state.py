"""What the service holds, and what a test tells it and asks of it."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import threading
import uuid
from pathlib import Path
from typing import Any

from tests.azure.stand_in.containers import Container
from tests.azure.stand_in.faults import Faults
from tests.azure.stand_in.metrics import Request
from tests.azure.stand_in.names import API, GROUP, MANAGER, PRINCIPAL, REGION, W


class Azure(Faults):
    """One workspace, and what is around it.

    ``resources`` are what the resource manager holds, by path; ``answered`` are the requests to endpoints,
    ``asked`` is every request, and ``refused`` what was asked of hosts that are not Azure's.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.lock = threading.Condition(threading.RLock())
        self.resources: dict[str, dict[str, Any]] = {W: _workspace()}
        self.blobs: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.operations: dict[str, dict[str, Any]] = {}
        self.containers: dict[str, Container] = {}
        self.running: dict[str, subprocess.Popen[str]] = {}
        self.keys: dict[str, dict[str, str]] = {}
        self.tokens = {scope: uuid.uuid4().hex for scope in (MANAGER, "ml.azure.com", "endpoint")}
        self.tokens[MANAGER] = _token()
        self.chance = random.Random(0)
        self.ended = False
        self.answered: list[Request] = []
        self.asked: list[tuple[str, str]] = []
        self.refused: list[str] = []

        self.unreachable: set[str] = set()
        """Hosts to which the proxy finds no way."""
        self.failing: dict[str, str | tuple[str, str]] = {}
        """Deployment -> with what words, or code and words, making it ends; nothing of it runs then."""
        self.bare: set[str] = set()
        """Deployments whose image lacks the server."""
        self.lacking: set[str] = set()
        """Roles that the identity of endpoints has not been given."""
        self.log_lag = 0
        self.held: set[str] = set()
        """Deployments that do not become ready before they are released."""
        self.making: dict[str, str] = {}
        """Deployments that are being made -> the operation."""
        self.lagging = 0
        """How often the traffic is still read as it was before a write."""
        self.takes_seconds = 0.0
        """How long it takes until what is begun has ended, besides what really runs."""
        self.holding = False
        """What is begun does not end."""
        self.stale: dict[str, list[dict[str, Any]]] = {}
        self.job_refused: tuple[str, str] | None = None
        """Code and words with which every job ends before it begins."""
        self.job_lacks = ""
        """A module that the environment of jobs does not hold."""
        self.job_held = False
        """No job ends."""
        self.usage = (0, 100)
        """Cores that are used, of so many."""
        self.roles: list[str] = []
        self.permissions = {"actions": ["*"], "notActions": list[str]()}

    # --- what tests ask -----------------------------------------------------------------------------------------

    def traffic(self, endpoint: str) -> dict[str, int]:
        """What the service itself holds."""
        held = self.resources[f"{W}/onlineEndpoints/{endpoint}"]["properties"]["traffic"]
        return {name: share for name, share in held.items() if share}

    def takes(self, endpoint: str) -> str:
        """Key, AMLToken or AADToken."""
        return str(self.resources[f"{W}/onlineEndpoints/{endpoint}"]["properties"]["authMode"])

    def rules(self) -> dict[str, Any]:
        """Autoscale settings by the deployment that they are for."""
        found = (one["properties"] for path, one in self.resources.items() if "/autoscalesettings/" in path)
        return {one["targetResourceUri"].rsplit("/", 1)[1]: one for one in found}

    def jobs(self) -> list[dict[str, Any]]:
        """What was asked of each, the oldest first."""
        return [one["properties"] for path, one in self.resources.items() if path.startswith(f"{W}/jobs/")]

    # --- what tests say -----------------------------------------------------------------------------------------

    def lag_logs(self, times: int) -> None:
        """A log is still empty so often when it is asked for."""
        self.log_lag = times

    def set_traffic(self, endpoint: str, split: dict[str, int]) -> None:
        """Somebody in the portal."""
        self.resources[f"{W}/onlineEndpoints/{endpoint}"]["properties"]["traffic"] = split

    def release(self, deployment: str) -> None:
        """What was held back may become ready."""
        with self.lock:
            self.held.discard(deployment)
            self.lock.notify_all()

    def hold(self, *, lagging: int = 0) -> None:
        """What is begun from now on does not end until ``let_go``; reads lag so often behind writes."""
        self.holding, self.lagging = True, lagging

    def let_go(self) -> None:
        """End of that."""
        with self.lock:
            self.holding, self.lagging = False, 0
            self.stale.clear()
            made = set(self.making.values())
            self.operations.update({path: {"status": "Succeeded"} for path in self.operations if path not in made})
            self.lock.notify_all()

    def identity(self, name: str) -> str:
        """A user-assigned identity that somebody has made; its resource id."""
        path = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
        self.resources[path] = {"id": path, "name": name, "properties": {"principalId": "p-" + name}}
        return path

    def cluster(self, name: str, priority: str) -> None:
        """A cluster that somebody has made; ``priority`` is Dedicated or LowPriority."""
        path = f"{W}/computes/{name}"
        self.resources[path] = {"id": path, "name": name, "location": REGION, "properties": {
            "computeType": "AmlCompute", "provisioningState": "Succeeded", "properties": {
                "vmSize": "STANDARD_DS3_V2", "vmPriority": priority,
                "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 1}}}}  # fmt: skip

    def end(self) -> None:
        """End everything that runs."""
        with self.lock:
            self.ended = True
            self.lock.notify_all()
            containers, jobs = list(self.containers.values()), list(self.running.values())
        for container in containers:
            container.end()
        for job in jobs:
            job.kill()
            job.communicate()


def _token() -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"oid": PRINCIPAL}).encode()).decode().rstrip("=")
    return f"{uuid.uuid4().hex}.{claims}.signature"


def _workspace() -> dict[str, Any]:
    return {"id": W, "name": "ws", "location": REGION, "type": "Microsoft.MachineLearningServices/workspaces",
            "properties": {"workspaceId": "w", "discoveryUrl": f"https://{API}/discovery", "storageAccount": "s",
                           "keyVault": "k", "applicationInsights": "a"}}  # fmt: skip
