"""Which deployment of an endpoint a model goes to, and by which steps it gets the traffic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from finbehave.domain.endpoint import OWN_ENVIRONMENT, Deployment, DeploymentSpec, DeploymentState, Endpoint
from finbehave.errors import GateFailed, UsageError
from finbehave.workflows.split import shares

COLOURS = ("blue", "green")


@dataclass(frozen=True)
class Choice:
    """Where a model goes.

    ``there`` is what has that name now and holds ``share`` percent; ``same``: it is what is wanted already.
    """

    name: str
    there: Deployment | None = None
    same: bool = False
    share: int = 0

    @property
    def live(self) -> bool:
        """Whether nothing is left to do."""
        return self.same and self.share == 100


def choose(endpoint: Endpoint | None, spec: DeploymentSpec, named: str | None) -> Choice:
    """The deployment that is named; else one that carries the same already; else an idle colour.

    Raises:
        UsageError: the named one holds traffic with another model.
        GateFailed: both colours hold traffic.
    """
    if named:
        choice = _choice(endpoint, named, spec)
        if choice.share and not choice.same:
            raise UsageError(
                f"{named} holds {choice.share} % of the traffic and is not replaced under it",
                remedy="leave out --deployment to use the idle colour",
            )
        return choice
    names = [one.name for one in endpoint.deployments] if endpoint else []
    carriers = [choice for choice in (_choice(endpoint, name, spec) for name in names) if choice.same]
    if carriers:
        return max(carriers, key=lambda choice: choice.share)
    return _choice(endpoint, idle_colour(endpoint), spec)


def idle_colour(endpoint: Endpoint | None, avoid: Sequence[str] = ()) -> str:
    """Blue or green, whichever holds no traffic: one that is not there before one that is, else the older.

    Raises:
        GateFailed: both hold traffic, or are to be avoided.
    """
    if endpoint is None:
        return COLOURS[0]
    free = [name for name in COLOURS if not endpoint.traffic.get(name, 0) and name not in avoid]
    if not free:
        raise GateFailed(
            f"both blue and green of {endpoint.name} hold traffic, so neither is replaced",
            remedy=f"finbehave traffic set blue=100 --endpoint {endpoint.name}, or name another one with --deployment",
        )

    def age(name: str) -> str:
        there = endpoint.deployment(name)
        return there.created if there else ""

    return min(free, key=age)


def steps_to(endpoint: Endpoint | None, choice: Choice, steps: Sequence[int]) -> tuple[int, ...]:
    """The percents still ahead; all at once where nobody else holds traffic that could be shared."""
    others = set(shares(endpoint.traffic)) - {choice.name} if endpoint else set()
    return tuple(step for step in steps if step > choice.share) if others else (100,)


def _choice(endpoint: Endpoint | None, name: str, spec: DeploymentSpec) -> Choice:
    there = endpoint.deployment(name) if endpoint else None
    if endpoint is None or there is None:
        return Choice(name)
    return Choice(name, there, _same(there, spec), endpoint.traffic.get(name, 0))


def _same(there: Deployment, spec: DeploymentSpec) -> bool:
    return (
        there.state in (DeploymentState.READY, DeploymentState.CREATING)
        and there.digest == spec.digest
        and there.model == spec.model
        and there.instance_type.lower() == spec.instance_type.lower()
        and (there.scale is not None or there.instance_count == spec.instance_count)
        and there.environment == (spec.environment or OWN_ENVIRONMENT)
        and (spec.like == there.name or there.terms == spec.terms.digest)
    )
