"""The program: the visible list of its commands, and the only place that catches."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from finbehave.cli import output
from finbehave.cli.check_compat import check_compat
from finbehave.cli.config import config
from finbehave.cli.delete import delete
from finbehave.cli.deploy import deploy
from finbehave.cli.doctor import doctor
from finbehave.cli.drill import drill
from finbehave.cli.invoke import invoke
from finbehave.cli.keys import keys
from finbehave.cli.logs import logs
from finbehave.cli.models import models
from finbehave.cli.options import output_mode_of
from finbehave.cli.pipeline import pipeline
from finbehave.cli.prepare import prepare
from finbehave.cli.register import register
from finbehave.cli.rollback import rollback
from finbehave.cli.sample import sample
from finbehave.cli.start import start
from finbehave.cli.status import status
from finbehave.cli.stop import stop
from finbehave.cli.traffic import traffic
from finbehave.cli.train import train
from finbehave.cli.troubleshoot import troubleshoot
from finbehave.cli.validate import validate
from finbehave.disk import is_full, unwritable
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
        from finbehave.version import __version__

        typer.echo(f"finbehave {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Carry a scikit-learn model from a file to a live, revertible endpoint."""


RELEASE = "From a file to an endpoint"
OPERATE = "Operate"
DATA = "Data"
MACHINE = "This machine"

COMMANDS = {
    RELEASE: [pipeline, train, check_compat, register, deploy, invoke, logs, rollback],
    OPERATE: [status, troubleshoot, start, stop, delete, drill],
    DATA: [sample, prepare, validate],
    MACHINE: [config, doctor],
}
GROUPS = {OPERATE: [("traffic", traffic), ("models", models), ("keys", keys)]}

for _panel, _commands in COMMANDS.items():
    for _command in _commands:
        app.command(_command.__name__.replace("_", "-"), rich_help_panel=_panel)(_command)
for _panel, _groups in GROUPS.items():
    for _name, _group in _groups:
        app.add_typer(_group, name=_name, rich_help_panel=_panel)


def _end_like_interrupts() -> None:
    """Let a kill and a closed terminal end a command as Ctrl-C does, so that it puts back what it has begun."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # not one that nohup ignores
            signal.signal(number, signal.default_int_handler)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status of the contract."""
    said = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    screen = output.Screen(mode=output_mode_of(said), command=next((w for w in said if not w.startswith("-")), ""))
    _end_like_interrupts()
    with screen:
        try:
            status = app(said, standalone_mode=False, obj=screen)
        except FinbehaveError as error:
            return screen.fail(error)
        except TyperException as error:
            words = error.format_message() or "say which command"  # empty where Typer has shown the help instead
            return screen.fail(UsageError(words, remedy=f"see {screen.program} --help"))
        except (KeyboardInterrupt, typer.Abort):
            return screen.fail(Interrupted("interrupted"))
        except BrokenPipeError:
            return screen.abandoned()
        except OSError as error:
            return screen.fail(unwritable(error.filename or "a file", error)) if is_full(error) else screen.crash(error)
        except Exception as error:  # the one catch at the top: what nobody foresaw gets a log file
            return screen.crash(error)
        if status == Interrupted.exit_status:  # Typer turns Ctrl-C into this status
            return screen.fail(Interrupted("interrupted"))
        return screen.finish(status if isinstance(status, int) else 0)
