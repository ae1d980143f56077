"""Causes named from a log."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Evidence:
    """The line of the log (counted from 1) that shows a cause."""

    line: int
    text: str


@dataclass(frozen=True)
class Cause:
    """One cause: a code of the contract, a title in words, what shows it, and the command or edit that mends it.

    ``confidence`` lies between 0 and 1.
    """

    code: str
    title: str
    evidence: tuple[Evidence, ...]
    remedy: str
    confidence: float
