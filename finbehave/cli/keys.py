"""finbehave keys show | rotate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from finbehave.cli.options import Run, command

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.domain.endpoint import Keys

keys = typer.Typer(help="What opens an endpoint.", no_args_is_help=True)


@keys.command()
@command("endpoint")
def show(run: Run) -> None:
    """Show both keys; either opens the endpoint."""
    from finbehave.workflows.keys import show_keys

    run.show(show_keys(settings=run.settings, progress=run.progress), _draw)


@keys.command()
@command("endpoint")
def rotate(
    run: Run,
    key: Annotated[Literal["primary", "secondary"], typer.Option("--key", help="Which one.")] = "primary",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Replace one key at once; whoever still uses it gets 401."""
    from finbehave.workflows.keys import rotate_key

    run.confirm(f"Replace the {key} key of {run.settings.endpoint}? Clients that use it will be refused.", yes=yes)
    run.show(rotate_key(key, settings=run.settings, progress=run.progress), _draw)


def _draw(result: Keys, console: Console) -> None:
    console.print(f"primary    {result.primary}")
    console.print(f"secondary  {result.secondary}")
