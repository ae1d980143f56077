"""Drills of what goes wrong on Azure before an endpoint of ours has a say: an image is built, a container starts.

Each runs the real tool on this machine, lets it fail, and returns what it said, as the container's log would hold it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from finbehave.environments.tool import run_uv
from finbehave.packaging.package import read_package
from finbehave.progress import Progress
from finbehave.settings import Settings
from finbehave.workflows.inference_server import SCRIPT, inference_server, scoring_code, with_server

Container = Callable[[Path, Path, Settings, Progress], str]
"""Of a sound package and an empty folder to work in, the log of what failed."""

LONGEST_START = 60.0
_LOOK_EVERY = 0.1
CONFLICT = ("scikit-learn==1.5.2", "joblib==1.0.1")
"""Each can be had; scikit-learn 1.5 asks for joblib 1.2 or newer (its own metadata)."""


def conflicting_pins(_package: Path, home: Path, settings: Settings, _progress: Progress) -> str:
    """An image is built from pins that exclude each other."""
    arguments = ["pip", "install", "--python", sys.executable, "--target", str(home / "image"), *CONFLICT]
    return run_uv(arguments, cwd=home, offline=settings.offline, impatient=True).stderr


def with_script(spoil: Callable[[Path], None]) -> Container:
    """The inference server starts on scoring code that was spoiled."""

    def run(package: Path, home: Path, settings: Settings, progress: Progress) -> str:
        interpreter = with_server(read_package(package).environment, settings, progress)
        app = scoring_code(home)
        spoil(app / SCRIPT)
        with inference_server(interpreter, app, package, home) as server:
            deadline = time.monotonic() + LONGEST_START
            while server.running and not server.answers_probe(1.0) and time.monotonic() < deadline:
                time.sleep(_LOOK_EVERY)
            return server.log

    return run


def not_uploaded(script: Path) -> None:
    """The code folder was uploaded without it."""
    script.unlink()


def cut_in_a_line(script: Path) -> None:
    """A merge went wrong: the definition of ``run`` has lost its end."""
    text = script.read_text(encoding="utf-8")
    script.write_text(text.replace("def run(raw_data: Any) -> Any:", "def run(raw_data: Any"), encoding="utf-8")
