"""troubleshoot, on a pasted log as a person runs it, and on a live endpoint."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from finbehave.diagnosis.reader import read_tail
from finbehave.domain.check import Check, CheckStatus
from finbehave.domain.endpoint import DeploymentState, EndpointState
from finbehave.errors import EndpointUnhealthy, NotFound, TimedOut
from finbehave.settings import Settings
from finbehave.workflows.troubleshoot import TroubleshootResult, examine, troubleshoot
from tests.diagnosis.memory_backend import Memory, deployment, endpoint, write_package
from tests.diagnosis.shapes import BANNER, FAILED_BOOT, INVOKING, in_import, in_our_worker

CRASH = in_import("ModuleNotFoundError: No module named 'yaml'")
UNKNOWN = BANNER + INVOKING + "the moon is in the wrong house (E-7)\n" + FAILED_BOOT


@pytest.fixture
def finbehave(tmp_path: Path) -> Any:
    """Runs a command in its own process, in a folder of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FINBEHAVE_")}
    environment |= {"FINBEHAVE_WORKSPACE": str(tmp_path / "workspace"), "COLUMNS": "100"}

    def run(*words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "finbehave", "troubleshoot", *words],
            cwd=tmp_path, env=environment, capture_output=True, input=stdin, check=False,
        )  # fmt: skip
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


# --- a pasted log -----------------------------------------------------------------------------------------


def test_a_pasted_log_needs_no_account_and_names_cause_line_and_remedy(finbehave: Any, tmp_path: Path) -> None:
    (tmp_path / "container.log").write_text(CRASH)
    done = finbehave("--file", "container.log", "--backend", "azure")
    assert done.returncode == 0, done.stderr
    assert "1. missing-package  pyyaml is not in the image: yaml is imported and not there" in done.stdout
    line = CRASH[: CRASH.index("ModuleNotFoundError")].count("\n") + 1
    assert f"line {line}: ModuleNotFoundError: No module named 'yaml'" in done.stdout
    assert "→ add pyyaml" in done.stdout


def test_a_log_on_standard_input_gives_one_json_document(finbehave: Any) -> None:
    done = finbehave("--file", "-", "-o", "json", stdin=CRASH.encode("utf-16"))
    assert done.returncode == 0
    result = json.loads(done.stdout)["result"]
    assert result["source"] == "standard input"
    (cause,) = result["causes"]
    assert set(cause) == {"code", "title", "evidence", "remedy", "confidence"}
    assert cause["code"] == "missing-package"
    assert set(cause["evidence"][0]) == {"line", "text"}


def test_a_log_in_which_nothing_is_recognised_says_so_shows_its_end_and_what_to_try(
    finbehave: Any, tmp_path: Path
) -> None:
    (tmp_path / "container.log").write_text(UNKNOWN)
    done = finbehave("--file", "container.log")
    assert done.returncode == 0
    assert "nothing that is known to be wrong" in done.stdout
    assert "the moon is in the wrong house" in done.stdout
    assert "finbehave check-compat" in done.stdout
    assert "--debug" in done.stdout
    document = json.loads(finbehave("--file", "container.log", "-o", "json").stdout)
    assert document["result"]["causes"] == []
    assert document["status"] == "ok"


def test_an_empty_log_says_that_the_container_may_never_have_started(finbehave: Any) -> None:
    done = finbehave("--file", "-")
    assert done.returncode == 0
    assert "never started" in done.stdout


def test_a_file_that_is_not_there_and_one_that_is_no_file(finbehave: Any, tmp_path: Path) -> None:
    missing = finbehave("--file", "no.log")
    assert missing.returncode == 3
    assert "no such file: no.log" in missing.stderr
    assert "→" in missing.stderr
    folder = finbehave("--file", str(tmp_path))
    assert folder.returncode == 2


