"""What a person sees on stderr while a command works: checks, notes and progress bars."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from finbehave.cli.output import printable
from finbehave.domain.check import Check, CheckStatus

_MARKS = {
    CheckStatus.PASSED: ("✓", "green"),
    CheckStatus.WARNING: ("!", "yellow"),
    CheckStatus.FAILED: ("✗", "red"),
    CheckStatus.SKIPPED: ("-", "dim"),
}


class _Console(Console):
    """Rich ends the program where nobody reads any more (``| head``); ending is for ``app.main`` alone."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console_for(stream: TextIO) -> Console:
    """A console that honours ``NO_COLOR`` and ``FORCE_COLOR`` and takes text as it is.

    Where there is no terminal to measure, lines are not wrapped at 80 columns.
    """
    width = None if stream.isatty() or "COLUMNS" in os.environ else 120
    return _Console(file=stream, markup=False, highlight=False, emoji=False, width=width)


class Watcher:
    """Draws on stderr. Bars and spinners only on a terminal; checks and notes everywhere."""

    def __init__(self) -> None:
        self.console = console_for(sys.stderr)
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def check(self, check: Check) -> None:
        """One line, with the remedy below where it failed or warns, unbroken: it may be a command to copy."""
        self._forget_since(check.name)
        mark, style = _MARKS[check.status]
        line = Text.assemble((f"{mark} ", style), (check.name, "bold"))
        if check.detail:
            line.append(f"  {printable(check.detail)}")
        if check.seconds >= 0.1:
            line.append(f"  {check.seconds:.1f} s", style="dim")
        self.console.print(line)
        if check.remedy and check.status in (CheckStatus.FAILED, CheckStatus.WARNING):
            self.console.print(Text(f"  → {printable(check.remedy)}", style="cyan"), soft_wrap=True)

    def note(self, text: str) -> None:
        """One dim line."""
        self.console.print(Text(f"· {printable(text)}", style="dim"), soft_wrap=True)

    def heading(self, title: str, words: str) -> None:
        """A line that begins a stage, with a little air above."""
        self.console.print()
        self.console.print(Text.assemble((printable(title), "bold blue"), (f"  {printable(words)}", "dim")))

    def advance(self, task: str, done: float, total: float | None) -> None:
        """Move a bar, or show a spinner while the end is not known."""
        if not sys.stderr.isatty():  # colour can be forced where nobody watches; a bar would fill that log
            return
        if total is not None and done >= total:
            self._forget(task)
            return
        if self._progress is None:
            self._progress = Progress(
                SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24), TaskProgressColumn(),
                TimeElapsedColumn(), console=self.console, transient=True,
            )  # fmt: skip
            self._progress.start()
        if task not in self._tasks:
            self._tasks[task] = self._progress.add_task(printable(task), total=total)
        self._progress.update(self._tasks[task], completed=done, total=total)

    def error(self, message: str, remedy: str) -> None:
        """One paragraph, and the remedy on a line of its own."""
        self.stop()
        self.console.print(Text.assemble(("Error: ", "bold red"), message))
        self.console.print(Text(f"→ {remedy}", style="cyan"), soft_wrap=True)

    def stop(self) -> None:
        """Take the bars away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
            self._tasks.clear()

    def _forget_since(self, task: str) -> None:
        """A check that has ended takes away its own bar and those of what went on inside it."""
        names = list(self._tasks)
        for name in names[names.index(task) if task in names else 0 :]:
            self._forget(name)

    def _forget(self, task: str) -> None:
        if self._progress is not None and task in self._tasks:
            self._progress.remove_task(self._tasks.pop(task))
            if not self._tasks:
                self.stop()
