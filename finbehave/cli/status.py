"""finbehave status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finbehave.cli.options import Run, command
from finbehave.cli.output import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from finbehave.cli.fitting import Fitting
    from finbehave.domain.endpoint import Endpoint
    from finbehave.workflows.status import StatusResult

_COLOURS = {"running": "green", "ready": "green", "degraded": "yellow", "updating": "yellow", "creating": "yellow"}


@command()
def status(
    run: Run,
    endpoint: Annotated[str | None, typer.Option("--endpoint", "-e", help="Only this one.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, every two seconds, until Ctrl-C.")] = False,
    interval: Annotated[float, typer.Option("--interval", min=0.2, help="Seconds between looks.")] = 2.0,
) -> None:
    """Show endpoints: state, traffic, requests, errors and latency."""
    from finbehave.workflows.status import status as look

    def now() -> StatusResult:
        return look(endpoint, settings=run.settings)

    if watch:
        _watch(run, now, interval)
    else:
        run.show(now(), _draw)


def _watch(run: Run, now: Callable[[], StatusResult], interval: float) -> None:
    import sys
    import time

    from rich.console import Group
    from rich.live import Live

    from finbehave.cli.watching import console_for

    if run.screen.mode == "json" or not sys.stdout.isatty():
        while True:
            result = now()
            run.screen.line(result, "\n".join(_line(endpoint) for endpoint in result.endpoints))
            time.sleep(interval)
    with Live(console=console_for(sys.stdout), auto_refresh=False) as live:
        while True:
            live.update(Group(*(_table(endpoint) for endpoint in now().endpoints)), refresh=True)
            time.sleep(interval)


def _draw(result: StatusResult, console: Console) -> None:
    if not result.endpoints:
        console.print("No endpoint. finbehave deploy MODEL makes one.")
    for endpoint in result.endpoints:
        console.print(_table(endpoint))


def draw_endpoint(result: Endpoint, console: Console) -> None:
    """One endpoint as a table; what start and stop show."""
    console.print(_table(result))


def _line(endpoint: Endpoint) -> str:
    split = " ".join(f"{name}={share}" for name, share in endpoint.traffic.items()) or "no traffic"
    return f"{endpoint.name} {endpoint.state.value} {split} revision {endpoint.revision}"


def _table(endpoint: Endpoint) -> Fitting:
    from rich.table import Table
    from rich.text import Text

    from finbehave.cli.fitting import Fitting

    state = Text(endpoint.state.value, style=_COLOURS.get(endpoint.state.value, "red"))
    title = Text.assemble((endpoint.name, "bold"), "  ", state, f"  revision {endpoint.revision}")
    table = Table(
        "deployment", "model", "state", "traffic", "requests", "errors", "p50 ms", "p95 ms", "p99 ms",
        title=title, title_justify="left", caption=endpoint.scoring_uri, caption_justify="left",
    )  # fmt: skip
    for one in endpoint.deployments:
        latency = [f"{value:.1f}" if value is not None else "" for value in vars(one.latency_ms).values()]
        shown = Text(one.state.value, style=_COLOURS.get(one.state.value, "red"))
        if one.detail:
            shown.append(f" ({printable(one.detail)[:60]})", style="dim")
        table.add_row(
            one.name, printable(one.model), shown, f"{one.traffic} %", str(one.requests), str(one.errors), *latency
        )
    return Fitting(table)
