"""Carry a scikit-learn model on financial-behaviour data from a file to a live, revertible endpoint."""

from __future__ import annotations

__version__ = "0.1.0"
