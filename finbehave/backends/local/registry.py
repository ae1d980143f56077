"""The local registry: packages by name and semantic version, in the workspace.

    <workspace>/models/NAME/1.2.0/package/           the package, as it was registered
    <workspace>/models/NAME/1.2.0/registration.json  its digest, and when it was registered
    <workspace>/models/NAME/1.2.0/archived           there while the version is out of sight
    <workspace>/models/NAME/.lock                    held by whoever registers

A version appears by one rename of a folder that was complete and on the disk before.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from filelock import FileLock, Timeout

from finbehave.backends.base import Bump
from finbehave.backends.local.paths import models_dir
from finbehave.backends.versions import checked_name, chosen, numbers, same_or_new
from finbehave.disk import unwritable
from finbehave.domain.model import ModelRef, RegisteredModel, Registration
from finbehave.errors import Busy, ConfigurationError
from finbehave.packaging.package import Package, read_package, seal, write_json

_PACKAGE = "package"
_REGISTRATION = "registration.json"
_ARCHIVED = "archived"
_STAGING = ".staging-"
_LOCK_SECONDS = 120.0
"""How long a registration waits for another one of the same name; each copies one package."""


class LocalRegistry:
    """Fulfils ``ModelRegistry`` in a workspace."""

    def __init__(self, workspace: Path) -> None:
        self._root = models_dir(workspace)

    def register(self, package: Path, name: str, *, version: str | None = None, bump: Bump = "patch") -> Registration:
        """Store a package under the version that is named, or the next one."""
        checked_name(name, version)
        given = read_package(package)
        with self._locked(name) as home:
            decided = same_or_new(self._versions(name), given.digest, version=version, bump=bump)
            if isinstance(decided, RegisteredModel):
                return Registration(decided, created=False)
            self._store(home, given, name, decided)
        return Registration(self._read(name, decided), created=True)

    def get(self, ref: ModelRef) -> RegisteredModel:
        """The version, or the latest that is not archived."""
        return chosen(self._versions(ref.name), ref)

    def list(self, name: str | None = None, *, archived: bool = False) -> tuple[RegisteredModel, ...]:
        """All versions by name and version."""
        names = [name] if name else sorted(entry.name for entry in self._folders(self._root))
        found = [one for each in names for one in self._versions(each)]
        return tuple(one for one in found if archived or not one.archived)

    def package(self, ref: ModelRef) -> Path:
        """The stored package, verified. Not to be written to."""
        found = self.get(ref)
        path = self._root / found.name / found.version / _PACKAGE
        read_package(path)
        return path

    def archive(self, ref: ModelRef, *, archived: bool = True) -> RegisteredModel:
        """Hide a version, or bring it back."""
        found = self.get(ref)
        mark = self._root / found.name / found.version / _ARCHIVED
        with _written(mark):
            if archived:
                mark.touch()
            else:
                mark.unlink(missing_ok=True)
        return replace(found, archived=archived)

    # --- on the disk ----------------------------------------------------------------------------------------

    @contextmanager
    def _locked(self, name: str) -> Iterator[Path]:
        """The folder of a name, held alone and free of what a killed registration has left."""
        home = self._root / name
        with _written(home):
            home.mkdir(parents=True, exist_ok=True)
            try:
                lock = FileLock(home / ".lock", timeout=_LOCK_SECONDS)
                lock.acquire()
            except Timeout:
                raise Busy(
                    f"another command has been registering {name} for {_LOCK_SECONDS:g} s",
                    remedy="run the command again when that one is done",
                ) from None
            try:
                for left in home.glob(f"{_STAGING}*"):
                    shutil.rmtree(left, ignore_errors=True)
                yield home
            finally:
                lock.release()

    def _store(self, home: Path, given: Package, name: str, version: str) -> None:
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=home))
        try:
            copy = staging / _PACKAGE
            shutil.copytree(given.path, copy)
            stored = seal(copy, replace(given.manifest, name=name, version=version))
            now = datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
            write_json(staging / _REGISTRATION, {"schema_version": 1, "digest": given.digest, "created": now})
            if read_package(copy).digest != given.digest:
                raise ConfigurationError(
                    f"{given.path} changed while it was registered: {sorted(stored.files)[0]} and others",
                    remedy="register it again when nothing writes to it",
                )
            staging.chmod(0o755)
            _settle(staging)
            staging.rename(home / version)
            _settle_folder(home)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _versions(self, name: str) -> Sequence[RegisteredModel]:
        """Every version of a name, the oldest first."""
        folders = [entry.name for entry in self._folders(self._root / name) if not entry.name.startswith(".")]
        return [self._read(name, version) for version in sorted(folders, key=numbers)]

    def _folders(self, path: Path) -> Sequence[Path]:
        try:
            return [entry for entry in path.iterdir() if entry.is_dir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be read: {error.strerror or error}", remedy="name another --workspace"
            ) from error

    def _read(self, name: str, version: str) -> RegisteredModel:
        home = self._root / name / version
        try:
            stored = json.loads((home / _REGISTRATION).read_text(encoding="utf-8"))
            manifest = json.loads((home / _PACKAGE / "manifest.json").read_text(encoding="utf-8"))
            trained_with = {"python": str(manifest["python"]), **manifest["packages"]}
            archived = (home / _ARCHIVED).exists()
            return RegisteredModel(name, version, stored["digest"], stored["created"], archived, trained_with)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"what is stored of {name}:{version} cannot be read: {error}",
                remedy=f"remove {home}, then register the package again",
            ) from error


def _settle(folder: Path) -> None:
    """Everything below a folder is on the disk, so that a version never survives a power cut by its name alone."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        else:
            _settle_folder(path)
    _settle_folder(folder)


def _settle_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(path, error, remedy="name another --workspace", after="nothing was registered") from error
