"""finbehave status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finbehave.cli.options import Run, command
from finbehave.cli.output import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console, RenderableType
    from rich.text import Text

    from finbehave.cli.tables import TableOrRecords
    from finbehave.domain.endpoint import Endpoint
    from finbehave.monitoring.objectives import Objective
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
    rates = Rates()
    with Live(console=console_for(sys.stdout), auto_refresh=False) as live:
        while True:
            result = now()
            rates.look(result.endpoints, time.monotonic())
            live.update(Group(*_tables(result, rates)), refresh=True)
            time.sleep(interval)


class Rates:
    """Requests a second of each deployment, between two looks."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], tuple[int, float]] = {}
        self._rates: dict[tuple[str, str], float] = {}

    def look(self, endpoints: Sequence[Endpoint], moment: float) -> None:
        """Counts as they are at a moment, in seconds of a steady clock."""
        for endpoint in endpoints:
            for one in endpoint.deployments:
                who = endpoint.name, one.name
                before, since = self._seen.get(who, (one.requests, moment))
                if moment > since and one.requests >= before:  # fewer: it was replaced
                    self._rates[who] = (one.requests - before) / (moment - since)
                self._seen[who] = one.requests, moment

    def text(self, endpoint: str, deployment: str) -> str:
        """As it is shown; empty before the second look."""
        rate = self._rates.get((endpoint, deployment))
        return "" if rate is None else f"{rate:,.1f}"


def _draw(result: StatusResult, console: Console) -> None:
    if not result.endpoints:
        console.print("No endpoint. finbehave deploy MODEL makes one.")
    for part in _tables(result, None):
        console.print(part)


def draw_endpoint(result: Endpoint, console: Console) -> None:
    """One endpoint as a table; what start and stop show."""
    console.print(_table(result, None))


def _line(endpoint: Endpoint) -> str:
    split = " ".join(f"{name}={share}" for name, share in endpoint.traffic.items()) or "no traffic"
    return f"{endpoint.name} {endpoint.state.value} {split} revision {endpoint.revision}"


def _tables(result: StatusResult, rates: Rates | None) -> Iterator[RenderableType]:
    for endpoint in result.endpoints:
        yield _table(endpoint, rates)
        if any(one.value is not None for one in result.objectives[endpoint.name]):
            yield _objectives(result.objectives[endpoint.name])


def _objectives(held: Sequence[Objective]) -> Text:
    from rich.text import Text

    line = Text()
    for one in held:
        if one.value is not None:
            shown = f"{one.value:.3f} s" if one.name == "response" else f"{one.value:.3%}"
            mark, style = ("✓", "green") if one.met else ("✗", "red")
            line.append(f"{mark} ", style=style).append(f"{one.name} {shown} ").append(f"({one.goal})  ", style="dim")
    return line


def _table(endpoint: Endpoint, rates: Rates | None) -> TableOrRecords:
    from rich.table import Table
    from rich.text import Text

    from finbehave.cli.tables import TableOrRecords

    state = Text(endpoint.state.value, style=_COLOURS.get(endpoint.state.value, "red"))
    title = Text.assemble((endpoint.name, "bold"), "  ", state, f"  revision {endpoint.revision}")
    table = Table(
        "deployment", "model", "state", "traffic", "requests", *(["a second"] if rates else []), "errors", "p50 ms",
        "p95 ms", "p99 ms", title=title, title_justify="left", caption=_caption(endpoint), caption_justify="left",
    )  # fmt: skip
    for one in endpoint.deployments:
        latency = [f"{value:.1f}" if value is not None else "" for value in vars(one.latency_ms).values()]
        shown = Text(one.state.value, style=_COLOURS.get(one.state.value, "red"))
        if one.detail:
            shown.append(f" ({printable(one.detail)[:60]})", style="dim")
        rate = [rates.text(endpoint.name, one.name)] if rates else []
        table.add_row(
            one.name, printable(one.model), shown, f"{one.traffic} %", str(one.requests), *rate, str(one.errors),
            *latency,
        )  # fmt: skip
    return TableOrRecords(table)


def _caption(endpoint: Endpoint) -> str:
    if endpoint.mirror is None:
        return endpoint.scoring_uri
    from finbehave.cli.traffic import mirrored

    return f"{endpoint.scoring_uri}\n{mirrored(endpoint.mirror)}"
