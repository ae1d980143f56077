"""finbehave doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finbehave.cli.options import Run, command
from finbehave.cli.output import printable

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.workflows.doctor import DoctorResult


@command()
def doctor(run: Run) -> None:
    """Check that this machine, this project and this account are ready."""
    from finbehave.workflows.doctor import doctor as visit

    run.screen.render = _draw
    run.show(visit(settings=run.settings, progress=run.progress), _draw)


def _draw(result: DoctorResult, console: Console) -> None:
    about = f"finbehave {result.version} on Python {result.python}, {printable(result.platform)}"
    console.print(f"{'ready' if result.ready else 'not ready'}: {about}", soft_wrap=True)
