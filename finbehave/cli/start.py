"""finbehave start."""

from __future__ import annotations

from typing import Annotated

import typer

from finbehave.cli.options import Run, command


@command("endpoint")
def start(
    run: Run,
    deployment: Annotated[str | None, typer.Option("--deployment", "-d", help="Only this one.")] = None,
) -> None:
    """Bring an endpoint up again, with the traffic it had."""
    from finbehave.cli.status import draw_endpoint
    from finbehave.workflows.start import start as work

    run.show(work(deployment, settings=run.settings, progress=run.progress), draw_endpoint)
