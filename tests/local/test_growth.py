"""A worker that takes ever more memory."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

from finbehave.backends.base import Serving, TrafficWrite, open_backend
from finbehave.domain.endpoint import DeploymentSpec
from finbehave.environments.guests import run_guest
from finbehave.packaging.package import manifest_from, read_package, seal
from finbehave.progress import QUIET
from finbehave.settings import Settings
from tests.conftest import Finbehave

PATIENCE = 60.0


def test_a_worker_that_keeps_what_it_should_let_go_is_replaced_and_no_answer_is_lost(
    finbehave: Finbehave, package: Path, tmp_path: Path
) -> None:
    leaky = tmp_path / "leaky"
    shutil.copytree(package, leaky)
    run_guest(Path(sys.executable), "fragile.py", {"package": str(leaky), "weakness": "grows", "from": 1000})
    seal(leaky, manifest_from(json.loads((leaky / "manifest.json").read_text())))
    serving = _serve(finbehave, leaky)  # past the gates, which would not let it
    row = read_package(leaky).golden.rows[0]
    deadline = time.monotonic() + PATIENCE
    while not any("MiB since it was ready" in line["text"] for line in _log(finbehave)):
        assert time.monotonic() < deadline, _log(finbehave)
        assert serving.score("leaky-ep", [{**row, "age": 2000}], timeout=PATIENCE).predictions
    assert serving.score("leaky-ep", [row], timeout=PATIENCE).predictions


def _serve(program: Finbehave, package: Path) -> Serving:
    backend = open_backend(Settings(workspace=program.workspace, endpoint="leaky-ep"))
    model = backend.models.register(package, "leaky").model
    serving = backend.serving
    serving.ensure_endpoint("leaky-ep", QUIET)
    serving.create_deployment(
        "leaky-ep", DeploymentSpec("blue", str(model.ref), model.digest, "Standard_F4s_v2", 1), QUIET
    )
    serving.wait_ready("leaky-ep", "blue", PATIENCE, QUIET)
    serving.set_traffic(TrafficWrite("leaky-ep", {"blue": 100}, 0, "test", "test"))
    return serving


def _log(program: Finbehave) -> list[dict[str, str]]:
    lines: list[dict[str, str]] = program.ok("logs", "--endpoint", "leaky-ep", "--deployment", "blue")["lines"]
    return lines
