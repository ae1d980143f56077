"""sample, prepare and validate as a person and a script run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def finbehave(tmp_path: Path) -> Any:
    """Runs a command in its own process, in a folder of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FINBEHAVE_")}
    environment |= {"FINBEHAVE_WORKSPACE": str(tmp_path / "workspace"), "COLUMNS": "100"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "finbehave", *words]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["schema_version"] == 1
    return found


def test_from_nothing_to_a_training_file(finbehave: Any, tmp_path: Path) -> None:
    made = finbehave("sample", "bank", "--customers", "80", "--seed", "3")
    assert made.returncode == 0, made.stderr
    assert "finbehave prepare bank/transactions.csv --customers bank/customers.csv" in made.stdout
    bank = ("bank/transactions.csv", "--customers", "bank/customers.csv", "--out", "bank/training.csv")
    prepared = document(finbehave("prepare", *bank, "-o", "json"))["result"]
    assert prepared["rows"] == 80
    assert prepared["cutoff"] == "2025-04-01"
    assert prepared["carried"][-1] == "missed_payment"
    checked = document(finbehave("validate", "--data", "bank/training.csv", "--target", "missed_payment", "-o", "json"))
    assert checked["status"] == "ok"
    assert checked["result"]["target"]["task"] == "binary"
    assert checked["result"]["rows"] == 80
    assert {"name", "kind", "missing", "missing_share", "distinct"} <= set(checked["result"]["columns"][0])


def test_assumptions_go_to_stderr_and_the_report_to_stdout(finbehave: Any, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a;b\n1,5;x\n2,5;y\n")
    done = finbehave("validate", "--data", "t.csv")
    assert done.returncode == 0
    assert "a: a comma marks decimals; '1,5' is read as 1.5." in done.stderr
    assert "Columns are separated by semicolons." in done.stderr
    assert "semicolons" not in done.stdout
    assert "1.5 … 2.5" in done.stdout


def test_a_refused_target_exits_4_with_the_report(finbehave: Any, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,y\n" + "1,0\n2,1\n" * 20 + "3,2\n")
    done = finbehave("validate", "--data", "t.csv", "--target", "y", "-o", "json")
    found = document(done)
    assert done.returncode == 4
    assert found["error"]["code"] == "data-refused"
    assert "class 2 has 1 row, at least 5 needed" in found["error"]["message"]
    assert found["result"]["rows"] == 41


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("validate", "--data", "none.csv"), 3),
        (("validate",), 2),
        (("prepare", "none.csv", "--out", "f.csv"), 3),
        (("prepare", "none.csv", "--out", "f.csv", "--cutoff", "soon"), 2),
        (("sample", "bank", "--customers", "1"), 2),
        (("sample", "bank", "--seed", "-1"), 2),
    ],
)
def test_faults_have_their_status_and_one_document(finbehave: Any, words: tuple[str, ...], status: int) -> None:
    done = finbehave(*words, "-o", "json")
    assert done.returncode == status
    assert document(done)["error"]["remedy"]


def test_control_characters_of_a_file_do_not_reach_the_terminal(finbehave: Any, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,\x1b[31mred\n1,\x1b]0;title\x07x\n2,y\n")
    done = finbehave("validate", "--data", "t.csv")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr
    assert "\x07" not in done.stdout + done.stderr


def test_output_piped_to_head_ends_quietly(tmp_path: Path) -> None:
    wide = ",".join(f"c{number}" for number in range(3000))
    (tmp_path / "t.csv").write_text(f"{wide}\n" + "\n".join([",".join("12" * 1500)] * 2) + "\n")
    command = f"{sys.executable} -m finbehave validate --data t.csv --workspace w | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "0"
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr


def test_forty_columns_are_enough(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,region\n1,north\n2,\n3,south\n")
    environment = {**os.environ, "COLUMNS": "40", "FINBEHAVE_WORKSPACE": str(tmp_path / "w")}
    command = [sys.executable, "-m", "finbehave", "validate", "--data", "t.csv"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    said = " ".join(done.stdout.split())
    assert "column region kind category missing 33.3% distinct 2 values north (1), south (1)" in said
