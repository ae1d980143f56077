"""How often the verdict on a canary is right: many simulated releases, each step by step as ``deploy`` does it.

    python benchmarks/canary.py [--releases 200] [--seed 0]

Requests come at random at a mean rate and are split by the step's percents; each has its chance of an error, a
latency (log-normal around 0.1 s) and a score. A release ends when it is promoted to all of the traffic, aborted, or
held because no verdict is possible within ten minutes of a step. The goals: of bad releases at most 1 % are promoted,
of good ones at most 2 % aborted. Errors that both colours have are to be held.
"""

from __future__ import annotations

import argparse
import itertools
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass

import numpy as np

from finbehave.domain.observed import LATENCY_BOUNDS, Observed
from finbehave.monitoring.canary import Decision, Trial

STEPS = (10, 50, 100)
BAKE, PATIENCE = 60, 600
EVERY = 5
"""Seconds of simulated time between looks."""


@dataclass(frozen=True)
class Colour:
    """How one deployment answers. ``median`` in seconds; scores are Beta(2, 8), moved by ``moved``."""

    errors: float = 0.0005
    median: float = 0.1
    moved: float = 0.0


GOOD = Colour()
RELEASES = {
    "good": (GOOD, GOOD),
    "a little better and moved": (GOOD, Colour(0.0002, 0.098, 0.01)),
    "1 % more errors": (GOOD, Colour(errors=0.0105)),
    "5 % more errors": (GOOD, Colour(errors=0.0505)),
    "half as slow again": (GOOD, Colour(median=0.15)),
    "twice as slow": (GOOD, Colour(median=0.2)),
    "shifted predictions": (GOOD, Colour(moved=0.1)),
    "both with 5 % errors": (Colour(errors=0.05), Colour(errors=0.05)),
}
BAD = ("1 % more errors", "5 % more errors", "half as slow again", "twice as slow", "shifted predictions")
RATES = (1, 10, 100, 1000)
"""Requests a second, of both colours together."""

SAMPLED = 20
"""The gateway samples the answers of so many requests a second of each colour."""


def answered(chance: np.random.Generator, colour: Colour, before: Observed, requests: int, seconds: int) -> Observed:
    """What it has done after some more requests."""
    latencies = np.array(before.latencies)
    drawn = colour.median * np.exp(0.5 * chance.standard_normal(requests))
    np.add.at(latencies, [bisect_left(LATENCY_BOUNDS, one) for one in drawn], 1)
    scores = chance.beta(2, 8, min(requests, SAMPLED * seconds)) + colour.moved
    return Observed(
        before.requests + requests,
        before.errors + int(chance.binomial(requests, colour.errors)),
        tuple(int(count) for count in latencies),
        before.scores + tuple(scores.tolist()),
        before.sampled + len(scores),
    )


def released(chance: np.random.Generator, colours: tuple[Colour, Colour], rate: float) -> Decision:
    """One release to its end."""
    trial, old, new = Trial(), Observed(), Observed()
    for share, following in itertools.pairwise(STEPS):
        for second in range(EVERY, PATIENCE + 1, EVERY):
            total = int(chance.poisson(rate * EVERY))
            ours = int(chance.binomial(total, share / 100))
            new = answered(chance, colours[1], new, ours, EVERY)
            old = answered(chance, colours[0], old, total - ours, EVERY)
            verdict = trial.look(new, old, following / 100)
            if verdict.decision is Decision.ABORT:
                return Decision.ABORT
            if verdict.decision is Decision.PROMOTE and second >= BAKE:
                break
        else:
            return Decision.HOLD
    return Decision.PROMOTE


def main() -> int:
    """Print the table; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--releases", type=int, default=200, help="of each kind and rate")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chance = np.random.default_rng(arguments.seed)
    missed = False
    print(f"{'release':28}{'requests/s':>11}{'promoted':>10}{'held':>8}{'aborted':>9}")
    for name, colours in RELEASES.items():
        for rate in RATES:
            counts = Counter(released(chance, colours, rate) for _ in range(arguments.releases))
            shares = {one: counts[one] / arguments.releases for one in Decision}
            wrong = (name in BAD and shares[Decision.PROMOTE] > 0.01) or (
                name not in BAD and shares[Decision.ABORT] > 0.02
            )
            missed |= wrong
            print(
                f"{name:28}{rate:11}{shares[Decision.PROMOTE]:10.1%}{shares[Decision.HOLD]:8.1%}"
                f"{shares[Decision.ABORT]:9.1%}{'  missed' if wrong else ''}",
                flush=True,
            )
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
