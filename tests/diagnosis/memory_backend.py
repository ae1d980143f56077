"""A backend that keeps one endpoint in memory and one package on disk; the third beside local and Azure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finbehave.backends.base import Backend, LogLine
from finbehave.domain.endpoint import Answer, Deployment, DeploymentState, Endpoint, EndpointState
from finbehave.domain.manifest import Feature, FeatureKind, Manifest, Task
from finbehave.domain.model import ModelRef
from finbehave.errors import FinbehaveError, NotFound
from finbehave.packaging.package import seal

ROWS = ({"amount": 10.0}, {"amount": 90.0})
PROBABILITIES = ({"false": 0.9, "true": 0.1}, {"false": 0.2, "true": 0.8})


def deployment(name: str, **changes: Any) -> Deployment:
    fields = {
        "name": name, "model": "spend:1.0.0", "digest": "sha256:0", "state": DeploymentState.READY, "traffic": 100,
        "instance_type": "local", "instance_count": 1, "environment": "own", "created": "2025-11-07T06:40:00Z",
    }  # fmt: skip
    return Deployment(**(fields | changes))


def endpoint(*deployments: Deployment, **changes: Any) -> Endpoint:
    fields = {
        "name": "spend-ep", "state": EndpointState.RUNNING, "scoring_uri": "http://127.0.0.1:1/score",
        "traffic": {one.name: one.traffic for one in deployments}, "revision": 1, "deployments": deployments,
    }  # fmt: skip
    return Endpoint(**(fields | changes))


def write_package(folder: Path) -> Path:
    """A package whose two golden rows are false and true."""
    folder.mkdir()
    (folder / "model.joblib").write_bytes(b"never loaded here")
    (folder / "environment.yml").write_text("name: spend\n")
    (folder / "requirements.txt").write_text("scikit-learn==1.5.2\n")
    golden = {
        "rows": ROWS, "predictions": [False, True], "probabilities": [[0.9, 0.1], [0.2, 0.8]], "tolerance": 1e-6,
        "schema_version": 1,
    }  # fmt: skip
    (folder / "golden.json").write_text(json.dumps(golden))
    feature = Feature("amount", FeatureKind.NUMBER)
    seal(
        folder,
        Manifest(
            "spend", "1.0.0", Task.BINARY, "spends", (False, True), (feature,), 0.5, {}, "Pipeline", "3.11.9", {}, {},
            "2025-11-07T06:40:00Z",
        ),
    )  # fmt: skip
    return folder


@dataclass
class Memory:
    """Answers what it was given: both the registry and the serving side."""

    at: Endpoint
    package_at: Path
    said: dict[str, list[str]] = field(default_factory=dict)
    probabilities: tuple[dict[str, float], ...] = PROBABILITIES
    predictions: tuple[Any, ...] = (False, True)
    refuses: FinbehaveError | None = None

    def measured(self, endpoint: Endpoint) -> Endpoint:
        return endpoint

    def endpoint(self, name: str) -> Endpoint:
        if name != self.at.name:
            raise NotFound(f"there is no endpoint {name}", remedy="finbehave status")
        return self.at

    def logs(
        self, endpoint: str, *, deployment: str | None = None, tail: int | None = 200, since: float | None = None
    ) -> Sequence[LogLine]:
        return [LogLine("", deployment or "", text) for text in self.said.get(deployment or "", [])]

    def score(
        self, endpoint: str, rows: Sequence[Mapping[str, Any]], *, deployment: str | None = None, timeout: float = 30.0
    ) -> Answer:
        if self.refuses:
            raise self.refuses
        assert list(rows) == list(ROWS)
        return Answer(self.predictions, self.probabilities, "spend:1.0.0", deployment or "", "1", 2.0)

    def package(self, ref: ModelRef) -> Path:
        assert str(ref) == "spend:1.0.0"
        return self.package_at

    @property
    def backend(self) -> Backend:
        return Backend(models=self, serving=self, elsewhere=False)  # type: ignore[arg-type]
