"""invoke --out: score a file of any size, in chunks, and write every row with its answer.

A run that was ended goes on where it was when the same command is given again: the same file, the same models behind
the same endpoint, the same output. Anything else begins anew.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from finbehave.backends.base import open_backend
from finbehave.data.results import RowWriter, writing_rows
from finbehave.domain.endpoint import Answer, Deployment, Endpoint
from finbehave.errors import DataRefused, InputInvalid, Unavailable
from finbehave.guest.frames import about_columns
from finbehave.progress import QUIET, Progress
from finbehave.settings import Settings, load_settings
from finbehave.workflows.invoke import opened_rows, sent

REQUESTS_A_WORKER = 2
"""At once: one that it answers, and one for when it has."""

LEAST_AT_ONCE, MOST_AT_ONCE = 4, 32

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
"""Seconds before an endpoint that does not answer is asked again, twice as long each time."""


@dataclass(frozen=True)
class BatchResult:
    """A file scored row by row; ``failed`` rows carry their reason in the column ``error`` of ``out``.

    ``resumed`` of the rows had been scored by a run before, that was ended. ``models`` says how many rows each model
    answered: more than one does where the traffic is split or was changed. ``rows_per_second`` is of this run,
    ``model_rows_per_second`` what the model alone did for one second of one processor: the ceiling of a process that
    has the rows in memory; None where the endpoint does not say.
    """

    rows: int
    resumed: int
    failed: int
    out: Path
    seconds: float
    deployment: str
    model: str
    models: dict[str, int]
    rows_per_second: float
    model_rows_per_second: float | None


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
    written with the reason and counted; it does not end the run, unless the whole first chunk is refused. An endpoint
    that does not answer is asked again for the settings' patience.

    Args:
        ignore: Columns of the file that are no features: not sent, but written through to ``out``.

    Raises:
        InputInvalid: nothing in the first chunk fits the model.
        Busy: another process writes the same output.
        Unavailable: the endpoint did not answer for too long. What was scored stays; the same command goes on there.
    """
    settings = settings or load_settings()
    serving = open_backend(settings, progress).serving
    asked = _asked(serving.endpoint(settings.endpoint), deployment)
    asking = _Asking(partial(serving.score, settings.endpoint, deployment=deployment), settings.patience, progress)
    score = partial(_score_chunk, asking, ignore)
    task = _task(path, settings.endpoint, asked, ignore)
    started = time.monotonic()
    with (
        writing_rows(out, task=task, memory=settings.memory) as writer,
        opened_rows(path, memory=settings.memory) as (total, chunks),
        closing(asking),
    ):
        resumed = writer.rows
        if resumed:
            progress.note(f"{resumed:,} rows of {path} were scored before; this goes on after them")
        for chunk in _scored(score, _after(resumed, chunks), _at_once(asked)):
            _write(writer, chunk, path)
            progress.advance("scoring rows", writer.rows, total)
        if not writer.rows:
            raise DataRefused(f"{path} has no row to score", remedy="name a file with rows")
    seconds, about = time.monotonic() - started, writer.about
    if len(about["models"]) > 1:
        several = ", ".join(f"{name} ({rows:,} rows)" for name, rows in about["models"].items())
        progress.note(f"several models have answered: {several}; --deployment asks one alone")
    return BatchResult(
        rows=writer.rows,
        resumed=resumed,
        failed=writer.failed,
        out=out,
        seconds=round(seconds, 3),
        deployment=about["deployment"],
        model=about["model"],
        models=about["models"],
        rows_per_second=round((writer.rows - resumed) / seconds, 1),
        model_rows_per_second=asking.model_rows_per_second,
    )


def _asked(endpoint: Endpoint, deployment: str | None) -> list[Deployment]:
    """The deployments that may answer."""
    return [one for one in endpoint.deployments if (one.name == deployment if deployment else one.traffic)]


def _at_once(asked: Sequence[Deployment]) -> int:
    """How many requests keep every worker busy."""
    return min(max(LEAST_AT_ONCE, REQUESTS_A_WORKER * sum(one.instance_count for one in asked)), MOST_AT_ONCE)


def _task(path: Path, endpoint: str, asked: Sequence[Deployment], ignore: Collection[str]) -> dict[str, Any]:
    """What must be the same for a run to go on: the file, and the models that may answer."""
    if not path.is_file():
        return {"once": time.time_ns()}  # standard input cannot be read again
    found = path.stat()
    return {
        "file": str(path.resolve()), "size": found.st_size, "changed": found.st_mtime_ns, "endpoint": endpoint,
        "models": {one.name: one.digest for one in asked}, "ignore": sorted(ignore),
    }  # fmt: skip


