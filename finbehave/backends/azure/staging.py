"""The code that a deployment or a job runs: the same scripts as on this machine, in a clean flat folder.

A clean one, since the SDK leaves out of an upload what a ``.gitignore`` or ``.amlignore`` beside the files says.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from finbehave.environments.guests import GUEST

SCRIPT = "score.py"
FILES = (SCRIPT, "answers.py", "model.py", "frames.py")
"""The script and the siblings that it imports."""

JOB = "job.py"
FITTING = (
    JOB, "fit.py", "candidates.py", "handover.py", "frames.py", "inventory.py", "markers.py", "metrics.py", "model.py",
    "protocol.py", "reference.py", "showing.py",
)  # fmt: skip
"""The script that a job starts, the fit, and all that they import."""


def copy_code(files: Sequence[str], folder: Path) -> None:
    """Copy scripts of the guest into a folder."""
    for one in files:
        shutil.copyfile(GUEST / one, folder / one)


@contextmanager
def scoring_code() -> Iterator[Path]:
    """A folder with the scoring code and nothing else."""
    with _folder("scoring", FILES) as code:
        yield code


@contextmanager
def fitting_code() -> Iterator[Path]:
    """A folder with what a fit runs, and nothing else."""
    with _folder("fitting", FITTING) as code:
        yield code


@contextmanager
def _folder(name: str, files: Sequence[str]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="finbehave-code-") as folder:
        code = Path(folder) / name
        code.mkdir()
        copy_code(files, code)
        yield code
