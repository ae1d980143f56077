"""A backend in memory that loses requests or answers on demand, which no real one does when it is told to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from finbehave.backends.base import Backend, LogLine, TrafficWrite
from finbehave.domain.endpoint import (
    Answer,
    Deployment,
    DeploymentState,
    Endpoint,
    EndpointState,
    LedgerEntry,
    Traffic,
)
from finbehave.domain.model import ModelRef, RegisteredModel
from finbehave.errors import NotFound, TrafficConflict, Unavailable, UsageError
from finbehave.packaging.package import read_package
from tests.diagnosis.memory_backend import PROBABILITIES, ROWS, deployment

ENDPOINT = "spend-ep"


@dataclass
class Memory:
    """One endpoint and one model in every version; ``deployments`` by name."""

    package_at: Path
    deployments: dict[str, Deployment] = field(default_factory=dict)
    entries: list[LedgerEntry] = field(default_factory=list)
    said: dict[str, list[str]] = field(default_factory=dict)
    predictions: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    there: bool = True
    loses: str = ""
    meanwhile: Callable[[], None] = lambda: None
    kept: Callable[[str], None] = lambda name: None

    @property
    def backend(self) -> Backend:
        return Backend(models=self, serving=self, elsewhere=False)  # type: ignore[arg-type]

    @property
    def traffic(self) -> Traffic:
        return dict(self.entries[-1].traffic) if self.entries else {}

    def holds(self, traffic: Traffic, reason: str = "deploy", actor: str = "ann@desk") -> None:
        """A split that somebody wrote."""
        models = {name: one.model for name, one in self.deployments.items()}
        self.entries.append(LedgerEntry(len(self.entries) + 1, "", actor, reason, dict(traffic), models))

    def add(self, name: str, model: str, **changes: Any) -> None:
        """A deployment at no traffic."""
        self.deployments[name] = deployment(name, model=model, traffic=0, **changes)

    # --- serving ------------------------------------------------------------------------------------------

    def endpoints(self) -> Sequence[str]:
        return [ENDPOINT] if self.there else []

    def measured(self, endpoint: Endpoint) -> Endpoint:
        return endpoint

    def endpoint(self, name: str) -> Endpoint:
        if not self.there:
            raise NotFound(f"there is no endpoint {name}", remedy="finbehave status")
        held = tuple(replace(one, traffic=self.traffic.get(one.name, 0)) for one in self.deployments.values())
        return Endpoint(name, EndpointState.RUNNING, "http://127.0.0.1:1/score", self.traffic, len(self.entries), held)

    def set_traffic(self, write: TrafficWrite) -> LedgerEntry:
        self.meanwhile()
        if write.expected != len(self.entries):
            raise TrafficConflict("it was changed", remedy="look again")
        if self.loses == "request":
            raise Unavailable("no route", remedy="wait")
        self.holds(write.traffic, write.reason, write.actor)
        if self.loses == "answer":
            raise Unavailable("the connection was reset", remedy="wait")
        return self.entries[-1]

    def ledger(self, endpoint: str) -> Sequence[LedgerEntry]:
        return tuple(self.entries)

    def logs(
        self, endpoint: str, *, deployment: str | None = None, tail: int | None = 200, since: float | None = None
    ) -> Sequence[LogLine]:
        return [LogLine("", deployment or "", text) for text in self.said.get(deployment or "", [])]

    def delete_deployment(self, endpoint: str, name: str) -> None:
        if self.traffic.get(name):
            raise UsageError(f"{name} holds traffic")
        self.kept(name)
        del self.deployments[name]

    def delete_endpoint(self, endpoint: str) -> None:
        self.there = False

    def score(
        self, endpoint: str, rows: Sequence[Mapping[str, Any]], *, deployment: str | None = None, timeout: float = 30.0
    ) -> Answer:
        assert list(rows) == list(ROWS)
        name = deployment or max(self.traffic, key=lambda name: self.traffic[name])
        predictions = self.predictions.get(name, (False, True))
        return Answer(predictions, PROBABILITIES, self.deployments[name].model, name, "1", 2.0)

    # --- models -------------------------------------------------------------------------------------------

    def get(self, ref: ModelRef) -> RegisteredModel:
        digest = read_package(self.package_at).digest
        return RegisteredModel(ref.name, ref.version or "1.0.0", digest, "2025-11-07T06:40:00Z", False, {})

    def package(self, ref: ModelRef) -> Path:
        return self.package_at


def failed(name: str, **changes: Any) -> Deployment:
    """A deployment that crashed."""
    return deployment(name, state=DeploymentState.FAILED, traffic=0, **changes)
