"""A worker that takes ever more memory."""

from __future__ import annotations

import time
from pathlib import Path

from finbehave.packaging.package import read_package
from tests.conftest import Finbehave
from tests.local.weak import ENDPOINT, FROM, PATIENCE, log_of, serve_weak


def test_a_worker_that_keeps_what_it_should_let_go_is_replaced_and_no_answer_is_lost(
    finbehave: Finbehave, package: Path, tmp_path: Path
) -> None:
    serving = serve_weak(finbehave, package, tmp_path, "grows", workers=1)
    row = read_package(package).golden.rows[0]
    deadline = time.monotonic() + PATIENCE
    while not any("MiB since it was ready" in line for line in log_of(finbehave)):
        assert time.monotonic() < deadline, log_of(finbehave)
        assert serving.score(ENDPOINT, [{**row, "age": 2 * FROM}], timeout=PATIENCE).predictions
    assert serving.score(ENDPOINT, [row], timeout=PATIENCE).predictions
