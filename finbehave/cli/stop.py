"""finbehave stop."""

from __future__ import annotations

from typing import Annotated

import typer

from finbehave.cli.options import Run, command


@command("endpoint")
def stop(
    run: Run,
    deployment: Annotated[str | None, typer.Option("--deployment", "-d", help="Only this one.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Let an endpoint answer no more; finbehave start brings it back as it was."""
    from finbehave.cli.status import draw_endpoint
    from finbehave.workflows.stop import stop as work

    what = f"{deployment} of {run.settings.endpoint}" if deployment else run.settings.endpoint
    run.confirm(f"Stop {what}? Its clients get no answer until finbehave start.", yes=yes)
    run.show(work(deployment, settings=run.settings, progress=run.progress), draw_endpoint)
