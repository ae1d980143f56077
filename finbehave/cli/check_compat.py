"""finbehave check-compat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finbehave.cli.options import Run, command
from finbehave.cli.output import printable

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.domain.compat import ProbeOutcome, TargetReport, Versions
    from finbehave.workflows.check_compat import CompatResult

_COLOURS = {"compatible": "green", "risky": "yellow", "unknown": "yellow", "incompatible": "red", "unsafe": "bold red"}
SAME = 1e-6
"""In the table; the verdict goes by the package's own tolerance."""
_SHOWN = ("scikit-learn", "numpy", "joblib", "scipy", "pandas")


@command("instance_type")
def check_compat(
    run: Run,
    model: Annotated[str, typer.Argument(help="A package, a model file, or a registered NAME:VERSION.")],
    environment: Annotated[
        list[str] | None,
        typer.Option("--environment", help="File, curated image or versions; repeatable.", show_default="its own"),
    ] = None,
    no_probe: Annotated[bool, typer.Option("--no-probe", help="Read it only; load it nowhere.")] = False,
    matrix: Annotated[str, typer.Option("--matrix", help="Versions of scikit-learn, as 1.3.2,1.5.2,1.7.")] = "",
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Serve a package there under Azure's inference server.")
    ] = False,
    trust: Annotated[
        list[str] | None, typer.Option("--trust", help="A module whose code you answer for; repeatable.")
    ] = None,
) -> None:
    """Tell whether a model loads and answers the same where it is to run, before it is deployed.

    The file is read without loading it; if nothing in it could do harm, it is then loaded and asked in that
    environment, in a process of its own.
    """
    from finbehave.workflows.check_compat import check_compat as work

    run.screen.render = _draw
    result = work(
        model,
        environments=environment or (),
        probe=not no_probe,
        matrix=[version.strip() for version in matrix.split(",") if version.strip()],
        trust=trust or (),
        rehearse=rehearse,
        settings=run.settings,
        progress=run.progress,
    )
    run.show(result, _draw)


def _draw(result: CompatResult, console: Console) -> None:
    if len(result.targets) == 1:
        _draw_target(result.targets[0], console)
    else:
        _draw_table(result, console)
    if any(result.rehearsals):
        from rich.text import Text

        from finbehave.workflows.rehearsing import told

        for report, rehearsal in zip(result.targets, result.rehearsals, strict=True):
            if rehearsal is not None:
                console.print(
                    Text(f"rehearsed in {printable(report.name)}: {printable(told(rehearsal))}"), soft_wrap=True
                )


def _draw_table(result: CompatResult, console: Console) -> None:
    """Where it loads, where it predicts, where it predicts the same; and why not, below."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from finbehave.cli.tables import TableOrRecords

    table = Table("environment", "scikit-learn", "verdict", "loads", "predicts", "the same", box=SIMPLE_HEAD)
    for report in result.targets:
        verdict = report.verdict.value
        table.add_row(
            printable(report.name), printable(report.target.packages.get("scikit-learn", "?").partition(" ")[0]),
            Text(verdict, _COLOURS[verdict]), *_tried(report.probe),
        )  # fmt: skip
    console.print(Text(f"trained with {_versions(result.trained_with)}"), soft_wrap=True)
    console.print(TableOrRecords(table))
    remedy = ""
    for report in result.targets:
        if report.findings and report.verdict.value != "compatible":
            first = report.findings[0]
            console.print(Text(f"{printable(report.name)}: {printable(first.message)}"), soft_wrap=True)
            if first.remedy != remedy:
                console.print(Text(f"  -> {printable(first.remedy)}"), soft_wrap=True)
            remedy = first.remedy


def _tried(probe: ProbeOutcome | None) -> tuple[str, str, str]:
    if probe is None:
        return "not tried", "", ""
    if not probe.loaded:
        return "no", "", ""
    if not probe.predicted:
        return "yes", "no", ""
    if probe.max_abs_diff is None:
        return "yes", "yes", "nothing to compare"
    return "yes", "yes", "yes" if probe.max_abs_diff <= SAME else f"off by {probe.max_abs_diff:.2g}"


def _draw_target(report: TargetReport, console: Console) -> None:
    from rich.text import Text

    verdict = report.verdict.value
    console.print(Text.assemble((verdict, _COLOURS[verdict]), f" in {printable(report.name)}"), soft_wrap=True)
    console.print(Text(f"  trained with  {_versions(report.trained_with)}"), soft_wrap=True)
    console.print(Text(f"  target        {_versions(report.target)}"), soft_wrap=True)
    if report.probe is not None:
        from finbehave.workflows.judging import told

        console.print(Text(f"  tried         {printable(told(report.probe))}"), soft_wrap=True)
    else:
        console.print(Text("  tried         no, only read"), soft_wrap=True)
    remedy = ""
    for finding in report.findings:
        text = Text.assemble((f"  {finding.severity.value:<8}", _weight(finding.severity.value)), " ")
        console.print(text.append(f"{printable(finding.message)} [{finding.code}]"), soft_wrap=True)
        if finding.severity.value != "info" and finding.remedy != remedy:
            remedy = finding.remedy
            console.print(Text(f"           -> {printable(finding.remedy)}"), soft_wrap=True)


def _weight(severity: str) -> str:
    return {"info": "dim", "warning": "yellow", "error": "red", "danger": "bold red"}[severity]


def _versions(versions: Versions) -> str:
    named = [f"{name} {versions.packages[name]}" for name in _SHOWN if versions.packages.get(name)]
    python = [f"Python {versions.python}"] if versions.python else []
    return printable(", ".join([*python, *named])) or "unknown"
