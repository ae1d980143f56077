"""validate: what a data file holds, how it was read, and whether its target can be learnt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from finbehave.data.load import load_table
from finbehave.data.target import Target, check_target
from finbehave.data.validate import ColumnReport, Concern, count_duplicates, describe, find_concerns
from finbehave.errors import DataRefused
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings


@dataclass(frozen=True)
class ValidateResult:
    """The report on one file; ``target`` is None where none was named, or where it cannot be learnt."""

    file: Path
    rows: int
    columns: tuple[ColumnReport, ...]
    duplicates: int
    warnings: tuple[Concern, ...]
    assumptions: tuple[str, ...]
    target: Target | None
    sha256: str
    bytes: int


def validate(
    data: Path, *, target: str | None = None, settings: Settings | None = None, progress: Progress = QUIET
) -> ValidateResult:
    """Report on a CSV or Parquet file.

    Args:
        target: The column to be predicted, checked as ``train`` checks it.

    Raises:
        NotFound: there is no such file.
        DataRefused: it cannot be read, or its target cannot be learnt; then the report comes with the error.
    """
    settings = settings or load_settings()
    table = load_table(data, progress=progress, memory=settings.memory)
    columns = describe(table)

    def report(checked: Target | None) -> ValidateResult:
        return ValidateResult(
            file=data,
            rows=table.rows,
            columns=columns,
            duplicates=count_duplicates(table),
            warnings=find_concerns(table, columns),
            assumptions=table.assumptions,
            target=checked,
            sha256=table.sha256,
            bytes=data.stat().st_size,
        )

    if target is None:
        return report(None)
    try:
        checked = check_target(table, target, folds=settings.cv_folds, test_size=settings.test_size)
    except DataRefused as error:
        error.result = report(None)
        raise
    return report(checked)
