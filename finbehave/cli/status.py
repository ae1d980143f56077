"""finbehave status."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from finbehave.cli.options import Run, command
from finbehave.cli.output import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console, RenderableType
    from rich.text import Text

    from finbehave.cli.tables import TableOrRecords
    from finbehave.domain.endpoint import Deployment, Endpoint
    from finbehave.monitoring.objectives import Objective
    from finbehave.workflows.history import UnderWay
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
    from finbehave.workflows.status import looks
    from finbehave.workflows.status import status as look

    if watch:
        _watch(run, looks(endpoint, settings=run.settings, progress=run.progress), interval)
    else:
        run.show(look(endpoint, settings=run.settings, progress=run.progress), _draw)


def _watch(run: Run, looks: Iterator[StatusResult], interval: float) -> None:
    import sys
    import time

    from rich.console import Group
    from rich.live import Live

    from finbehave.cli.watching import console_for

    if run.screen.mode == "json" or not sys.stdout.isatty():
        for result in looks:
            run.screen.line(result, "\n".join(_line(endpoint) for endpoint in result.endpoints))
            time.sleep(interval)
    rates = Rates()
    first = next(looks)  # what it has to say is said before the screen is drawn upon
    with Live(console=console_for(sys.stdout), auto_refresh=False) as live:
        for result in chain([first], looks):
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
                if one.requests is None or endpoint.counted_minutes is not None:  # a window that moves has no rate
                    continue
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
        if release := result.under_way.get(endpoint.name):
            yield _under_way(endpoint.name, release)


def _under_way(endpoint: str, release: UnderWay) -> Text:
    from rich.text import Text

    from finbehave.workflows.history import ways_on

    what = f"the release of {printable(release.model)} on {release.deployment} is at {release.percent} %"
    who = f"since {release.since}, by {printable(release.actor)}"
    return Text.assemble(("! ", "yellow"), f"{what} {who}; where that command has ended, {ways_on(endpoint)}")


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
    answered = _answered(endpoint, rates)
    table = Table(
        "deployment", "model", "state", "traffic", *answered, title=title, title_justify="left",
        caption=_caption(endpoint), caption_justify="left",
    )  # fmt: skip
    for one in endpoint.deployments:
        shown = Text(one.state.value, style=_COLOURS.get(one.state.value, "red"))
        if one.detail:
            shown.append(f" ({printable(one.detail)[:60]})", style="dim")
        cells = [cell(one) for cell in answered.values()]
        table.add_row(one.name, printable(one.model), shown, f"{one.traffic} %", *cells)
    return TableOrRecords(table)


def _answered(endpoint: Endpoint, rates: Rates | None) -> dict[str, Callable[[Deployment], str]]:
    """Columns of what deployments have answered; none where nobody was asked, or can say."""
    if all(one.requests is None for one in endpoint.deployments):
        return {}
    columns: dict[str, Callable[[Deployment], str]] = {"requests": lambda one: _number(one.requests)}
    if rates and endpoint.counted_minutes is None:
        columns["a second"] = lambda one: rates.text(endpoint.name, one.name)
    return columns | {
        "errors": lambda one: _number(one.errors),
        "p50 ms": lambda one: _number(one.latency_ms.p50, ".1f"),
        "p95 ms": lambda one: _number(one.latency_ms.p95, ".1f"),
        "p99 ms": lambda one: _number(one.latency_ms.p99, ".1f"),
    }


def _number(value: float | None, form: str = "") -> str:
    return "" if value is None else format(value, form)


def _caption(endpoint: Endpoint) -> str:
    lines = [endpoint.scoring_uri]
    if endpoint.counted_minutes is not None:
        when = f"the last {endpoint.counted_minutes} minutes, as far as they are counted"
        lines.append(f"requests, errors, latencies: {when}")
    if endpoint.mirror is not None:
        from finbehave.cli.traffic import mirrored

        lines.append(mirrored(endpoint.mirror))
    return "\n".join(lines)
