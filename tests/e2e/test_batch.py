"""A file of many rows through an endpoint: every row once, in order, also after the command was killed midway."""

from __future__ import annotations

import csv
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Finbehave
from tests.e2e.test_release import until

ROWS = 120_000


@pytest.fixture
def customers(finbehave: Finbehave, package: Path, behaviour: Path) -> Path:
    """Many numbered rows, and a live endpoint that can answer them."""
    finbehave.ok("register", str(package))
    finbehave.ok("deploy", "late-payers")
    with behaviour.open(newline="", encoding="utf-8") as file:
        rows = [row[:-1] for row in csv.reader(file)]
    path = finbehave.folder / "customers.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["number", *rows[0]])
        writer.writerows([number, *rows[1 + number % (len(rows) - 1)]] for number in range(ROWS))
    return path


def scored(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_run_that_was_killed_goes_on_where_it_was(finbehave: Finbehave, customers: Path) -> None:
    out, progress = finbehave.folder / "answers.csv", finbehave.folder / ".answers.csv.progress"
    words = ("--file", str(customers), "--out", str(out), "--ignore", "number")
    process = finbehave.start("invoke", *words)
    until("some rows to be written", progress.exists)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists()
    noted = json.loads(progress.read_text())["rows"]

    done = finbehave.ok("invoke", *words)
    assert (done["rows"], done["resumed"], done["failed"]) == (ROWS, noted, 0)
    assert 0 < noted < ROWS
    rows = scored(out)
    assert [int(row["number"]) for row in rows] == list(range(ROWS))
    assert {row["error"] for row in rows} == {""}
    same = {(row["income"], row["spending"], row["age"], row["account"]): set() for row in rows}  # type: ignore[var-annotated]
    for row in rows:
        same[row["income"], row["spending"], row["age"], row["account"]].add(row["probability_1"])
    assert {len(answers) for answers in same.values()} == {1}
    assert sorted(path.name for path in finbehave.folder.glob(".answers*")) == []
    assert done["models"] == {"late-payers:1.0.0": ROWS}
    assert done["model_rows_per_second"] > done["rows_per_second"] / 2  # of one processor, beside two workers


def test_a_changed_file_or_model_begins_anew_and_two_at_once_are_refused(
    finbehave: Finbehave, customers: Path, other_package: Path
) -> None:
    out, progress = finbehave.folder / "answers.parquet", finbehave.folder / ".answers.parquet.progress"
    words = ("--file", str(customers), "--out", str(out), "--ignore", "number")
    first = finbehave.start("invoke", *words)
    until("some rows to be written", progress.exists)
    second = finbehave("invoke", *words, "-o", "json")
    assert (second.code, second.error["code"]) == (9, "busy"), str(second)
    first.send_signal(signal.SIGINT)
    first.communicate()
    assert first.returncode == 130

    finbehave.ok("register", str(other_package))
    finbehave.ok("deploy", "late-payers")
    done = finbehave.ok("invoke", *words)
    assert (done["rows"], done["resumed"], done["model"]) == (ROWS, 0, "late-payers:1.0.1")


def test_an_endpoint_that_goes_away_for_a_while_is_waited_for(finbehave: Finbehave, customers: Path) -> None:
    out = finbehave.folder / "answers.csv"
    process = finbehave.start("invoke", "--file", str(customers), "--out", str(out), "--ignore", "number", "-o", "json")
    until("some rows to be written", (finbehave.folder / ".answers.csv.progress").exists)
    finbehave.ok("stop", "--yes")
    finbehave.ok("start")
    said, told = process.communicate()
    assert process.returncode == 0, said + told
    assert json.loads(said)["result"]["failed"] == 0
    assert "asked again for up to 120 s" in " ".join(told.split())
    assert [int(row["number"]) for row in scored(out)] == list(range(ROWS))


def test_who_answered_is_told_where_several_did(finbehave: Finbehave, customers: Path, other_package: Path) -> None:
    finbehave.ok("register", str(other_package))
    finbehave.ok("deploy", "late-payers")
    finbehave.ok("traffic", "set", "blue=50", "green=50")
    out = finbehave.folder / "answers.csv"
    done = finbehave("invoke", "--file", str(customers), "--out", str(out), "--ignore", "number", "-o", "json")
    assert set(done.result["models"]) == {"late-payers:1.0.0", "late-payers:1.0.1"}
    assert sum(done.result["models"].values()) == ROWS
    assert "several models have answered" in " ".join(done.err.split())


def test_a_file_without_rows_leaves_earlier_answers_alone(finbehave: Finbehave, customers: Path) -> None:
    out = finbehave.folder / "answers.csv"
    out.write_text("mine\n")
    for name, text in (("empty.json", "[]"), ("empty.csv", "income,spending,age,account\n")):
        (finbehave.folder / name).write_text(text)
        refused = finbehave("invoke", "--file", name, "--out", str(out), "-o", "json")
        assert refused.code == 4, str(refused)
    assert out.read_text() == "mine\n"
    assert [path.name for path in finbehave.folder.glob(".answers*")] == []


def test_a_file_with_other_columns_is_refused_by_one_request_that_names_them(
    finbehave: Finbehave, customers: Path
) -> None:
    refused = finbehave("invoke", "--file", str(customers), "--out", "answers.csv", "-o", "json")
    assert (refused.code, refused.error["code"]) == (4, "input-invalid"), str(refused)
    assert "column 'number': is not a column of this model" in refused.error["message"]
    assert "--ignore" in refused.error["remedy"]
    (finbehave.folder / "thin.csv").write_text("age,a,b\n" + "40,1,2\n" * 500)
    refused = finbehave("invoke", "--file", "thin.csv", "--out", "answers.csv", "-o", "json")
    assert "column 'income': is missing; the same holds for 'spending', 'account'" in refused.error["message"]
    (endpoint,) = finbehave.ok("status")["endpoints"]
    assert endpoint["deployments"][0]["requests"] < 20  # and not one for each row


def test_a_row_that_no_file_can_hold_as_it_is_ends_no_run(finbehave: Finbehave, customers: Path) -> None:
    good = {"income": 2000, "spending": 1500, "age": 40, "account": "current"}
    rows = [good, {**good, "account": "\ud800"}, {**good, "income": float("nan")}]
    (finbehave.folder / "odd.json").write_text(json.dumps(rows))
    for name in ("odd.csv", "odd.parquet"):
        done = finbehave.ok("invoke", "--file", "odd.json", "--out", name)
        assert (done["rows"], done["failed"]) == (3, 0)
    assert [row["account"] for row in scored(finbehave.folder / "odd.csv")] == ["current", "?", "current"]
