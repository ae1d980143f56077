"""What every command takes, and the decorator that gives it to them.

A command is an ordinary function whose first parameter is a ``Run``. ``@command("endpoint", …)`` adds the options of
the settings that it names, and those of every command, and hands the resolved settings over in the ``Run``.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from finbehave.cli.output import Mode, Renderer, Screen

if TYPE_CHECKING:
    from finbehave.progress import Progress
    from finbehave.settings import Settings

_EVERYWHERE = "Everywhere"
_HERE = "On this machine"
ON_AZURE = "On Azure"

COMMON_OPTIONS: dict[str, Any] = {
    "backend": Annotated[
        Literal["local", "azure"] | None,
        typer.Option("--backend", help="Where to work.", show_default="local", rich_help_panel=_EVERYWHERE),
    ],
    "output": Annotated[
        Literal["text", "json"] | None,
        typer.Option(
            "--output", "-o", help="Tables for people or one JSON document.", show_default="text",
            rich_help_panel=_EVERYWHERE,
        ),
    ],
    "workspace": Annotated[
        Path | None,
        typer.Option("--workspace", help="Where the local backend keeps everything.", rich_help_panel=_EVERYWHERE),
    ],
    "debug": Annotated[
        bool | None,
        typer.Option("--debug", help="Print the log and tracebacks too.", rich_help_panel=_EVERYWHERE),
    ],
}  # fmt: skip

SETTING_OPTIONS: dict[str, Any] = {
    "endpoint": Annotated[
        str | None, typer.Option("--endpoint", "-e", help="The endpoint.", show_default="fin-behavior-ep-fixed")
    ],
    "model_name": Annotated[
        str | None,
        typer.Option("--model-name", help="The model's name.", show_default="financial-behavior-model-fixed"),
    ],
    "instance_type": Annotated[
        str | None, typer.Option("--instance-type", help="Size of a machine.", show_default="Standard_F4s_v2")
    ],
    "instance_count": Annotated[
        int | None, typer.Option("--instance-count", help="Workers of the deployment.", show_default="1")
    ],
    "random_state": Annotated[
        int | None, typer.Option("--seed", help="Seed of every random choice.", show_default="42")
    ],
    "test_size": Annotated[
        float | None, typer.Option("--test-size", help="Share of rows held out.", show_default="0.2")
    ],
    "cv_folds": Annotated[int | None, typer.Option("--cv", help="Folds that choose the model.", show_default="3")],
    "host": Annotated[
        str | None,
        typer.Option(
            "--host", help="Address that a new endpoint listens on.", show_default="127.0.0.1", rich_help_panel=_HERE
        ),
    ],
    "port": Annotated[
        int | None,
        typer.Option("--port", help="Port of a new endpoint.", show_default="a free one", rich_help_panel=_HERE),
    ],
    "tls_cert": Annotated[
        Path | None,
        typer.Option(
            "--tls-cert", help="Certificate of a new endpoint, PEM.", show_default="no TLS", rich_help_panel=_HERE
        ),
    ],
    "tls_key": Annotated[Path | None, typer.Option("--tls-key", help="Its private key, PEM.", rich_help_panel=_HERE)],
    "rate_limit": Annotated[
        float | None,
        typer.Option(
            "--rate-limit", help="Requests a second for each key.", show_default="no limit", rich_help_panel=_HERE
        ),
    ],
    "response_cache": Annotated[
        int | None,
        typer.Option(
            "--response-cache",
            help="Answers to remember for equal requests.",
            show_default="none",
            rich_help_panel=_HERE,
        ),
    ],
    "rehearsal": Annotated[
        bool | None,
        typer.Option(
            "--rehearsal/--no-rehearsal",
            help="Serve it on this machine first, as there.",
            show_default="rehearsal",
            rich_help_panel=ON_AZURE,
        ),
    ],
    "private": Annotated[
        bool | None,
        typer.Option("--private", help="No public network, neither in nor out.", rich_help_panel=ON_AZURE),
    ],
    "identity": Annotated[
        str | None,
        typer.Option(
            "--identity", help="A new endpoint's user-assigned identity, name or id.", rich_help_panel=ON_AZURE
        ),
    ],
    "min_instances": Annotated[
        int | None, typer.Option("--min-instances", help="Least machines or workers, by load.", show_default="1")
    ],
    "max_instances": Annotated[
        int | None,
        typer.Option("--max-instances", help="Most machines or workers, by load.", show_default="no scaling"),
    ],
    "target_cpu": Annotated[
        float | None,
        typer.Option(
            "--target-cpu",
            metavar="PERCENT",
            help="One machine more above it.",
            show_default="70",
            rich_help_panel=ON_AZURE,
        ),
    ],
    "target_latency": Annotated[
        float | None,
        typer.Option(
            "--target-latency", metavar="MS", help="The same, by the endpoint's latency.", rich_help_panel=ON_AZURE
        ),
    ],
    "workers": Annotated[
        int | None,
        typer.Option(
            "--workers", help="Processes on each machine.", show_default="one a core", rich_help_panel=ON_AZURE
        ),
    ],
    "concurrency": Annotated[
        int | None,
        typer.Option(
            "--concurrency",
            help="Requests at once on each machine.",
            show_default="one a worker",
            rich_help_panel=ON_AZURE,
        ),
    ],
    "request_timeout": Annotated[
        float | None,
        typer.Option(
            "--request-timeout",
            metavar="SECONDS",
            help="For one request, 180 at most.",
            show_default="30",
            rich_help_panel=ON_AZURE,
        ),
    ],
    "memory": Annotated[str | None, typer.Option("--memory", help="Memory cap, as 2GB.", show_default="2GB")],
}


@dataclass(frozen=True)
class Run:
    """One run of a command: its settings, who watches, and where its result goes."""

    settings: Settings
    screen: Screen

    @property
    def progress(self) -> Progress:
        """Who watches the work."""
        return self.screen

    def show(self, result: object, render: Renderer) -> None:
        """Give the result; it is printed once, when the command ends."""
        self.screen.result = result
        self.screen.render = render

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask before something that cannot be undone; without a terminal, ``--yes`` has to have said it."""
        self.screen.confirm(question, yes=yes)


