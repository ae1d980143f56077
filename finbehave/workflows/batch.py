"""invoke --out: score a file of any size, in chunks, and write every row with its answer.

A run that was ended goes on where it was when the same command is given again: the same file, the same models behind
the same endpoint, the same output. Anything else begins anew.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from finbehave.backends.base import Serving, open_backend
from finbehave.data.results import RowWriter, writing_rows
from finbehave.domain.endpoint import Answer
from finbehave.errors import DataRefused, InputInvalid
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings
from finbehave.workflows.invoke import chunks_of, sent

IN_FLIGHT = 4
"""Requests at once: enough to keep two workers busy while the next rows are read."""


@dataclass(frozen=True)
class BatchResult:
    """A file scored row by row; ``failed`` rows carry their reason in the column ``error`` of ``out``.

    ``resumed`` of the rows had been scored by a run before, that was ended.
    """

    rows: int
    resumed: int
    failed: int
    out: Path
    seconds: float
    deployment: str
    model: str


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
        Busy: another process writes the same output.
    """
    settings = settings or load_settings()
    serving = open_backend(settings).serving
    ask = partial(serving.score, settings.endpoint, deployment=deployment)
    started = time.monotonic()
    total = _rows_of(path)
    task = _task(path, serving, settings.endpoint, deployment, ignore)
    with writing_rows(out, task=task, memory=settings.memory) as writer:
        resumed = writer.rows
        if resumed:
            progress.note(f"{resumed:,} rows of {path} were scored before; this goes on after them")
        for chunk in _scored(partial(_score_chunk, ask, ignore), path, resumed):
            _write(writer, chunk, path)
            progress.advance("scoring rows", writer.rows, total)
    if not writer.rows:
        raise DataRefused(f"{path} has no row to score", remedy="name a file with rows")
    about, seconds = writer.about, round(time.monotonic() - started, 3)
    return BatchResult(writer.rows, resumed, writer.failed, out, seconds, about["deployment"], about["model"])


def _task(
    path: Path, serving: Serving, endpoint: str, deployment: str | None, ignore: Collection[str]
) -> dict[str, Any]:
    """What must be the same for a run to go on: the file, and the models that may answer."""
    if not path.is_file():
        return {"once": time.time_ns()}  # standard input cannot be read again
    found, there = path.stat(), serving.endpoint(endpoint)
    models = {
        one.name: one.digest for one in there.deployments if (one.name == deployment if deployment else one.traffic)
    }
    return {
        "file": str(path.resolve()), "size": found.st_size, "changed": found.st_mtime_ns, "endpoint": endpoint,
        "models": models, "ignore": sorted(ignore),
    }  # fmt: skip


def _rows_of(path: Path) -> int | None:
    """How many rows there are to score, where that is known beforehand."""
    if path.suffix != ".parquet" or not path.is_file():
        return None
    from finbehave.data.load import count_rows

    return count_rows(path)


def _write(writer: RowWriter, chunk: _Chunk, path: Path) -> None:
    if not writer.about:
        if chunk.answer is None:
            raise InputInvalid(
                f"no row of {path} fits the model; the first: {chunk.outcomes[0].error}",
                remedy="mend the file, or name columns that are no features with --ignore",
            )
        labels = list(chunk.answer.probabilities[0]) if chunk.answer.probabilities else []
        writer.about = {"model": chunk.answer.model, "deployment": chunk.answer.deployment, "labels": labels}
    failed = sum(bool(outcome.error) for outcome in chunk.outcomes)
    writer.write(chunk.written(writer.about["labels"]), failed=failed)


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

    def written(self, labels: Sequence[str]) -> list[dict[str, Any]]:
        """The rows with their outcomes, and a column for the probability of each label."""
        return [
            {
                **row,
                "prediction": outcome.prediction,
                **{f"probability_{label}": (outcome.probabilities or {}).get(label) for label in labels},
                "error": outcome.error or None,
            }
            for row, outcome in zip(self.rows, self.outcomes, strict=True)
        ]


def _scored(score: Callable[[list[dict[str, Any]]], _Chunk], path: Path, skip: int) -> Iterator[_Chunk]:
    """Chunks in the order of the file without its first ``skip`` rows, several under way at once."""
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        under_way: deque[Future[_Chunk]] = deque()
        for rows in _after(skip, chunks_of(path)):
            under_way.append(pool.submit(score, rows))
            if len(under_way) >= IN_FLIGHT:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _after(skip: int, chunks: Iterator[list[dict[str, Any]]]) -> Iterator[list[dict[str, Any]]]:
    for rows in chunks:
        if skip < len(rows):
            yield rows[skip:]
        skip = max(0, skip - len(rows))


def _score_chunk(ask: Callable[..., Answer], ignore: Collection[str], rows: list[dict[str, Any]]) -> _Chunk:
    """Score rows; where some are refused, halve until each refused row stands alone."""
    try:
        answer = ask([sent(row, ignore) for row in rows])
    except InputInvalid as error:
        if len(rows) == 1:
            return _Chunk(rows, [_Outcome(error=error.message)], None)
        middle = len(rows) // 2
        first, second = (_score_chunk(ask, ignore, part) for part in (rows[:middle], rows[middle:]))
        return _Chunk(rows, first.outcomes + second.outcomes, first.answer or second.answer)
    probabilities = answer.probabilities or (None,) * len(rows)
    outcomes = [_Outcome(*pair) for pair in zip(answer.predictions, probabilities, strict=True)]
    return _Chunk(rows, outcomes, answer)
