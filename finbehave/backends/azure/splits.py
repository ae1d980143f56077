"""How the requests of an endpoint are split: written with the ledger in one request, and read back.

An endpoint is never written from memory: it is read, modified and put back. The service has no conditional write, so
what is there is compared before, and read back after.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import Any

from finbehave.backends.azure import ledger, view
from finbehave.backends.azure.client import Workspace, left_going
from finbehave.backends.azure.translate import Again
from finbehave.backends.azure.waiting import Waiting
from finbehave.backends.base import TrafficWrite
from finbehave.domain.endpoint import LedgerEntry, Traffic
from finbehave.errors import Busy, DeploymentFailed, TrafficConflict, Unavailable

ENDPOINT_SECONDS = 900.0
READ_BACK_SECONDS = 60.0
"""A read can lag behind a write that has succeeded."""

LOOK_EVERY = 1.0

Both = Callable[[str], tuple[Any, list[Any]]]
"""The SDK's entities of an endpoint and of its deployments, by the endpoint's name."""


class Splits:
    """Changes the splits of a workspace's endpoints; what the command saw last of each is compared before."""

    def __init__(self, workspace: Workspace, both: Both) -> None:
        self._workspace = workspace
        self._both = both
        self._seen: dict[str, tuple[int, Traffic]] = {}

    def seen(self, endpoint: str, revision: int, traffic: Traffic) -> None:
        """What was read of it."""
        self._seen[endpoint] = revision, traffic

    def forget(self, endpoint: str) -> None:
        """It is gone."""
        self._seen.pop(endpoint, None)

    def write(self, write: TrafficWrite) -> LedgerEntry:
        """Split and ledger in one request, on what is there; read back until the service says the same.

        Raises:
            TrafficConflict: it is not what was seen last; theirs stands.
            Unavailable: it did not come about.
        """
        waiting = Waiting(
            f"changing the traffic of {write.endpoint}", self._workspace.patience, self._workspace.progress
        )
        stamp = datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
        while True:
            entity, deployments = self._both(write.endpoint)
            known = view.ledger_of(entity, deployments)
            if known and _is(known[-1], write, stamp):  # the answer to our own write was lost
                return self._read_back(write, known[-1])
            self._refuse_other(write, known, view.split_of(entity, deployments))
            entry = _entry(write, known, deployments, stamp)
            try:
                self._put(write.endpoint, entity, partial(_change_traffic, known, entry), patience=0.0)
                return self._read_back(write, entry)
            except DeploymentFailed as error:
                raise Unavailable(error.message, remedy=error.remedy) from error
            except (Again, Busy) as error:
                if not waiting.again(error):
                    raise

    def _refuse_other(self, write: TrafficWrite, known: Sequence[LedgerEntry], split: Traffic) -> None:
        revision = known[-1].revision if known else 0
        seen = self._seen.get(write.endpoint)
        other = seen is not None and seen[0] == revision and _held(seen[1]) != _held(split)
        if revision != write.expected or other:
            raise TrafficConflict(
                f"the traffic of {write.endpoint} is at revision {revision}, not {write.expected} any more",
                remedy=f"finbehave traffic ledger --endpoint {write.endpoint} --backend azure",
            )

    def _read_back(self, write: TrafficWrite, entry: LedgerEntry) -> LedgerEntry:
        with left_going(f"the traffic of {write.endpoint} was written, and not read back yet"):
            return self._read_until_there(write, entry)

    def _read_until_there(self, write: TrafficWrite, entry: LedgerEntry) -> LedgerEntry:
        deadline = time.monotonic() + READ_BACK_SECONDS
        while True:
            entity, deployments = self._both(write.endpoint)
            split = _held(view.split_of(entity, deployments))
            if split == entry.traffic and entry in ledger.entries(entity.tags or {}):
                self.seen(write.endpoint, entry.revision, view.split_of(entity, deployments))
                return entry
            if time.monotonic() > deadline:
                raise TrafficConflict(
                    f"the traffic of {write.endpoint} was written, and reads otherwise: somebody has changed it since",
                    remedy=f"finbehave traffic ledger --endpoint {write.endpoint} --backend azure",
                )
            time.sleep(LOOK_EVERY)

    def mirror(self, endpoint: str, deployment: str, percent: int) -> None:
        """So many requests in a hundred to a deployment without traffic too; 0 ends it."""

        def change(entity: Any) -> None:
            entity.mirror_traffic = {deployment: percent} if percent else {}

        self._put(endpoint, self._both(endpoint)[0], change)

    def take_away(self, endpoint: str) -> None:
        """Leave it without traffic, and keep in a tag what ``give_back`` gives it; one that is so already stays so."""
        entity, deployments = self._both(endpoint)
        if view.stopped_split(entity) is not None:
            return
        split = _held(view.split_of(entity, deployments))

        def change(fresh: Any) -> None:
            fresh.traffic = {}
            fresh.tags = {**(fresh.tags or {}), ledger.STOPPED: json.dumps(split, separators=(",", ":"))}

        self._put(endpoint, entity, change)

    def give_back(self, endpoint: str) -> None:
        """What ``take_away`` took; nothing where nothing was taken."""
        entity, _ = self._both(endpoint)
        held = view.stopped_split(entity)
        if held is None:
            return

        def change(fresh: Any) -> None:
            fresh.traffic = dict(held)
            fresh.tags = {key: value for key, value in (fresh.tags or {}).items() if key != ledger.STOPPED}

        self._put(endpoint, entity, change)

    def _put(self, endpoint: str, entity: Any, change: Callable[[Any], None], *, patience: float | None = None) -> None:
        """Write back what was read, modified."""
        change(entity)
        self._workspace.finish(
            f"changing the traffic of {endpoint}",
            lambda ml: ml.online_endpoints.begin_create_or_update(entity),
            timeout=ENDPOINT_SECONDS,
            patience=patience,
        )


def _entry(write: TrafficWrite, known: Sequence[LedgerEntry], deployments: Sequence[Any], stamp: str) -> LedgerEntry:
    revision = (known[-1].revision if known else 0) + 1
    models = {name: model for name, model in view.models_of(deployments).items() if model}
    return LedgerEntry(revision, stamp, write.actor, write.reason, _held(write.traffic), models)


def _is(entry: LedgerEntry, write: TrafficWrite, stamp: str) -> bool:
    return (entry.time, entry.actor, entry.reason) == (stamp, write.actor, write.reason) and (
        entry.revision > write.expected
    )


def _change_traffic(known: Sequence[LedgerEntry], entry: LedgerEntry, entity: Any) -> None:
    tags = {key: value for key, value in (entity.tags or {}).items() if key != ledger.STOPPED}
    entity.tags = ledger.written(tags, [*known, entry])
    entity.traffic = dict(entry.traffic)


def _held(traffic: Traffic) -> Traffic:
    return {name: share for name, share in traffic.items() if share}
