"""One validation step and its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class CheckStatus(str, Enum):
    """How a check ended."""

    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class CheckGroup(str, Enum):
    """The five levels of testing that a release goes through."""

    ENVIRONMENT = "environment"
    COMPATIBILITY = "compatibility"
    LOCAL_MODEL = "local model"
    INTEGRATION = "integration"
    END_TO_END = "end to end"


@dataclass(frozen=True)
class Check:
    """A step that was checked. A failed check always has a remedy that is a command or an edit."""

    name: str
    group: CheckGroup
    status: CheckStatus
    detail: str = ""
    seconds: float = 0.0
    remedy: str | None = None
