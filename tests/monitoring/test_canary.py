"""The verdict on a canary, by what both colours did at the same time."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

import pytest

from finbehave.domain.observed import LATENCY_BOUNDS, Observed
from finbehave.monitoring.canary import Decision, Trial, Verdict, judge, judge_alone


def seen(requests: int, *, errors: int = 0, seconds: float = 0.1, moved: float = 0.0, rows: int = 1000) -> Observed:
    """A colour whose answers take ``seconds`` and a little more or less, with scores between 0 and 1."""
    latencies = [0] * (len(LATENCY_BOUNDS) + 1)
    for number in range(requests):
        latencies[bisect_left(LATENCY_BOUNDS, seconds * (0.7 + 0.6 * (number % 10) / 10))] += 1
    scores = tuple(number / rows + moved for number in range(rows))
    return Observed(requests, errors, tuple(latencies), scores, rows)


OLD = seen(9000)


def test_a_release_that_does_as_well_is_promoted() -> None:
    verdict = judge(seen(1000), OLD)
    assert (verdict.decision, verdict.more) == (Decision.PROMOTE, 0)
    assert "errors 0.0% against 0.0%" in verdict.why


@pytest.mark.parametrize(
    ("worse", "measure"),
    [
        (seen(1000, errors=50), "errors 5.0% against 0.0%"),
        (seen(1000, seconds=0.17), "slow answers"),
        (seen(1000, moved=0.25), "shift of answers"),
    ],
)
def test_a_release_that_does_worse_is_aborted_and_says_in_what(worse: Observed, measure: str) -> None:
    verdict = judge(worse, OLD)
    assert verdict.decision is Decision.ABORT
    assert measure in verdict.why


@pytest.mark.parametrize("exposure", [0.5, 1.0])
def test_too_few_requests_hold_and_as_many_more_as_were_said_decide(exposure: float) -> None:
    few = judge(seen(40), OLD, exposure=exposure)
    assert few.decision is Decision.HOLD
    assert few.more
    assert judge(seen(40 + few.more), OLD, exposure=exposure).decision is Decision.PROMOTE
    assert judge(seen((40 + few.more) // 2), OLD, exposure=exposure).decision is Decision.HOLD


def test_bad_luck_with_the_first_few_is_no_reason_to_give_up() -> None:
    unlucky = judge(seen(3, errors=1, seconds=0.3), OLD)
    assert unlucky.decision is Decision.HOLD
    assert unlucky.more


def test_a_few_milliseconds_more_are_no_reason_to_abort() -> None:
    assert judge(seen(1000, seconds=0.012), seen(9000, seconds=0.006)).decision is Decision.PROMOTE


def test_no_traffic_never_promotes() -> None:
    for exposure in (0.01, 0.5, 1.0):
        verdict = judge(Observed(), OLD, exposure=exposure)
        assert (verdict.decision, verdict.why) == (Decision.HOLD, "no request has come")


def test_a_step_that_exposes_more_asks_for_more() -> None:
    half, all_ = (judge(seen(40), OLD, exposure=exposure).more or 0 for exposure in (0.5, 1.0))
    assert 1.5 * half < all_


def test_where_both_are_bad_nothing_is_blamed_on_the_new_one() -> None:
    both = judge(seen(1000, errors=60), seen(9000, errors=540))
    assert both.decision is Decision.HOLD
    assert both.why.startswith("both are bad")
    worse_still = judge(seen(1000, errors=300), seen(9000, errors=540))
    assert (worse_still.decision, worse_still.more) == (Decision.HOLD, None)


def test_the_same_row_again_and_again_is_no_shift_of_answers() -> None:
    once = {"scores": (0.31,), "sampled": 300}
    verdict = judge(replace(seen(1000), **once), replace(OLD, scores=(0.25,), sampled=300))
    assert verdict.decision is Decision.PROMOTE


def test_labels_are_compared_like_numbers() -> None:
    def labels(share: float) -> tuple[str, ...]:
        return tuple("late" if number < share * 400 else "in time" for number in range(400))

    old = replace(OLD, scores=labels(0.2), sampled=400)
    assert judge(replace(seen(1000), scores=labels(0.21), sampled=400), old).decision is Decision.PROMOTE
    assert judge(replace(seen(1000), scores=labels(0.6), sampled=400), old).decision is Decision.ABORT


def test_looking_often_makes_it_harder_to_abort_by_chance() -> None:
    unlucky = seen(300, errors=4)
    assert judge(unlucky, OLD, look=1).decision is Decision.ABORT
    assert judge(unlucky, OLD, look=1000).decision is Decision.HOLD


def test_a_look_is_only_spent_when_requests_have_come() -> None:
    trial = Trial()
    first = trial.look(seen(40), OLD, 1.0)
    assert trial.look(seen(41), OLD, 1.0) is first
    later: Verdict = trial.look(seen(1000), OLD, 1.0)
    assert later.decision is Decision.PROMOTE


def test_with_all_of_the_traffic_it_must_not_be_bad_by_itself() -> None:
    assert judge_alone(seen(1000, errors=1)).decision is Decision.PROMOTE
    assert judge_alone(seen(1000, errors=50)).decision is Decision.ABORT
    assert judge_alone(Observed()).decision is Decision.PROMOTE
