"""Endpoints whose model has a weakness, set up past the gates, which would not let it through."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from finbehave.backends.base import Serving, TrafficWrite, open_backend
from finbehave.domain.endpoint import DeploymentSpec
from finbehave.environments.guests import run_guest
from finbehave.packaging.package import manifest_from, seal
from finbehave.progress import QUIET
from finbehave.settings import Settings
from tests.conftest import Finbehave

PATIENCE = 60.0
ENDPOINT = "weak-ep"
FROM = 1000
"""The age from which it shows."""


def serve_weak(program: Finbehave, package: Path, folder: Path, weakness: str, *, workers: int) -> Serving:
    """A copy of the package with a weakness of ``finbehave/guest/fragile.py``, on blue with all traffic."""
    weak = folder / weakness
    shutil.copytree(package, weak)
    run_guest(Path(sys.executable), "fragile.py", {"package": str(weak), "weakness": weakness, "from": FROM})
    seal(weak, manifest_from(json.loads((weak / "manifest.json").read_text())))
    backend = open_backend(Settings(workspace=program.workspace, endpoint=ENDPOINT))
    model = backend.models.register(weak, weakness).model
    spec = DeploymentSpec("blue", str(model.ref), model.digest, "Standard_F4s_v2", workers)
    backend.serving.ensure_endpoint(ENDPOINT, QUIET)
    backend.serving.create_deployment(ENDPOINT, spec, QUIET)
    backend.serving.wait_ready(ENDPOINT, "blue", PATIENCE, QUIET)
    backend.serving.set_traffic(TrafficWrite(ENDPOINT, {"blue": 100}, 0, "test", "test"))
    return backend.serving


def log_of(program: Finbehave) -> list[str]:
    """What the log of blue says."""
    lines = program.ok("logs", "--endpoint", ENDPOINT, "--deployment", "blue", "--tail", "1000")["lines"]
    return [line["text"] for line in lines]
