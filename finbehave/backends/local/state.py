"""What an endpoint is meant to be: one SQLite file that its commands, its supervisor and its gateway share.

The newest row of the ledger is the current traffic; nothing else says so. Whatever a command writes here, the
supervisor and the gateway see within a tenth of a second (``following.py``).
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from finbehave.backends.local.database import DATABASE, connect, new_key, translated
from finbehave.backends.local.front import Front
from finbehave.domain.endpoint import DeploymentState, Keys, LedgerEntry, Scale, Traffic
from finbehave.errors import NotFound, TrafficConflict, UsageError

_COLUMNS = (
    "name, generation, model, digest, interpreter, package, "
    "instance_type, instance_count, environment, created, state, detail"
)
_SCALE = "(SELECT value FROM scale WHERE scale.generation = deployment.generation)"

RUNNABLE = (DeploymentState.CREATING.value, DeploymentState.READY.value)
"""States in which a deployment has workers, or is getting them."""


@dataclass(frozen=True)
class EndpointRow:
    """``running`` is what is wanted; ``runtime`` is the folder of the sockets."""

    host: str
    port: int
    running: bool
    runtime: Path


@dataclass(frozen=True)
class DeploymentRow:
    """A deployment as it was asked for. ``generation`` tells one from its successor under the same name.

    It starts with ``instance_count`` workers; with a ``scale`` there are more and fewer by load.
    """

    name: str
    generation: int
    model: str
    digest: str
    interpreter: Path
    package: Path
    instance_type: str
    instance_count: int
    environment: str
    created: str
    state: str
    detail: str = ""
    scale: Scale | None = None

    def sockets(self, runtime: Path) -> tuple[Path, ...]:
        """Where its workers listen; no two generations share one. Short: a deployment's name does not fit."""
        most = self.scale.most if self.scale else self.instance_count
        return tuple(runtime / f"{self.generation}-{index}" for index in range(most))


