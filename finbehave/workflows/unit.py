"""A systemd unit that brings an endpoint up when its machine boots, and ends it in order when that goes down."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from finbehave.backends.base import open_backend
from finbehave.errors import UsageError
from finbehave.settings import Settings, load_settings

STOP_SECONDS = 90
"""More than an endpoint takes to answer what it has and to end."""

_UNIT = """\
[Unit]
Description=finbehave endpoint {endpoint}
After=network.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={program} start --endpoint {endpoint} --workspace {workspace}
ExecStop={program} stop --endpoint {endpoint} --workspace {workspace} --yes
TimeoutStopSec={stop}

[Install]
WantedBy=default.target
"""


@dataclass(frozen=True)
class UnitResult:
    """``text`` is the unit; under ``path`` systemd finds it for this user."""

    endpoint: str
    path: Path
    text: str


def unit(*, settings: Settings | None = None) -> UnitResult:
    """The unit of the settings' endpoint.

    Raises:
        NotFound: there is no such endpoint.
        UsageError: its backend keeps it up without us.
    """
    settings = settings or load_settings()
    backend = open_backend(settings)
    if backend.elsewhere:
        raise UsageError("a systemd unit is for an endpoint on this machine", remedy="leave out --backend")
    name = backend.serving.endpoint(settings.endpoint).name
    text = _UNIT.format(
        endpoint=name,
        program=f"{_escaped(sys.executable)} -m finbehave",
        workspace=_escaped(str(settings.workspace.absolute())),
        stop=STOP_SECONDS,
    )
    return UnitResult(name, Path.home() / ".config" / "systemd" / "user" / f"finbehave-{name}.service", text)


def _escaped(word: str) -> str:
    """A word of a command line as systemd reads it (systemd.service, "Command lines")."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$") + '"'
