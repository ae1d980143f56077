"""A model package, loaded where its environment is: the model, its schema, and how it answers.

Loading runs code from the model file, so this happens in the guest only, after the host has verified the package's
digests and judged the file. Python 3.8 and later.
"""

from __future__ import annotations

import json
import os
from typing import Any, Mapping, Sequence

from frames import Schema


class Model:
    """A fitted pipeline with its manifest."""

    def __init__(self, pipeline: Any, manifest: Mapping[str, Any]) -> None:
        self.pipeline = pipeline
        self.manifest = manifest
        self.schema = Schema(manifest["features"])
        self.classes = list(manifest["classes"])
        self.labels = [_label(value) for value in self.classes]
        self.threshold = manifest.get("threshold")

    @classmethod
    def open(cls, package: str) -> Model:
        """Load ``model.joblib`` and ``manifest.json`` of a package directory."""
        import joblib

        with open(os.path.join(package, "manifest.json"), encoding="utf-8") as file:
            manifest = json.load(file)
        return cls(joblib.load(os.path.join(package, "model.joblib")), manifest)

    def predict(self, frame: Any) -> tuple[list[Any], list[list[float]] | None]:
        """Answer a frame of ``n`` rows.

        Returns:
            ``n`` predictions, and ``n`` lists of probabilities in the order of the manifest's classes (None for a
            regression or a model without probabilities). With a threshold, the second class is predicted from that
            probability on, and the probability decides alone.
        """
        if not self.classes:
            return [float(value) for value in self.pipeline.predict(frame)], None
        if not hasattr(self.pipeline, "predict_proba"):
            return [_plain(value) for value in self.pipeline.predict(frame)], None
        probabilities = self.pipeline.predict_proba(frame)
        if self.threshold is not None:
            chosen = (probabilities[:, 1] >= self.threshold).astype(int)
        else:
            chosen = probabilities.argmax(axis=1)
        return [self.classes[index] for index in chosen], probabilities.tolist()

    def answer(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """``predictions`` and ``probabilities`` (class -> p per row, or None) of checked rows."""
        predictions, probabilities = self.predict(self.schema.frame(rows))
        named = None if probabilities is None else [dict(zip(self.labels, row)) for row in probabilities]
        return {"predictions": predictions, "probabilities": named}


def limit_threads() -> None:
    """One thread for each process that serves: the OpenMP threads of several spin against each other.

    Before numpy is imported; what is set already stays.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def _label(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
