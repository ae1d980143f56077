"""The verdict on a canary: promote, hold or abort, by what the new colour and the old one did at the same time.

Three measures, each a difference between the two colours: the share of errors, the share of slow answers, and how far
what is answered has moved. For each there is a difference that is tolerated and one that has to be excluded. A release
is aborted when a difference is surely above what is tolerated, promoted when all are surely below what has to be
excluded, and held otherwise. "Surely" is a one-sided bound of a confidence interval; bounds for aborting grow wider
with each look, so that looking often does not find something by chance. What has to be excluded is in proportion to
what the next step exposes: a step to half of the traffic may be twice as unsure as one to all of it.

Sources: Wilson 1927 and Newcombe 1998 (method 10) for the difference of two shares; Dvoretzky, Kiefer and Wolfowitz
1956 with Massart's constant for distributions; Bonferroni with a converging series (6/pi^2/k^2) over the looks.
``benchmarks/canary.py`` counts how often the verdicts are right.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import NormalDist

from finbehave.domain.observed import LATENCY_BOUNDS, Observed

PROMOTE_ALPHA = 0.005
"""Chance that a bound for promoting is wrong, for one measure."""

ABORT_ALPHA = 0.005
"""The same for aborting, over all looks together."""

LOOK_AGAIN = 1.5
"""A look is worth its price when the new colour has had so many times the requests of the last."""

BROKEN_ERRORS = 0.01
"""A colour with surely more errors than this is bad by itself: ten times the objective of 0.1 %."""

SLOWER, SLOWER_SECONDS = 1.3, 0.05
"""An answer is slow when it takes so many times what nine in ten of the old colour's take, and so much longer: a
twentieth of the objective of a second. Less than that a busy machine does by itself to whoever is asked rarely."""

FEWEST = 30
"""Requests before which nothing is aborted: the first ones meet a process that is still warming up."""


REPEATED, FEW = 100, 50
"""Sampled rows from which on it is clear that clients ask the same again and again, and how few different ones are no
distribution."""


class Decision(str, Enum):
    """What is to be done with a canary."""

    PROMOTE = "promote"
    HOLD = "hold"
    ABORT = "abort"


@dataclass(frozen=True)
class Tolerance:
    """Differences, as shares of one: surely above ``tolerated`` aborts, surely below ``excluded`` promotes."""

    tolerated: float
    excluded: float

    def at(self, exposure: float) -> Tolerance:
        """For a step to this share of the traffic."""
        return Tolerance(self.tolerated, min(1.0, self.excluded / exposure))


ERRORS = Tolerance(0.002, 0.01)
SLOW = Tolerance(0.05, 0.08)
SHIFT = Tolerance(0.10, 0.20)
"""Of the largest distance between two distribution functions."""


@dataclass(frozen=True)
class Finding:
    """One measure: ``new`` and ``old`` as shares, and what the difference is at least and at most.

    ``needed``: requests of the new colour, in all, from which on it could be decided; None where more do not help.
    """

    measure: str
    new: float
    old: float
    least: float
    most: float
    decision: Decision
    needed: int | None


@dataclass(frozen=True)
class Verdict:
    """A decision with its reasons. ``more``: requests that the new colour still needs, 0 where none are."""

    decision: Decision
    why: str
    findings: tuple[Finding, ...]
    requests: int
    more: int | None


class Trial:
    """One release, looked at again and again: a look is only spent when enough requests have come since the last."""

    def __init__(self) -> None:
        self._looks = 0
        self._next = 1
        self._verdict: Verdict | None = None
        self._exposure = 0.0

    def look(self, new: Observed, old: Observed, exposure: float) -> Verdict:
        """The verdict on what both have done since the release began, or the last one where little has come since."""
        if not new.requests:
            return judge(new, old, exposure=exposure)
        if self._verdict is None or new.requests >= self._next or exposure != self._exposure:
            self._looks += 1
            self._exposure = exposure
            self._next = max(new.requests + 10, math.ceil(new.requests * LOOK_AGAIN))
            self._verdict = judge(new, old, look=self._looks, exposure=exposure)
        return self._verdict


def judge(new: Observed, old: Observed, *, look: int = 1, exposure: float = 1.0) -> Verdict:
    """Compare two colours that answered at the same time.

    Args:
        look: Which look at this release it is, from 1 on.
        exposure: The share of the traffic that a promotion gives the new one, above 0 and at most 1.
    """
    findings = (
        _of_shares("errors", (new.errors, new.requests), (old.errors, old.requests), ERRORS.at(exposure), look),
        _slow(new, old, SLOW.at(exposure), look),
        _shift(new, old, SHIFT.at(exposure), look),
    )
    if not new.requests:
        return Verdict(Decision.HOLD, "no request has come", findings, 0, _more(findings, 0))
    worse = [one for one in findings if one.decision is Decision.ABORT]
    if worse and new.requests < FEWEST:
        why = "not decided yet: " + ", ".join(one.measure for one in worse)
        return Verdict(Decision.HOLD, why, findings, new.requests, FEWEST - new.requests)
    if worse and _broken(old):
        why = f"both are bad: errors {old.errors} of {old.requests:,} requests of the old one too"
        return Verdict(Decision.HOLD, why, findings, new.requests, None)
    if worse:
        why = "; ".join(f"{one.measure} {_share(one.new)} against {_share(one.old)}" for one in worse)
        return Verdict(Decision.ABORT, why, findings, new.requests, 0)
    if _broken(new):
        why = f"both are bad: errors {new.errors} of {new.requests:,} requests, no more than the old one"
        return Verdict(Decision.HOLD, why, findings, new.requests, None)
    if all(one.decision is Decision.PROMOTE for one in findings):
        return Verdict(Decision.PROMOTE, _numbers(findings), findings, new.requests, 0)
    open_ = ", ".join(one.measure for one in findings if one.decision is Decision.HOLD)
    why = f"not decided yet: {open_}"
    return Verdict(Decision.HOLD, why, findings, new.requests, _more(findings, new.requests))


def judge_alone(new: Observed, look: int = 1) -> Verdict:
    """A colour that has all the traffic, so that there is nothing to compare it with: it must not be bad by itself."""
    if _broken(new, _z(_spent(look))):
        why = f"errors {new.errors} of {new.requests:,} requests"
        return Verdict(Decision.ABORT, why, (), new.requests, 0)
    return Verdict(Decision.PROMOTE, f"errors {new.errors} of {new.requests:,} requests", (), new.requests, 0)


# --- measures -----------------------------------------------------------------------------------------------


def _slow(new: Observed, old: Observed, tolerance: Tolerance, look: int) -> Finding:
    first = _slow_from(old)
    ours, theirs = ((sum(one.latencies[first:]), sum(one.latencies)) for one in (new, old))
    return _of_shares("slow answers", ours, theirs, tolerance, look)


def _slow_from(old: Observed) -> int:
    """The first bucket of slow answers."""
    wanted, seen = 0.9 * sum(old.latencies), 0
    for bucket, count in enumerate(old.latencies[:-1]):
        seen += count
        if seen >= wanted:
            bound = LATENCY_BOUNDS[bucket]
            return bisect_left(LATENCY_BOUNDS, max(bound * SLOWER, bound + SLOWER_SECONDS)) + 1
    return len(LATENCY_BOUNDS)


def _shift(new: Observed, old: Observed, tolerance: Tolerance, look: int) -> Finding:
    distance, rows, others = _distance(new.scores, old.scores), len(new.scores), len(old.scores)
    least = distance - _band(rows, others, _spent(look))
    most = distance + _band(rows, others, PROMOTE_ALPHA)
    decision = _decide(least, most, tolerance)
    needed: int | None = 0
    if decision is Decision.HOLD:
        room = tolerance.excluded - min(distance, tolerance.excluded / 2)
        wanted = math.ceil((_band(1, 1, PROMOTE_ALPHA) / room) ** 2)
        needed = math.ceil(wanted * new.requests / new.sampled) if new.sampled else wanted
        if new.sampled >= REPEATED and rows < new.sampled / 2 and (rows < FEW or distance < tolerance.excluded):
            decision, needed = Decision.PROMOTE, 0  # no other rows will come
    return Finding("shift of answers", distance, 0.0, max(0.0, least), min(1.0, most), decision, needed)


def _of_shares(measure: str, new: tuple[int, int], old: tuple[int, int], tolerance: Tolerance, look: int) -> Finding:
    least = _difference(new, old, _z(_spent(look)))[0]
    most = _difference(new, old, _z(PROMOTE_ALPHA))[1]
    decision = _decide(least, most, tolerance)
    needed = 0 if decision is not Decision.HOLD else _needed(new, old, tolerance)
    return Finding(measure, _rate(new), _rate(old), least, most, decision, needed)


def _decide(least: float, most: float, tolerance: Tolerance) -> Decision:
    if least > tolerance.tolerated:
        return Decision.ABORT
    return Decision.PROMOTE if most < tolerance.excluded else Decision.HOLD


def _needed(new: tuple[int, int], old: tuple[int, int], tolerance: Tolerance) -> int | None:
    """Requests of the new colour from which on a promotion is possible, if both go on as until now.

    Where they do not surely differ, both are taken to go on as the old one.
    """
    differs = _difference(new, old, _z(PROMOTE_ALPHA))[0] > 0
    rates = (_rate(new), _rate(old)) if differs else (_rate(old), _rate(old))
    requests = max(new[1], 10)
    ratio = old[1] / new[1] if new[1] and old[1] else 1.0
    while requests < 10**8:
        others = max(1, round(requests * ratio))
        most = _difference(
            (round(rates[0] * requests), requests), (round(rates[1] * others), others), _z(PROMOTE_ALPHA)
        )[1]
        if most < tolerance.excluded:
            return requests
        requests = math.ceil(requests * 1.1)
    return None


def _more(findings: Sequence[Finding], there: int) -> int | None:
    needed = [one.needed for one in findings if one.decision is Decision.HOLD]
    if any(one is None for one in needed):
        return None
    return max([one for one in needed if one is not None], default=0) - there if needed else 0


# --- statistics ---------------------------------------------------------------------------------------------


def _spent(look: int) -> float:
    """What the k-th look may spend of ``ABORT_ALPHA``; all of them together spend it."""
    return ABORT_ALPHA * 6 / math.pi**2 / look**2


def _z(alpha: float) -> float:
    return NormalDist().inv_cdf(1 - alpha)


def _rate(counts: tuple[int, int]) -> float:
    return counts[0] / counts[1] if counts[1] else 0.0


def _wilson(counts: tuple[int, int], z: float) -> tuple[float, float]:
    """One-sided bounds of a share; everything is possible where nothing was counted."""
    hits, total = counts
    if not total:
        return 0.0, 1.0
    share, square = hits / total, z * z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = z / (1 + square / total) * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    return max(0.0, middle - half), min(1.0, middle + half)


def _difference(new: tuple[int, int], old: tuple[int, int], z: float) -> tuple[float, float]:
    """One-sided bounds of the difference of two shares."""
    ours, theirs = _rate(new), _rate(old)
    (low, high), (their_low, their_high) = _wilson(new, z), _wilson(old, z)
    least = ours - theirs - math.hypot(ours - low, their_high - theirs)
    most = ours - theirs + math.hypot(high - ours, theirs - their_low)
    return least, most


def _band(new: int, old: int, alpha: float) -> float:
    """By how much the distance of two samples may differ from that of what they are drawn from."""
    if not new or not old:
        return 1.0
    scale = math.sqrt(math.log(2 / alpha) / 2)
    return scale * math.sqrt(1 / new + 1 / old)


def _distance(new: Sequence[float | str], old: Sequence[float | str]) -> float:
    """The largest difference between two empirical distribution functions, 0 to 1."""
    if not new or not old:
        return 0.0
    ours, theirs = sorted(new, key=_order), sorted(old, key=_order)
    our_keys, their_keys = [_order(one) for one in ours], [_order(one) for one in theirs]
    return max(
        abs(bisect_right(our_keys, at) / len(our_keys) - bisect_right(their_keys, at) / len(their_keys))
        for at in {*our_keys, *their_keys}
    )


def _order(score: float | str) -> tuple[float, str]:
    return (0.0, score) if isinstance(score, str) else (score, "")


def _broken(one: Observed, z: float | None = None) -> bool:
    return _wilson((one.errors, one.requests), _z(PROMOTE_ALPHA) if z is None else z)[0] > BROKEN_ERRORS


# --- words --------------------------------------------------------------------------------------------------


def _share(value: float) -> str:
    return f"{value:.1%}"


def _numbers(findings: Sequence[Finding]) -> str:
    return "; ".join(f"{one.measure} {_share(one.new)} against {_share(one.old)}" for one in findings[:2])
