"""Splits of traffic: who holds some, in words, and with a new deployment's share in it."""

from __future__ import annotations

from finbehave.domain.endpoint import Traffic


def shares(traffic: Traffic) -> Traffic:
    """The deployments that hold traffic."""
    return {name: share for name, share in traffic.items() if share}


def split_text(traffic: Traffic) -> str:
    """``blue=90 green=10``; deployments without traffic are left out."""
    return " ".join(f"{name}={share}" for name, share in shares(traffic).items()) or "no traffic"


def split_at(before: Traffic, deployment: str, share: int) -> Traffic:
    """The split in which a deployment gets ``share`` percent and the others share the rest as they did before.

    The percents sum to 100: what rounding leaves goes to those that lost most by it. Where nobody else held traffic the
    deployment gets all of it.
    """
    others = {name: old for name, old in shares(before).items() if name != deployment}
    total = sum(others.values())
    if not total:
        return {deployment: 100}
    rest = 100 - share
    exact = {name: old * rest / total for name, old in others.items()}
    split = {name: int(value) for name, value in exact.items()}
    short = rest - sum(split.values())
    for name in sorted(exact, key=lambda name: split[name] - exact[name])[:short]:
        split[name] += 1
    return split | {deployment: share}
