"""models: what the registry holds, and getting it out or out of sight."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from finbehave.backends.base import open_backend
from finbehave.domain.manifest import Manifest
from finbehave.domain.model import ModelRef, RegisteredModel
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings


@dataclass(frozen=True)
class ModelsResult:
    """Versions, oldest first by name."""

    models: tuple[RegisteredModel, ...]


@dataclass(frozen=True)
class ModelDetails:
    """One version, with the manifest of its package."""

    models: tuple[RegisteredModel, ...]
    manifest: Manifest


@dataclass(frozen=True)
class DownloadResult:
    """A copy of a package, verified."""

    models: tuple[RegisteredModel, ...]
    package: Path


def list_models(
    name: str | None = None, *, archived: bool = False, settings: Settings | None = None, progress: Progress = QUIET
) -> ModelsResult:
    """All versions, or those of one name; archived ones only when asked for."""
    registry = open_backend(settings or load_settings(), progress).models
    return ModelsResult(tuple(registry.list(name, archived=archived)))


def show_model(model: str, *, settings: Settings | None = None, progress: Progress = QUIET) -> ModelDetails:
    """One version and what its package says of itself."""
    from finbehave.packaging.package import read_package

    registry = open_backend(settings or load_settings(), progress).models
    found = registry.get(ModelRef.parse(model))
    return ModelDetails((found,), read_package(registry.package(found.ref)).manifest)


def download_model(
    model: str, into: Path, *, settings: Settings | None = None, progress: Progress = QUIET
) -> DownloadResult:
    """Copy a version's package to a folder that is not there yet or is empty."""
    from finbehave.packaging.package import copy_package

    registry = open_backend(settings or load_settings(), progress).models
    found = registry.get(ModelRef.parse(model))
    copy_package(registry.package(found.ref), into)
    return DownloadResult((found,), into)


def archive_model(
    model: str, *, restore: bool = False, settings: Settings | None = None, progress: Progress = QUIET
) -> ModelsResult:
    """Hide one version from listings and from ``latest``, or bring it back."""
    registry = open_backend(settings or load_settings(), progress).models
    return ModelsResult((registry.archive(registry.get(ModelRef.parse(model)).ref, archived=not restore),))
