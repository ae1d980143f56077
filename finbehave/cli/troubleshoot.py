"""finbehave troubleshoot."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finbehave.cli.options import Run, command
from finbehave.cli.output import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from finbehave.domain.diagnosis import Cause
    from finbehave.workflows.troubleshoot import TroubleshootResult


@command("endpoint")
def troubleshoot(
    run: Run,
    file: Annotated[
        str | None,
        typer.Option("--file", "-f", help="A pasted log instead, without an account; - reads stdin."),
    ] = None,
) -> None:
    """Name what is wrong with an endpoint, or in a pasted log, and what mends it.

    Examples:
      finbehave troubleshoot --endpoint fin-behavior-ep-fixed

      finbehave troubleshoot --file container.log

      az ml online-deployment get-logs -n blue -e my-endpoint | finbehave troubleshoot --file -
    """
    from finbehave.workflows.troubleshoot import troubleshoot as look

    log: Path | bytes | None = _stdin() if file == "-" else Path(file) if file else None
    run.screen.render = _draw  # for the error too that an endpoint with a fault ends in
    run.show(look(log, settings=run.settings, progress=run.progress), _draw)


def _stdin() -> bytes:
    from finbehave.diagnosis.reader import read_tail

    return read_tail(sys.stdin.buffer)[0]


def _draw(result: TroubleshootResult, console: Console) -> None:
    from rich.text import Text

    if result.causes:
        draw_causes(result.causes, console)
        return
    where = printable(result.source)
    if not result.advice:
        console.print(f"{where}: no fault found.")
        return
    console.print(f"{where}: nothing that is known to be wrong in {result.lines:,} lines.", soft_wrap=True)
    if result.tail:
        console.print("Its last lines:")
    for line in result.tail:
        console.print(Text(f"  {line.line:>6}  {printable(line.text)}", style="dim"), soft_wrap=True)
    console.print("What to try next:")
    for advice in result.advice:
        console.print(Text(f"  → {advice}", style="cyan"), soft_wrap=True)


def draw_causes(causes: Sequence[Cause], console: Console) -> None:
    """Causes, the most likely first, each with what shows it and what mends it."""
    from rich.text import Text

    if not causes:
        console.print("Nothing that is known to be wrong.")
    for number, cause in enumerate(causes, 1):
        title = Text.assemble(f"{number}. ", (cause.code, "bold red"), f"  {printable(cause.title)}")
        title.append(f"  ({cause.confidence:.0%})", style="dim")
        console.print(title, soft_wrap=True)
        for evidence in cause.evidence:
            console.print(Text(f"   line {evidence.line}: {printable(evidence.text)}", style="dim"), soft_wrap=True)
        console.print(Text(f"   → {printable(cause.remedy)}", style="cyan"), soft_wrap=True)
