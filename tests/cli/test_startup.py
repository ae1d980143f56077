"""What a person or a script gets before any work is done: help at once, the version, and the functions by name."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import finbehave
from finbehave.errors import NotFound
from tests.conftest import Finbehave

HEAVY = {
    "azure", "duckdb", "httptools", "httpx", "joblib", "matplotlib", "msgspec", "msrest", "numpy", "pandas", "psutil",
    "pydantic", "pydantic_settings", "scipy", "sklearn", "starlette", "uv", "uvicorn", "uvloop", "yaml",
}  # fmt: skip
"""Packages that take their time, or that only one backend needs."""

LOADED = """
import contextlib, io, json, sys
from finbehave.cli.app import main
with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()):
    with contextlib.suppress(SystemExit):
        main({words!r})
print(json.dumps([sorted({{name.split(".")[0] for name in sys.modules}}), said.getvalue()]))
"""


def loaded_by(*words: str) -> tuple[set[str], str]:
    """The packages that a command imports in a fresh process, and what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(words=list(words))], capture_output=True, text=True, check=True
    )
    packages, said = json.loads(done.stdout.splitlines()[-1])
    return set(packages), said


@pytest.mark.parametrize("words", [("--help",), ("--version",)])
def test_help_and_version_import_nothing_heavy(words: tuple[str, ...]) -> None:
    packages, said = loaded_by(*words)
    assert packages & HEAVY == set()
    assert said.strip()


@pytest.mark.parametrize("words", [("deploy", "--help"), ("traffic", "set", "--help")])
def test_the_help_of_a_command_needs_the_settings_alone(words: tuple[str, ...]) -> None:
    packages, said = loaded_by(*words)
    assert packages & HEAVY <= {"pydantic", "pydantic_settings"}
    assert "Usage" in said


def test_help_lists_every_verb_of_the_contract() -> None:
    _, said = loaded_by("--help")
    for verb in ("train", "check-compat", "register", "deploy", "invoke", "logs", "rollback", "pipeline", "doctor"):
        assert f" {verb} " in said


def test_a_local_command_never_imports_azure() -> None:
    packages, _ = loaded_by("status")
    assert "azure" not in packages


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_offered(finbehave: Finbehave, shell: str) -> None:
    done = finbehave("--show-completion", shell, env={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    assert f"FINBEHAVE_COMPLETE=complete_{shell}" in done.out, str(done)


def test_no_command_shows_the_help_and_a_wrong_one_says_so(finbehave: Finbehave) -> None:
    assert "Usage" in finbehave().out
    wrong = finbehave("deplyo", "-o", "json")
    assert (wrong.code, wrong.error["code"]) == (2, "usage")


def test_every_verb_is_a_function_of_the_package() -> None:
    for name in finbehave.__all__:
        assert callable(getattr(finbehave, name)), name
        assert getattr(finbehave, name).__doc__
    with pytest.raises(AttributeError):
        _ = finbehave.deplyo  # type: ignore[attr-defined]


def test_a_function_is_quiet_and_raises_what_the_command_prints(
    tmp_path: object, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = finbehave.load_settings({"workspace": tmp_path})
    assert finbehave.status(settings=settings).endpoints == ()
    with pytest.raises(NotFound, match="no model nobody"):
        finbehave.deploy("nobody", settings=settings)
    assert capfd.readouterr() == ("", "")
