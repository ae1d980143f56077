"""What a deploy was asked for, resolved and checked: the model, its package, the steps, the environment."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from finbehave.backends.base import ModelRegistry
from finbehave.domain.check import CheckGroup
from finbehave.domain.endpoint import DeploymentSpec, Terms
from finbehave.domain.environment import EnvironmentSpec
from finbehave.domain.model import ModelRef, RegisteredModel
from finbehave.errors import ConfigurationError, NotFound, UsageError
from finbehave.packaging.package import Package
from finbehave.progress import Progress, checking
from finbehave.settings import Settings
from finbehave.workflows import gates

Strategy = Literal["all-at-once", "canary"]


@dataclass(frozen=True)
class Release:
    """A verified package on its way to an endpoint; ``deployment`` is the one that was named, if one was.

    ``like`` is the deployment whose terms are kept, where a release goes on.
    """

    model: RegisteredModel
    package: Package
    deployment: str | None
    environment: str | None
    steps: tuple[int, ...]
    bake: float
    timeout: float
    terms: Terms
    like: str | None = None

    @property
    def ref(self) -> str:
        """``name:version``."""
        return str(self.model.ref)

    def spec(self, name: str, settings: Settings) -> DeploymentSpec:
        """What is created under a name."""
        asked = settings.instance_count
        count = self.terms.scale.start(asked) if self.terms.scale else asked
        return DeploymentSpec(
            name, self.ref, self.model.digest, settings.instance_type, count, self.environment,
            self.terms, self.like,
        )  # fmt: skip


def checked_steps(strategy: Strategy, steps: Sequence[int], bake: float) -> tuple[int, ...]:
    """The percents by which the traffic moves. Raises UsageError for what are none."""
    if bake < 0:
        raise UsageError(f"--bake {bake:g} is no number of seconds", remedy="--bake 30")
    if strategy == "all-at-once":
        return (100,)
    rising = all(low < high for low, high in itertools.pairwise(steps))
    if not steps or not rising or steps[0] < 1 or steps[-1] != 100:
        said = ",".join(map(str, steps)) or "nothing"
        raise UsageError(
            f"{said} are no steps: rising percents from 1 on, of which the last is 100", remedy="--steps 10,50,100"
        )
    return tuple(steps)


def resolve(model: str, models: ModelRegistry) -> RegisteredModel:
    """The registered model of a reference.

    Raises:
        NotFound: no such model.
        UsageError: no reference; or a package or a file, which has to be registered first.
    """
    try:
        return models.get(ModelRef.parse(model))
    except (NotFound, UsageError) as error:
        path = Path(model)
        if not path.exists():
            raise
        what, more = ("a folder", "") if path.is_dir() else ("a file", " --environment environment.yml")
        raise UsageError(
            f"{model} is {what}, and only registered models are deployed, so that every release can be gone back to",
            remedy=f"finbehave register {model}{more}, then finbehave deploy NAME",
        ) from error


def verified(found: RegisteredModel, models: ModelRegistry, progress: Progress) -> Package:
    """Its package, as a check."""
    with checking(progress, f"package of {found.ref}", CheckGroup.ENVIRONMENT) as check:
        package = gates.verified(models, str(found.ref))
        check.detail = f"as it was registered, {found.digest[:19]}…"
    return package


def kept_environment(environment: str | None, workspace: Path) -> str | None:
    """What was named, but a file is kept in the workspace under its content: the original may change or go.

    Raises:
        ConfigurationError: a file that is no environment, or a workspace that cannot be written.
    """
    if environment is None or not Path(environment).is_file():
        return environment
    from finbehave.environments.files import read_environment

    text = _conda_file(read_environment(environment))
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    kept = workspace.absolute() / "environments" / f"{Path(environment).stem}-{digest}.yml"
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".unfinished")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(kept)
    except OSError as error:
        raise ConfigurationError(
            f"{kept} cannot be written: {error.strerror or error}", remedy="name another --workspace"
        ) from error
    return str(kept)


def _conda_file(spec: EnvironmentSpec) -> str:
    import yaml

    python = [f"python={spec.python}"] if spec.python else []
    dependencies = [*python, "pip", {"pip": list(spec.requirements)}]
    return str(yaml.safe_dump({"dependencies": dependencies}, sort_keys=False))
