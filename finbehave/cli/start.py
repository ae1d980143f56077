"""finbehave start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finbehave.cli.options import Run, command

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.workflows.unit import UnitResult


@command("endpoint")
def start(
    run: Run,
    deployment: Annotated[str | None, typer.Option("--deployment", "-d", help="Only this one.")] = None,
    unit: Annotated[
        bool, typer.Option("--unit", help="Start nothing; print a systemd unit that does so at boot.")
    ] = False,
) -> None:
    """Bring an endpoint up again, with the traffic it had.

    Examples:
      finbehave start --unit > ~/.config/systemd/user/finbehave.service && systemctl --user enable finbehave
    """
    if unit:
        from finbehave.workflows.unit import unit as written

        run.show(written(settings=run.settings), _draw_unit)
        return
    from finbehave.cli.status import draw_endpoint
    from finbehave.workflows.start import start as work

    run.show(work(deployment, settings=run.settings, progress=run.progress), draw_endpoint)


def _draw_unit(result: UnitResult, console: Console) -> None:
    console.print(result.text, soft_wrap=True, markup=False, highlight=False, end="")