def command(*settings: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function a command: add the options of the named settings and those of every command.

    Args:
        settings: Names in ``SETTING_OPTIONS``; their resolved values are read from ``run.settings``.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        added = {name: SETTING_OPTIONS[name] for name in settings} | COMMON_OPTIONS
        signature = inspect.signature(function, eval_str=True)
        own = list(signature.parameters.values())[1:]
        keyword = inspect.Parameter.KEYWORD_ONLY

        @functools.wraps(function)
        def started(context: typer.Context, **values: Any) -> None:
            from finbehave.settings import load_settings

            said = {name: values.pop(name) for name in added}
            screen: Screen = context.find_root().obj
            screen.command = _name_of(context)
            resolved = load_settings(said)
            screen.begin(resolved)
            function(Run(resolved, screen), **values)

        parameters = [
            inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context),
            *(parameter.replace(kind=keyword) for parameter in own),
            *(inspect.Parameter(name, keyword, default=None, annotation=kind) for name, kind in added.items()),
        ]
        started.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        return started

    return decorate


def _name_of(context: typer.Context) -> str:
    """``traffic set``: the command's words without the program's own, whichever way that was started."""
    words: list[str] = []
    while context.parent is not None:
        words.insert(0, context.info_name or "")
        context = context.parent  # type: ignore[assignment]
    return " ".join(words)


def output_mode_of(words: Sequence[str]) -> Mode:
    """Text or JSON, read before the command line is parsed, so that a usage error speaks JSON too."""
    for before, word in zip(["", *words], [*words, ""], strict=True):
        if word in {"--output=json", "-ojson", "-o=json"} or (before in {"--output", "-o"} and word == "json"):
            return "json"
        if word in {"--output=text", "-otext"} or (before in {"--output", "-o"} and word == "text"):
            return "text"
    return "json" if os.environ.get("FINBEHAVE_OUTPUT", "").lower() == "json" else "text"
