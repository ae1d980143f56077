"""Which deployment takes a request: one table, made from the state and swapped whole.

A deployment's pool lives as long as its generation, so a swap of the table loses no request that a pool has taken.
"""

from __future__ import annotations

import hmac
import random
from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate

from finbehave.backends.local.following import Route, Routing
from finbehave.backends.local.gateway.pool import Pool, Refused
from finbehave.backends.local.state import RUNNABLE

GRACE_SECONDS = 25.0
"""A deployment whose last worker died keeps its requests for so long, while the worker is started again. That may first
take another supervisor."""


@dataclass(frozen=True)
class Table:
    """One moment: who may ask, how often, and which pool answers.

    ``mirror`` gets copies of requests. ``bounds`` are the upper bounds of the ``shared`` pools.
    """

    revision: int
    keys: tuple[bytes, ...]
    own_key: bytes
    rate_limit: float
    mirror: Pool | None
    mirror_percent: int
    pools: dict[bytes, Pool]
    shares: dict[str, int]
    shared: tuple[Pool, ...]
    bounds: tuple[int, ...]

    def key_of(self, authorization: bytes) -> bytes | None:
        """The key, where it is ``Bearer`` and one of them; takes as long for a wrong key as for a right one."""
        scheme, _, given = authorization.partition(b" ")
        matched = [known for known in (*self.keys, self.own_key) if hmac.compare_digest(given.strip(), known)]
        return matched[0] if matched and scheme.lower() == b"bearer" else None

    def choose(self, named: bytes | None) -> Pool:
        """The deployment that is named, or one by its share of the traffic.

        One that has nobody to answer now gives its requests to the others that have traffic. Raises Refused.
        """
        if named is not None:
            if (pool := self.pools.get(named)) is not None:
                return pool
            raise Refused(404, "deployment-not-found", f"there is no deployment {named[:64].decode('latin-1')!r}")
        if not self.shared:
            raise Refused(503, "no-traffic", "no deployment has traffic")
        chosen = self.shared[bisect(self.bounds, random.randrange(self.bounds[-1]))]
        if chosen.ready:
            return chosen
        others = sorted(self.shared, key=lambda pool: (pool.ready, pool.available))
        return others[-1] if others[-1].ready or not chosen.available else chosen

    @property
    def ready(self) -> bool:
        """Whether some deployment with traffic can answer."""
        return any(pool.ready for pool in self.shared)

    @property
    def complete(self) -> bool:
        """Whether every deployment with traffic can answer; also where none has any."""
        return all(pool.ready for pool in self.shared)


class Switchboard:
    """Owns the pools, and the table that is current."""

    def __init__(self) -> None:
        self.table = Table(0, (), b"", 0.0, None, 0, {}, {}, (), ())
        self.routes: dict[str, Route] = {}
        self._pools: dict[int, Pool] = {}
        """By generation."""
        self._retired: list[Pool] = []

    def follow(self, routing: Routing) -> None:
        """Make the state as it is now the one that decides."""
        wanted = {name: route for name, route in routing.deployments.items() if route.state in RUNNABLE}
        before, self._pools, self.routes = self._pools, {}, wanted
        for name, route in wanted.items():
            sockets = [str(path) for path in route.sockets]
            pool = before.pop(route.generation, None) or Pool(name, route.model, grace=GRACE_SECONDS)
            pool.follow(sockets)
            self._pools[route.generation] = pool
        by_name = {name: self._pools[route.generation] for name, route in wanted.items()}
        held = {name: share for name, share in routing.traffic.items() if share and name in by_name}
        self.table = Table(
            revision=routing.revision,
            keys=tuple(key.encode() for key in routing.keys),
            own_key=routing.own_key.encode(),
            rate_limit=routing.front.rate_limit,
            mirror=by_name.get(routing.front.mirror) if routing.front.mirror not in held else None,
            mirror_percent=routing.front.mirror_percent,
            pools={name.encode(): pool for name, pool in by_name.items()},
            shares=held,
            shared=tuple(by_name[name] for name in held),
            bounds=tuple(accumulate(held.values())),
        )
        for pool in by_name.values():
            pool.remembered.most = routing.front.response_cache
            pool.remembered.shrink()
        for pool in before.values():
            pool.retire()
            self._retired.append(pool)

    @property
    def pools(self) -> list[Pool]:
        """Those of the deployments there are."""
        return list(self._pools.values())

    @property
    def drained(self) -> bool:
        """Whether every request that was taken has its answer."""
        return all(pool.drained for pool in [*self.pools, *self._retired])

    def look_after(self, now: float) -> None:
        """Let time pass for every pool, also for those that are on their way out."""
        for pool in [*self.pools, *self._retired]:
            pool.look_after(now)
        self._retired = [pool for pool in self._retired if not pool.drained]
