"""The manifest of a model package and the schema of its features."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Task(str, Enum):
    """What the target asks for."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


class FeatureKind(str, Enum):
    """How a value of a feature is written in a request.

    ``date`` is an ISO 8601 date or time; the model sees days since 1970-01-01 as a number.
    """

    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    DATE = "date"


@dataclass(frozen=True)
class Feature:
    """One column the model takes. Null is always allowed: the pipeline imputes.

    ``categories`` are those seen in training (a value never seen is allowed and treated as unknown);
    ``minimum`` and ``maximum`` are those seen in training, for documentation, not for refusal.
    """

    name: str
    kind: FeatureKind
    categories: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    example: Any = None


@dataclass(frozen=True)
class Manifest:
    """``manifest.json``: what a package is, and the sha256 of every other file in it.

    ``classes`` is empty for a regression. ``threshold`` is the probability of ``classes[1]`` from which a binary
    model answers ``classes[1]``; None elsewhere. ``packages`` maps normalised names to exact versions. ``metrics``
    are held-out. ``data`` describes the training file without naming its folder: ``sha256``, ``rows``, ``columns``.
    """

    name: str
    version: str
    task: Task
    target: str
    classes: tuple[Any, ...]
    features: tuple[Feature, ...]
    threshold: float | None
    metrics: dict[str, float]
    estimator: str
    python: str
    packages: dict[str, str]
    data: dict[str, Any]
    created: str
    files: dict[str, str] = field(default_factory=dict)
    schema_version: int = 1


@dataclass(frozen=True)
class Golden:
    """``golden.json``: held-out rows with the answers they must give, within ``tolerance`` (absolute).

    ``probabilities`` has one list per row in the order of the manifest's classes; None where the model has none.
    """

    rows: tuple[dict[str, Any], ...]
    predictions: tuple[Any, ...]
    probabilities: tuple[tuple[float, ...], ...] | None
    tolerance: float = 1e-6
    schema_version: int = 1
