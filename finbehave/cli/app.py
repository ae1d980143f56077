"""The program: the visible list of its commands, and the only place that catches."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from finbehave.cli import output
from finbehave.cli.options import output_mode_of
from finbehave.errors import FinbehaveError, Interrupted, UsageError

app = typer.Typer(
    name="finbehave",
    help="Carry a scikit-learn model from a file to a live, revertible endpoint.",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from finbehave import __version__

        typer.echo(f"finbehave {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Carry a scikit-learn model from a file to a live, revertible endpoint."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status of the contract."""
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    screen = output.Screen(mode=output_mode_of(words), command=next((w for w in words if not w.startswith("-")), ""))
    with screen:
        try:
            status = app(words, standalone_mode=False, obj=screen)
        except FinbehaveError as error:
            return screen.fail(error)
        except TyperException as error:
            return screen.fail(UsageError(error.format_message(), remedy=f"see {screen.program} --help"))
        except (KeyboardInterrupt, typer.Abort):
            return screen.fail(Interrupted("interrupted"))
        except BrokenPipeError:
            return screen.abandoned()
        except Exception as error:  # the one catch at the top: what nobody foresaw gets a log file
            return screen.crash(error)
        if status == Interrupted.exit_status:  # Typer turns Ctrl-C into this status
            return screen.fail(Interrupted("interrupted"))
        return screen.finish(status if isinstance(status, int) else 0)
