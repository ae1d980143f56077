"""The model registry of an Azure ML workspace, holding packages by semantic version.

A version's ``properties``, which nobody can change later, hold the package's digest; what is downloaded is verified
against it. Archived versions are those that the service archives.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from finbehave.backends.azure.client import Workspace
from finbehave.backends.azure.translate import Taken
from finbehave.backends.base import Bump
from finbehave.backends.versions import checked_name, chosen, numbers, same_or_new
from finbehave.domain.manifest import Manifest
from finbehave.domain.model import ModelRef, RegisteredModel, Registration
from finbehave.errors import FinbehaveError, NotFound, TamperedPackage
from finbehave.packaging.package import MANIFEST, Package, read_package, seal, writing_package
from finbehave.settings import Settings

DIGEST = "finbehave-digest"
TRAINED_WITH = "finbehave-trained-with"
_TOLD = ("scikit-learn", "numpy", "pandas", "scipy", "joblib")
"""Packages whose versions a listing tells; the others are in the package."""

_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_TRIES = 5


class AzureRegistry:
    """Fulfils ``ModelRegistry`` in a workspace of Azure ML."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        account = workspace.account
        place = "-".join(re.sub(r"[^\w.-]", "_", part) for part in (account.subscription, account.group))
        self._cache = settings.workspace.absolute() / "azure" / f"{place}-{account.workspace}" / "models"

    def register(self, package: Path, name: str, *, version: str | None = None, bump: Bump = "patch") -> Registration:
        """Upload a package under the version that is named, or the next one."""
        checked_name(name, version)
        given = read_package(package)
        for _ in range(_TRIES):
            decided = same_or_new(self._versions(name), given.digest, version=version, bump=bump)
            if isinstance(decided, RegisteredModel):
                return Registration(decided, created=False)
            try:
                self._upload(given, name, decided)
            except Taken:  # another registration came first, with other content
                continue
            stored = self.get(ModelRef(name, decided))
            if stored.digest == given.digest:
                return Registration(stored, created=True)
        raise Taken(
            f"others are registering {name}: version after version was taken in between",
            remedy=f"finbehave models list --name {name}, then register again",
        )

    def _upload(self, given: Package, name: str, version: str) -> None:
        """From a clean folder: the SDK leaves out what a ``.gitignore`` beside the files says."""
        from azure.ai.ml.entities import Model

        with tempfile.TemporaryDirectory(prefix="finbehave-azure-") as folder:
            copy = Path(folder) / "package"
            shutil.copytree(given.path, copy)
            seal(copy, replace(given.manifest, name=name, version=version))
            self._workspace.ask(
                f"registering {name}:{version}",
                lambda ml: ml.models.create_or_update(
                    Model(
                        name=name, version=version, path=str(copy), type="custom_model",
                        properties={DIGEST: given.digest, TRAINED_WITH: _trained_with(given.manifest)},
                        description=f"{given.manifest.estimator} on {given.manifest.target}, a package of finbehave",
                    )
                ),
            )  # fmt: skip

    def get(self, ref: ModelRef) -> RegisteredModel:
        """The version, or the latest that is not archived."""
        where = f" in the workspace {self._workspace.account.workspace}"
        return chosen(self._versions(ref.name), ref, where=where)

    def list(self, name: str | None = None, *, archived: bool = False) -> tuple[RegisteredModel, ...]:
        """All versions by name and version; models that finbehave has not registered are left out."""
        names = [name] if name else sorted(self._names())
        found = [one for each in names for one in self._versions(each)]
        return tuple(one for one in found if archived or not one.archived)

    def package(self, ref: ModelRef) -> Path:
        """A verified copy in the workspace's folder on this machine, downloaded when it is not there yet."""
        found = self.get(ref)
        kept = self._cache / found.name / found.version
        if _holds(kept, found.digest):
            return kept
        with tempfile.TemporaryDirectory(prefix="finbehave-azure-") as folder:
            self._workspace.ask(
                f"downloading {found.ref}",
                lambda ml: ml.models.download(found.name, found.version, download_path=folder),
            )
            loaded = next((path.parent for path in sorted(Path(folder).rglob(MANIFEST))), None)
            if loaded is None:
                raise TamperedPackage(
                    f"what is stored as {found.ref} is no package: it has no {MANIFEST}",
                    remedy="register the package again under a new version, with finbehave register PACKAGE",
                )
            if read_package(loaded).digest != found.digest:
                raise _other(found)
            with writing_package(kept) as target:
                shutil.copytree(loaded, target, dirs_exist_ok=True)
        return kept

    def archive(self, ref: ModelRef, *, archived: bool = True) -> RegisteredModel:
        """Hide a version, or bring it back."""
        found = self.get(ref)
        verb = "archive" if archived else "restore"
        if found.archived != archived:
            self._workspace.ask(
                f"{verb} of {found.ref}",
                lambda ml: getattr(ml.models, verb)(name=found.name, version=found.version),
            )
        return replace(found, archived=archived)

    # --- what the service holds ---------------------------------------------------------------------------------

    def _names(self) -> Sequence[str]:
        return self._workspace.ask("listing the models", lambda ml: [one.name for one in ml.models.list()])

    def _versions(self, name: str) -> Sequence[RegisteredModel]:
        """Every version of a name that is a package, the oldest first."""
        found = [
            _model(one, archived=archived)
            for archived in (False, True)
            for one in self._listed(name, archived=archived)
            if _VERSION.fullmatch(str(one.version)) and DIGEST in (one.properties or {})
        ]
        return sorted(found, key=lambda one: numbers(one.version))

    def _listed(self, name: str, *, archived: bool) -> Sequence[Any]:
        def listed(ml: Any) -> list[Any]:
            from azure.ai.ml.constants import ListViewType

            view = ListViewType.ARCHIVED_ONLY if archived else ListViewType.ACTIVE_ONLY
            return list(ml.models.list(name=name, list_view_type=view))

        try:
            return self._workspace.ask(f"listing the versions of {name}", listed)
        except NotFound as error:  # a name that was never registered
            if _nowhere(error):
                raise
            return []


def _nowhere(error: NotFound) -> bool:
    """Whether the workspace itself is not there: that sign's remedy names a variable of the environment."""
    return "AZURE_" in error.remedy


def _model(one: Any, *, archived: bool) -> RegisteredModel:
    created = one.creation_context.created_at if one.creation_context else None
    try:
        trained_with = json.loads(one.properties.get(TRAINED_WITH, "{}"))
    except ValueError:
        trained_with = {}
    stamp = created.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(created, datetime) else str(created or "")
    return RegisteredModel(one.name, str(one.version), one.properties[DIGEST], stamp, archived, trained_with)


def _trained_with(manifest: Manifest) -> str:
    told = {name: manifest.packages[name] for name in _TOLD if name in manifest.packages}
    return json.dumps({"python": manifest.python, **told})


def _holds(path: Path, digest: str) -> bool:
    if not path.is_dir():
        return False
    try:
        return read_package(path).digest == digest
    except FinbehaveError:  # damaged here: downloaded again
        return False


def _other(found: RegisteredModel) -> TamperedPackage:
    return TamperedPackage(
        f"what is stored as {found.ref} is not what was registered: its digest is not {found.digest[:19]}…",
        remedy="register the package again under a new version, with finbehave register PACKAGE",
    )
