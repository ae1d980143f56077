"""Whatever ends a release early, the traffic is where it was, and the reason is kept before anything is removed."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from finbehave.backends.base import TrafficWrite
from finbehave.errors import DeploymentFailed, GateFailed, Interrupted, TrafficConflict, Unavailable
from finbehave.packaging.package import read_package
from finbehave.progress import QUIET
from finbehave.workflows.traffic import actor, write_traffic
from finbehave.workflows.undo import Refused, Undo
from tests.diagnosis.memory_backend import write_package
from tests.release.memory_backend import ENDPOINT, Memory

CRASH = [
    "Traceback (most recent call last):",
    '  File "worker.py", line 3, in <module>',
    "    import yaml",
    "ModuleNotFoundError: No module named 'yaml'",
]


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    """Blue serves; green is on its way."""
    memory = Memory(write_package(tmp_path / "package"))
    memory.add("blue", "spend:1.0.0")
    memory.holds({"blue": 100})
    return memory


def begun(memory: Memory, tmp_path: Path) -> Undo:
    """A release that has created green."""
    before = memory.endpoint(ENDPOINT) if memory.there and memory.deployments else None
    undo = Undo(memory.backend, tmp_path / "workspace", ENDPOINT, "spend:1.1.0", before, QUIET)
    memory.add("green", "spend:1.1.0", created="2025-11-08T00:00:00Z")
    undo.created["green"] = read_package(memory.package_at)
    return undo


def step(memory: Memory, undo: Undo, share: int, expected: int | None = None) -> None:
    undo.reasons.add("step")
    split = {"blue": 100 - share, "green": share}
    revision = len(memory.entries) if expected is None else expected
    write_traffic(memory, TrafficWrite(ENDPOINT, split, revision, actor(), "step"))  # type: ignore[arg-type]


def test_a_failure_before_the_first_write_removes_only_the_new_deployment(memory: Memory, tmp_path: Path) -> None:
    undo = begun(memory, tmp_path)
    with pytest.raises(GateFailed) as refused, undo.on_failure():
        raise GateFailed("golden records differ", remedy="look")
    assert list(memory.deployments) == ["blue"]
    assert len(memory.entries) == 1
    assert "not touched: blue=100" in refused.value.message
    assert refused.value.remedy == "look"


def test_a_failure_after_a_write_takes_the_traffic_back_in_one_write(memory: Memory, tmp_path: Path) -> None:
    undo = begun(memory, tmp_path)
    with pytest.raises(GateFailed) as refused, undo.on_failure():
        step(memory, undo, 10)
        step(memory, undo, 50)
        raise GateFailed("golden records differ")
    assert [entry.traffic for entry in memory.entries[-2:]] == [{"blue": 50, "green": 50}, {"blue": 100}]
    assert memory.entries[-1].reason.startswith("undone, back to revision 1")
    assert list(memory.deployments) == ["blue"]
    assert "back at blue=100" in refused.value.message


def test_a_first_release_that_fails_leaves_no_endpoint(memory: Memory, tmp_path: Path) -> None:
    memory.deployments.clear()
    memory.entries.clear()
    undo = begun(memory, tmp_path)
    with pytest.raises(GateFailed), undo.on_failure():
        undo.reasons.add("step")
        write_traffic(memory, TrafficWrite(ENDPOINT, {"green": 100}, 0, actor(), "step"))  # type: ignore[arg-type]
        raise GateFailed("golden records differ")
    assert memory.entries[-1].traffic == {}
    assert not memory.there


def test_the_cause_of_a_crash_and_where_its_log_is_are_in_the_message(memory: Memory, tmp_path: Path) -> None:
    undo = begun(memory, tmp_path)
    memory.said["green"] = CRASH
    with pytest.raises(DeploymentFailed) as refused, undo.on_failure():
        raise DeploymentFailed("green ended before it was ready")
    result = refused.value.result
    assert isinstance(result, Refused)
    assert result.bundle is not None
    assert "pyyaml is not in the image" in refused.value.message
    assert str(result.bundle) in refused.value.message
    assert "pyyaml" in refused.value.remedy
    assert [cause.code for cause in result.causes] == ["missing-package"]


def test_the_bundle_holds_what_is_needed_and_no_secret_and_is_there_before_the_deployment_goes(
    memory: Memory, tmp_path: Path
) -> None:
    undo = begun(memory, tmp_path)
    memory.said["green"] = [*CRASH, "Authorization: Bearer abcdefghijklmnop", "AccountKey=c2VjcmV0c2VjcmV0"]
    there: list[str] = []
    memory.kept = lambda name: there.extend(path.name for path in (tmp_path / "workspace" / "bundles").iterdir())
    with pytest.raises(DeploymentFailed), undo.on_failure():
        raise DeploymentFailed("green ended with key=abcdefghijklmnop")
    (folder,) = (tmp_path / "workspace" / "bundles").iterdir()
    assert there == [folder.name]
    assert folder.name.startswith("spend-ep-green-")
    names = {path.name for path in folder.iterdir()}
    assert names >= {"deployment.log", "manifest.json", "requirements.txt", "traffic.json", "versions.json", "why.txt"}
    whole = "".join(path.read_text() for path in folder.iterdir())
    assert "No module named 'yaml'" in whole
    assert "abcdefghijklmnop" not in whole
    assert "c2VjcmV0c2VjcmV0" not in whole
    assert json.loads((folder / "traffic.json").read_text())["endpoint"]["traffic"] == {"blue": 100}


def test_what_cannot_be_kept_is_not_removed(memory: Memory, tmp_path: Path) -> None:
    undo = begun(memory, tmp_path)
    (tmp_path / "workspace").write_text("a file where a folder should be")
    with pytest.raises(GateFailed) as refused, undo.on_failure():
        raise GateFailed("golden records differ")
    assert "green" in memory.deployments
    assert "cannot be written" in refused.value.message


def test_ctrl_c_undoes_the_same_and_says_so(memory: Memory, tmp_path: Path) -> None:
    undo = begun(memory, tmp_path)
    with pytest.raises(Interrupted) as interrupted, undo.on_failure():
        step(memory, undo, 10)
        raise KeyboardInterrupt
    assert memory.traffic == {"blue": 100}
    assert list(memory.deployments) == ["blue"]
    assert "back at blue=100" in interrupted.value.message
    assert interrupted.value.exit_status == 130


def test_a_second_ctrl_c_does_not_stop_the_undoing(memory: Memory, tmp_path: Path) -> None:
    undo = begun(memory, tmp_path)
    with pytest.raises(Interrupted), undo.on_failure():
        step(memory, undo, 10)
        memory.meanwhile = lambda: os.kill(os.getpid(), signal.SIGINT)
        raise KeyboardInterrupt
    assert memory.traffic == {"blue": 100}
    assert list(memory.deployments) == ["blue"]


def test_somebody_elses_split_stands_and_a_deployment_that_it_uses_stays(memory: Memory, tmp_path: Path) -> None:
    undo = begun(memory, tmp_path)
    with pytest.raises(TrafficConflict) as conflict, undo.on_failure():
        step(memory, undo, 10)
        memory.holds({"blue": 70, "green": 30}, "set by hand", "bob@desk")
        step(memory, undo, 50, expected=2)
    assert memory.traffic == {"blue": 70, "green": 30}
    assert "green" in memory.deployments
    assert "bob@desk" in conflict.value.message
    assert conflict.value.exit_status == 7


def test_after_somebody_elses_split_a_deployment_without_traffic_goes(memory: Memory, tmp_path: Path) -> None:
    undo = begun(memory, tmp_path)
    with pytest.raises(GateFailed), undo.on_failure():
        step(memory, undo, 10)
        memory.holds({"blue": 100}, "set by hand", "bob@desk")
        raise GateFailed("golden records differ")
    assert len(memory.entries) == 3, "nothing is written over theirs"
    assert list(memory.deployments) == ["blue"]


def test_a_deployment_that_was_not_replaced_yet_stays(memory: Memory, tmp_path: Path) -> None:
    memory.add("green", "spend:0.9.0", created="2025-01-01T00:00:00Z")
    before = memory.endpoint(ENDPOINT)
    undo = Undo(memory.backend, tmp_path / "workspace", ENDPOINT, "spend:1.1.0", before, QUIET)
    undo.created["green"] = read_package(memory.package_at)
    with pytest.raises(Unavailable), undo.on_failure():
        raise Unavailable("its environment could not be built", remedy="wait")
    assert memory.deployments["green"].model == "spend:0.9.0"


def test_a_write_whose_answer_was_lost_is_found_in_the_ledger(memory: Memory) -> None:
    memory.add("green", "spend:1.1.0")
    memory.loses = "answer"
    entry = write_traffic(memory, TrafficWrite(ENDPOINT, {"green": 100}, 1, actor(), "step"))  # type: ignore[arg-type]
    assert (entry.revision, entry.traffic) == (2, {"green": 100})


def test_a_write_that_never_arrived_is_told_with_the_split_as_it_is(memory: Memory) -> None:
    memory.loses = "request"
    with pytest.raises(Unavailable) as lost:
        write_traffic(memory, TrafficWrite(ENDPOINT, {"green": 100}, 1, actor(), "step"))  # type: ignore[arg-type]
    assert "it is blue=100" in lost.value.message
    assert lost.value.exit_status == 9


def test_a_lost_write_back_is_not_called_back(memory: Memory, tmp_path: Path) -> None:
    undo = begun(memory, tmp_path)
    with pytest.raises(GateFailed) as refused, undo.on_failure():
        step(memory, undo, 10)
        memory.loses = "request"
        raise GateFailed("golden records differ")
    assert "it is blue=90 green=10" in refused.value.message
    assert "is back at" not in refused.value.message
    assert "green" in memory.deployments, "it still holds traffic"


def test_traffic_that_is_back_on_a_deployment_that_answers_wrongly_is_not_called_good(
    memory: Memory, tmp_path: Path
) -> None:
    undo = begun(memory, tmp_path)
    memory.predictions["blue"] = (True, True)
    with pytest.raises(GateFailed) as refused, undo.on_failure():
        step(memory, undo, 10)
        raise GateFailed("green is wrong")
    assert memory.traffic == {"blue": 100}
    assert "does not pass its checks" in refused.value.message


def test_a_message_stays_short_and_keeps_the_place_of_the_bundle(memory: Memory, tmp_path: Path) -> None:
    undo = begun(memory, tmp_path)
    with pytest.raises(GateFailed) as refused, undo.on_failure():
        raise GateFailed("x" * 2000)
    bundle = refused.value.result.bundle
    assert refused.value.message.index(str(bundle)) + len(str(bundle)) <= 600
