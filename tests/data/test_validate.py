"""The report on a data file."""

from __future__ import annotations

import pytest

from finbehave.errors import DataRefused
from finbehave.workflows.validate import ValidateResult, validate

from .conftest import Write

ROWS = "".join(
    f"id{number:04},{number % 5 or ''},{'' if number % 3 else 'x'},same,{'odd' if number == 7 else 'north'},"
    f"{number % 2},2024-01-{number % 28 + 1:02}\n"
    for number in range(300)
)
CONTENT = f"key,late,note,fixed,region,y,day\n{ROWS}" + ROWS.splitlines()[0] + "\n"


def codes(result: ValidateResult) -> dict[str | None, str]:
    return {concern.column: concern.code for concern in result.warnings}


def test_columns_are_described(write: Write) -> None:
    result = validate(write(CONTENT))
    late, day = result.columns[1], result.columns[6]
    assert (late.kind.value, late.missing, late.distinct, late.minimum, late.maximum) == ("integer", 61, 4, 1, 4)
    assert late.missing_share == pytest.approx(61 / 301, abs=1e-6)
    assert (day.kind.value, day.minimum, day.maximum) == ("date", "2024-01-01", "2024-01-28")
    assert result.columns[4].most_frequent == {"north": 300, "odd": 1}
    assert result.rows == 301
    assert result.bytes == len(CONTENT)


def test_what_deserves_a_look_is_named(write: Write) -> None:
    found = codes(validate(write(CONTENT)))
    assert found == {
        "key": "identifier",
        "note": "mostly-missing",
        "fixed": "constant",
        "region": "rare-values",
        None: "duplicate-rows",
    }


def test_few_rows_and_empty_columns(write: Write) -> None:
    found = codes(validate(write("a,b\n" + "".join(f"{number % 3},\n" for number in range(20)))))
    assert found["b"] == "empty"
    assert validate(write("a,b\n1,2\n2,3\n")).warnings[-1].code == "few-rows"


def test_a_target_is_checked_as_train_checks_it(write: Write) -> None:
    result = validate(write(CONTENT), target="y")
    assert result.target is not None
    assert result.target.task.value == "binary"
    assert result.target.classes == {"0": 151, "1": 150}


def test_a_target_that_fails_still_brings_the_report(write: Write) -> None:
    with pytest.raises(DataRefused) as refused:
        validate(write(CONTENT), target="fixed")
    assert isinstance(refused.value.result, ValidateResult)
    assert refused.value.result.rows == 301
