"""finbehave rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finbehave.cli.options import Run, command
from finbehave.cli.output import printable

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.workflows.rollback import RollbackResult


@command("endpoint")
def rollback(
    run: Run,
    to: Annotated[
        int | None, typer.Option("--to", metavar="REVISION", help="Of the ledger; else the release before this one.")
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, help="Seconds to wait, where a deployment has to be started.")
    ] = 600.0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Give the traffic back to the release before this one, in one write, when that release is healthy.

    A second rollback goes further back. Nothing is built while the old deployment is there; one that is gone is
    deployed again from the registry.
    """
    from finbehave.workflows.rollback import aim
    from finbehave.workflows.rollback import rollback as work

    if not yes:
        run.confirm(f"Take {aim(to, settings=run.settings, progress=run.progress).words}?", yes=False)
    run.show(work(to, timeout=timeout, settings=run.settings, progress=run.progress), _draw)


def _draw(result: RollbackResult, console: Console) -> None:
    from finbehave.workflows.split import split_text

    now, before = split_text(result.traffic), split_text(result.previous_traffic)
    if not result.changed:
        console.print(printable(f"{result.endpoint}  {now}  revision {result.revision}: nothing had to be changed"))
        return
    console.print(printable(f"{result.endpoint} serves {result.model} again, in {result.seconds:.2f} s"), style="bold")
    console.print(printable(f"traffic   {before} → {now}"))
    console.print(f"revision  {result.revision}, as revision {result.restored} was")
