"""Everything that is printed: one JSON document or text, progress on stderr, errors in one shape.

stdout carries the result only. Nothing that a file, a server or a model says reaches the terminal with its control
characters.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from finbehave.errors import ConfirmationRequired, FinbehaveError, UnexpectedError

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.cli.watching import Watcher
    from finbehave.domain.check import Check
    from finbehave.settings import Settings

Mode = Literal["text", "json"]
Renderer = Callable[[Any, "Console"], None]
LONGEST_MESSAGE = 600

_CONTROL = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def printable(text: str) -> str:
    """The text without control characters (escape sequences, bells, carriage returns)."""
    return text.translate(_CONTROL)


def as_json(value: Any) -> Any:
    """The JSON form of a result: dataclasses by field name, enums by value, paths and times as text.

    A mapping's keys become text. A float that JSON has no word for (NaN, infinities) becomes null.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return as_json(value.value)
    if isinstance(value, Mapping):
        return {str(as_json(key)): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_json(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def moment(time: str) -> str:
    """An ISO 8601 time in UTC as people read it, to the second."""
    return time[:19].replace("T", " ")


class Screen:
    """What one run of a command shows, and where its result waits until the end.

    It is also the ``Progress`` that workflows report to.
    """

    program = "finbehave"

    def __init__(self, *, mode: Mode, command: str) -> None:
        self.mode = mode
        self.command = command
        self.debug = False
        self.result: object = None
        self.render: Renderer | None = None
        self.checks: list[Check] = []
        self.log_file: Path | None = None
        self._watcher: Watcher | None = None

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_watching()

    # --- what workflows report ----------------------------------------------------------------------------

    def begin(self, settings: Settings) -> None:
        """The settings are known: open the run's log."""
        from finbehave.cli import runlog

        self.mode = settings.output
        self.debug = settings.debug
        self.log_file = runlog.open_log(settings.workspace, self.command, debug=settings.debug)

    @property
    def watcher(self) -> Watcher:
        """Draws on stderr; made on first use, since Rich takes its time to import."""
        if self._watcher is None:
            from finbehave.cli.watching import Watcher

            self._watcher = Watcher()
        return self._watcher

    def check(self, check: Check) -> None:
        """Keep it for the document and draw it."""
        from finbehave.cli import runlog

        self.checks.append(check)
        runlog.record("check", **as_json(check))
        self.watcher.check(check)

    def note(self, text: str) -> None:
        """Draw it."""
        from finbehave.cli import runlog

        runlog.record("note", text=text)
        self.watcher.note(text)

    def advance(self, task: str, done: float, total: float | None = None) -> None:
        """Draw it, where somebody looks."""
        self.watcher.advance(task, done, total)

    def heading(self, title: str, words: str) -> None:
        """The beginning of a stage of something long."""
        from finbehave.cli import runlog

        runlog.record("stage", title=title)
        self.watcher.heading(title, words)

    def line(self, value: object, text: str) -> None:
        """One line of a command that goes on (``--follow``, ``--watch``): a JSON object, or text."""
        print(json.dumps(as_json(value)) if self.mode == "json" else printable(text), flush=True)  # noqa: T201

    @property
    def can_ask(self) -> bool:
        """Whether somebody is there to answer a question."""
        return self.mode == "text" and sys.stdin.isatty() and sys.stderr.isatty()

    def ask(self, question: str) -> bool:
        """Ask on the terminal, where ``can_ask``; without a word the answer is no."""
        import typer

        self._stop_watching()
        return typer.confirm(printable(question), err=True)

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask on the terminal unless ``yes``; with nobody to ask, refuse."""
        if yes:
            return
        if not self.can_ask:
            raise ConfirmationRequired(f"{question} There is no terminal to ask on.")
        import typer

        self._stop_watching()
        typer.confirm(question, abort=True, err=True)

    # --- how it ends --------------------------------------------------------------------------------------

    def finish(self, status: int) -> int:
        """Print the result, if the command gave one."""
        self._stop_watching()
        if self.result is None and self.render is None:
            return status
        return self._guard(lambda: self._print(error=None), status)

    def fail(self, error: FinbehaveError) -> int:
        """Print an error, and the result that came with it."""
        from finbehave.cli import runlog

        self._stop_watching()
        runlog.record("error", code=error.code, message=error.message, remedy=error.remedy)
        if self.debug:
            runlog.traceback(error)
        if error.result is not None:
            self.result = error.result
        return self._guard(lambda: self._print(error=error), error.exit_status)

    def crash(self, error: Exception) -> int:
        """Print what nobody foresaw as one paragraph that names the log file with the traceback."""
        from finbehave.cli import runlog

        where = runlog.traceback(error)
        known = UnexpectedError(
            f"{type(error).__name__}: {error}",
            remedy=f"attach {where} to a report" if where else None,
        )
        self.result, self.render = None, None
        return self.fail(known)

    def abandoned(self) -> int:
        """Whoever read our stdout has gone (``| head``): end quietly."""
        self._stop_watching()
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0

    def _guard(self, show: Callable[[], None], status: int) -> int:
        try:
            show()
            sys.stdout.flush()
        except BrokenPipeError:
            self.abandoned()
        return status

    def _stop_watching(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()

    def _print(self, *, error: FinbehaveError | None) -> None:
        if self.mode == "json":
            document = {
                "schema_version": 1,
                "command": self.command,
                "status": "error" if error else "ok",
                "result": as_json(self.result),
                "checks": as_json(self.checks),
                "error": _error_json(error) if error else None,
            }
            print(json.dumps(document, ensure_ascii=False, allow_nan=False))  # noqa: T201
            return
        if self.render is not None and self.result is not None:
            from finbehave.cli.watching import console_for

            self.render(self.result, console_for(sys.stdout))
        if error:
            sys.stdout.flush()
            self.watcher.error(_shortened(error.message), printable(error.remedy))


def _shortened(message: str) -> str:
    text = " ".join(printable(message).split())
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 1] + "…"


def _error_json(error: FinbehaveError) -> dict[str, str]:
    return {"code": error.code, "message": _shortened(error.message), "remedy": printable(error.remedy)}
