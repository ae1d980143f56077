"""train as a person and a script run it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

from finbehave.environments.interpreters import installed_python
from finbehave.packaging.package import read_package

from .conftest import customers

QUICK = ("--candidates", "linear")


@pytest.fixture
def suspicious(tmp_path: Path) -> Path:
    """A table in which one column may give the target away."""
    frame = customers()
    draw = numpy.random.default_rng(1)
    frame["fee"] = numpy.where((frame["late"] == 1) & (draw.random(len(frame)) < 0.8), 30.5, 0.0)
    frame.to_csv(tmp_path / "suspicious.csv", index=False)
    return tmp_path / "suspicious.csv"


def test_a_person_reads_the_figures_and_what_to_type_next(finbehave: Any, tmp_path: Path) -> None:
    customers().assign(customer_id=range(600)).to_csv(tmp_path / "table.csv", index=False)
    done = finbehave("train", "--data", "table.csv", "--target", "late", *QUICK, env={"COLUMNS": "40"})
    assert done.code == 0, done
    assert re.search(r"^roc_auc +0\.[678]\d+ +0\.\d+ +0\.5000$", done.out, re.MULTILINE), done.out
    assert "customer_id: identifier" in done.out
    assert "Next: finbehave register models/financial-behavior-model-fixed" in done.out
    assert max(len(line) for line in done.out.splitlines() if "Next" not in line) <= 40
    assert "✓ golden records in a fresh process" in done.err
    assert read_package(tmp_path / "models" / "financial-behavior-model-fixed").manifest.target == "late"


def test_a_script_reads_the_keys_of_the_contract(finbehave: Any, tmp_path: Path) -> None:
    customers().to_parquet(tmp_path / "table.parquet")
    words = ("--data", "table.parquet", "--target", "late", "--out", "m", "--model-name", "late-payers", "--seed", "7")
    done = finbehave("train", *words, *QUICK, "--drop", "opened", "-o", "json")
    assert done.code == 0, done
    assert set(done.result) == {
        "package", "name", "estimator", "metrics", "baseline", "spread", "threshold", "features", "dropped", "rows",
        "seconds", "environment", "job",
    }  # fmt: skip
    assert {"roc_auc", "average_precision", "f1", "accuracy", "log_loss", "brier"} <= set(done.result["metrics"])
    assert set(done.result["environment"]) == {"python", "packages"}
    assert done.result["name"] == "late-payers"
    assert done.result["dropped"] == {"opened": "as asked for with --drop"}
    assert [check["status"] for check in done.json["checks"]] == ["passed"] * 6


def test_a_script_is_stopped_where_a_person_has_to_decide(finbehave: Any, suspicious: Path) -> None:
    done = finbehave("train", "--data", suspicious.name, "--target", "late", "--out", "m", *QUICK, "-o", "json")
    assert done.code == 4
    assert done.error["code"] == "leakage-suspected"
    assert "--allow-leakage 'fee'" in done.error["remedy"]
    assert "--drop 'fee'" in done.error["remedy"]
    assert not (suspicious.parent / "m").exists()


@pytest.mark.parametrize(("answer", "learnt"), [("y", True), ("n", False)])
def test_a_person_at_a_terminal_is_asked(finbehave: Any, suspicious: Path, answer: str, learnt: bool) -> None:
    command = [sys.executable, "-m", "finbehave", "train", "--data", suspicious.name, "--target", "late", "--out", "m"]
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [*command, *QUICK], cwd=suspicious.parent, env=finbehave.environment(), stdin=theirs, stdout=theirs,
        stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    said = b""
    while b"[y/N]" not in said:
        said += os.read(ours, 4096)
    os.write(ours, answer.encode() + b"\n")
    try:
        while more := os.read(ours, 4096):
            said += more
    except OSError:
        pass  # the terminal is gone with the program
    os.close(ours)
    assert process.wait(60) == 0, said.decode()
    assert b"Known before the outcome: fee?" in said
    names = {feature.name for feature in read_package(suspicious.parent / "m").manifest.features}
    assert ("fee" in names) is learnt


BAD = [
    ("", 4, "data-refused"),
    ("a,late\n", 4, "data-refused"),
    ("a,late\n" + "1,0\n" * 40, 4, "data-refused"),
    ("a,late\n" + "1,0\n2,1\n" * 20 + "3,\n", 4, "data-refused"),
    ("a,late\n" + "1,0\n2,1\n" * 20 + "inf,1\n", 4, "data-refused"),
    ("a,a,late\n" + "1,2,0\n2,1,1\n" * 20, 4, "data-refused"),
    ("id,late\n" + "".join(f"{n},{n % 2}\n" for n in range(60)), 4, "data-refused"),
    ("a,other\n" + "1,0\n2,1\n" * 20, 4, "data-refused"),
]
"""Empty; a header only; a constant target; a gap in the target; an infinity; two columns of one name; nothing but an
identifier; no such target."""


@pytest.mark.parametrize(("content", "code", "name"), BAD)
def test_bad_files_are_refused_with_a_remedy(
    finbehave: Any, tmp_path: Path, content: str, code: int, name: str
) -> None:
    (tmp_path / "bad.csv").write_text(content)
    done = finbehave("train", "--data", "bad.csv", "--target", "late", "--out", "m", "-o", "json")
    assert (done.code, done.error["code"]) == (code, name), done
    assert done.error["remedy"]
    assert len(done.error["message"]) <= 600
    assert not (tmp_path / "m").exists()


@pytest.mark.interpreter("3.8")
@pytest.mark.skipif(installed_python("3.8") is None, reason="there is no Python 3.8 on this machine")
def test_fitting_in_an_environment_of_its_own_records_its_versions(finbehave: Any, tmp_path: Path) -> None:
    customers().to_csv(tmp_path / "table.csv", index=False)
    runbook = Path(__file__).parents[2] / "environment.yml"
    words = ("--data", "table.csv", "--target", "late", "--environment", str(runbook), "--out", "m")
    result = finbehave.ok("train", *words)
    assert result["environment"]["python"].startswith("3.8.")
    assert result["environment"]["packages"]["scikit-learn"] == "1.1.3"
    assert 0.65 < result["metrics"]["roc_auc"] < 0.97
    assert "scikit-learn==1.1.3" in (tmp_path / "m" / "requirements.txt").read_text()
    assert pandas.__version__ != result["environment"]["packages"]["pandas"]
