"""The examples do what they say, and the pipelines name commands and options that exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from finbehave.cli.app import app
from tests.conftest import Finbehave

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finbehave]:
    program = Finbehave(tmp_path_factory.mktemp("examples"))
    try:
        yield program
    finally:
        program.end()


def run(program: Finbehave, *words: str) -> subprocess.CompletedProcess[str]:
    """With the program of this environment on the PATH."""
    environment = program.environment()
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    return subprocess.run(
        words, cwd=program.folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def test_a_script_releases_a_model_and_a_second_time(program: Finbehave, behaviour: Path) -> None:
    script = str(EXAMPLES / "release.sh")
    first = run(program, script, str(behaviour), "late", "shell-ep")
    assert first.returncode == 0, first.stderr
    assert "live: financial-behavior-model-fixed:1.0.0 on blue, http://" in first.stdout
    again = run(program, script, str(behaviour), "late", "shell-ep")
    assert again.returncode == 0, again.stderr
    assert "registered: financial-behavior-model-fixed:1.0.0" in again.stdout


def test_the_script_ends_with_the_status_of_what_failed(program: Finbehave, behaviour: Path) -> None:
    refused = run(program, str(EXAMPLES / "release.sh"), str(behaviour), "no_such_column")
    assert refused.returncode == 4
    assert "no_such_column" in refused.stderr
    assert "->" in refused.stderr


def test_make_runs_the_pipeline_and_looks_after_it(program: Finbehave, behaviour: Path) -> None:
    make = ("make", "-f", str(EXAMPLES / "Makefile"), "ENDPOINT=make-ep")
    done = run(program, *make, "full-pipeline", f"DATA={behaviour}", "TARGET=late")
    assert done.returncode == 0, done.stderr
    assert "is live" in done.stdout
    for target in ("status", "logs", "test", "troubleshoot"):
        looked = run(program, *make, target)
        assert looked.returncode == 0, looked.stderr


def test_a_python_script_does_it_through_the_library(program: Finbehave, behaviour: Path) -> None:
    done = run(program, sys.executable, str(EXAMPLES / "library.py"), str(behaviour), "late")
    assert done.returncode == 0, done.stderr
    assert "live: from-a-script:1.0.0 on blue" in done.stdout
    assert done.stderr == ""


def test_the_example_data_is_what_its_script_writes(tmp_path: Path) -> None:
    script = tmp_path / "late_payments.py"
    script.write_text((EXAMPLES / "late_payments.py").read_text())
    subprocess.run([sys.executable, str(script)], check=True)
    assert (tmp_path / "late_payments.csv").read_bytes() == (EXAMPLES / "late_payments.csv").read_bytes()


def commands_in(value: Any) -> Iterator[list[str]]:
    """Every line of a pipeline that runs finbehave, in words."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from commands_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from commands_in(inner)
    elif isinstance(value, str):
        for line in value.splitlines():
            if found := re.match(r"\s*finbehave (.*?)(?:\s*\|.*)?$", line):
                yield shlex.split(found[1])


@pytest.mark.parametrize("name", ["github-actions.yml", "azure-pipelines.yml"])
def test_pipelines_name_commands_and_options_that_there_are(name: str) -> None:
    lines = list(commands_in(yaml.safe_load((EXAMPLES / name).read_text())))
    assert any(words[0] == "check-compat" for words in lines)
    root: Any = typer.main.get_command(app)
    for words in lines:
        command = root.commands[words[0]]
        known = {option for one in command.params for option in one.opts}
        assert {word for word in words[1:] if word.startswith("-")} <= known
