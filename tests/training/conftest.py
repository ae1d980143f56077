"""Tables that behaviour explains, small enough to fit in a second or two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

from finbehave.domain.check import Check
from finbehave.packaging.package import Package, read_package
from finbehave.settings import Settings
from finbehave.workflows.train import TrainResult, train

Save = Callable[..., Path]


class Watch:
    """Remembers what a run reported."""

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.notes: list[str] = []

    def check(self, check: Check) -> None:
        self.checks.append(check)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def advance(self, task: str, done: float, total: float | None = None) -> None:
        pass

    def named(self, name: str) -> Check:
        return next(check for check in self.checks if check.name == name)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(workspace=tmp_path / "workspace")


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Writes a frame as CSV and gives the path."""

    def save(frame: pandas.DataFrame, name: str = "table.csv") -> Path:
        path = tmp_path / name
        frame.to_csv(path, index=False)
        return path

    return save


def customers(rows: int = 600, seed: int = 7) -> pandas.DataFrame:
    """Customers of a bank, with every kind of column and gaps; ``late`` is explained by them, not given away."""
    draw = numpy.random.default_rng(seed)
    balance = draw.normal(1000, 400, rows).round(2)
    cards = draw.integers(1, 5, rows)
    region = draw.choice(["north", "south", "east"], rows, p=[0.5, 0.3, 0.2])
    opened = pandas.Timestamp("2015-01-01") + pandas.to_timedelta(draw.integers(0, 3000, rows), unit="D")
    risk = -0.003 * (balance - 1000) + 0.5 * (cards - 2.5) + 0.8 * (region == "south") - 1.2
    late = draw.random(rows) < 1 / (1 + numpy.exp(-risk))
    frame = pandas.DataFrame(
        {
            "balance": balance,
            "cards": cards,
            "region": region,
            "opened": opened.strftime("%Y-%m-%d"),
            "app_user": draw.choice(["true", "false"], rows),
            "late": late.astype(int),
        }
    )
    frame.loc[draw.random(rows) < 0.05, "balance"] = numpy.nan
    frame.loc[draw.random(rows) < 0.05, "region"] = None
    return frame


@dataclass(frozen=True)
class Trained:
    """A training with its defaults, done once for all tests that only read what came of it."""

    frame: pandas.DataFrame
    data: Path
    out: Path
    result: TrainResult
    watch: Watch

    @property
    def package(self) -> Package:
        return read_package(self.out)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Customers with an identifier and a name to be escaped among their columns."""
    folder = tmp_path_factory.mktemp("trained")
    frame = customers()
    frame["customer_id"] = range(len(frame))
    frame["<b>$spend$</b>"] = frame["balance"].rank()
    frame.to_csv(folder / "table.csv", index=False)
    watch, out = Watch(), folder / "model"
    settings = Settings(workspace=folder / "workspace")
    result = train(folder / "table.csv", "late", out=out, settings=settings, progress=watch)
    return Trained(frame, folder / "table.csv", out, result, watch)


def options(**more: Any) -> dict[str, Any]:
    """The quickest training there is, unless said otherwise."""
    return {"candidates": ["linear"], **more}