def test_a_pasted_log_cannot_steer_the_terminal(finbehave: Any) -> None:
    hostile = UNKNOWN + "\x1b]0;owned\x07\x1b[2J[bold]markup[/bold]\n" + CRASH.replace("yaml", "ya\x1b[31mml")
    done = finbehave("--file", "-", stdin=hostile.encode())
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout
    unknown = finbehave("--file", "-", stdin=(UNKNOWN + "\x1b[2J[bold]x[/bold]\n").encode())
    assert "[bold]x[/bold]" in unknown.stdout
    assert "\x1b" not in unknown.stdout


def test_of_a_log_that_is_too_long_the_end_is_read_and_the_lines_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_bytes(b"".join(b"line %d\n" % n for n in range(1, 1001)))
    with path.open("rb") as file:
        kept, left_out = read_tail(file, limit=100)
    assert len(kept) <= 100
    assert kept.startswith(b"line %d\n" % (left_out + 1))
    assert kept.endswith(b"line 1000\n")
    with path.open("rb") as file:
        assert read_tail(file)[1] == 0


# --- a live endpoint --------------------------------------------------------------------------------------


@dataclass
class Watching:
    """A ``Progress`` that keeps the checks."""

    checks: dict[str, Check] = field(default_factory=dict)

    def check(self, check: Check) -> None:
        self.checks[check.name] = check

    def note(self, text: str) -> None: ...

    def advance(self, task: str, done: float, total: float | None = None) -> None: ...

    def status(self, name: str) -> CheckStatus:
        return self.checks[name].status


def look(memory: Memory, tmp_path: Path) -> tuple[TroubleshootResult, Watching, EndpointUnhealthy | None]:
    watching = Watching()
    settings = Settings(endpoint="spend-ep", workspace=tmp_path / "not-there-yet")
    try:
        return examine(memory.backend, settings=settings, progress=watching), watching, None
    except EndpointUnhealthy as error:
        assert isinstance(error.result, TroubleshootResult)
        for check in watching.checks.values():
            if check.status is CheckStatus.FAILED:
                assert check.remedy
        return error.result, watching, error


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return write_package(tmp_path / "package")


def test_an_endpoint_without_a_fault_passes_every_check(package: Path, tmp_path: Path) -> None:
    memory = Memory(endpoint(deployment("blue")), package, {"blue": ["worker 1 of blue is ready: spend:1.0.0"]})
    result, watching, error = look(memory, tmp_path)
    assert error is None
    assert result.causes == ()
    assert result.lines == 1
    expected = {"endpoint", "traffic", "deployment blue", "golden records blue", "log blue", "refused requests", "disk"}
    assert set(watching.checks) == expected
    assert {watching.status(name) for name in expected} == {CheckStatus.PASSED}


def test_a_crashed_deployment_is_a_fault_with_the_cause_of_its_log(package: Path, tmp_path: Path) -> None:
    crashed = deployment("blue", state=DeploymentState.FAILED, detail="it ended before it was ready")
    log = in_our_worker("AttributeError: Can't get attribute 'Ratio' on <module '__main__' from 'worker.py'>")
    result, watching, error = look(Memory(endpoint(crashed), package, {"blue": log.split("\n")}), tmp_path)
    assert error is not None
    assert error.exit_status == 7
    assert "Ratio" in error.message
    assert "move Ratio" in error.remedy
    assert [cause.code for cause in result.causes] == ["missing-class"]
    assert result.causes[0].title.startswith("blue: ")
    assert watching.status("deployment blue") is CheckStatus.FAILED
    assert "golden records blue" not in watching.checks


def test_a_crash_in_the_past_of_a_healthy_deployment_is_a_warning(package: Path, tmp_path: Path) -> None:
    log = in_our_worker("MemoryError") + "worker 2 of blue is ready: spend:1.0.0"
    result, watching, error = look(Memory(endpoint(deployment("blue")), package, {"blue": log.split("\n")}), tmp_path)
    assert error is None
    assert watching.status("log blue") is CheckStatus.WARNING
    assert [cause.code for cause in result.causes] == ["out-of-memory"]


