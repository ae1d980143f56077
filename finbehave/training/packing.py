"""From the guest's result to the files of a package, beside the model that it wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from finbehave.data.load import Table
from finbehave.domain.environment import TOOLS
from finbehave.domain.manifest import Feature, FeatureKind, Golden, Manifest, Task
from finbehave.packaging.package import ENVIRONMENT, GOLDEN, REFERENCE, REQUIREMENTS, write_json

UNREGISTERED = "0.0.0"
"""The version of a package that no registry has given one."""

_PINNED = ("scikit-learn", "numpy", "scipy", "pandas", "joblib")


def write_files(
    folder: Path, name: str, task: Task, target: str, result: Mapping[str, Any], table: Table, *, isolated: bool
) -> Manifest:
    """Write everything but the model and the report, and return the manifest to seal the package with.

    Args:
        folder: Where the guest has put the model.
        result: What ``guest/fit.py`` answered.
        isolated: Whether it was fitted in an environment of its own, whose whole content is then the lock; else the
            lock is what the model needs of the environment of finbehave.
    """
    found = result["inventory"]
    lock = write_lock(folder, name, found["python"], result["installed"] if isolated else found["packages"])
    golden = write_golden(folder, result["golden"])
    write_json(folder / REFERENCE, {"schema_version": 1, **result["reference"]})
    return Manifest(
        name=name,
        version=UNREGISTERED,
        task=task,
        target=target,
        classes=tuple(result["classes"]),
        features=features_of(result["features"], golden),
        threshold=result["threshold"],
        metrics=dict(result["metrics"]),
        estimator=result["estimator"],
        python=found["python"],
        packages=lock,
        data={"sha256": table.sha256, "rows": table.rows, "columns": len(table.kinds)},
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )


def write_lock(folder: Path, name: str, python: str, installed: Mapping[str, str]) -> dict[str, str]:
    """Write both files of an environment, and return its packages without the tools that install them."""
    lock = {package: version for package, version in installed.items() if package not in TOOLS}
    (folder / REQUIREMENTS).write_text(
        "".join(f"{package}=={version}\n" for package, version in sorted(lock.items())), encoding="utf-8"
    )
    (folder / ENVIRONMENT).write_text(_environment(name, python, lock), encoding="utf-8")
    return lock


def write_golden(folder: Path, stored: Mapping[str, Any]) -> Golden:
    """Write ``golden.json`` of ``rows``, ``predictions`` and ``probabilities``."""
    probabilities = stored["probabilities"]
    golden = Golden(
        rows=tuple(stored["rows"]),
        predictions=tuple(stored["predictions"]),
        probabilities=None if probabilities is None else tuple(tuple(row) for row in probabilities),
    )
    write_json(folder / GOLDEN, {**vars(golden)})
    return golden


def features_of(stored: Sequence[Mapping[str, Any]], golden: Golden) -> tuple[Feature, ...]:
    """The features as a manifest has them, each with an example out of the golden records."""
    return tuple(
        Feature(
            name=feature["name"],
            kind=FeatureKind(feature["kind"]),
            categories=tuple(feature.get("categories", ())),
            minimum=feature.get("minimum"),
            maximum=feature.get("maximum"),
            example=next((row[feature["name"]] for row in golden.rows if row[feature["name"]] is not None), None),
        )
        for feature in stored
    )


def _environment(name: str, python: str, lock: Mapping[str, str]) -> str:
    """A conda file with the packages that the model is made of; pip installs them, so that it means the same wheels."""
    pins = "".join(f"      - {package}=={lock[package]}\n" for package in _PINNED if package in lock)
    minor = ".".join(python.split(".")[:2])
    return f"name: {name}\nchannels: [conda-forge]\ndependencies:\n  - python={minor}\n  - pip\n  - pip:\n{pins}"
