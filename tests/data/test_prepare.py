"""Transactions become features: the right numbers, nothing from beyond the cut-off, the same bytes however run."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

from finbehave.data.prepare import Prepared, prepare_features
from finbehave.errors import DataRefused, NotFound, UsageError

from .conftest import Write

CUTOFF = date(2025, 1, 1)

HAND = """customer,timestamp,amount,category,balance
anna,2024-12-31 23:30:00,-40.00,dining,60.00
anna,2024-12-29 10:00:00,-10.00,groceries,100.00
anna,2024-12-02 12:00:00,200.00,salary,110.00
anna,2024-11-01 03:00:00,-30.00,groceries,-90.00
anna,2023-06-01 12:00:00,-5.00,groceries,5.00
bert,2024-12-20 12:00:00,-7.50,dining,92.50
"""


def features_of(path: Path, key: str = "customer") -> pandas.DataFrame:
    read = pandas.read_parquet if path.suffix == ".parquet" else pandas.read_csv
    return read(path).set_index(key)


def prepared(raw: Path, out: Path | None = None, **options: Any) -> tuple[pandas.DataFrame, Prepared]:
    out = out or raw.with_name("features.csv")
    result = prepare_features(raw, out, **{"cutoff": CUTOFF, **options})
    key = options.get("key") or result.columns["customer"]
    return features_of(out, key), result


def test_features_by_hand(write: Write) -> None:
    frame, result = prepared(write(HAND, "raw.csv"))
    anna = frame.loc["anna"]
    assert anna["recency_days"] == 1
    assert anna["tenure_days"] == (CUTOFF - date(2023, 6, 1)).days
    assert [anna[f"transactions_{days}d"] for days in (30, 90, 365)] == [3, 4, 4]
    assert [anna[f"inflow_{days}d"] for days in (30, 90, 365)] == [200, 200, 200]
    assert [anna[f"outflow_{days}d"] for days in (30, 90, 365)] == [50, 80, 80]
    assert anna["net_flow_90d"] == 120
    assert anna["outflow_share_90d"] == pytest.approx(80 / 280)
    assert anna["largest_outflow_90d"] == 40
    assert anna["average_outflow_90d"] == pytest.approx(80 / 3)
    assert anna["night_share_30d"] == pytest.approx(1 / 3)
    assert anna["night_share_90d"] == pytest.approx(2 / 4)
    assert anna["weekend_share_90d"] == pytest.approx(1 / 4)  # 29 December 2024 was a Sunday
    assert anna["balance_mean_30d"] == pytest.approx(90)
    assert anna["balance_least_90d"] == -90
    assert anna["balance_volatility_90d"] == pytest.approx(numpy.std([60, 100, 110, -90], ddof=1))
    assert anna["overdrawn_share_90d"] == pytest.approx(1 / 4)
    assert anna["active_days_30d"] == 3
    assert anna["share_dining_365d"] == pytest.approx(40 / 80)
    assert anna["share_groceries_365d"] == pytest.approx(40 / 80)
    assert result.rows == 2
    assert result.transactions == 6
    assert result.cutoff == CUTOFF


def test_a_customer_without_inflow_has_zero_and_not_nothing(write: Write) -> None:
    frame, _ = prepared(write(HAND, "raw.csv"))
    bert = frame.loc["bert"]
    assert bert["inflow_365d"] == 0
    assert bert["outflow_share_365d"] == 1
    assert bert["inflow_months_12m"] == 0
    assert bert["inflow_trend_12m"] == 0
    assert bert["balance_volatility_365d"] == 0
    assert not frame.drop(columns=[name for name in frame if name.startswith("balance_")]).isna().any().any()


def test_a_trend_is_the_slope_of_the_monthly_sums(write: Write) -> None:
    spent = [float(10 * (12 - month)) for month in range(12)]  # 120 in the last month, 10 in the first
    rows = "".join(f"a,{CUTOFF - timedelta(days=30 * month + 5)},{-amount}\n" for month, amount in enumerate(spent))
    frame, _ = prepared(write(f"customer,date,amount\n{rows}", "raw.csv"))
    slope = numpy.polyfit(range(12), spent[::-1], 1)[0]
    assert frame.loc["a", "outflow_trend_12m"] == pytest.approx(slope / numpy.mean(spent))


def random_transactions(rows: int, customers: int, seed: int = 5) -> pandas.DataFrame:
    random = numpy.random.default_rng(seed)
    start = numpy.datetime64("2023-01-01T00:00:00")
    return pandas.DataFrame(
        {
            "customer_id": [f"C{number:05}" for number in random.integers(0, customers, rows)],
            "timestamp": start + random.integers(0, 730 * 86_400, rows).astype("timedelta64[s]"),
            "amount": numpy.round(random.normal(-20, 60, rows), 2),
            "category": random.choice(["rent", "food", "fun"], rows),
            "balance": numpy.round(random.normal(800, 500, rows), 2),
        }
    )


def test_the_future_changes_no_bit(tmp_path: Path) -> None:
    """More transactions on and after the cut-off: other customers, categories, hours, amounts, and a broken sign."""
    past = random_transactions(4000, 60)
    past = past[past["timestamp"] < pandas.Timestamp(2024, 7, 1)]
    future = random_transactions(4000, 90, seed=6).assign(category="jackpot", balance=-1e6)
    future["timestamp"] = pandas.Timestamp(2024, 7, 1) + (future["timestamp"] - future["timestamp"].min())
    future["amount"] = future["amount"].abs() * 1000
    for name, frame in {"past": past, "both": pandas.concat([future, past])}.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        prepare_features(tmp_path / f"{name}.csv", tmp_path / f"{name}_features.csv", cutoff=date(2024, 7, 1))
    assert (tmp_path / "past_features.csv").read_bytes() == (tmp_path / "both_features.csv").read_bytes()


def test_the_day_of_the_cutoff_itself_is_not_seen(write: Write) -> None:
    frame, result = prepared(write(HAND + "bert,2025-01-01 00:00:00,-1.00,dining,91.50\n", "raw.csv"))
    assert frame.loc["bert", "transactions_30d"] == 1
    assert result.left_out == {"on or after the cut-off": 1}


def test_each_customer_may_have_a_day_of_its_own(write: Write) -> None:
    raw = write(HAND, "raw.csv")
    people = write("customer,cutoff\nanna,2024-12-01\nbert,2025-01-01\n", "people.csv")
    out = raw.with_name("f.csv")
    result = prepare_features(raw, out, customers=people)
    frame = features_of(out)
    assert frame.loc["anna", "transactions_90d"] == 1
    assert frame.loc["bert", "transactions_90d"] == 1
    assert list(frame["cutoff"]) == ["2024-12-01", "2025-01-01"]
    assert result.cutoff is None


def test_the_customers_file_says_who_gets_a_row_and_is_carried_along(write: Write) -> None:
    raw = write(HAND, "raw.csv")
    people = write("customer;age;vip;since;left\nzoe;31;true;01.02.2020;1\nanna;45;;15.03.2021;0\n", "people.csv")
    frame, result = prepared(raw, customers=people)
    assert list(frame.index) == ["zoe", "anna"]
    assert list(frame.columns[-4:]) == ["age", "vip", "since", "left"]
    assert frame.loc["zoe", "since"] == "2020-02-01"
    assert bool(frame.loc["zoe", "vip"]) is True
    zoe = frame.loc["zoe", list(result.features)]
    assert zoe[[name for name in result.features if not name.startswith(("balance_", "recency", "tenure"))]].eq(0).all()
    assert zoe[["recency_days", "tenure_days", "balance_mean_365d"]].isna().all()
    assert result.left_out == {"of customers that are not listed": 1}
    assert result.carried == ("age", "vip", "since", "left")


def test_identifiers_that_are_numbers_meet_identifiers_that_are_text(tmp_path: Path, write: Write) -> None:
    raw = tmp_path / "raw.parquet"
    pandas.DataFrame(
        {"client_id": [7, 8], "date": pandas.to_datetime(["2024-12-30", "2024-12-31"]), "amount": [-5.0, -6.0]}
    ).to_parquet(raw)
    frame, _ = prepared(raw, customers=write("client_id,y\n8,1\n7,0\n", "people.csv"))
    assert frame["outflow_30d"].to_dict() == {8: 6, 7: 5}


def test_leading_zeros_of_identifiers_stay(write: Write) -> None:
    raw = write("customer,date,amount\n007,2024-12-30,-5\n7,2024-12-30,-6\n", "raw.csv")
    prepare_features(raw, out := raw.with_name("f.csv"), cutoff=CUTOFF)
    lines = out.read_text().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["007", "7"]


def test_csv_of_another_country_gives_the_features_of_parquet(tmp_path: Path) -> None:
    frame = random_transactions(3000, 40)
    frame["category"] = frame["category"].replace({"food": "Café"})
    frame.to_parquet(tmp_path / "raw.parquet")
    german = frame.assign(
        timestamp=frame["timestamp"].dt.strftime("%d.%m.%Y %H:%M:%S"),
        amount=[f"{value:,.2f} €".translate(str.maketrans(",.", ".,")) for value in frame["amount"]],
    )
    german.to_csv(tmp_path / "raw.csv", sep=";", decimal=",", index=False, encoding="cp1252")
    for name in ("raw.parquet", "raw.csv"):
        prepare_features(tmp_path / name, tmp_path / f"{name}.features.csv", cutoff=CUTOFF)
    assert (tmp_path / "raw.csv.features.csv").read_bytes() == (tmp_path / "raw.parquet.features.csv").read_bytes()


def test_the_same_bytes_in_groups_and_at_once_in_any_order(tmp_path: Path) -> None:
    """Under 512 MB, 50,000 customers are worked on in groups; with 4 GB all at once."""
    frame = random_transactions(150_000, 50_000)
    frame.to_parquet(tmp_path / "raw.parquet")
    frame.sample(frac=1, random_state=1).to_parquet(tmp_path / "shuffled.parquet")
    outs = [tmp_path / f"{number}.csv" for number in range(3)]
    prepare_features(tmp_path / "raw.parquet", outs[0], memory="4GB")
    prepare_features(tmp_path / "raw.parquet", outs[1], memory="512MB")
    prepare_features(tmp_path / "shuffled.parquet", outs[2], memory="512MB")
    assert outs[0].read_bytes() == outs[1].read_bytes() == outs[2].read_bytes()


def test_sums_agree_with_pandas(tmp_path: Path) -> None:
    frame = random_transactions(20_000, 50)
    frame.to_parquet(tmp_path / "raw.parquet")
    found, _ = prepared(tmp_path / "raw.parquet", tmp_path / "f.parquet")
    age = (pandas.Timestamp(CUTOFF) - frame["timestamp"].dt.normalize()).dt.days
    for days in (30, 90, 365):
        group = frame[(age <= days) & (age > 0)].groupby("customer_id")
        wanted = {
            f"transactions_{days}d": group.size(),
            f"inflow_{days}d": group["amount"].agg(lambda amounts: amounts[amounts > 0].sum()),
            f"balance_mean_{days}d": group["balance"].mean(),
            f"balance_volatility_{days}d": group["balance"].std(),
        }
        for name, values in wanted.items():
            numpy.testing.assert_allclose(found[name], values.reindex(found.index), rtol=1e-10)


def test_a_column_of_direction_gives_amounts_their_sign(write: Write) -> None:
    text = '"account_id";"date";"type";"amount"\n1;241230;"PRIJEM";100.00\n1;241231;"VYDAJ";30.00\n'
    text += "".join(f'2;2412{day:02};"VYDAJ";1.00\n2;2411{day:02};"PRIJEM";2.00\n' for day in range(1, 9))
    frame, result = prepared(write(text, "raw.asc"))
    assert frame.loc[1, "inflow_30d"] == 100
    assert frame.loc[1, "outflow_30d"] == 30
    assert "type: prijem is money in, vydaj is money out." in result.assumptions


def test_amounts_without_any_sign_are_money_out_and_it_is_said(write: Write) -> None:
    frame, result = prepared(write("customer,date,amount\na,2024-12-30,5\n", "raw.csv"))
    assert frame.loc["a", "outflow_30d"] == 5
    assert any("no column says which way money went" in note for note in result.assumptions)


def test_days_without_hours_have_no_nights(write: Write) -> None:
    frame, result = prepared(write("customer,date,amount\na,2024-12-30,-5\n", "raw.csv"))
    assert not [name for name in frame if "night" in name]
    assert "Transactions have no time of day: there are no night shares." in result.assumptions


def test_without_a_cutoff_it_is_the_day_after_the_last_transaction_and_it_is_said(write: Write) -> None:
    raw = write(HAND, "raw.csv")
    result = prepare_features(raw, raw.with_name("f.csv"))
    assert result.cutoff == date(2025, 1, 1)
    assert any("2025-01-01, the day after the last transaction" in note for note in result.assumptions)


def test_named_categories_give_the_columns_of_an_earlier_preparation(write: Write) -> None:
    frame, _ = prepared(write(HAND, "raw.csv"), categories=["groceries", "Bar & Grill"])
    assert [name for name in frame if name.startswith("share_")] == ["share_groceries_365d", "share_bar_grill_365d"]
    assert frame["share_bar_grill_365d"].eq(0).all()


def test_columns_with_names_of_ones_own(write: Write) -> None:
    text = HAND.replace("customer,timestamp,amount,category,balance", "kunde,wann,wieviel,wofür,stand")
    raw = write(text, "raw.csv")
    with pytest.raises(DataRefused, match="no column is known to be the customer") as refused:
        prepared(raw)
    assert "--customer-column" in refused.value.remedy
    columns = {"customer": "kunde", "time": "wann", "amount": "wieviel", "category": "wofür", "balance": "stand"}
    frame, result = prepared(raw, columns=columns)
    assert frame.loc["anna", "share_dining_365d"] == 0.5
    assert result.columns == columns


def test_rows_that_lack_a_part_are_counted(write: Write) -> None:
    _, result = prepared(write(HAND + ",2024-12-30 10:00:00,-1,x,1\nanna,,-1,x,1\nanna,2024-12-30 10:00:00,,x,1\n"))
    assert result.left_out == {"without customer, time or amount": 3}


REFUSED = [
    ("customer,date,amount\na,soon,-5\n", {}, "column 'date' is category, not a time"),
    ("customer,date,amount\na,2026-12-30,-5\n", {}, "no transaction can be used (1 on or after the cut-off)"),
    ("customer,date,amount\na,2024-12-30,5e15\n", {}, "more than any money"),
    ("customer,date,amount\na,2024-12-30,-5\n", {"columns": {"amount": "sum"}}, "has no column 'sum'"),
]


@pytest.mark.parametrize(("text", "options", "words"), REFUSED, ids=["no time", "all later", "too much", "no column"])
def test_transactions_that_cannot_be_used(write: Write, text: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(DataRefused) as refused:
        prepared(write(text), **options)
    assert words in refused.value.message
    assert refused.value.remedy


PEOPLE = [
    ("customer,y\nanna,1\nanna,0\n", "customer 'anna' is there twice, in rows 1 and 2"),
    ("customer,y\n,1\nanna,0\n", "row 1: 'customer' is missing"),
    ("name,y\nanna,1\n", "no column is known to name the customer"),
    ("customer,cutoff\nanna,2024-12-01\nbert,\n", "row 2: 'cutoff' is missing"),
    ("customer,cutoff\nanna,soon\nbert,later\n", "column 'cutoff' should hold cut-off dates"),
    ("customer,recency_days\nanna,5\n", "which is the name of a feature"),
]


@pytest.mark.parametrize(("text", "words"), PEOPLE)
def test_customers_that_cannot_be_used(write: Write, text: str, words: str) -> None:
    with pytest.raises(DataRefused) as refused:
        prepared(write(HAND, "raw.csv"), customers=write(text, "people.csv"), cutoff=None)
    assert words in refused.value.message


def test_an_output_that_cannot_be(write: Write) -> None:
    raw = write(HAND, "raw.csv")
    with pytest.raises(UsageError, match=r"must end in .csv or .parquet"):
        prepare_features(raw, raw.with_name("f.xlsx"))
    with pytest.raises(UsageError, match="is one of the inputs"):
        prepare_features(raw, raw)
    with pytest.raises(NotFound):
        prepare_features(raw.with_name("none.csv"), raw.with_name("f.csv"))


def test_an_earlier_result_survives_a_failure_and_nothing_else_is_left(write: Write, tmp_path: Path) -> None:
    out = write("kept\n", "features.csv")
    with pytest.raises(DataRefused):
        prepare_features(write(HAND, "raw.csv"), out, cutoff=date(2020, 1, 1))
    assert out.read_text() == "kept\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["features.csv", "raw.csv"]


def test_a_moment_with_a_zone_counts_in_utc(write: Write) -> None:
    raw = write("customer,timestamp,amount\na,2025-01-01T00:30:00+02:00,-5\nb,2024-12-31T23:30:00-02:00,-6\n", "r.csv")
    frame, _ = prepared(raw)
    assert list(frame.index) == ["a"]
    assert datetime(2024, 12, 31).date() == CUTOFF - timedelta(days=int(frame.loc["a", "recency_days"]))
