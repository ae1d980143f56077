"""What may not be learnt from: who somebody is, and what gives the target away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

from finbehave.data.load import Table, load_table
from finbehave.data.target import check_target
from finbehave.errors import LeakageSuspected, UsageError
from finbehave.settings import Settings
from finbehave.training.guard import Ruling, refuse, rule
from finbehave.training.identity import identities, snake
from finbehave.workflows.train import train

from .conftest import Save, Watch, customers, options


def judged(frame: pandas.DataFrame, folder: Path, target: str = "late", **more: Any) -> Ruling:
    path = folder / "judged.csv"
    frame.to_csv(path, index=False)
    table = load_table(path)
    checked = check_target(table, target, folds=3, test_size=0.2)
    return rule(table, checked, [name for name in table.kinds if name != target], **more)


def leaky(rows: int = 2000) -> pandas.DataFrame:
    """Customers with a leak of every kind beside what explains them honestly."""
    frame = customers(rows)
    draw = numpy.random.default_rng(3)
    late = frame["late"] == 1
    frame["fee"] = numpy.where(late, draw.uniform(20, 40, rows).round(2), 0)
    frame["closed_on"] = numpy.where(late, draw.integers(1, 28, rows), numpy.nan)
    frame["fee_of_most"] = numpy.where(late & (draw.random(rows) < 0.8), draw.uniform(20, 40, rows).round(2), 0)
    frame["copy"] = numpy.where(draw.random(rows) < 0.02, 1 - frame["late"], frame["late"])
    words = numpy.where(late, "dunning", numpy.where(draw.random(rows) < 0.5, "current", "paid"))
    frame["state"] = numpy.where(draw.random(rows) < 0.3, "current", words)
    frame["noise"] = draw.normal(0, 1, rows).round(4)
    return frame


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Ruling:
    return judged(leaky(), tmp_path_factory.mktemp("guard"))


def suspected(ruling: Ruling) -> set[str]:
    return {name for one in ruling.suspicions for name in one.columns}


@pytest.mark.parametrize("column", ["fee", "closed_on"])
def test_a_column_that_decides_is_dropped(found: Ruling, column: str) -> None:
    assert found.dropped[column].startswith("leakage: ")


@pytest.mark.parametrize("column", ["fee_of_most", "copy", "state"])
def test_a_column_that_nearly_decides_is_suspected(found: Ruling, column: str) -> None:
    assert column in suspected(found)


def test_honest_columns_are_left_alone(found: Ruling) -> None:
    honest = {"balance", "cards", "region", "opened", "app_user", "noise"}
    assert not honest & (suspected(found) | set(found.dropped))
    assert not found.warnings


@pytest.fixture(scope="module")
def bank() -> pandas.DataFrame:
    """A target made of an amount that two balances rebuild; neither tells anything alone."""
    draw = numpy.random.default_rng(5)
    amount = draw.uniform(10, 5000, 3000).round(2)
    before = draw.uniform(1000, 10000, 3000).round(2)
    after = (before + numpy.where(draw.random(3000) < 0.5, amount, -amount)).round(2)
    late = (amount >= numpy.quantile(amount, 0.95)).astype(int)
    return pandas.DataFrame(
        {"amount": amount, "before": before, "after": after, "age": draw.integers(18, 80, 3000), "late": late}
    )


def test_two_columns_that_rebuild_a_dropped_one_are_dropped_with_it(bank: pandas.DataFrame, tmp_path: Path) -> None:
    ruling = judged(bank, tmp_path)
    assert set(ruling.dropped) == {"amount", "before", "after"}
    assert "before - after is amount" in ruling.dropped["after"]
    assert not ruling.suspicions


def test_two_columns_that_decide_together_are_suspected(bank: pandas.DataFrame, tmp_path: Path) -> None:
    ruling = judged(bank.drop(columns="amount"), tmp_path)
    assert suspected(ruling) == {"before", "after"}
    with pytest.raises(LeakageSuspected, match=r"\|before - after\| decides the target") as refused:
        refuse(ruling, "late")
    assert "--allow-leakage 'before,after'" in refused.value.remedy
    assert "--drop 'before,after'" in refused.value.remedy


def test_what_is_allowed_is_not_judged(bank: pandas.DataFrame, tmp_path: Path) -> None:
    ruling = judged(bank, tmp_path, allowed=["amount", "before", "after"])
    assert ruling == Ruling({}, (), ())


def test_a_file_sorted_by_its_target_is_told(tmp_path: Path) -> None:
    frame = customers(1500).sort_values("late", kind="stable")
    assert "order of the rows" in judged(frame, tmp_path).warnings[0]
    assert not judged(frame, tmp_path, ordered=True).warnings


def test_several_columns_that_decide_only_together_are_suspected(tmp_path: Path) -> None:
    draw = numpy.random.default_rng(8)
    frame = pandas.DataFrame({name: draw.choice(["a", "b"], 3000) for name in ("one", "two", "three")})
    frame["late"] = ((frame["one"] == "a").astype(int) + (frame["two"] == "a") + (frame["three"] == "a")) >= 2
    ruling = judged(frame, tmp_path)
    assert ruling.suspicions
    assert "too well to be true" in ruling.suspicions[0].detail


def test_a_quantity_given_away_by_its_parts_is_suspected(tmp_path: Path) -> None:
    draw = numpy.random.default_rng(9)
    frame = pandas.DataFrame({name: draw.uniform(0, 100, 2000).round(2) for name in ("rent", "food", "age")})
    frame["spend"] = (frame["rent"] + frame["food"]).round(2)
    frame["copy"] = frame["spend"] * 2
    ruling = judged(frame, tmp_path, target="spend")
    assert set(ruling.dropped) >= {"copy"}
    assert suspected(ruling) == {"rent", "food"}


def table_of(frame: pandas.DataFrame, folder: Path) -> Table:
    frame.to_csv(folder / "t.csv", index=False)
    return load_table(folder / "t.csv")


def test_identifiers_and_personal_data_are_told_from_amounts(tmp_path: Path) -> None:
    draw = numpy.random.default_rng(2)
    count = 800
    frame = pandas.DataFrame(
        {
            "Customer ID": range(1, count + 1),
            "account_number": draw.permutation(10**6)[:count],
            "phone": draw.integers(10**9, 10**10, count),
            "income": draw.permutation(70_000)[:count] + 20_000,
            "balance_cents": draw.permutation(900_000)[:count],
            "contact": [f"user{n}@example.com" for n in range(count)],
            "call": [f"+49 (30) {n:07d}" for n in range(count)],
            "First Name": draw.choice([f"Name{n}" for n in range(40)], count),
            "memo": [f"thanks for {n}" for n in range(count)],
            "product name": draw.choice(["gold", "silver"], count),
            "address_kind": draw.choice(["flat", "house"], count),
            "currency": ["EUR"] * count,
        }
    )
    reasons = identities(table_of(frame, tmp_path), frame.columns)
    assert set(reasons) == {
        "Customer ID", "account_number", "phone", "contact", "call", "First Name", "memo", "currency",
    }  # fmt: skip
    assert reasons["contact"] == "personal data: e-mail addresses"
    assert reasons["call"] == "personal data: telephone numbers"
    assert reasons["Customer ID"] == "identifier: 800 different numbers in 800 rows"
    assert reasons["currency"].startswith("constant")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("TransactionID", "transaction_id"), ("accountHolder", "account_holder"), ("E-Mail", "e_mail"), ("ID", "id")],
)
def test_names_are_compared_in_snake_case(name: str, expected: str) -> None:
    assert snake(name) == expected


def test_train_drops_what_is_not_allowed_and_stops_where_it_must(
    save: Save, settings: Settings, tmp_path: Path
) -> None:
    frame = customers().assign(customer_id=range(600))
    frame["fee"] = numpy.where(frame["late"] == 1, 30.5, 0.0)
    kept = train(save(frame), "late", out=tmp_path / "a", allow_leakage=["fee"], settings=settings, **options())
    assert kept.dropped == {"customer_id": "identifier: 600 different numbers in 600 rows"}
    assert "fee" in kept.features
    assert kept.metrics["roc_auc"] > 0.99
    frame["fee"] = numpy.where(numpy.random.default_rng(1).random(600) < 0.2, 0.0, frame["fee"])
    with pytest.raises(LeakageSuspected):
        train(save(frame), "late", out=tmp_path / "b", settings=settings)
    assert not (tmp_path / "b").exists()


def test_what_predicts_nothing_is_said_to(save: Save, settings: Settings, watch: Watch, tmp_path: Path) -> None:
    frame = customers(1000)
    frame["late"] = numpy.random.default_rng(4).permutation(frame["late"])
    train(save(frame), "late", out=tmp_path / "model", settings=settings, progress=watch, **options())
    check = watch.named("signal")
    page = (tmp_path / "model" / "report.html").read_text(encoding="utf-8")
    assert f'class="warning">{check.detail}<' in page
    assert check.status.value == "warning"
    assert "near 0.5" in check.detail
    assert check.remedy


def test_a_column_that_is_not_there_cannot_be_dropped(save: Save, settings: Settings) -> None:
    with pytest.raises(UsageError, match="--drop names 'regoin'") as refused:
        train(save(customers()), "late", drop=["regoin"], settings=settings)
    assert "'region'" in refused.value.remedy


def test_of_a_quantity_a_copy_is_dropped_and_what_goes_with_it_closely_is_learnt_from(tmp_path: Path) -> None:
    draw = numpy.random.default_rng(8)
    income = draw.uniform(900, 9000, 300).round(2)
    spend = (0.3 * income + draw.normal(0, 50, 300)).round(2)  # R2 0.995, and honest
    frame = pandas.DataFrame(
        {
            "income": income,
            "in_cents": spend * 100,
            "logarithm": numpy.log1p(numpy.maximum(spend, 0)).round(6),
            "nearly": (spend + draw.normal(0, 22, 300)).round(2),
            "region": draw.choice(["north", "south"], 300),
            "spend": spend,
        }
    )
    found = judged(frame, tmp_path, "spend")
    assert found.dropped["in_cents"].startswith("leakage: decides the target alone")
    assert {"logarithm", "nearly"} <= suspected(found) | set(found.dropped)
    assert not {"income", "region"} & (suspected(found) | set(found.dropped))
