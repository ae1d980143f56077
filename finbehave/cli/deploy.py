"""finbehave deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from finbehave.cli.options import ON_AZURE, Run, command
from finbehave.cli.output import printable
from finbehave.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.workflows.deploy import DeployResult


@command(
    "endpoint", "instance_type", "instance_count", "min_instances", "max_instances",
    "host", "port", "tls_cert", "tls_key", "rate_limit", "response_cache",
    "rehearsal", "private", "identity", "target_cpu", "target_latency", "workers", "concurrency", "request_timeout",
)  # fmt: skip
def deploy(
    run: Run,
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL[:VERSION]", help="A registered model; else its latest.")
    ] = None,
    deployment: Annotated[
        str | None, typer.Option("--deployment", "-d", help="blue or green; else the one without traffic.")
    ] = None,
    environment: Annotated[
        str | None, typer.Option("--environment", help="Instead of the package's own: a file or a curated name.")
    ] = None,
    variable: Annotated[
        list[str] | None,
        typer.Option(
            "--variable",
            metavar="NAME=VALUE",
            help="An environment variable, or a reference.",
            rich_help_panel=ON_AZURE,
        ),
    ] = None,
    strategy: Annotated[
        Literal["all-at-once", "canary"], typer.Option("--strategy", help="How the traffic moves.")
    ] = "all-at-once",
    steps: Annotated[str, typer.Option("--steps", help="Percents of a canary.")] = "10,50,100",
    bake: Annotated[
        float, typer.Option("--bake", metavar="SECONDS", help="Watch each step for so long, and judge.")
    ] = 0.0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the canary that was cut short or held; no MODEL then.")
    ] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Change nothing; say what would change.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Create it at 0 %, and return.")] = False,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Seconds to wait until it answers.")] = 600.0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Bring a registered model into service: judged, created at 0 %, checked, and only then given traffic.

    A failure removes the new deployment and leaves the traffic where it was. The old one stays warm for rollback.
    """
    from finbehave.workflows.deploy import deploy as work
    from finbehave.workflows.deploy import unfinished
    from finbehave.workflows.terms import read_variables

    if (model is None) != resume:
        raise UsageError("name a model to deploy, or --resume alone", remedy="finbehave deploy MODEL")
    if model is None:
        model, deployment, environment = unfinished(settings=run.settings, progress=run.progress)
        strategy = "canary"
    if not (yes or plan or no_wait) and run.screen.can_ask:
        run.confirm(f"Move the traffic of {run.settings.endpoint} to {model}?", yes=False)
    result = work(
        model,
        deployment=deployment,
        environment=environment,
        variables=read_variables(variable or []),
        like=deployment if resume else None,
        strategy=strategy,
        steps=_read(steps),
        bake=bake,
        plan=plan,
        wait=not no_wait,
        timeout=timeout,
        settings=run.settings,
        progress=run.progress,
    )
    run.show(result, _draw_plan if plan else _draw)


def _read(steps: str) -> list[int]:
    words = [word.strip().removesuffix("%") for word in steps.split(",")]
    if not all(word.isascii() and word.isdigit() for word in words):
        raise UsageError(f"--steps {steps!r} are no percents", remedy="--steps 10,50,100")
    return [int(word) for word in words]


def _draw_plan(result: DeployResult, console: Console) -> None:
    if not result.plan:
        console.print(printable(f"{result.model} is live on {result.deployment} already; nothing would change."))
        return
    console.print(printable(f"deploy {result.model} would, on {result.endpoint}:"))
    costs = [action.detail for action in result.plan if action.kind == "cost"]
    steps = [action.detail for action in result.plan if action.kind != "cost"]
    for number, step in enumerate(steps, start=1):
        console.print(printable(f"  {number}. {step}"))
    if costs:
        console.print("What runs then:")
    for cost in costs:
        console.print(printable(f"  {cost}"))


def _draw(result: DeployResult, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from finbehave.workflows.split import split_text

    held = result.traffic.get(result.deployment, 0)
    state = "is live" if held == 100 else f"holds {held} % of the traffic"
    console.print(Text(printable(f"{result.model} {state} on {result.deployment} of {result.endpoint}"), style="bold"))
    table = Table.grid(padding=(0, 2))
    table.add_row("traffic", printable(f"{split_text(result.previous_traffic)} → {split_text(result.traffic)}"))
    table.add_row("revision", str(result.revision))
    table.add_row("address", Text(printable(result.scoring_uri or "")))
    console.print(table)
    console.print(Text(_next(result), style="cyan"))


def _next(result: DeployResult) -> str:
    """What a person is likely to type now."""
    if not result.traffic.get(result.deployment):
        return f"→ finbehave deploy {result.model} goes on from here"
    if result.changed and any(result.previous_traffic.values()):
        return "→ finbehave rollback takes it back"
    return "→ finbehave invoke --file ROWS asks it"
