"""What a target asks for, and the targets that cannot be learnt."""

from __future__ import annotations

import pytest

from finbehave.data.load import load_table
from finbehave.data.target import Target, check_target, members_needed
from finbehave.domain.manifest import Task
from finbehave.errors import DataRefused

from .conftest import Write


def check(write: Write, values: list[object], target: str = "y", folds: int = 3, test_size: float = 0.2) -> Target:
    rows = "".join(f"{number % 7},{value}\n" for number, value in enumerate(values))
    return check_target(load_table(write(f"x,y\n{rows}")), target, folds=folds, test_size=test_size)


TASKS = [
    ([0, 1] * 20, Task.BINARY, {"0": 20, "1": 20}),
    (["yes", "no"] * 20, Task.BINARY, {"no": 20, "yes": 20}),
    (["true", "false"] * 20, Task.BINARY, {"False": 20, "True": 20}),
    ([1.0, 2.0] * 20, Task.BINARY, {"1": 20, "2": 20}),
    (["low", "mid", "high"] * 10, Task.MULTICLASS, {"high": 10, "low": 10, "mid": 10}),
    ([0, 1, 2] * 10, Task.MULTICLASS, {"0": 10, "1": 10, "2": 10}),
    (list(range(12)) * 15, Task.MULTICLASS, {str(number): 15 for number in range(12)}),
    (list(range(12)) * 5, Task.REGRESSION, {}),
    (list(range(60)), Task.REGRESSION, {}),
    ([0.5, 1.5, 2.5] * 10, Task.REGRESSION, {}),
]


@pytest.mark.parametrize(("values", "task", "classes"), TASKS)
def test_the_task_follows_from_the_values(
    write: Write, values: list[object], task: Task, classes: dict[str, int]
) -> None:
    target = check(write, values)
    assert target.task is task
    assert target.classes == classes
    assert target.reason


REFUSED = [
    ([0, 1, ""] * 10, "y", "missing in 10 of 30 rows, first in row 3"),
    ([1] * 30, "y", "is '1' in every row"),
    ([0, 1] * 20 + [2], "y", "class 2 has 1 row, at least 5 needed for 3 folds and a held-out part of 20%"),
    ([f"2024-01-{day:02}" for day in range(1, 31)], "y", "holds dates"),
    ([f"id{number}" for number in range(200)], "y", "200 different texts"),
    ([0.1, 0.2, 0.3, 0.4], "y", "4 rows are too few"),
    ([0, 1] * 20, "Z", "there is no column 'Z'"),
]


@pytest.mark.parametrize(("values", "target", "words"), REFUSED)
def test_a_target_that_cannot_be_learnt(write: Write, values: list[object], target: str, words: str) -> None:
    with pytest.raises(DataRefused) as refused:
        check(write, values, target)
    assert words in refused.value.message
    assert refused.value.exit_status == 4
    assert refused.value.remedy


def test_the_rare_class_is_named_among_all_classes(write: Write) -> None:
    with pytest.raises(DataRefused, match=r"all 3 classes: 0: 113, 1: 86, 2: 1"):
        check(write, [0] * 113 + [1] * 86 + [2])


def test_a_misspelt_target_is_guessed(write: Write) -> None:
    table = load_table(write("Default,x\n0,1\n1,2\n"))
    with pytest.raises(DataRefused) as refused:
        check_target(table, "defualt", folds=3, test_size=0.2)
    assert refused.value.remedy == "did you mean --target 'Default'?"


@pytest.mark.parametrize(("folds", "test_size", "needed"), [(3, 0.2, 5), (5, 0.2, 7), (3, 0.5, 6), (2, 0.1, 10)])
def test_rows_a_class_needs(folds: int, test_size: float, needed: int) -> None:
    assert members_needed(folds, test_size) == needed
