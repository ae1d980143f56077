"""What each command prints with ``-o json`` is what the published schema says, success and error alike."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest

from finbehave.cli.app import COMMANDS, GROUPS
from tests.conftest import Done, Finbehave

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"

Run = Callable[..., Done]


def test_the_published_schemas_are_what_the_code_gives() -> None:
    done = subprocess.run(
        [sys.executable, str(SCHEMAS / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_command_has_one() -> None:
    commands = {command.__name__.replace("_", "-") for panel in COMMANDS.values() for command in panel}
    groups = {name for panel in GROUPS.values() for name, _ in panel}
    assert {path.stem for path in SCHEMAS.glob("*.json")} == commands | groups


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finbehave]:
    program = Finbehave(tmp_path_factory.mktemp("schemas"))
    try:
        yield program
    finally:
        program.end()


@pytest.fixture(scope="module")
def run(program: Finbehave) -> Run:
    """Run a command with ``-o json`` and hold its document against its schema."""

    def checked(*words: str, code: int = 0, stdin: str | None = None) -> Done:
        done = program(*words, "-o", "json", stdin=stdin)
        assert done.code == code, str(done)
        schema = json.loads((SCHEMAS / f"{words[0]}.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(done.json)
        return done

    return checked


def test_a_release_from_data_to_the_end(run: Run, behaviour: Path, package: Path, other_package: Path) -> None:
    data = ("--data", str(behaviour), "--target", "late")
    run("validate", *data)
    run("train", *data, "--candidates", "linear", "--out", "trained")
    run("check-compat", "trained")
    run("check-compat", "trained", "--no-probe", "--environment", "scikit-learn==1.1.3", code=5)
    run("register", str(package))
    run("deploy", "late-payers", "--plan")
    run("deploy", "late-payers")
    row = json.dumps(json.loads((package / "golden.json").read_text())["rows"][0])
    run("invoke", "--data", row)
    run("invoke", "-", "--out", "answers.csv", stdin=f"[{row}]")
    run("register", str(other_package))
    run("deploy", "late-payers", "--strategy", "canary")
    run("traffic", "show")
    run("traffic", "set", "blue=50", "green=50")
    run("traffic", "ledger")
    run("rollback", "--yes")
    run("status")
    run("logs", "--explain")
    run("troubleshoot")
    run("keys", "show")
    run("keys", "rotate", "--yes")
    run("models", "list")
    run("models", "show", "late-payers")
    run("models", "download", "late-payers", "--out", "copy")
    run("models", "archive", "late-payers:1.0.0")
    run("stop", "--yes")
    run("start")
    run("delete", "--deployment", "blue", "--yes")
    run("delete", "--yes")


def test_the_others(run: Run) -> None:
    run("sample", "bank", "--customers", "200")
    run("prepare", "bank/transactions.csv", "--out", "features.parquet", "--customers", "bank/customers.csv")
    run("config")
    run("doctor")


def test_errors(run: Run, package: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("ModuleNotFoundError: No module named 'xgboost'\n")
    run("troubleshoot", "--file", str(log))
    run("troubleshoot", code=3)
    run("pipeline", "--data", "nowhere.csv", code=2)
    run("train", "--data", "nowhere.csv", "--target", "x", code=3)
    run("validate", "--data", "nowhere.csv", code=3)
    run("check-compat", "nowhere", code=3)
    run("register", "nowhere", code=3)
    run("deploy", "nobody", code=3)
    for words in (("invoke", "--data", "{}"), ("logs",), ("rollback", "--yes"), ("status", "--endpoint", "no-such")):
        run(*words, code=3)
    run("keys", "show", code=3)
    run("keys", "rotate", code=2)
    run("traffic", "show", code=3)
    run("models", "show", "nobody", code=3)
    run("start", code=3)
    run("stop", "--yes", code=3)
    run("delete", code=2)
    run("sample", "bank", "--customers", "0", code=2)
    run("prepare", "nowhere.csv", "--out", "x.parquet", code=3)
    run("config", "--no-such-option", code=2)
    run("doctor", "--workspace", "/proc/nowhere", code=2)
