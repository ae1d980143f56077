"""Packages whose files are in order and whose model is not."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

from finbehave.packaging.package import GOLDEN, MODEL, manifest_from, seal

YES = 4.0
"""Added to the log odds."""

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


def says_yes(package: Path, into: Path) -> Path:
    """A copy that says yes to nearly everybody; its golden records agree, its clients are surprised."""
    import joblib

    shutil.copytree(package, into)
    pipeline = joblib.load(into / MODEL)
    pipeline[-1].intercept_ += YES
    joblib.dump(pipeline, into / MODEL)
    golden, manifest = (json.loads((into / name).read_text()) for name in (GOLDEN, "manifest.json"))
    golden["probabilities"] = [[1 - high, high] for high in (_moved(row[1]) for row in golden["probabilities"])]
    golden["predictions"] = [manifest["classes"][row[1] >= manifest["threshold"]] for row in golden["probabilities"]]
    (into / GOLDEN).write_text(json.dumps(golden))
    return _sealed(into)


def _moved(probability: float) -> float:
    return 1 / (1 + (1 - probability) / probability * math.exp(-YES))


def _sealed(folder: Path) -> Path:
    seal(folder, manifest_from(json.loads((folder / "manifest.json").read_text())))
    return folder
