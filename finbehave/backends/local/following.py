"""What a supervisor and a gateway follow: that the state has changed, and what a gateway has to know of it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from finbehave.backends.local.database import DATABASE, connect, translated
from finbehave.backends.local.front import Front
from finbehave.backends.local.state import DeploymentRow, State
from finbehave.errors import FinbehaveError


@dataclass(frozen=True)
class Route:
    """What the gateway has to know of a deployment. No two share a ``generation``."""

    generation: int
    model: str
    package: Path
    sockets: tuple[Path, ...]
    state: str


@dataclass(frozen=True)
class Routing:
    """What the gateway has to know of an endpoint. Deployment -> percent in ``traffic``."""

    running: bool
    revision: int
    traffic: dict[str, int]
    deployments: dict[str, Route]
    keys: tuple[str, ...]
    own_key: str
    front: Front


def read_routing(endpoint_dir: Path, runtime: Path) -> Routing:
    """Traffic, deployments and keys, all of the same moment.

    Args:
        endpoint_dir: The endpoint's folder.
        runtime: Where the workers are that were started with the gateway; those of a successor are found as well.

    Raises:
        NotFound: the endpoint is gone.
        FinbehaveError: it cannot be read now.
    """
    with State(endpoint_dir) as state, state.reading():
        endpoint = state.endpoint()
        places = list(dict.fromkeys((runtime, endpoint.runtime)))
        revision, traffic = state.traffic()
        keys = state.keys()
        return Routing(
            running=endpoint.running,
            revision=revision,
            traffic=traffic,
            deployments={row.name: _route(row, places) for row in state.deployments()},
            keys=(keys.primary, keys.secondary),
            own_key=state.own_key(),
            front=state.front(),
        )


def _route(row: DeploymentRow, places: list[Path]) -> Route:
    sockets = tuple(path for place in places for path in row.sockets(place))
    return Route(row.generation, row.model, row.package, sockets, row.state)


class Watch:
    """Notices that somebody else has written. For one thread; ``close`` it."""

    def __init__(self, endpoint_dir: Path) -> None:
        self._dir = endpoint_dir
        self._connection: sqlite3.Connection | None = None
        self._seen = -1

    def changed(self) -> bool:
        """Whether anything was committed since the last call; True at the first. Costs microseconds.

        Raises:
            FinbehaveError: it cannot be read now. The next call tries again, from the beginning.
        """
        try:
            with translated(self._dir / DATABASE):
                if self._connection is None:
                    self._connection, self._seen = connect(self._dir), -1
                (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        except FinbehaveError:
            self.close()
            raise
        seen, self._seen = self._seen, version
        return bool(version != seen)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
