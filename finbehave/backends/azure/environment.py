"""The environment of a deployment or a job: a curated image of a fixed version, or one built from pinned packages.

An image holds only what its conda file names, so the scoring server is added to the model's own lock, or to the lock of
the environment in which the model was tried here where a file was named. A curated image has a server already: through
``azureml-defaults``, or named beside it.

Sources: the images' conda files in ``assets/training/general/environments`` of the public repository
Azure/azureml-assets; the metadata of azureml-defaults 1.43 to 1.62.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from finbehave.backends.azure.client import Workspace
from finbehave.domain.environment import EnvironmentSpec, Interpreter
from finbehave.environments.curated import looks_curated
from finbehave.environments.files import read_environment
from finbehave.errors import IncompatibleModel, NotFound, UsageError
from finbehave.packaging.package import Package
from finbehave.progress import Progress
from finbehave.settings import Settings

BASE_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20260514.v1"
"""Carries conda, and what starts a scoring server on Azure; the server itself comes from the conda file. The name is
that of Azure's own example of a custom environment for an endpoint; its tag is fixed, since ``latest`` moves.

Source of the tag: the public repository sammoran78/cara-music-retrain at commit 52c5afc0 has it in
``azureml/environments/env_musicgen_audiocraft.yml``, and in ``docs/azureml_test_prep_evidence.md`` that Azure ML built
on it and ran a job in it on 2 June 2026."""

SERVER = "azureml-inference-server-http"
SERVERS: tuple[tuple[tuple[int, int], str], ...] = (((3, 9), "1.5.1"), ((3, 8), "1.3.4"))
"""Oldest Python -> the newest server that runs on it. Source: the requirements of its releases on the package index."""

CURATED_VERSIONS = {"sklearn-1.0": 42, "sklearn-1.1": 41, "sklearn-1.5": 50}
"""The version that is meant where none is named, so that a release today and one in a year run in the same image. Older
names have none here: they are to be named with theirs."""

USUAL_PYTHON = "3.11"

_NAMED = re.compile(
    r"(?:azureml://registries/azureml/environments/)?(?P<name>[\w.-]+?)"
    r"(?:(?:/versions/|:)(?P<version>\d+)|/labels/(?P<label>\w+)|@(?P<at>latest))?"
)
_REGISTRY = "azureml://registries/azureml/environments"


@dataclass(frozen=True)
class Built:
    """An environment that Azure builds: named by its content, so that the same is built once."""

    name: str
    conda: dict[str, Any]


def curated_reference(text: str) -> str:
    """The full reference of a curated image, with a version.

    Raises:
        UsageError: it names none, or the latest, which is another one next month.
    """
    match = _NAMED.fullmatch(text)
    if match is None:
        raise NotFound(f"there is no curated image {text}", remedy="name one like sklearn-1.5, or an environment file")
    name = match["name"].removeprefix("AzureML-")
    known = CURATED_VERSIONS.get(name)
    version = match["version"] or (None if match["label"] or match["at"] else known)
    if version is None:
        raise UsageError(
            f"{text} names no version of the image, and the latest is another one next month",
            remedy=f"--environment {name}:{known or 'VERSION'}",
        )
    return f"{_REGISTRY}/{name}/versions/{version}"


def built_environment(spec: EnvironmentSpec, *, serving: bool = True) -> Built:
    """What Azure is to build for a specification.

    Args:
        serving: Whether it has to hold the scoring server.

    Raises:
        IncompatibleModel: a Python for which there is no scoring server.
    """
    requirements = with_scoring_server(spec) if serving else spec.requirements
    dependencies = [f"python={spec.python or USUAL_PYTHON}", "pip", {"pip": list(requirements)}]
    conda = {"name": "model", "channels": ["conda-forge"], "dependencies": dependencies}
    digest = hashlib.sha256(json.dumps([BASE_IMAGE, conda], sort_keys=True).encode()).hexdigest()
    return Built(f"finbehave-{digest[:16]}", conda)


def with_scoring_server(spec: EnvironmentSpec) -> tuple[str, ...]:
    """The requirements, and with them the scoring server, at the end.

    Raises:
        IncompatibleModel: a Python for which there is none.
    """
    named = [line for line in spec.requirements if _is_server(line)]
    others = [line for line in spec.requirements if not _is_server(line)]
    return (*others, *(named[:1] or [_server_for(spec.python or USUAL_PYTHON)]))


def ensure_environment(workspace: Workspace, named: str | None, package: Package, progress: Progress) -> str:
    """The reference that a deployment takes: of a curated image, or of an environment that is there afterwards."""
    if named and looks_curated(named):
        return curated_reference(named)
    spec = _as_tried(read_environment(named), workspace.settings, progress) if named else package.environment
    return ensure_built(workspace, built_environment(spec))


def _as_tried(spec: EnvironmentSpec, settings: Settings, progress: Progress) -> EnvironmentSpec:
    """With every package pinned; where it was tried here, the environment is there already."""
    from finbehave.environments import isolated

    found = isolated.ensure_environment(spec, cache=settings.cache, offline=settings.offline, progress=progress)
    return pinned(spec, found)


def pinned(spec: EnvironmentSpec, built: Interpreter) -> EnvironmentSpec:
    """Exactly what was installed for a specification; a package that it names by its address keeps that."""
    lock = EnvironmentSpec.locked(spec.origin, built.python, built.packages)
    direct: dict[str, str] = {
        canonicalize_name(one.name): str(one) for one in map(Requirement, spec.requirements) if one.url
    }
    return replace(lock, requirements=tuple(direct.get(pin.partition("==")[0], pin) for pin in lock.requirements))


def ensure_built(workspace: Workspace, wanted: Built) -> str:
    """The reference of an environment that Azure builds, registered now if need be."""
    from azure.ai.ml.entities import Environment

    try:
        workspace.ask("reading the environment", lambda ml: ml.environments.get(wanted.name, version="1"))
    except NotFound:
        entity = Environment(name=wanted.name, version="1", image=BASE_IMAGE, conda_file=dict(wanted.conda))
        workspace.ask("registering the environment", lambda ml: ml.environments.create_or_update(entity))
    return f"azureml:{wanted.name}:1"


def _is_server(line: str) -> bool:
    return re.split(r"[\s\[=<>~!;]", line, maxsplit=1)[0].lower().replace("_", "-") == SERVER


def _server_for(python: str) -> str:
    minor = tuple(int(part) for part in python.split(".")[:2])
    for oldest, version in SERVERS:
        if minor >= oldest:
            return f"{SERVER}=={version}"
    raise IncompatibleModel(
        f"Azure's scoring server does not run on Python {python}",
        remedy="train the model in an environment with Python 3.8 or later: finbehave train --environment FILE",
    )
