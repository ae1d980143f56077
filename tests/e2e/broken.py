"""Packages whose files are in order and whose model is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from finbehave.packaging.package import GOLDEN, MODEL, manifest_from, seal

CRASH = "minimum of 2 is required"
"""What scikit-learn says in the log of a worker that loads the model of ``fails_alone``."""


def fails_alone(package: Path, into: Path) -> Path:
    """A copy whose model loads and answers several rows, and raises for a single one, which no reading of it shows."""
    import joblib
    from sklearn.preprocessing import FunctionTransformer
    from sklearn.utils import check_array

    shutil.copytree(package, into)
    pipeline = joblib.load(into / MODEL)
    guard = FunctionTransformer(check_array, kw_args={"ensure_min_samples": 2})
    pipeline.steps.insert(len(pipeline.steps) - 1, ("guard", guard.fit([[0.0], [1.0]])))
    joblib.dump(pipeline, into / MODEL)
    return _sealed(into)


def says_otherwise(package: Path, into: Path) -> Path:
    """A copy whose golden records are not what its model answers."""
    shutil.copytree(package, into)
    golden = json.loads((into / GOLDEN).read_text())
    golden["probabilities"] = [row[::-1] for row in golden["probabilities"]]
    (into / GOLDEN).write_text(json.dumps(golden))
    return _sealed(into)


def _sealed(folder: Path) -> Path:
    seal(folder, manifest_from(json.loads((folder / "manifest.json").read_text())))
    return folder
