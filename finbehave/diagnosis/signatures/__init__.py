"""The signatures, in the order in which they are tried on a line: the more exact first."""

from __future__ import annotations

from finbehave.diagnosis.signatures import (
    builds,
    estimators,
    gateway,
    models,
    packages,
    platforms,
    processes,
    scripts,
    versions,
)
from finbehave.diagnosis.signatures.form import Signature

SIGNATURES: tuple[Signature, ...] = (
    *gateway.SIGNATURES,
    *scripts.SIGNATURES,
    *estimators.SIGNATURES,
    *versions.NUMPY_SIGNATURES,
    *versions.PYTHON_SIGNATURES,
    *versions.LIBRARY_SIGNATURES,
    *packages.SIGNATURES,
    *models.SIGNATURES,
    *processes.SIGNATURES,
    *builds.SIGNATURES,
    *platforms.SIGNATURES,
    scripts.REFUSED_ROWS,
)
