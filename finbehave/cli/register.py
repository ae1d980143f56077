"""finbehave register."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from finbehave.cli.options import Run, command
from finbehave.cli.output import printable

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.workflows.register import RegisterResult


@command()
def register(
    run: Run,
    package: Annotated[Path, typer.Argument(help="A model package, or a bare .joblib with --environment.")],
    name: Annotated[str | None, typer.Option("--name", help="Default: what the package calls itself.")] = None,
    version: Annotated[str | None, typer.Option("--version", help="X.Y.Z; default: the next one.")] = None,
    bump: Annotated[Literal["major", "minor", "patch"], typer.Option("--bump", help="Which part goes up.")] = "patch",
    environment: Annotated[
        str | None, typer.Option("--environment", help="What a bare file runs in: a file, an image, or versions.")
    ] = None,
) -> None:
    """Put a model package into the registry; the same content again changes nothing."""
    from finbehave.workflows.register import register as work

    result = work(
        package, name=name, version=version, bump=bump, environment=environment, settings=run.settings,
        progress=run.progress,
    )  # fmt: skip
    run.show(result, _draw)


def _draw(result: RegisterResult, console: Console) -> None:
    what = "registered" if result.created else "was registered already"
    console.print(f"{printable(result.name)}:{result.version} {what}  {result.digest[:19]}")
    console.print(f"Next: finbehave deploy {printable(result.name)}:{result.version}")
