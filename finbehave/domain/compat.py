"""What check-compat says about a model in an environment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(str, Enum):
    """From best to worst, in this order."""

    COMPATIBLE = "compatible"
    RISKY = "risky"
    UNKNOWN = "unknown"
    INCOMPATIBLE = "incompatible"
    UNSAFE = "unsafe"


class Severity(str, Enum):
    """How much a finding weighs."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    DANGER = "danger"


@dataclass(frozen=True)
class Finding:
    """One fact about the model in the target, and what to do about it."""

    severity: Severity
    code: str
    message: str
    remedy: str


@dataclass(frozen=True)
class ProbeOutcome:
    """What happened when the model was loaded and asked in the target environment.

    ``max_abs_diff`` is the largest absolute difference from the golden records (infinite for another label);
    None where nothing could be compared.
    """

    loaded: bool
    predicted: bool
    max_abs_diff: float | None
    seconds: float
    error: str | None


@dataclass(frozen=True)
class Versions:
    """A Python version and package versions, as far as they are known."""

    python: str | None
    packages: dict[str, str]


@dataclass(frozen=True)
class TargetReport:
    """The verdict for one environment."""

    name: str
    verdict: Verdict
    trained_with: Versions
    target: Versions
    findings: tuple[Finding, ...]
    probe: ProbeOutcome | None
