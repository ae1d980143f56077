"""Isolated environments: built once through uv, kept in the cache, shared by every command.

An environment is a folder named after what it holds: its Python and its requirements. A file lock keeps two processes
from building it at once; a marker written last keeps a build that was killed from being taken for one.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from filelock import FileLock

from finbehave.domain.environment import EnvironmentSpec, Interpreter
from finbehave.environments.failures import os_failure, uv_failure
from finbehave.environments.guests import run_guest
from finbehave.environments.interpreters import find_python
from finbehave.environments.releases import python_for
from finbehave.environments.tool import run_uv
from finbehave.errors import EnvironmentImpossible
from finbehave.progress import QUIET, Progress

_MARKER = "finbehave.json"
NEEDED = ("scikit-learn", "joblib", "numpy")
"""Without these a model cannot be loaded; scikit-learn brings the other two."""


def ensure_environment(
    spec: EnvironmentSpec, *, cache: Path, offline: bool = False, progress: Progress = QUIET
) -> Interpreter:
    """The interpreter of an isolated environment with exactly these requirements, built now if need be.

    Raises:
        EnvironmentImpossible: pins that cannot be met, or no scikit-learn among them.
        NoNetwork: it has to be built and the package index cannot be reached.
        DiskFull, ConfigurationError: the cache cannot be written.
    """
    if not any(line.lower().replace("_", "-").startswith("scikit-learn") for line in spec.requirements):
        raise EnvironmentImpossible(
            f"{spec.origin} does not name scikit-learn, so no model can be loaded in it",
            remedy=f"add scikit-learn, with the version that trained the model, to {spec.origin}",
        )
    python = python_for(spec)
    folder = cache / "environments" / _digest(python, spec.requirements)
    try:
        if (known := _read(folder)) is not None:
            return known
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if (known := _read(folder)) is not None:
                return known
            return _build(folder, python, spec, offline=offline, progress=progress)
    except OSError as error:
        raise os_failure(error, folder) from error


def _digest(python: str, requirements: tuple[str, ...]) -> str:
    text = "\n".join([python, *sorted(requirements)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _interpreter(folder: Path) -> Path:
    return folder / "bin" / "python"


def _read(folder: Path) -> Interpreter | None:
    """The environment as it was when it was finished; None when it is not, or its Python is gone."""
    try:
        stored = json.loads((folder / _MARKER).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    path = _interpreter(folder)
    return Interpreter(path, stored["python"], stored["packages"]) if path.exists() else None


def _build(folder: Path, python: str, spec: EnvironmentSpec, *, offline: bool, progress: Progress) -> Interpreter:
    base = find_python(python, offline=offline, progress=progress)
    task = f"building {spec.origin}"
    progress.advance(task, 0)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    wanted = folder / "requirements.in"
    wanted.write_text("\n".join(spec.requirements) + "\n", encoding="utf-8")
    path = _interpreter(folder)
    steps: tuple[list[str | Path], ...] = (
        ["venv", "--quiet", "--no-project", "--allow-existing", "--python", base, folder],
        ["pip", "install", "--only-binary", ":all:", "--python", path, "-r", wanted],
    )
    for arguments in steps:
        run = run_uv(arguments, cwd=folder, offline=offline, impatient=True)
        if run.status != 0:
            shutil.rmtree(folder, ignore_errors=True)
            raise uv_failure(run.stderr, spec.origin, spec.requirements, python)
    found = run_guest(path, "inventory.py", {"names": None}, timeout=120)
    unfinished = folder / f"{_MARKER}.unfinished"
    unfinished.write_text(json.dumps(found, indent=1), encoding="utf-8")
    unfinished.replace(folder / _MARKER)
    progress.advance(task, 1, 1)
    return Interpreter(path, found["python"], found["packages"])
