"""Runs the tour of the README and writes what its commands print, and the picture of a pipeline.

    python docs/tour.py            rewrites README.md and docs/pipeline.svg
    python docs/tour.py --check    says where a command prints something else, figures and times apart, and exits with 1

In README.md each block below ``<!-- tour -->`` holds commands, which begin with ``$``, and what they print.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PICTURE = ROOT / "docs" / "pipeline.svg"
WIDTH = 100

_BLOCK = re.compile(r"(?<=<!-- tour -->\n```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
_FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
"""Rich's picture fetches a font from elsewhere; any that is fixed in width does."""

_VOLATILE = (
    (re.compile(r"  \d+\.\d s$", re.MULTILINE), ""),  # a check that took long enough to say so
    (re.compile(r"sha256:\w+"), "sha256"),
    (re.compile(r"\S+@\S+"), "somebody"),
    (re.compile(r"[+-]?\d[\d.,:TZe-]*"), "0"),
    (re.compile(r"[ ━─]+"), " "),
)
"""What differs from one run, machine or release of a library to the next."""


@contextmanager
def place() -> Iterator[Callable[..., str]]:
    """A folder with the example's data; gives a function that runs a line there and returns what it printed."""
    with tempfile.TemporaryDirectory(prefix="finbehave-tour-") as folder:
        shutil.copy(ROOT / "examples" / "late_payments.csv", folder)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FINBEHAVE_")}
        environment = {
            **kept, "PATH": path, "COLUMNS": str(WIDTH), "FINBEHAVE_WORKSPACE": str(Path(folder) / "workspace")
        }  # fmt: skip

        def run(line: str, **more: str) -> str:
            done = subprocess.run(
                ["sh", "-c", line], cwd=folder, env={**environment, **more}, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", check=False,
            )  # fmt: skip
            return done.stdout.replace(folder, "~")

        try:
            yield run
        finally:
            run("finbehave delete --yes")


def tour(readme: str) -> str:
    """The README with what its commands print now."""
    with place() as run:

        def told(block: re.Match[str]) -> str:
            lines = [line for line in block[0].splitlines() if line.startswith("$ ")]
            return "".join(f"{line}\n{_trimmed(run(line[2:]))}" for line in lines)

        return _BLOCK.sub(told, readme)


def _trimmed(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def picture() -> None:
    """The pipeline as a terminal shows it."""
    from rich.console import Console
    from rich.text import Text

    with place() as run:
        said = run("finbehave pipeline", FORCE_COLOR="1")
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True)
        console.print(Text("$ finbehave pipeline", style="bold"))
        console.print(Text.from_ansi(said.rstrip()))
        drawn = console.export_svg(title="finbehave pipeline", unique_id="finbehave")
    PICTURE.write_text(_FONT.sub("", drawn), encoding="utf-8")


def steady(text: str) -> list[str]:
    """The lines without what may differ."""
    for pattern, instead in _VOLATILE:
        text = pattern.sub(instead, text)
    return [line.strip() for line in text.splitlines()]


def main(arguments: list[str]) -> int:
    """Rewrite, or compare."""
    readme = README.read_text(encoding="utf-8")
    now = tour(readme)
    if "--check" not in arguments:
        README.write_text(now, encoding="utf-8")
        picture()
        return 0
    changed = list(difflib.unified_diff(steady(readme), steady(now), "README.md", "what is printed now", lineterm=""))
    print("\n".join(changed))
    return int(bool(changed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
