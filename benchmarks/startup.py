"""How long ``finbehave --help`` takes, beside a program of twelve commands that does nothing, both on Typer and Rich.

    python benchmarks/startup.py

Prints the ratio of the medians of both, run in turn.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 20
BARE = """
import typer
app = typer.Typer(rich_markup_mode="rich")
{commands}
app()
"""
COMMAND = '''
@app.command()
def verb{number}(name: str, count: int = 1, loud: bool = False) -> None:
    """Do the thing number {number}."""
'''


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE.format(commands="".join(COMMAND.format(number=number) for number in range(12))))
        programs = {"bare": [sys.executable, str(bare)], "finbehave": [sys.executable, "-m", "finbehave"]}
        seconds: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(ROUNDS):
            for name, program in programs.items():
                started = time.perf_counter()
                subprocess.run([*program, "--help"], check=True, stdout=subprocess.DEVNULL)
                seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, median in medians.items():
        print(f"{name:<10} {median * 1000:6.0f} ms")
    print(f"ratio      {medians['finbehave'] / medians['bare']:6.2f}  (at most 1.5)")


if __name__ == "__main__":
    main()
