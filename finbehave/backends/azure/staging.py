"""The code that a deployment runs: the same scoring script as on this machine, in a clean flat folder.

A clean one, since the SDK leaves out of an upload what a ``.gitignore`` or ``.amlignore`` beside the files says.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from finbehave.environments.guests import GUEST

SCRIPT = "score.py"
FILES = (SCRIPT, "answers.py", "model.py", "frames.py")
"""The script and the siblings that it imports."""


@contextmanager
def scoring_code() -> Iterator[Path]:
    """A folder with the scoring code and nothing else."""
    with tempfile.TemporaryDirectory(prefix="finbehave-code-") as folder:
        code = Path(folder) / "scoring"
        code.mkdir()
        for name in FILES:
            shutil.copyfile(GUEST / name, code / name)
        yield code
