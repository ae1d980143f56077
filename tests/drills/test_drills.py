"""Each cause that can be brought about on this machine is, by a real process that fails, and is then named right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from finbehave.workflows.drills import DRILLS, Drill
from tests.conftest import Finbehave


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finbehave]:
    """One workspace for all drills: they leave each other alone."""
    program = Finbehave(tmp_path_factory.mktemp("drills"))
    try:
        yield program
    finally:
        program.end()


OF_ENDPOINTS = [drill for drill in DRILLS if drill.container is None]
OF_CONTAINERS = [drill for drill in DRILLS if drill.container is not None]


@pytest.mark.parametrize("drill", OF_CONTAINERS, ids=lambda drill: drill.cause)
def test_the_cause_of_a_drill_is_named_from_what_the_container_said(ground: Finbehave, drill: Drill) -> None:
    done = ground.ok("drill", drill.cause)
    assert done["endpoint"] is None
    assert done["next"][0] == f"finbehave troubleshoot --file {done['log']}"
    causes = ground.ok("troubleshoot", "--file", done["log"])["causes"]
    assert [cause["code"] for cause in causes] == [drill.cause]
    assert causes[0]["remedy"]


@pytest.mark.parametrize("drill", OF_ENDPOINTS, ids=lambda drill: drill.cause)
def test_the_cause_of_a_drill_is_named_from_what_the_endpoint_said(ground: Finbehave, drill: Drill) -> None:
    done = ground.ok("drill", drill.cause)
    endpoint = ("--endpoint", done["endpoint"])
    try:
        if drill.traffic:
            explained = ground.ok("logs", *endpoint, "--tail", "2000", "--explain")
            assert explained["causes"], "\n".join(line["text"] for line in explained["lines"])
            assert explained["causes"][0]["code"] == drill.cause, explained["causes"]
        looked = ground("troubleshoot", *endpoint, "-o", "json")
        refused_only = drill.misuse and drill.traffic
        assert looked.code in ((0, 7) if refused_only else (7,)), str(looked)  # 7 while a hung worker starts again
        named = looked.result["causes"][0]
        assert (named["code"], bool(named["remedy"])) == (drill.cause, True), looked.result
        assert not drill.traffic or named["evidence"]
    finally:
        ground.ok("delete", *endpoint, "--yes")
    assert ground.ok("models", "list")["models"] == []


def test_a_drill_is_refused_where_it_would_be_in_the_way_or_cost_something(finbehave: Finbehave) -> None:
    unknown = finbehave("drill", "bad-luck", "-o", "json")
    assert (unknown.code, unknown.error["remedy"]) == (2, "finbehave drill lists those there are")
    elsewhere = finbehave("drill", "segfault", "--backend", "azure", "-o", "json")
    assert (elsewhere.code, elsewhere.error["remedy"]) == (2, "leave out --backend")
    listed = finbehave.ok("drill")["drills"]
    assert list(listed) == [drill.cause for drill in DRILLS]


def test_a_live_endpoint_is_looked_at_without_a_drill(finbehave: Finbehave, package: Path) -> None:
    def causes(code: int) -> list[str]:
        done = finbehave("troubleshoot", "-o", "json")
        assert done.code == code, str(done)
        return [cause["code"] for cause in done.result["causes"]]

    nothing = finbehave("troubleshoot", "-o", "json")
    assert (nothing.code, nothing.error["code"]) == (3, "not-found")
    finbehave.ok("register", str(package))
    finbehave.ok("deploy", "late-payers")
    assert causes(0) == []
    finbehave.ok("traffic", "set", "blue=0")
    assert causes(7) == ["no-traffic"]
    finbehave.ok("traffic", "set", "blue=100")
    assert causes(0) == []