def _write(writer: RowWriter, chunk: _Chunk, path: Path) -> None:
    if not writer.about:
        if chunk.answer is None:
            raise InputInvalid(
                f"no row of {path} fits the model; the first: {chunk.outcomes[0].error}",
                remedy="mend the file, or name columns that are no features with --ignore",
            )
        labels = list(chunk.answer.probabilities[0]) if chunk.answer.probabilities else []
        writer.about = {
            "model": chunk.answer.model, "deployment": chunk.answer.deployment, "labels": labels, "models": {},
        }  # fmt: skip
    failed = sum(bool(outcome.error) for outcome in chunk.outcomes)
    answered = Counter(writer.about["models"]) + Counter(one.model for one in chunk.outcomes if one.model)
    writer.about["models"] = dict(answered)
    writer.write(chunk.written(writer.about["labels"]), failed=failed)


# --- asking -----------------------------------------------------------------------------------------------------


class _Asking:
    """Asks an endpoint about rows, again where it does not answer, and adds up what its model took for them."""

    def __init__(self, ask: Callable[..., Answer], patience: float, progress: Progress) -> None:
        self._ask = ask
        self._patience = patience
        self._progress = progress
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._told = False
        self._rows = 0
        self._model_ms = 0.0

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> Answer:
        """The answer to rows. Raises what the endpoint says of them."""
        started, pause = time.monotonic(), FIRST_PAUSE
        while True:
            try:
                answer = self._ask(rows)
            except Unavailable as error:
                if time.monotonic() + pause - started > self._patience:
                    raise
                self._tell(error)
                if self._closed.wait(pause):
                    raise
            else:
                self._add_up(len(rows), answer)
                return answer
            pause = min(pause * 2, LONGEST_PAUSE)

    def close(self) -> None:
        """Nobody waits for answers any more."""
        self._closed.set()

    @property
    def model_rows_per_second(self) -> float | None:
        """Rows that the model alone does in a second of one processor; None where nothing is known."""
        return round(self._rows / self._model_ms * 1000, 1) if self._model_ms else None

    def _tell(self, error: Unavailable) -> None:
        with self._lock:
            told, self._told = self._told, True
        if not told:
            self._progress.note(f"{error.message}; asked again for up to {self._patience:g} s")

    def _add_up(self, rows: int, answer: Answer) -> None:
        with self._lock:
            self._told = False
            if answer.model_ms:
                self._rows += rows
                self._model_ms += answer.model_ms


@dataclass(frozen=True)
class _Outcome:
    prediction: Any = None
    probabilities: Mapping[str, float] | None = None
    model: str = ""
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


def _scored(
    score: Callable[[list[dict[str, Any]]], _Chunk], chunks: Iterator[list[dict[str, Any]]], at_once: int
) -> Iterator[_Chunk]:
    """Chunks in their order, several under way at once."""
    with ThreadPoolExecutor(at_once) as pool:
        under_way: deque[Future[_Chunk]] = deque()
        for rows in chunks:
            under_way.append(pool.submit(score, rows))
            if len(under_way) >= at_once:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _after(skip: int, chunks: Iterator[list[dict[str, Any]]]) -> Iterator[list[dict[str, Any]]]:
    """Without the first ``skip`` rows."""
    for rows in chunks:
        if skip < len(rows):
            yield rows[skip:]
        skip = max(0, skip - len(rows))


def _all_alike(rows: list[dict[str, Any]], refusal: str) -> bool:
    """Whether what one row was refused for is true of all: it is about columns, and they have the same."""
    return about_columns(refusal) and all(row.keys() == rows[0].keys() for row in rows)


def _score_chunk(ask: Callable[..., Answer], ignore: Collection[str], rows: list[dict[str, Any]]) -> _Chunk:
    """Score rows; where some are refused, halve until each refused row stands alone."""
    try:
        answer = ask([sent(row, ignore) for row in rows])
    except InputInvalid as error:
        if len(rows) == 1 or _all_alike(rows, error.message):
            return _Chunk(rows, [_Outcome(error=error.message)] * len(rows), None)
        middle = len(rows) // 2
        first, second = (_score_chunk(ask, ignore, part) for part in (rows[:middle], rows[middle:]))
        return _Chunk(rows, first.outcomes + second.outcomes, first.answer or second.answer)
    probabilities = answer.probabilities or (None,) * len(rows)
    outcomes = [_Outcome(*pair, model=answer.model) for pair in zip(answer.predictions, probabilities, strict=True)]
    return _Chunk(rows, outcomes, answer)
