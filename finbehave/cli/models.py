"""finbehave models list | show | download | archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finbehave.cli.options import Run, command
from finbehave.cli.output import moment, printable

if TYPE_CHECKING:
    from rich.console import Console

    from finbehave.workflows.models import DownloadResult, ModelDetails, ModelsResult

models = typer.Typer(help="What the registry holds.", no_args_is_help=True)

Model = Annotated[
    str, typer.Argument(metavar="MODEL[:VERSION]", help="A model; the latest version where none is said.")
]


@models.command("list")
@command()
def list_(
    run: Run,
    name: Annotated[str | None, typer.Option("--name", help="Only this model.")] = None,
    archived: Annotated[bool, typer.Option("--archived", help="Archived versions too.")] = False,
) -> None:
    """List the versions that are registered."""
    from finbehave.workflows.models import list_models

    run.show(list_models(name, archived=archived, settings=run.settings, progress=run.progress), _draw)


@models.command()
@command()
def show(run: Run, model: Model) -> None:
    """Show one version: what it was trained on, with and for."""
    from finbehave.workflows.models import show_model

    run.show(show_model(model, settings=run.settings, progress=run.progress), _draw_details)


@models.command()
@command()
def download(
    run: Run,
    model: Model,
    out: Annotated[Path | None, typer.Option("--out", help="A folder that is not there yet.")] = None,
) -> None:
    """Copy a version's package into a folder and verify it."""
    from finbehave.workflows.models import download_model

    into = out or Path(model.replace(":", "-").removesuffix("@latest"))
    run.show(download_model(model, into, settings=run.settings, progress=run.progress), _draw_download)


@models.command()
@command()
def archive(
    run: Run,
    model: Model,
    restore: Annotated[bool, typer.Option("--restore", help="Bring it back.")] = False,
) -> None:
    """Hide a version from listings and from latest. Nothing is deleted."""
    from finbehave.workflows.models import archive_model

    run.show(archive_model(model, restore=restore, settings=run.settings, progress=run.progress), _draw)


def _draw(result: ModelsResult | ModelDetails, console: Console) -> None:
    from rich.table import Table

    from finbehave.cli.tables import TableOrRecords

    if not result.models:
        console.print("No model is registered. finbehave register PACKAGE puts one here.")
        return
    table = Table("model", "version", "trained with", "created (UTC)", "digest")
    for model in result.models:
        versions = ", ".join(f"{name} {version}" for name, version in sorted(model.trained_with.items()))
        shown = f"{model.version} (archived)" if model.archived else model.version
        table.add_row(printable(model.name), shown, printable(versions), moment(model.created), model.digest[:19])
    console.print(TableOrRecords(table))


def _draw_details(result: ModelDetails, console: Console) -> None:
    from rich.table import Table

    from finbehave.cli.tables import TableOrRecords

    _draw(result, console)
    manifest = result.manifest
    table = Table("feature", "kind", "seen in training", title=f"{manifest.task.value} on {printable(manifest.target)}")
    for feature in manifest.features:
        seen = ", ".join(feature.categories[:6]) + (", …" if len(feature.categories) > 6 else "")
        if feature.minimum is not None:
            seen = f"{feature.minimum:g} to {feature.maximum:g}"
        table.add_row(printable(feature.name), feature.kind.value, printable(seen))
    console.print(TableOrRecords(table))
    for name, value in manifest.metrics.items():
        console.print(f"{printable(name)}: {value:.4f}")


def _draw_download(result: DownloadResult, console: Console) -> None:
    console.print(f"{result.models[0].ref} is in {result.package}")
