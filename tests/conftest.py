"""The program as a person runs it: a process of its own, in a workspace of its own, with nothing left behind."""

from __future__ import annotations

import csv
import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

LONGEST_COMMAND = 300.0


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: many tests wait for other processes."""
    return (os.cpu_count() or 1) + 1


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one document on stdout."""
        document = json.loads(self.out)
        assert isinstance(document, dict)
        return document

    @property
    def result(self) -> Any:
        """Its ``result``."""
        return self.json["result"]

    @property
    def error(self) -> Any:
        """Its ``error``."""
        return self.json["error"]

    def __str__(self) -> str:
        return f"finbehave {' '.join(self.words)} -> {self.code}\n{self.out}\n{self.err}"


@dataclass
class Finbehave:
    """Runs ``finbehave`` in a folder, with a workspace of its own and the environments that every run shares."""

    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """No setting of the caller's but where environments are kept."""
        kept = ("FINBEHAVE_CACHE", "FINBEHAVE_OFFLINE")
        ours = {name: value for name, value in os.environ.items() if not name.startswith("FINBEHAVE_") or name in kept}
        return {**ours, "FINBEHAVE_WORKSPACE": str(self.workspace), "COLUMNS": "100", **(more or {})}

    def __call__(self, *words: str, stdin: str | None = None, env: Mapping[str, str] | None = None) -> Done:
        """Run a command to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "finbehave", *words],
            cwd=self.folder, env=self.environment(env), capture_output=True, text=True, encoding="utf-8",
            stdin=subprocess.DEVNULL if stdin is None else None, input=stdin, timeout=LONGEST_COMMAND, check=False,
        )  # fmt: skip
        return Done(words, done.returncode, done.stdout, done.stderr)

    def ok(self, *words: str, **more: Any) -> Any:
        """Run a command that must succeed, with ``-o json``, and return its result."""
        done = self(*words, "-o", "json", **more)
        assert done.code == 0, str(done)
        assert done.json["status"] == "ok"
        return done.result

    def start(self, *words: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a command and leave it running; it is ended at the latest with the test."""
        process = subprocess.Popen(
            [sys.executable, "-m", "finbehave", *words],
            cwd=self.folder, env=self.environment(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True,
        )  # fmt: skip
        self.started.append(process)
        return process

    def end(self) -> None:
        """End what still runs, the endpoints first of all."""
        for process in self.started:
            process.kill()
            process.communicate()
        if (self.workspace / "endpoints").is_dir():
            for endpoint in self.ok("status")["endpoints"]:
                self.ok("delete", "--endpoint", endpoint["name"], "--yes")


@pytest.fixture
def finbehave(tmp_path: Path) -> Iterator[Finbehave]:
    """The program in a fresh workspace. Endpoints that a test leaves are deleted with their processes."""
    program = Finbehave(tmp_path)
    try:
        yield program
    finally:
        program.end()


def write_behaviour(path: Path, *, rows: int = 400, seed: int = 0) -> Path:
    """A CSV whose target ``late`` follows from income, spending and account, with chance on top."""
    chance = random.Random(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["income", "spending", "age", "account", "late"])
        for _ in range(rows):
            income, age = chance.lognormvariate(7.6, 0.4), chance.randint(18, 85)
            spending = income * chance.betavariate(4, 2)
            account = chance.choice(["current", "savings", "student"])
            odds = 6 * (spending / income - 0.75) + (0.8 if account == "student" else 0)
            late = chance.random() < 1 / (1 + math.exp(-odds))
            writer.writerow([f"{income:.2f}", f"{spending:.2f}", age, account, int(late)])
    return path


@pytest.fixture(scope="session")
def behaviour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data file with the target ``late``."""
    return write_behaviour(tmp_path_factory.mktemp("data") / "behaviour.csv")


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory, behaviour: Path) -> Path:
    """A package that ``train`` wrote; not to be changed."""
    return trained(tmp_path_factory.mktemp("trained"), behaviour, seed=1)


@pytest.fixture(scope="session")
def other_package(tmp_path_factory: pytest.TempPathFactory, behaviour: Path) -> Path:
    """Another model of the same name; not to be changed."""
    return trained(tmp_path_factory.mktemp("trained"), behaviour, seed=2)


def trained(folder: Path, data: Path, *, seed: int) -> Path:
    """Train on a file, quickly."""
    program = Finbehave(folder)
    words = ("--data", str(data), "--target", "late", "--seed", str(seed), "--candidates", "linear", "--out", "package")
    program.ok("train", *words, "--model-name", "late-payers")
    return folder / "package"
