"""prepare: transactions to one row per customer of behaviour features."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from finbehave.data.prepare import prepare_features
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings


@dataclass(frozen=True)
class PrepareResult:
    """What was written to ``out``.

    ``rows`` are customers, ``transactions`` those that were used, ``left_out`` the others by reason. ``cutoff`` is
    None where customers have days of their own. ``columns`` maps each role to the column it was read from.
    ``carried`` are the columns of the customers file behind the features.
    """

    out: Path
    rows: int
    features: tuple[str, ...]
    carried: tuple[str, ...]
    cutoff: date | None
    transactions: int
    left_out: dict[str, int]
    columns: dict[str, str]
    categories: tuple[str, ...]
    assumptions: tuple[str, ...]
    seconds: float


def prepare(
    raw: Path,
    out: Path,
    *,
    customers: Path | None = None,
    cutoff: date | None = None,
    columns: Mapping[str, str | None] | None = None,
    categories: Sequence[str] | None = None,
    settings: Settings | None = None,
    progress: Progress = QUIET,
) -> PrepareResult:
    """Write features of every customer as known before the cut-off; see ``finbehave.data.prepare``.

    Args:
        raw: Transactions, CSV (also gzipped) or Parquet.
        out: ``.csv`` or ``.parquet``.
        customers: A file of customers; its other columns, the target among them, are carried along.
        cutoff: The first day that is not seen.
        columns: Role (customer, time, amount, category, balance, direction) -> column.
        categories: Those with a share of their own.

    Raises:
        NotFound, DataRefused, UsageError, ConfigurationError, DiskFull, Unavailable.
    """
    settings = settings or load_settings()
    started = time.monotonic()
    done = prepare_features(
        raw,
        out,
        customers=customers,
        cutoff=cutoff,
        columns=columns,
        categories=categories,
        memory=settings.memory,
        progress=progress,
    )
    return PrepareResult(**vars(done), seconds=round(time.monotonic() - started, 3))
