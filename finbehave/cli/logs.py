"""finbehave logs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from finbehave.cli.options import Run, command
from finbehave.cli.output import printable

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.backends.base import LogLine
    from finbehave.workflows.logs import LogsResult

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@command("endpoint")
def logs(
    run: Run,
    deployment: Annotated[str | None, typer.Option("--deployment", "-d", help="Only this one.")] = None,
    tail: Annotated[int, typer.Option("--tail", "-n", min=1, help="At most so many lines.")] = 200,
    since: Annotated[str | None, typer.Option("--since", help="Not older than, as 90s, 15m, 2h, 1d.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Name the causes that the lines show.")] = False,
) -> None:
    """Show what an endpoint and its deployments wrote."""
    from finbehave.workflows.logs import follow as come
    from finbehave.workflows.logs import logs as look

    seconds = _seconds(since) if since else None
    if follow:
        for line in come(deployment, settings=run.settings, progress=run.progress):
            run.screen.line(line, _text(line))
        return
    run.show(
        look(deployment, tail=tail, since=seconds, explain=explain, settings=run.settings, progress=run.progress), _draw
    )


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if not match:
        raise typer.BadParameter(f"{text!r} is no duration; write it as 90s, 15m, 2h or 1d", param_hint="--since")
    return float(match[1]) * _UNITS[match[2]]


def _text(line: LogLine) -> str:
    dated = line.text.startswith(line.time[:10])  # by whoever wrote it
    return printable(" ".join(part for part in ("" if dated else line.time, line.deployment, line.text) if part))


def _draw(result: LogsResult, console: Console) -> None:
    from finbehave.cli.troubleshoot import draw_causes

    if not result.lines:
        console.print(f"{result.endpoint} has written nothing in that time.")
    for line in result.lines:
        console.print(_text(line), soft_wrap=True)
    if result.causes is not None:
        draw_causes(result.causes, console)
