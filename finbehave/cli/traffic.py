"""finbehave traffic show | set | mirror | ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finbehave.cli.options import Run, command
from finbehave.cli.output import moment, printable
from finbehave.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.domain.endpoint import Mirror
    from finbehave.workflows.traffic import LedgerResult, TrafficResult

traffic = typer.Typer(help="How requests are split between deployments.", no_args_is_help=True)


@traffic.command()
@command("endpoint")
def show(run: Run) -> None:
    """Show the split as it is now."""
    from finbehave.workflows.traffic import show_traffic

    run.show(show_traffic(settings=run.settings, progress=run.progress), _draw)


@traffic.command("set")
@command("endpoint")
def set_(
    run: Run,
    split: Annotated[list[str], typer.Argument(metavar="DEPLOYMENT=PERCENT...", help="As: blue=90 green=10.")],
    reason: Annotated[str, typer.Option("--reason", help="What the ledger keeps of why.")] = "",
) -> None:
    """Change the split by hand, in one write; deployments that are not named get nothing.

    A deployment that is given more than it has must be ready and answer its golden records.
    """
    from finbehave.workflows.traffic import set_traffic

    run.show(set_traffic(_read(split), reason=reason, settings=run.settings, progress=run.progress), _draw)


@traffic.command()
@command("endpoint")
def mirror(
    run: Run,
    share: Annotated[str, typer.Argument(metavar="DEPLOYMENT=PERCENT", help="As: green=10; 0 ends it.")],
) -> None:
    """Ask a deployment without traffic too, compare its answers with those that clients got, and throw them away."""
    from finbehave.workflows.traffic import mirror_traffic

    [(deployment, percent)] = _read([share], "finbehave traffic mirror green=10").items()
    run.show(mirror_traffic(deployment, percent, settings=run.settings, progress=run.progress), _draw)


@traffic.command()
@command("endpoint")
def ledger(run: Run) -> None:
    """Show every change: when, who, why and what served."""
    from finbehave.workflows.traffic import show_ledger

    run.show(show_ledger(settings=run.settings, progress=run.progress), _draw_ledger)


def _read(words: list[str], example: str = "finbehave traffic set blue=90 green=10") -> dict[str, int]:
    split: dict[str, int] = {}
    for word in words:
        name, _, percent = word.partition("=")
        if not name or not percent.isascii() or not percent.isdigit():
            raise UsageError(
                f"{word!r} is no share of the traffic: it must be a deployment and whole percents",
                remedy=example,
            )
        if name in split:
            raise UsageError(f"{name} is named twice", remedy="name each deployment once")
        split[name] = int(percent)
    return split


def _draw(result: TrafficResult, console: Console) -> None:
    from finbehave.workflows.split import split_text

    console.print(f"{result.endpoint}  {printable(split_text(result.traffic))}  revision {result.revision}")
    if result.mirror is not None:
        console.print(mirrored(result.mirror))
    if result.changed and result.traffic != result.previous_traffic:
        console.print(f"before: {printable(split_text(result.previous_traffic))}", style="dim")


def mirrored(mirror: Mirror) -> str:
    """What came of the copies."""
    said = f"{mirror.percent} % of the requests are copied to {mirror.deployment}"
    if mirror.same is None:
        return said
    return f"{said}: {mirror.same:,} answered the same, {mirror.otherwise:,} otherwise, {mirror.failed:,} failed"


def _draw_ledger(result: LedgerResult, console: Console) -> None:
    from rich.table import Table

    from finbehave.cli.tables import TableOrRecords

    if not result.entries:
        console.print(f"{result.endpoint} never had traffic. finbehave deploy MODEL gives it some.")
        return
    table = Table("revision", "time (UTC)", "traffic", "reason", "who")
    for entry in result.entries:
        split = "\n".join(
            f"{name} {share} %  {entry.models.get(name, '')}" for name, share in entry.traffic.items() if share
        )
        shown = (split or "no traffic", entry.reason, entry.actor)
        table.add_row(str(entry.revision), moment(entry.time), *(printable(text) for text in shown))
    console.print(TableOrRecords(table))
