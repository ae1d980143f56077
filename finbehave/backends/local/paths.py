"""Where the local backend keeps things, and which names endpoints and deployments may have.

<workspace>/models/NAME/VERSION/     the registry
<workspace>/endpoints/NAME/          endpoint.sqlite, supervisor.lock, logs/, predictions/
<workspace>/locks/                   who is at work on which endpoint
<temp>/finbehave-UID/HASH/           sockets of a running endpoint: their paths may have 108 bytes at most
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path

from finbehave.errors import ConfigurationError, UsageError

SUPERVISOR_LOCK = "supervisor.lock"
LOGS = "logs"
OWN_LOGS = ("supervisor", "gateway")
"""Logs of the endpoint itself; the others are those of deployments."""

_DIGEST = 16

_NAME = re.compile(r"(?=.{3,32}\Z)[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*")


def checked_name(name: str, kind: str) -> str:
    """The name of an endpoint or a deployment, by the rules of Azure, so that it can move there.

    Raises:
        UsageError: it is not one.
    """
    if not _NAME.fullmatch(name) or name in OWN_LOGS:
        shown = repr(name) if len(name) <= 60 else repr(name[:57]) + "…"
        raise UsageError(
            f"{shown} is no name of {kind}: a letter first, then letters, digits and single dashes, 3 to 32 in all",
            remedy=f"choose another name of {kind}",
        )
    return name


def endpoints_dir(workspace: Path) -> Path:
    """The folder that holds one folder for each endpoint."""
    return workspace / "endpoints"


def models_dir(workspace: Path) -> Path:
    """The folder that holds one folder for each model name."""
    return workspace / "models"


def locks_dir(workspace: Path) -> Path:
    """The folder of locks that outlive what they guard."""
    return workspace / "locks"


def log_file(endpoint_dir: Path, name: str) -> Path:
    """The log of a deployment, or one of ``OWN_LOGS``."""
    return endpoint_dir / LOGS / f"{name}.log"


def predictions_file(endpoint_dir: Path, deployment: str) -> Path:
    """The samples of rows with their answers, of a deployment."""
    return endpoint_dir / "predictions" / f"{deployment}.jsonl"


def runtime_dir_for(endpoint_dir: Path) -> Path:
    """Where the sockets of an endpoint go when it is started from here. Recorded in its state: TMPDIR may change."""
    digest = hashlib.sha256(os.fsencode(endpoint_dir.resolve())).hexdigest()[:_DIGEST]
    return Path(tempfile.gettempdir()) / f"finbehave-{os.getuid()}" / digest


def runtimes_beside(runtime: Path) -> list[Path]:
    """Every folder of sockets of the same endpoint, this one among them: a killed supervisor leaves its own."""
    return sorted(runtime.parent.glob(f"{runtime.name[:_DIGEST]}*"))


def make_private(folder: Path) -> None:
    """Create a folder, and the one above it, for this user alone.

    Raises:
        ConfigurationError: somebody else's folder is in its place.
    """
    for each in (folder.parent, folder):
        each.mkdir(mode=0o700, exist_ok=True)
        found = each.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise ConfigurationError(
                f"{each} must be a folder that only this user can enter, because the endpoint's sockets go there",
                remedy=f"remove {each}, or set TMPDIR to another folder",
            )
