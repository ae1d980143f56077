"""The model package on disk: writing it whole, reading it only when every digest matches.

A package is a directory; ``manifest.json`` names the sha256 of every other file in it. Nothing in a package is loaded
here: ``model.joblib`` is bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from finbehave.disk import unwritable
from finbehave.domain.environment import EnvironmentSpec
from finbehave.domain.manifest import Feature, FeatureKind, Golden, Manifest, Task
from finbehave.errors import NotFound, TamperedPackage, UsageError

MODEL = "model.joblib"
MANIFEST = "manifest.json"
ENVIRONMENT = "environment.yml"
REQUIREMENTS = "requirements.txt"
GOLDEN = "golden.json"
REFERENCE = "reference.json"
REPORT = "report.html"

REQUIRED = (MODEL, ENVIRONMENT, REQUIREMENTS, GOLDEN)
"""Without these a package cannot be judged or served; the others are for people and for drift."""

_CHUNK = 1 << 20
_VOLATILE = ("created", "version", "name")
"""Not part of a package's digest: when it was made, and what a registry calls it."""


@dataclass(frozen=True)
class Package:
    """A package whose files are those its manifest names. ``digest`` is ``sha256:…`` of its content."""

    path: Path
    manifest: Manifest
    digest: str

    @property
    def environment(self) -> EnvironmentSpec:
        """The environment it was trained in: its Python and its full lock."""
        lines = (self.path / REQUIREMENTS).read_text(encoding="utf-8").splitlines()
        requirements = tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
        minor = ".".join(self.manifest.python.split(".")[:2])
        return EnvironmentSpec(f"the environment of {self.manifest.name}", minor, requirements)

    @property
    def golden(self) -> Golden:
        """Its golden records."""
        return golden_from(json.loads((self.path / GOLDEN).read_text(encoding="utf-8")))


def sha256_of(path: Path) -> str:
    """The hexadecimal sha256 of a file, read in chunks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def content_digest(manifest: Manifest) -> str:
    """``sha256:…`` over the manifest, and through it over every file, but for when it was made and how it is called."""
    fields = {name: value for name, value in _manifest_json(manifest).items() if name not in _VOLATILE}
    return "sha256:" + hashlib.sha256(_canonical(fields)).hexdigest()


def is_package(path: Path) -> bool:
    """Whether this is meant as a package: a directory with a manifest or a model in it."""
    return path.is_dir() and ((path / MANIFEST).exists() or (path / MODEL).exists())


def read_package(path: Path) -> Package:
    """Read and verify a package.

    Raises:
        NotFound: no such directory.
        TamperedPackage: no manifest, one that cannot be read, a file that is missing, added or changed.
    """
    if not path.is_dir():
        raise NotFound(f"there is no model package at {path}", remedy="finbehave train writes one")
    try:
        stored = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        manifest = manifest_from(stored)
    except FileNotFoundError:
        raise TamperedPackage(
            f"{path} has no {MANIFEST}, so nothing says what its files must be", remedy=_AGAIN
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TamperedPackage(f"the {MANIFEST} of {path} cannot be read: {error}", remedy=_AGAIN) from None
    _verify_files(path, manifest)
    return Package(path, manifest, content_digest(manifest))


_AGAIN = "make the package again with finbehave train, or fetch it again with finbehave models download"


def _verify_files(path: Path, manifest: Manifest) -> None:
    for name in REQUIRED:
        if name not in manifest.files:
            raise TamperedPackage(f"the {MANIFEST} of {path} does not name {name}", remedy=_AGAIN)
    present = {file.relative_to(path).as_posix() for file in path.rglob("*") if not file.is_dir()} - {MANIFEST}
    for name, expected in manifest.files.items():
        if name not in present:
            raise TamperedPackage(f"{name} is missing from the package {path}", remedy=_AGAIN)
        if (path / name).is_symlink() or sha256_of(path / name) != expected:
            raise TamperedPackage(
                f"{name} in the package {path} is not the file that was packed: its sha256 differs", remedy=_AGAIN
            )
    if added := sorted(present - set(manifest.files)):
        raise TamperedPackage(f"the package {path} holds {added[0]}, which its manifest does not name", remedy=_AGAIN)


@contextmanager
def writing_package(target: Path) -> Iterator[Path]:
    """A folder beside ``target`` to write files into; it becomes ``target`` at the end, whole, or nothing is left.

    An older package at ``target`` is replaced only when the new one is complete.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise unwritable(target, error, remedy="name another folder with --out") from error
    try:
        yield staging
        staging.chmod(0o755)
        _exchange(staging, target)
    except OSError as error:
        raise unwritable(target, error, remedy="name another folder with --out") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def copy_package(source: Path, into: Path) -> None:
    """Copy a verified package, and verify the copy.

    Raises:
        UsageError: ``into`` is there already and not empty.
    """
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise UsageError(f"{into} is there already and not empty", remedy="name a folder that is not there yet")
    with writing_package(into) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
    read_package(into)


def _exchange(staging: Path, target: Path) -> None:
    if not target.exists():
        staging.rename(target)
        return
    if not is_package(target) and any(target.iterdir()):
        raise FileExistsError(f"{target} exists and is no model package")
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    try:
        target.rename(old / target.name)
        staging.rename(target)
    except OSError:
        if not target.exists() and (old / target.name).exists():
            (old / target.name).rename(target)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def seal(folder: Path, manifest: Manifest) -> Manifest:
    """Write ``manifest.json`` with the sha256 of every other file in the folder, and return it as written."""
    files = {
        file.relative_to(folder).as_posix(): sha256_of(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != MANIFEST
    }
    sealed = replace(manifest, files=files)
    write_json(folder / MANIFEST, _manifest_json(sealed))
    return sealed


def write_json(path: Path, value: Any) -> None:
    """Write JSON for people and machines: sorted keys, two spaces, one final newline, flushed to the disk."""
    with path.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _manifest_json(manifest: Manifest) -> dict[str, Any]:
    fields = asdict(manifest)
    fields["task"] = manifest.task.value
    fields["features"] = [asdict(feature) | {"kind": feature.kind.value} for feature in manifest.features]
    return fields


def manifest_from(stored: Mapping[str, Any]) -> Manifest:
    """The manifest of its JSON. Raises KeyError, TypeError or ValueError for what is none."""
    if stored["schema_version"] != 1:
        raise ValueError(f"schema_version {stored['schema_version']} is newer than this finbehave")
    features = tuple(
        Feature(
            name=feature["name"],
            kind=FeatureKind(feature["kind"]),
            categories=tuple(feature.get("categories", ())),
            minimum=feature.get("minimum"),
            maximum=feature.get("maximum"),
            example=feature.get("example"),
        )
        for feature in stored["features"]
    )
    known = {name: stored[name] for name in Manifest.__dataclass_fields__ if name in stored}
    return Manifest(
        **{**known, "task": Task(stored["task"]), "classes": tuple(stored["classes"]), "features": features}
    )


def golden_from(stored: Mapping[str, Any]) -> Golden:
    """The golden records of their JSON."""
    probabilities = stored["probabilities"]
    return Golden(
        rows=tuple(stored["rows"]),
        predictions=tuple(stored["predictions"]),
        probabilities=None if probabilities is None else tuple(tuple(row) for row in probabilities),
        tolerance=stored["tolerance"],
    )
