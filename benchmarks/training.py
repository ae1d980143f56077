"""Training with its defaults on a file of one's own, over five seeds: how good, how fast, how much memory.

    python benchmarks/training.py --data FILE --target COLUMN [--seeds 42,1,2,3,4]

Each seed is a process of its own, one after the other: another held-out part, other folds. "fit" is the whole guest
that searches, refits and measures, its start and its imports among it; "peak" is the largest of all processes of a
training. Wall seconds say little on a machine that others use too, so the seconds of the processor stand beside them:
half of those is what two idle cores need at least. The goals are those for 30,000 rows of 23 columns on two idle cores:
a mean ROC AUC of at least 0.779 on the credit defaults of UCI, fitted in ten seconds and 500 MiB, everything in 25
seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from finbehave.domain.check import Check
from finbehave.settings import Settings
from finbehave.workflows.train import train

GOALS = {"fit wall s": 10.0, "whole wall s": 25.0, "peak MiB": 500.0}


class Meter:
    """Notes, at the end of each stage of a training, what it and the guests that ended in it took."""

    def __init__(self) -> None:
        self.spent = _cpu()
        self.stages: dict[str, dict[str, float]] = {}

    def check(self, check: Check) -> None:
        """A stage has ended."""
        spent = _cpu()
        self.stages[check.name] = {"wall s": check.seconds or 0.0, "cpu s": spent - self.spent}
        self.spent = spent

    def note(self, text: str) -> None:
        """Nothing to measure."""

    def advance(self, task: str, done: float, total: float | None = None) -> None:
        """Nothing to measure."""


def _cpu() -> float:
    """Seconds of the processor, of this process and of its children that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def once(data: Path, target: str, seed: int) -> None:
    """One training in this process; print what came of it as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        meter, settings = Meter(), Settings(workspace=Path(folder) / "workspace", random_state=seed)
        result = train(data, target, out=Path(folder) / "model", settings=settings, progress=meter)
        print(json.dumps({"metrics": result.metrics, "dropped": result.dropped, "stages": meter.stages}))


def measured(data: Path, target: str, seed: int) -> dict[str, Any]:
    """One training in a process of its own: its metrics, its stages, and what it took altogether."""
    words = [sys.executable, __file__, "--data", str(data), "--target", target, "--once", str(seed)]
    with tempfile.TemporaryFile() as answer:
        started = time.monotonic()
        process = subprocess.Popen(words, stdout=answer)
        _, status, usage = os.wait4(process.pid, 0)
        whole = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(process.returncode)
        answer.seek(0)
        found: dict[str, Any] = json.load(answer)
    fit = found["stages"]["fit"]
    found["took"] = {
        "fit wall s": fit["wall s"],
        "fit cpu s": fit["cpu s"],
        "whole wall s": whole,
        "whole cpu s": usage.ru_utime + usage.ru_stime,
        "peak MiB": usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024),
    }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--seeds", default="42,1,2,3,4")
    parser.add_argument("--once", type=int, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.once is not None:
        once(said.data, said.target, said.once)
        return
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    runs = []
    for seed in map(int, said.seeds.split(",")):
        runs.append(measured(said.data, said.target, seed))
        shown = list(runs[-1]["metrics"].items())[:2] + list(runs[-1]["took"].items())
        told = "  ".join(f"{name} {value:.4g}" for name, value in shown)
        print(f"seed {seed:>3}  {told}  dropped {','.join(runs[-1]['dropped']) or 'nothing'}", flush=True)
    print()
    _tell(runs)


def _tell(runs: list[dict[str, Any]]) -> None:
    for name in runs[0]["metrics"]:
        values = [one["metrics"][name] for one in runs]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        print(f"{name:<20} mean {statistics.fmean(values):.4f}  sd {spread:.4f}")
    print()
    for name in runs[0]["took"]:
        values = [one["took"][name] for one in runs]
        goal = f"  (goal {GOALS[name]:g})" if name in GOALS else ""
        print(f"{name:<20} least {min(values):.1f}  mean {statistics.fmean(values):.1f}  most {max(values):.1f}{goal}")
    for name in runs[0]["stages"]:
        cpu = [one["stages"][name]["cpu s"] for one in runs]
        print(f"  cpu s of {name!r}: {statistics.fmean(cpu):.1f}")


if __name__ == "__main__":
    main()
