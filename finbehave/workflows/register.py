"""register: put a model package into the registry, under a name and a version."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from finbehave.backends.base import Bump, open_backend
from finbehave.domain.check import CheckGroup
from finbehave.errors import NotFound, UsageError
from finbehave.packaging.package import Package, read_package
from finbehave.progress import QUIET, Progress, checking
from finbehave.settings import Settings, load_settings
from finbehave.workflows.judging import judge, refusal
from finbehave.workflows.wrapping import wrap


@dataclass(frozen=True)
class RegisterResult:
    """``created`` is False when the same content was there already, under this version."""

    name: str
    version: str
    digest: str
    created: bool


def register(
    package: Path,
    *,
    name: str | None = None,
    version: str | None = None,
    bump: Bump = "patch",
    environment: str | None = None,
    settings: Settings | None = None,
    progress: Progress = QUIET,
) -> RegisterResult:
    """Store a package; the same content again answers with the version that is there.

    Args:
        package: A package directory, or a bare model file, which needs ``environment``.
        name: Default: what the package calls itself.
        version: ``X.Y.Z``; default: the next after the highest, by ``bump``.
        environment: What a bare file is to run in.

    Raises:
        TamperedPackage: files that are not those of the manifest.
        UnsafeModel, UnknownModel, IncompatibleModel: the model file, read without loading it, cannot be trusted, or
            needs classes that no environment has.
    """
    settings = settings or load_settings()
    if not package.exists():
        raise NotFound(f"there is nothing at {package}", remedy="finbehave train writes a package")
    if package.is_file():
        return _register_file(package, name, version, bump, environment, settings, progress)
    if environment is not None:
        raise UsageError("a package brings its own environment", remedy="leave --environment out, or give it to deploy")
    with checking(progress, "package", CheckGroup.ENVIRONMENT) as check:
        found = read_package(package)
        check.detail = f"{found.manifest.name}, every file as packed"
    report = judge(package, None, probe=False, settings=settings, progress=progress)
    if (refused := refusal(str(package), report)) is not None:
        raise refused
    return _store(found, name, version, bump, settings, progress)


def _register_file(
    file: Path,
    name: str | None,
    version: str | None,
    bump: Bump,
    environment: str | None,
    settings: Settings,
    progress: Progress,
) -> RegisterResult:
    if environment is None:
        raise UsageError(
            f"{file} is a bare model file, which does not say what it is to run in",
            remedy=f"finbehave register {file} --environment environment.yml, or --environment scikit-learn==1.5.2",
        )
    with tempfile.TemporaryDirectory(prefix="finbehave-register-") as folder:
        package = wrap(file, name or settings.model_name, environment, Path(folder), settings, progress)
        return _store(package, name, version, bump, settings, progress)


def _store(
    package: Package, name: str | None, version: str | None, bump: Bump, settings: Settings, progress: Progress
) -> RegisterResult:
    registry = open_backend(settings, progress).models
    done = registry.register(package.path, name or package.manifest.name, version=version, bump=bump)
    return RegisterResult(done.model.name, done.model.version, done.model.digest, done.created)
