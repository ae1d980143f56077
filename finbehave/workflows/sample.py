"""sample: a synthetic bank to try everything on."""

from __future__ import annotations

from pathlib import Path

from finbehave.data.sample import Sample, write_sample
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings

CUSTOMERS = 2_500


def sample(
    folder: Path, *, customers: int = CUSTOMERS, settings: Settings | None = None, progress: Progress = QUIET
) -> Sample:
    """Write ``transactions.csv`` and ``customers.csv`` into a folder; the settings' random state is the seed.

    Raises:
        UsageError: a number of customers out of bounds.
        ConfigurationError: the folder cannot be written to.
    """
    settings = settings or load_settings()
    return write_sample(folder, customers=customers, seed=settings.random_state, progress=progress)