def now() -> str:
    """The moment as ISO 8601 in UTC, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class State:
    """One open state; a context manager. Every write is one transaction."""

    def __init__(self, endpoint_dir: Path) -> None:
        """Raises NotFound where there is no endpoint, ConfigurationError for a file that is no state of ours."""
        self._path = endpoint_dir / DATABASE
        self._name = endpoint_dir.name
        self._connection = connect(endpoint_dir)

    def __enter__(self) -> State:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Everything read inside is of one moment."""
        with translated(self._path):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("COMMIT")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with translated(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    # --- the endpoint ---------------------------------------------------------------------------------------

    def endpoint(self) -> EndpointRow:
        """Address, and whether it should run."""
        ((host, port, running, runtime),) = self._all("SELECT host, port, running, runtime FROM endpoint")
        return EndpointRow(host, port, bool(running), Path(runtime))

    def set_running(self, running: bool) -> None:
        """Say whether it should run."""
        with self._writing() as connection:
            connection.execute("UPDATE endpoint SET running = ?", (int(running),))

    def settle(self, runtime: Path, port: int) -> None:
        """Say where its sockets are from now on, and its port."""
        with self._writing() as connection:
            connection.execute("UPDATE endpoint SET runtime = ?, port = ?", (str(runtime), port))

    def move(self, port: int) -> None:
        """Take another port."""
        with self._writing() as connection:
            connection.execute("UPDATE endpoint SET port = ?", (port,))

    def front(self) -> Front:
        """How it meets its clients."""
        rows = self._all("SELECT value FROM front")
        said = json.loads(rows[0][0]) if rows else {}
        paths = {name: Path(said[name]) for name in ("certificate", "private_key") if said.get(name)}
        return Front(**{**said, **paths})

    def change_front(self, **changes: Any) -> None:
        """Meet clients otherwise in these fields of ``Front``; what others change meanwhile stays."""
        with self._writing() as connection:
            self._write_front(connection, dataclasses.replace(self.front(), **changes))
            connection.execute("INSERT OR IGNORE INTO key VALUES ('own', ?)", (new_key(),))

    def _write_front(self, connection: sqlite3.Connection, front: Front) -> None:
        value = json.dumps(dataclasses.asdict(front), default=str)
        connection.execute("INSERT OR REPLACE INTO front VALUES (1, ?)", (value,))

    def _end_mirror(self, connection: sqlite3.Connection, names: Iterable[str]) -> None:
        """A mirror ends with its deployment, and where that gets traffic."""
        front = self.front()
        if front.mirror and front.mirror in names:
            self._write_front(connection, dataclasses.replace(front, mirror="", mirror_percent=0))

    def keys(self) -> Keys:
        """Both keys."""
        found = dict(self._all("SELECT name, value FROM key"))
        return Keys(found["primary"], found["secondary"])

    def own_key(self) -> str:
        """What commands on this machine ask with: clients' limits and rotations do not touch it."""
        found = dict(self._all("SELECT name, value FROM key"))
        return str(found.get("own") or found["primary"])  # an older version made none

    def set_key(self, which: str, value: str) -> None:
        """Replace one key."""
        with self._writing() as connection:
            connection.execute("UPDATE key SET value = ? WHERE name = ?", (value, which))

    # --- deployments ----------------------------------------------------------------------------------------

    def deployments(self) -> tuple[DeploymentRow, ...]:
        """All of them, by name."""
        rows = self._all(f"SELECT {_COLUMNS}, {_SCALE} FROM deployment ORDER BY name")
        return tuple(_deployment(row) for row in rows)

    def deployment(self, name: str) -> DeploymentRow:
        """One of them. Raises NotFound."""
        rows = self._all(f"SELECT {_COLUMNS}, {_SCALE} FROM deployment WHERE name = ?", (name,))
        if not rows:
            raise NotFound(
                f"the endpoint {self._name} has no deployment {name}",
                remedy=f"finbehave status --endpoint {self._name} shows the deployments there are",
            )
        return _deployment(rows[0])

    def put_deployment(self, row: DeploymentRow) -> DeploymentRow:
        """Create or replace a deployment that holds no traffic, with a new generation. Raises UsageError."""
        with self._writing() as connection:
            self._refuse_traffic(row.name, "replaced")
            connection.execute("UPDATE endpoint SET generation = generation + 1")
            (generation,) = connection.execute("SELECT generation FROM endpoint").fetchone()
            values = (
                row.name, generation, row.model, row.digest, str(row.interpreter), str(row.package), row.instance_type,
                row.instance_count, row.environment, row.created, row.state, row.detail,
            )  # fmt: skip
            marks = ", ".join("?" * len(values))
            self._end_mirror(connection, [row.name])
            connection.execute(f"INSERT OR REPLACE INTO deployment ({_COLUMNS}) VALUES ({marks})", values)
            if row.scale:
                value = json.dumps(dataclasses.asdict(row.scale))
                connection.execute("INSERT INTO scale VALUES (?, ?)", (generation, value))
        return self.deployment(row.name)

    def set_deployment_state(self, generation: int, state: DeploymentState, detail: str = "") -> None:
        """Say how a deployment does; nothing happens when another generation has taken its place."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE deployment SET state = ?, detail = ? WHERE generation = ?", (state.value, detail, generation)
            )

    def remove_deployment(self, name: str) -> None:
        """Forget a deployment. Raises UsageError while it holds traffic."""
        self.deployment(name)
        with self._writing() as connection:
            self._refuse_traffic(name, "deleted")
            self._end_mirror(connection, [name])
            connection.execute("DELETE FROM deployment WHERE name = ?", (name,))

    def _refuse_traffic(self, name: str, verb: str) -> None:
        percent = self.traffic()[1].get(name, 0)
        if percent:
            raise UsageError(
                f"{name} holds {percent} % of the traffic of {self._name} and is not {verb}",
                remedy=f"give its traffic away first: finbehave traffic set OTHER=100 --endpoint {self._name}",
            )

    # --- traffic --------------------------------------------------------------------------------------------

    def traffic(self) -> tuple[int, Traffic]:
        """The newest revision and its split; 0 and nothing before the first."""
        rows = self._all("SELECT revision, traffic FROM ledger ORDER BY revision DESC LIMIT 1")
        return (rows[0][0], json.loads(rows[0][1])) if rows else (0, {})

    def ledger(self) -> tuple[LedgerEntry, ...]:
        """Every change of traffic, oldest first."""
        rows = self._all("SELECT revision, time, actor, reason, traffic, models FROM ledger ORDER BY revision")
        return tuple(
            LedgerEntry(revision, time, actor, reason, json.loads(traffic), json.loads(models))
            for revision, time, actor, reason, traffic, models in rows
        )

    def set_traffic(self, traffic: Mapping[str, int], *, expected: int, actor: str, reason: str) -> LedgerEntry:
        """Append the ledger, which is to change the traffic.

        Raises:
            TrafficConflict: the newest revision is not ``expected``.
            NotFound: there is no such deployment.
            UsageError: percents that do not sum to 0 or 100.
        """
        with self._writing() as connection:
            revision, current = self.traffic()
            if revision != expected:
                raise TrafficConflict(
                    f"the traffic of {self._name} was changed meanwhile: it is {_shown(current)} (revision {revision})",
                    remedy=f"look at finbehave traffic ledger --endpoint {self._name}, then decide again",
                )
            split = {name: percent for name, percent in traffic.items() if percent}
            if any(percent < 0 for percent in split.values()) or sum(split.values()) not in (0, 100):
                raise UsageError(
                    f"{_shown(dict(traffic))} is no split of traffic: percents from 0 to 100 that sum to 100 (or to 0)",
                    remedy="write it like blue=90 green=10",
                )
            for name in split:
                self.deployment(name)
            self._end_mirror(connection, split)
            models = {row.name: row.model for row in self.deployments()}
            cursor = connection.execute(
                "INSERT INTO ledger (time, actor, reason, traffic, models) VALUES (?, ?, ?, ?, ?)",
                (now(), actor, reason, json.dumps(split), json.dumps(models)),
            )
            written = cursor.lastrowid
        return next(entry for entry in self.ledger() if entry.revision == written)

    def _all(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with translated(self._path):
            return self._connection.execute(query, values).fetchall()


def _deployment(row: tuple[Any, ...]) -> DeploymentRow:
    name, generation, model, digest, interpreter, package, *rest, scale = row
    found = DeploymentRow(name, generation, model, digest, Path(interpreter), Path(package), *rest)
    return dataclasses.replace(found, scale=Scale(**json.loads(scale))) if scale else found


def _shown(traffic: Mapping[str, int]) -> str:
    return " ".join(f"{name}={percent}" for name, percent in sorted(traffic.items())) or "none"
