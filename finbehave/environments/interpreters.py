"""Finding a Python of a wanted version: this one, one on the PATH, pyenv's, uv's, and then uv's download.

A candidate counts only when it has been started and has told its version: a shim on the PATH may lead nowhere.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from finbehave.environments.failures import uv_failure
from finbehave.environments.tool import run_uv
from finbehave.errors import ConfigurationError, NoNetwork
from finbehave.progress import QUIET, Progress

_ASK = "import sys; print(sys.implementation.name, '%d.%d.%d' % sys.version_info[:3])"
_SECONDS_TO_ANSWER = 20.0


def find_python(version: str, *, offline: bool = False, progress: Progress = QUIET) -> Path:
    """An interpreter of ``"3.8"`` or ``"3.8.18"``; CPython only.

    A patch release that is not here is answered with another one of the same minor version, and said: what a model
    file needs is the minor version, and its patch releases read each other's files.

    Raises:
        ConfigurationError: there is none and none can be had, or ``version`` is not one.
        NoNetwork: there is none, and it cannot be fetched without a network.
    """
    minor = _minor_of(version)
    if found := installed_python(version):
        return found
    if version != minor and (found := installed_python(minor)):
        progress.note(f"Python {version} is not on this machine; {version_of(found)} is used")
        return found
    if offline:
        raise NoNetwork(
            f"Python {minor} is not on this machine, and offline it cannot be fetched", remedy=_remedy(minor)
        )
    return _fetch(version, progress)


def installed_python(version: str) -> Path | None:
    """An interpreter of that version on this machine, without a download; None where there is none."""
    minor = _minor_of(version)
    for candidate in _candidates(minor):
        if _fits(version_of(candidate), version):
            return candidate
    return None


def version_of(interpreter: Path) -> str | None:
    """``"3.8.18"`` when this is a CPython that runs; None otherwise."""
    try:
        changed = interpreter.stat().st_mtime_ns
    except OSError:
        return None
    return _version_of(str(interpreter), changed)


@functools.lru_cache(maxsize=256)
def _version_of(interpreter: str, _changed: int) -> str | None:
    try:
        said = subprocess.run(
            [interpreter, "-I", "-S", "-c", _ASK], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=_SECONDS_TO_ANSWER, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    words = said.stdout.split()
    return words[1] if len(words) == 2 and words[0] == "cpython" else None


def _minor_of(version: str) -> str:
    match = re.fullmatch(r"(3\.\d{1,2})(\.\d{1,2})?", version)
    if match is None:
        raise ConfigurationError(f"{version!r} is not a Python version", remedy="write it as 3.11 or as 3.11.7")
    return match[1]


def _fits(found: str | None, wanted: str) -> bool:
    return found is not None and (found == wanted or found.startswith(wanted + "."))


def _candidates(minor: str) -> Iterator[Path]:
    """Where an interpreter may be, the nearest first. PATH, HOME and PYENV_ROOT are the machine's, not settings."""
    yield Path(sys.executable)
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for name in (f"python{minor}", "python3"):
            if folder and (candidate := Path(folder) / name).exists():
                yield candidate
    yield from _pyenv(minor)
    yield from _managed_by_uv(minor)


def _pyenv(minor: str) -> Iterator[Path]:
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [folder for folder in root.glob(f"versions/{minor}.*") if folder.name.rsplit(".", 1)[1].isdigit()]
    for folder in sorted(found, key=lambda folder: int(folder.name.rsplit(".", 1)[1]), reverse=True):
        yield folder / "bin" / "python"


def _managed_by_uv(minor: str) -> Iterator[Path]:
    found = run_uv(
        ["python", "find", "--managed-python", "--no-python-downloads", "--no-project", minor], cwd=Path("/"),
        offline=True,
    )  # fmt: skip
    if found.status == 0 and found.stdout.strip():
        yield Path(found.stdout.strip())


def _fetch(version: str, progress: Progress) -> Path:
    minor = _minor_of(version)
    task = f"fetching Python {version}"
    progress.advance(task, 0)
    run = run_uv(["python", "install", "--no-bin", version], cwd=Path("/"), impatient=True)
    progress.advance(task, 1, 1)
    if run.status == 0 and (found := next(_managed_by_uv(version), None)) and version_of(found):
        progress.note(f"Python {version_of(found)} was fetched, since this machine had no {version}")
        return found
    failure = uv_failure(run.stderr, f"Python {version}", [], version)
    if isinstance(failure, NoNetwork):
        raise NoNetwork(
            f"Python {minor} is not on this machine and cannot be fetched: no network", remedy=_remedy(minor)
        )
    raise ConfigurationError(
        f"Python {minor} is not on this machine: {run.stderr.strip()[-300:]}", remedy=_remedy(minor)
    )


def _remedy(minor: str) -> str:
    return f"install Python {minor} (uv python install {minor}, pyenv install {minor}, or your system's package)"
