"""Scoring a file through the endpoint, beside the model alone in one process that has the file in memory already.

    python benchmarks/batch.py --package FOLDER [--rows 200000] [--instance-count 2]

Golden rows of the package, over and over, as Parquet. ``invoke --out`` reads, asks over HTTP, and writes every row with
its answer; the ceiling is ``predict_proba`` on a frame that is there, and nothing else.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from finbehave.environments.isolated import ensure_environment
from finbehave.packaging.package import read_package
from finbehave.settings import load_settings

CEILING = """
import json, sys, time
import joblib, pandas
package, rows = sys.argv[1], int(sys.argv[2])
names = [feature["name"] for feature in json.load(open(package + "/manifest.json"))["features"]]
golden = pandas.DataFrame(json.load(open(package + "/golden.json"))["rows"])[names]
frame = pandas.concat([golden] * (rows // len(golden) + 1), ignore_index=True)[:rows]
model = joblib.load(package + "/model.joblib")
started = time.perf_counter()
for first in range(0, rows, 10_000):
    model.predict_proba(frame[first : first + 10_000])
print(time.perf_counter() - started)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--instance-count", default="2")
    arguments = parser.parse_args()
    package = read_package(arguments.package)
    with tempfile.TemporaryDirectory(prefix="finbehave-bench-") as folder:
        given, answered = Path(folder) / "rows.parquet", Path(folder) / "answers.parquet"
        write(package.golden.rows, arguments.rows, given)

        def run(*words: str) -> dict[str, float]:
            command = [sys.executable, "-m", "finbehave", *words, "-o", "json", "--workspace", folder]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            return json.loads(done.stdout)["result"]

        run("register", str(package.path), "--name", "bench")
        run("deploy", "bench", "--instance-count", arguments.instance_count, "--yes")
        try:
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            scored = run("invoke", "--file", str(given), "--out", str(answered))
            peak = max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) >> 10
        finally:
            run("delete", "--yes")
        python = ensure_environment(package.environment, cache=load_settings().cache).path
        command = [str(python), "-c", CEILING, str(package.path), str(arguments.rows)]
        alone = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    print(f"{'':<22}{'rows/s':>10}{'seconds':>10}")
    print(f"{'invoke --out':<22}{arguments.rows / scored['seconds']:>10,.0f}{scored['seconds']:>10.1f}")
    print(f"{'the model alone':<22}{arguments.rows / alone:>10,.0f}{alone:>10.1f}")
    print(f"share of the ceiling  {alone / scored['seconds']:>10.2f}; {peak:,} MiB at most in a command")
    assert scored["failed"] == 0


def write(golden: list[dict[str, object]], rows: int, path: Path) -> None:
    """The same rows again and again."""
    import pandas

    frame = pandas.DataFrame(golden)
    many = pandas.concat([frame] * (rows // len(frame) + 1), ignore_index=True)[:rows]
    started = time.monotonic()
    many.to_parquet(path)
    print(f"{rows:,} rows, {path.stat().st_size >> 20} MiB of Parquet, written in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
