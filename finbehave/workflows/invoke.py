"""invoke: ask an endpoint about rows. A file of any size is scored by ``batch.py``."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from finbehave.backends.base import open_backend
from finbehave.data.engine import DEFAULT_MEMORY
from finbehave.domain.endpoint import Answer
from finbehave.errors import DataRefused, InputInvalid, NotFound
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings

ROWS_A_REQUEST = 1000


@dataclass(frozen=True)
class InvokeResult:
    """``predictions`` and ``probabilities`` (class -> p, None where the model has none) in the order of the rows."""

    predictions: tuple[Any, ...]
    probabilities: tuple[dict[str, float], ...] | None
    deployment: str
    model: str
    latency_ms: float
    request_id: str


def invoke(
    rows: Sequence[Mapping[str, Any]],
    *,
    deployment: str | None = None,
    settings: Settings | None = None,
    progress: Progress = QUIET,
) -> InvokeResult:
    """Ask the settings' endpoint about rows, by header where a deployment is named.

    Raises:
        InputInvalid: a row that the model's schema refuses.
    """
    settings = settings or load_settings()
    serving = open_backend(settings, progress).serving
    ask = partial(serving.score, settings.endpoint, deployment=deployment)
    return _joined([ask(rows[start : start + ROWS_A_REQUEST]) for start in range(0, len(rows), ROWS_A_REQUEST)])


def _joined(answers: Sequence[Answer]) -> InvokeResult:
    first = answers[0]
    probabilities = None
    if first.probabilities is not None:
        probabilities = tuple(row for answer in answers for row in answer.probabilities or ())
    return InvokeResult(
        predictions=tuple(value for answer in answers for value in answer.predictions),
        probabilities=probabilities,
        deployment=first.deployment,
        model=first.model,
        latency_ms=round(sum(answer.latency_ms for answer in answers), 3),
        request_id=first.request_id,
    )


def rows_from_text(text: str) -> list[dict[str, Any]]:
    """Rows of a JSON text in any form that the endpoint takes.

    Raises:
        InputInvalid: it is no JSON, or no rows.
    """
    from finbehave.guest.frames import InvalidBody, decode

    try:
        return decode(text)
    except InvalidBody as error:
        raise InputInvalid(
            f"that is no row: {error}", remedy='give an object such as {"income": 2100} or a list of objects'
        ) from error


def rows_from_file(path: Path, *, ignore: Collection[str] = ()) -> list[dict[str, Any]]:
    """All rows of a JSON, CSV or Parquet file without the columns to ignore; ``-`` is JSON from standard input."""
    with opened_rows(path) as (_, chunks):
        return [sent(row, ignore) for chunk in chunks for row in chunk]


def sent(row: Mapping[str, Any], ignore: Collection[str]) -> dict[str, Any]:
    """What the endpoint is asked about a row: all but the columns to ignore."""
    return {name: value for name, value in row.items() if name not in ignore}


@contextmanager
def opened_rows(path: Path, *, memory: str = DEFAULT_MEMORY) -> Iterator[tuple[int, Iterator[list[dict[str, Any]]]]]:
    """How many rows a file has, or standard input for ``-``, and the rows, as many at a time as a request takes.

    Args:
        memory: Cap of what reading the file takes.
    """
    if str(path) == "-" or _is_json(path):
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
        rows = rows_from_text(text)
        yield len(rows), (rows[start : start + ROWS_A_REQUEST] for start in range(0, len(rows), ROWS_A_REQUEST))
    else:
        from finbehave.data.load import open_rows

        with open_rows(path, chunk_rows=ROWS_A_REQUEST, memory=memory) as stream:
            yield stream.rows, stream.chunks


def _is_json(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}", remedy="name a JSON, CSV or Parquet file with --file") from None
    except IsADirectoryError:
        raise DataRefused(f"{path} is a folder", remedy="name a JSON, CSV or Parquet file with --file") from None
