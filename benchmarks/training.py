"""Training with its defaults on a file of one's own, over five seeds: how good, how fast, how much memory.

    python benchmarks/training.py --data FILE --target COLUMN [--seeds 42,1,2,3,4] [-- MORE OPTIONS OF TRAIN]

Each seed is a command of its own, one after the other, as a person types it: another held-out part, other folds. "fit"
is the whole process that searches, refits and measures, its start and its imports among it; "peak" is the largest of
the command's processes. The goals are those for 30,000 rows of 23 columns on two idle cores: a mean ROC AUC of at least
0.779 on the credit defaults of UCI, fitted in ten seconds and 500 MiB, everything in 25 seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

GOALS = {"fit s": 10.0, "peak MiB": 500.0, "whole s": 25.0}


def run(data: Path, target: str, seed: int, folder: Path, more: list[str]) -> dict[str, Any]:
    """One training: its metrics, and what it took."""
    words = ["--data", str(data), "--target", target, "--seed", str(seed), "--out", str(folder / "model"), *more]
    answer = folder / "answer.json"
    started = time.monotonic()
    with answer.open("wb") as out, (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "finbehave", "train", *words, "-o", "json"], stdout=out, stderr=said,
            env={**os.environ, "FINBEHAVE_WORKSPACE": str(folder / "workspace")},
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
    whole = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    document = json.loads(answer.read_text())
    if document["error"]:
        raise SystemExit(f"{document['error']['message']}\n{document['error']['remedy']}")
    fit = next(check["seconds"] for check in document["checks"] if check["name"] == "fit")
    kibibytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    took = {"fit s": fit, "peak MiB": kibibytes / 1024, "whole s": whole}
    return {"seed": seed, "metrics": document["result"]["metrics"], "took": took}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--seeds", default="42,1,2,3,4")
    parser.add_argument("more", nargs="*")
    said = parser.parse_args()
    runs = []
    for seed in map(int, said.seeds.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(run(said.data, said.target, seed, Path(folder), said.more))
        shown = list(runs[-1]["metrics"].items())[:3] + list(runs[-1]["took"].items())
        print(f"seed {seed:>4}  " + "  ".join(f"{name} {value:.4g}" for name, value in shown), flush=True)
    print()
    for name in runs[0]["metrics"]:
        values = [one["metrics"][name] for one in runs]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        print(f"{name:<20} mean {statistics.fmean(values):.4f}  sd {spread:.4f}")
    for name, goal in GOALS.items():
        values = [one["took"][name] for one in runs]
        print(f"{name:<20} mean {statistics.fmean(values):.1f}  most {max(values):.1f}  (goal {goal:g})")


if __name__ == "__main__":
    main()