def test_other_answers_than_in_training_are_a_fault_even_with_the_same_labels(package: Path, tmp_path: Path) -> None:
    drifted = ({"false": 0.9, "true": 0.1}, {"false": 0.35, "true": 0.65})
    result, watching, error = look(Memory(endpoint(deployment("blue")), package, probabilities=drifted), tmp_path)
    assert error is not None
    assert watching.status("golden records blue") is CheckStatus.FAILED
    assert "1 of 2 rows" in error.message
    assert result.causes == ()


def test_a_deployment_that_does_not_answer_in_time_is_a_fault(package: Path, tmp_path: Path) -> None:
    slow = Memory(endpoint(deployment("blue")), package, refuses=TimedOut("no answer in 30 s", remedy="finbehave logs"))
    _, watching, error = look(slow, tmp_path)
    assert error is not None
    assert watching.checks["golden records blue"].detail == "no answer in 30 s"
    assert "log blue" in watching.checks, "what comes after a failed check is still looked at"


def test_an_endpoint_without_traffic_has_that_cause(package: Path, tmp_path: Path) -> None:
    idle = endpoint(deployment("blue", traffic=0), traffic={})
    result, watching, error = look(Memory(idle, package), tmp_path)
    assert error is not None
    assert [cause.code for cause in result.causes] == ["no-traffic"]
    assert "finbehave traffic set blue=100" in error.remedy
    assert watching.status("traffic") is CheckStatus.FAILED


def test_traffic_on_a_deployment_that_cannot_answer_is_a_fault(package: Path, tmp_path: Path) -> None:
    split = endpoint(deployment("blue"), deployment("green", state=DeploymentState.FAILED, traffic=0), revision=3)
    half = Memory(endpoint(*split.deployments, traffic={"blue": 50, "green": 50}, revision=3), package)
    _, watching, error = look(half, tmp_path)
    assert error is not None
    assert "green cannot answer" in watching.checks["traffic"].detail


@pytest.mark.parametrize(
    ("state", "words"), [(EndpointState.DEAD, "supervisor is gone"), (EndpointState.STOPPED, "stopped")]
)
def test_an_endpoint_that_does_not_run_is_to_be_started(
    package: Path, tmp_path: Path, state: EndpointState, words: str
) -> None:
    gone = endpoint(deployment("blue", state=DeploymentState.STOPPED), state=state)
    _, watching, error = look(Memory(gone, package), tmp_path)
    assert error is not None
    assert words in error.message
    assert error.remedy == "finbehave start --endpoint spend-ep"
    assert "golden records blue" not in watching.checks


def test_many_failed_requests_are_a_warning(package: Path, tmp_path: Path) -> None:
    busy = endpoint(deployment("blue", requests=100, errors=9))
    _, watching, error = look(Memory(busy, package), tmp_path)
    assert error is None
    assert watching.status("deployment blue") is CheckStatus.WARNING
    assert "9 of 100" in watching.checks["deployment blue"].detail


def test_a_package_that_was_changed_is_a_fault(package: Path, tmp_path: Path) -> None:
    (package / "environment.yml").write_text("name: other\n")
    _, watching, error = look(Memory(endpoint(deployment("blue")), package), tmp_path)
    assert error is not None
    assert "sha256" in watching.checks["golden records blue"].detail


def test_an_endpoint_that_is_not_there_is_not_found(package: Path, tmp_path: Path) -> None:
    memory = Memory(endpoint(deployment("blue")), package)
    with pytest.raises(NotFound):
        examine(memory.backend, settings=Settings(endpoint="other", workspace=tmp_path))


def test_the_library_takes_a_log_as_bytes_or_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text(CRASH)
    assert troubleshoot(CRASH.encode()).causes == troubleshoot(tmp_path / "x.log").causes
