"""finbehave delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finbehave.cli.options import Run, command

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.workflows.delete import DeleteResult


@command("endpoint")
def delete(
    run: Run,
    deployment: Annotated[str | None, typer.Option("--deployment", "-d", help="Only this one.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove an endpoint with all it holds, or one deployment that has no traffic."""
    from finbehave.workflows.delete import delete as work

    what = f"{deployment} of {run.settings.endpoint}" if deployment else f"{run.settings.endpoint} and all it holds"
    run.confirm(f"Delete {what}? This cannot be undone.", yes=yes)
    run.show(work(deployment, settings=run.settings, progress=run.progress), _draw)


def _draw(result: DeleteResult, console: Console) -> None:
    what = f"{result.deployment} of {result.endpoint}" if result.deployment else result.endpoint
    console.print(f"{what} is deleted.")
