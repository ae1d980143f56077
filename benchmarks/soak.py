"""Whether the local endpoint answers as fast, and in as much memory, after a long time under full load as at its start.

    python benchmarks/soak.py [--package FOLDER] [--minutes 10] [--workers 2]

FOLDER is a package that ``finbehave train`` wrote; without one a model is trained on the bundled sample. Six clients
keep their connections and two open one for each request, all without pause, on the machine that also runs the endpoint.
Every ten seconds a line says how many answers a second there were, and the resident memory of each kind of process.

Ends with 1 where a request failed or a kind of process grew by more than a tenth from the first minute to the last.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from live import KINDS, MODEL, Count, Crowd, machine, package_of, workspace

EVERY = 10.0
"""Seconds between samples."""
FEWEST_MINUTES = 2.0
MOST_GROWTH = 1.1


@dataclass(frozen=True)
class Sample:
    """``rate`` in answers a second since the sample before, ``memory`` in bytes by kind of process."""

    seconds: float
    rate: float
    memory: dict[str, int]


def main() -> int:
    """Print a line for each sample and the ratios of the last minute to the first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.minutes < FEWEST_MINUTES:
        sys.exit("a first and a last minute take two")
    print(machine())
    with workspace() as live:
        package = package_of(live, arguments.package)
        live.run("register", str(package.path), "--name", MODEL)
        live.run("deploy", MODEL, "--instance-count", str(arguments.workers), "--yes")
        crowd = Crowd(live.uri(), str(live.run("keys", "show")["primary"]), package.golden.rows[0])
        processes = {kind: live.processes(kind) for kind in KINDS}
        with crowd.asking() as count:
            samples = sampled(count, processes, arguments.minutes * 60)
    return told(samples, count)


def sampled(count: Count, processes: dict[str, list[psutil.Process]], seconds: float) -> list[Sample]:
    print(f"{'seconds':>8}{'answers/s':>11}" + "".join(f"{kind + ' MB':>15}" for kind in processes), flush=True)
    started = last = time.monotonic()
    answered = count.answered
    samples = []
    while (now := time.monotonic()) - started < seconds:
        time.sleep(max(0.0, last + EVERY - now))
        now, answered, before = time.monotonic(), count.answered, answered
        memory = {kind: sum(one.memory_info().rss for one in some) for kind, some in processes.items()}
        samples.append(Sample(now - started, (answered - before) / (now - last), memory))
        last = now
        cells = "".join(f"{size / 1e6:>15.1f}" for size in memory.values())
        print(f"{samples[-1].seconds:>8.0f}{samples[-1].rate:>11.0f}{cells}", flush=True)
    return samples


def told(samples: Sequence[Sample], count: Count) -> int:
    first = [sample for sample in samples if sample.seconds <= 60 + EVERY / 2]
    last = samples[-len(first) :]
    rates = [statistics.fmean(sample.rate for sample in some) for some in (first, last)]
    print(f"\n{'':<12}{'first minute':>14}{'last minute':>14}{'ratio':>8}")
    print(f"{'answers/s':<12}{rates[0]:>14.0f}{rates[1]:>14.0f}{rates[1] / rates[0]:>8.2f}")
    grown = False
    for kind in samples[0].memory:
        sizes = [statistics.fmean(sample.memory[kind] for sample in some) / 1e6 for some in (first, last)]
        grown |= sizes[1] > MOST_GROWTH * sizes[0]
        print(f"{kind + ' MB':<12}{sizes[0]:>14.1f}{sizes[1]:>14.1f}{sizes[1] / sizes[0]:>8.2f}")
    print(
        f"{count.requests:,} requests, {count.failed} failed{': ' * bool(count.failed)}{count.why}; longest "
        f"{count.longest * 1000:,.0f} ms, longest pause {count.gap * 1000:,.0f} ms"
    )
    return int(grown or bool(count.failed))


if __name__ == "__main__":
    raise SystemExit(main())
