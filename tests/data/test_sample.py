"""The sample bank: the same for a seed, explained by behaviour, and not given away by it."""

from __future__ import annotations

from pathlib import Path

import pandas
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from finbehave.data.prepare import prepare_features
from finbehave.data.sample import CUTOFF, TARGET, Sample, write_sample
from finbehave.errors import ConfigurationError, UsageError


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return write_sample(tmp_path_factory.mktemp("bank"), customers=1500, seed=42)


def auc(training: Path) -> float:
    frame = pandas.read_csv(training)
    numbers = frame.select_dtypes("number")
    model = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    scores = cross_val_score(model, numbers.drop(columns=TARGET), numbers[TARGET], cv=5, scoring="roc_auc")
    return float(scores.mean())


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path: Path) -> None:
    one, same, other = (
        write_sample(tmp_path / name, customers=60, seed=seed) for name, seed in (("a", 7), ("b", 7), ("c", 8))
    )
    assert one.transactions.read_bytes() == same.transactions.read_bytes() != other.transactions.read_bytes()
    assert one.customers.read_bytes() == same.customers.read_bytes() != other.customers.read_bytes()


def test_the_files_are_what_they_are_said_to_be(bank: Sample) -> None:
    customers, transactions = pandas.read_csv(bank.customers), pandas.read_csv(bank.transactions)
    assert len(customers) == bank.rows["customers"] == 1500
    assert len(transactions) == bank.rows["transactions"]
    assert set(transactions["customer_id"]) == set(customers["customer_id"])
    assert customers[TARGET].mean() == pytest.approx(bank.missed, abs=1e-4)
    assert 0.1 < bank.missed < 0.35
    assert transactions["timestamp"].is_monotonic_increasing
    assert (pandas.to_datetime(transactions["timestamp"]) >= pandas.Timestamp(CUTOFF)).mean() > 0.05


def test_balances_add_up(bank: Sample) -> None:
    rows = pandas.read_csv(bank.transactions)
    one = rows[rows["customer_id"] == "C000010"]
    assert one["balance"].diff().iloc[1:].round(2).tolist() == one["amount"].iloc[1:].round(2).tolist()


def test_behaviour_explains_the_target_honestly(bank: Sample) -> None:
    training = bank.folder / "training.csv"
    result = prepare_features(bank.transactions, training, customers=bank.customers)
    assert result.rows == 1500
    assert result.carried[-1] == TARGET
    assert 0.72 < auc(training) < 0.88


def test_looking_past_the_cutoff_would_give_the_target_away(bank: Sample) -> None:
    leaking = bank.folder / "leaking.csv"
    customers = bank.folder / "undated.csv"
    pandas.read_csv(bank.customers).drop(columns="cutoff").to_csv(customers, index=False)
    prepare_features(bank.transactions, leaking, customers=customers)
    assert auc(leaking) > 0.97


def test_what_cannot_be_asked_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not between 50 and 1,000,000"):
        write_sample(tmp_path, customers=3, seed=1)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be made"):
        write_sample(tmp_path / "file" / "folder", customers=50, seed=1)
