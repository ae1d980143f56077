"""invoke: ask an endpoint, about a few rows or about a file of any size."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from finbehave.backends.base import open_backend
from finbehave.domain.endpoint import Answer
from finbehave.errors import DataRefused, InputInvalid, NotFound
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings

ROWS_A_REQUEST = 1000
IN_FLIGHT = 4
"""Requests at once while a file is scored: enough to keep two workers busy while the next rows are read."""


@dataclass(frozen=True)
class InvokeResult:
    """``predictions`` and ``probabilities`` (class -> p, None where the model has none) in the order of the rows."""

    predictions: tuple[Any, ...]
    probabilities: tuple[dict[str, float], ...] | None
    deployment: str
    model: str
    latency_ms: float
    request_id: str


@dataclass(frozen=True)
class BatchResult:
    """A file scored row by row; ``failed`` rows carry their reason in the column ``error`` of ``out``."""

    rows: int
    failed: int
    out: Path
    seconds: float
    deployment: str
    model: str


def invoke(
    rows: Sequence[Mapping[str, Any]], *, deployment: str | None = None, settings: Settings | None = None
) -> InvokeResult:
    """Ask the settings' endpoint about rows, by header where a deployment is named.

    Raises:
        InputInvalid: a row that the model's schema refuses.
    """
    settings = settings or load_settings()
    serving = open_backend(settings).serving
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
    return [_sent(row, ignore) for chunk in _chunks(path) for row in chunk]


def _sent(row: Mapping[str, Any], ignore: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ignore}


def _chunks(path: Path) -> Iterator[list[dict[str, Any]]]:
    if str(path) == "-":
        yield rows_from_text(sys.stdin.read())
    elif _is_json(path):
        yield rows_from_text(path.read_text(encoding="utf-8-sig"))
    else:
        from finbehave.data.load import iter_rows

        yield from iter_rows(path, chunk_rows=ROWS_A_REQUEST)


def _is_json(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}", remedy="name a JSON, CSV or Parquet file with --file") from None
    except IsADirectoryError:
        raise DataRefused(f"{path} is a folder", remedy="name a JSON, CSV or Parquet file with --file") from None


def invoke_file(
    path: Path,
    out: Path,
    *,
    deployment: str | None = None,
    ignore: Collection[str] = (),
    settings: Settings | None = None,
    progress: Progress = QUIET,
) -> BatchResult:
    """Score a file of any size in chunks and write every row with its answer to ``out`` (CSV or Parquet).

    Added columns: ``prediction``, ``probability_CLASS`` for each class, ``error``. A row that the model refuses is
    written with the reason and counted; it does not end the run, unless the whole first chunk is refused.

    Args:
        ignore: Columns of the file that are no features: not sent, but written through to ``out``.

    Raises:
        InputInvalid: nothing in the first chunk fits the model.
    """
    from finbehave.data.results import writing_rows

    settings = settings or load_settings()
    ask = partial(open_backend(settings).serving.score, settings.endpoint, deployment=deployment)
    started = time.monotonic()
    rows = failed = 0
    used: Answer | None = None
    with writing_rows(out, memory=settings.memory) as writer:
        for chunk in _scored(partial(_score_chunk, ask, ignore), path):
            used = used or chunk.answer
            if used is None:
                raise InputInvalid(
                    f"no row of {path} fits the model; the first: {chunk.outcomes[0].error}",
                    remedy="mend the file, or name columns that are no features with --ignore",
                )
            writer.write(chunk.written(used))
            rows += len(chunk.rows)
            failed += sum(bool(outcome.error) for outcome in chunk.outcomes)
            progress.advance("scoring rows", rows)
    if used is None:
        raise DataRefused(f"{path} has no row to score", remedy="name a file with rows")
    return BatchResult(rows, failed, out, round(time.monotonic() - started, 3), used.deployment, used.model)


@dataclass(frozen=True)
class _Outcome:
    prediction: Any = None
    probabilities: Mapping[str, float] | None = None
    error: str = ""


@dataclass(frozen=True)
class _Chunk:
    rows: list[dict[str, Any]]
    outcomes: list[_Outcome]
    answer: Answer | None

    def written(self, like: Answer) -> list[dict[str, Any]]:
        """The rows with their outcomes; every one has the columns of an answer like ``like``."""
        labels = list(like.probabilities[0]) if like.probabilities else []
        return [
            {
                **row,
                "prediction": outcome.prediction,
                **{f"probability_{label}": (outcome.probabilities or {}).get(label) for label in labels},
                "error": outcome.error or None,
            }
            for row, outcome in zip(self.rows, self.outcomes, strict=True)
        ]


def _scored(score: Callable[[list[dict[str, Any]]], _Chunk], path: Path) -> Iterator[_Chunk]:
    """Chunks in the order of the file, several under way at once."""
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        under_way: deque[Future[_Chunk]] = deque()
        for rows in _chunks(path):
            under_way.append(pool.submit(score, rows))
            if len(under_way) >= IN_FLIGHT:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _score_chunk(ask: Callable[..., Answer], ignore: Collection[str], rows: list[dict[str, Any]]) -> _Chunk:
    """Score rows; where some are refused, halve until each refused row stands alone."""
    try:
        answer = ask([_sent(row, ignore) for row in rows])
    except InputInvalid as error:
        if len(rows) == 1:
            return _Chunk(rows, [_Outcome(error=error.message)], None)
        middle = len(rows) // 2
        first, second = (_score_chunk(ask, ignore, part) for part in (rows[:middle], rows[middle:]))
        return _Chunk(rows, first.outcomes + second.outcomes, first.answer or second.answer)
    probabilities = answer.probabilities or (None,) * len(rows)
    outcomes = [_Outcome(*pair) for pair in zip(answer.predictions, probabilities, strict=True)]
    return _Chunk(rows, outcomes, answer)
