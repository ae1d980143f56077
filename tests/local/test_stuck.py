"""Rows on which the model computes for long, in C code that no signal and no other thread interrupts."""

from __future__ import annotations

from pathlib import Path

import pytest

from finbehave.errors import TimedOut
from finbehave.packaging.package import read_package
from tests.conftest import Finbehave
from tests.e2e.client import Client
from tests.local.live import answers_after, until
from tests.local.weak import ENDPOINT, FROM, PATIENCE, log_of, serve_weak

SLOW, ENDLESS = FROM + 10, FROM + 100_000
"""Some seconds, and some hours."""


def test_a_slow_row_gets_its_answer_an_endless_one_gets_a_refusal_and_nobody_else_hears_of_either(
    finbehave: Finbehave, package: Path, tmp_path: Path
) -> None:
    serving = serve_weak(finbehave, package, tmp_path, "grinds", workers=2)
    row = dict(read_package(package).golden.rows[0])
    uri, key = serving.endpoint(ENDPOINT).scoring_uri, serving.keys(ENDPOINT).primary
    with Client(uri, key, row).asking() as one, Client(uri, key, row).asking() as other:
        assert serving.score(ENDPOINT, [{**row, "age": SLOW}], timeout=PATIENCE).predictions
        assert not any("is killed" in line for line in log_of(finbehave))
        with pytest.raises(TimedOut):
            serving.score(ENDPOINT, [{**row, "age": ENDLESS}], timeout=PATIENCE)
        until("the worker's end", lambda: any("has not answered for" in line for line in log_of(finbehave)))
        until("another worker", lambda: "ready: grinds" in log_of(finbehave)[-1])
        for client in (one, other):
            answers_after(client)
    assert one.failed + other.failed == []
