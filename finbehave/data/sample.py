"""A synthetic bank: customers, their transactions, and a target that their behaviour really explains.

Each customer has habits that no file shows (how much of the income is spent, how regularly it comes, how much at night,
on cash and on gambling, how spending grows, how much is put by). They drive the transactions, and with chance on top
they decide who misses a payment in the ninety days after the cut-off. The transactions of those days are in the file
too, late fees among them: a preparation that looked past the cut-off would be found out by an AUC near 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finbehave.data.engine import engine
from finbehave.data.writing import check_target, write_table
from finbehave.errors import UsageError
from finbehave.progress import QUIET, Progress

if TYPE_CHECKING:
    from numpy.random import Generator

TARGET = "missed_payment"
CUTOFF = date(2025, 4, 1)
TRANSACTIONS, CUSTOMERS = "transactions.csv", "customers.csv"

_START = date(2023, 4, 1)
_DAYS_BEFORE = (CUTOFF - _START).days
_DAYS_AFTER = 90
_DAYS = _DAYS_BEFORE + _DAYS_AFTER
_MONTHS = _DAYS // 30
_MOST_CUSTOMERS = 1_000_000

_SPENDING = ("groceries", "dining", "shopping", "travel", "health", "entertainment", "cash", "gambling")
_USUAL = (0.34, 0.16, 0.18, 0.06, 0.06, 0.10, 0.07, 0.03)
_REGIONS = ("north", "south", "east", "west", "capital")
_ACCOUNTS = ("current", "savings", "student", "joint")

_WEIGHTS: Mapping[str, float] = {
    "spending": 1.25, "irregular": 1.15, "gambling": 0.95, "night": 0.8, "growth": 0.8, "buffer": -1.05, "cash": 0.45,
}  # fmt: skip
"""What each habit adds to the log odds of a missed payment, per standard deviation."""
_BASE_LOG_ODDS = -2.45
_YOUTH = 0.15


@dataclass(frozen=True)
class Sample:
    """What was written. ``missed`` is the share of customers whose target is 1."""

    folder: Path
    transactions: Path
    customers: Path
    target: str
    cutoff: date
    rows: dict[str, int]
    missed: float
    seed: int


def write_sample(folder: Path, *, customers: int, seed: int, progress: Progress = QUIET) -> Sample:
    """Write ``transactions.csv`` and ``customers.csv``; the same seed gives the same bytes.

    Raises:
        UsageError: too few customers to train on, or too many to hold in memory.
    """
    import numpy
    import pandas

    if not 50 <= customers <= _MOST_CUSTOMERS:
        raise UsageError(
            f"--customers {customers:,} is not between 50 and {_MOST_CUSTOMERS:,}", remedy="leave it out for 2,500"
        )
    paths = {"customers": folder / CUSTOMERS, "transactions": folder / TRANSACTIONS}
    for path in paths.values():
        check_target(path, [], remedy="name another folder")
    random = numpy.random.default_rng(seed)
    habits = _habits(random, customers)
    missed = _missed(random, habits)
    tables = {
        "customers": pandas.DataFrame(_customers(random, habits, missed)),
        "transactions": pandas.DataFrame(_transactions(random, habits, missed)),
    }
    rows = {name: _write(table, paths[name], progress) for name, table in tables.items()}
    return Sample(
        folder=folder,
        transactions=paths["transactions"],
        customers=paths["customers"],
        target=TARGET,
        cutoff=CUTOFF,
        rows=rows,
        missed=round(float(missed.mean()), 4),
        seed=seed,
    )


def _write(table: Any, path: Path, progress: Progress) -> int:
    money = ", ".join(f"CAST({name} / 100 AS DECIMAL(18, 2)) AS {name}" for name in ("amount", "balance"))
    sql = f"SELECT * REPLACE ({money}) FROM made" if "amount" in table else "SELECT * FROM made"
    with engine() as (connection, _):
        connection.register("made", table)
        return write_table(connection, sql, path, progress, f"writing {path.name}")


# --- who they are -----------------------------------------------------------------------------------------


def _habits(random: Generator, count: int) -> dict[str, Any]:
    """One standard normal number per customer and habit, and the monthly income in cents."""
    import numpy

    habits: dict[str, Any] = {name: random.standard_normal(count) for name in _WEIGHTS}
    habits["age"] = numpy.clip(random.gamma(9.0, 4.8, count), 18, 90).astype(int)
    habits["income"] = (numpy.exp(random.normal(7.75, 0.4, count)) * 100).astype(numpy.int64)
    return habits


def _missed(random: Generator, habits: Mapping[str, Any]) -> Any:
    import numpy

    odds = _BASE_LOG_ODDS + sum(weight * habits[name] for name, weight in _WEIGHTS.items())
    odds = odds + _YOUTH * (40 - habits["age"]) / 15
    return (random.random(len(odds)) < 1 / (1 + numpy.exp(-odds))).astype(int)


def _customers(random: Generator, habits: Mapping[str, Any], missed: Any) -> dict[str, Any]:
    import numpy

    count = len(missed)
    region = random.choice(numpy.array(_REGIONS, dtype=object), count, p=(0.24, 0.2, 0.18, 0.22, 0.16))
    region[random.random(count) < 0.02] = None
    opened = numpy.datetime64(_START) - random.integers(30, 6000, count).astype("timedelta64[D]")
    account = random.choice(numpy.array(_ACCOUNTS, dtype=object), count, p=(0.6, 0.2, 0.05, 0.15))
    account[(habits["age"] < 26) & (random.random(count) < 0.6)] = "student"
    return {
        "customer_id": _names(count),
        "age": habits["age"],
        "region": region,
        "account_type": account,
        "opened": numpy.datetime_as_string(opened, unit="D").astype(object),
        "cutoff": numpy.full(count, CUTOFF.isoformat(), dtype=object),
        TARGET: missed,
    }


def _names(count: int) -> Any:
    import numpy

    return numpy.array([f"C{number:06}" for number in range(1, count + 1)], dtype=object)


# --- what they do -----------------------------------------------------------------------------------------


def _transactions(random: Generator, habits: Mapping[str, Any], missed: Any) -> dict[str, Any]:
    """All transactions in the order of time, with the balance after each."""
    import numpy

    income, bills = _income(random, habits, missed), _bills(random, habits)
    who, second, cents, category = _together(income, bills, _spending(random, habits), _late(random, missed))
    order = numpy.lexsort((second, who))
    who, second, cents, category = who[order], second[order], cents[order], category[order]
    balance = _balances(who, cents, habits)
    order = numpy.lexsort((who, second))
    moments = numpy.datetime64(_START, "s") + second[order].astype("timedelta64[s]")
    return {
        "customer_id": _names(len(missed))[who[order]],
        "timestamp": moments,
        "amount": cents[order],
        "category": category[order],
        "channel": numpy.where(category[order] == "cash", "atm", numpy.where(cents[order] > 0, "transfer", "card")),
        "balance": balance[order],
    }


Events = tuple[Any, Any, Any, Any]
"""Customer (from 0), second since the start, cents (above 0 is money in), category."""


def _squashed(number: Any, low: float, high: float) -> Any:
    """A standard normal number pressed between two bounds."""
    import numpy

    return low + (high - low) / (1 + numpy.exp(-number))


def _monthly(random: Generator, count: int) -> tuple[Any, Any]:
    """Every customer in every month, and the first day of that month."""
    import numpy

    who = numpy.repeat(numpy.arange(count), _MONTHS)
    return who, numpy.tile(numpy.arange(_MONTHS) * 30, count) + random.integers(0, 3, count)[who]


def _income(random: Generator, habits: Mapping[str, Any], missed: Any) -> Events:
    """A salary a month; the less regular the customer, the more it wanders, and now and then it is not paid."""
    import numpy

    who, day = _monthly(random, len(habits["income"]))
    irregular = _squashed(habits["irregular"], 0.0, 1.0)[who]
    day = day + numpy.abs(random.normal(0, 1 + 9 * irregular)).astype(int)
    cents = habits["income"][who] * numpy.exp(random.normal(0, 0.02 + 0.25 * irregular))
    paid = random.random(len(who)) > 0.25 * irregular**2
    paid &= ~((missed[who] == 1) & (day >= _DAYS_BEFORE) & (random.random(len(who)) < 0.6))
    return _events(random, who[paid], day[paid], cents[paid], "salary", hours=(6, 10))


def _bills(random: Generator, habits: Mapping[str, Any]) -> Events:
    who, day = _monthly(random, len(habits["income"]))
    income = habits["income"][who]
    rent = _events(random, who, day + 2, -0.28 * income, "rent", hours=(8, 12))
    return _together(rent, _events(random, who, day + 9, -0.07 * income, "utilities", hours=(8, 12)))


def _spending(random: Generator, habits: Mapping[str, Any]) -> Events:
    """Purchases: how many, how large, when in the day, on what, and growing or not, by the customer's habits."""
    import numpy

    count = len(habits["income"])
    bought = random.poisson(3.4 * _MONTHS * numpy.exp(0.25 * random.standard_normal(count)))
    who = numpy.repeat(numpy.arange(count), bought)
    day = random.integers(0, _DAYS, len(who))
    ratio = _squashed(habits["spending"], 0.35, 0.95)[who]
    growth = numpy.exp(0.35 * habits["growth"][who] * (day - _DAYS_BEFORE / 2) / _DAYS_BEFORE)
    each = ratio * habits["income"][who] * _MONTHS / bought[who]
    cents = -each * growth * numpy.exp(random.normal(-0.18, 0.6, len(who)))
    night = random.random(len(who)) < _squashed(habits["night"] - 1.6, 0.0, 0.6)[who]
    hour = numpy.where(night, random.choice([22, 23, 0, 1, 2, 3], len(who)), random.integers(8, 22, len(who)))
    category = _category(random, habits, who)
    second = day * 86_400 + hour * 3_600 + random.integers(0, 3_600, len(who))
    return who, second, numpy.minimum(cents.astype(numpy.int64), -100), category


def _category(random: Generator, habits: Mapping[str, Any], who: Any) -> Any:
    import numpy

    odds = numpy.tile(numpy.log(numpy.array(_USUAL)), (len(habits["income"]), 1))
    odds[:, _SPENDING.index("gambling")] += 0.9 * habits["gambling"]
    odds[:, _SPENDING.index("cash")] += 0.7 * habits["cash"]
    shares = numpy.exp(odds)
    bounds = numpy.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
    drawn = (random.random(len(who))[:, None] > bounds[who]).sum(axis=1)
    return numpy.array(_SPENDING, dtype=object)[numpy.minimum(drawn, len(_SPENDING) - 1)]


def _late(random: Generator, missed: Any) -> Events:
    """Fees after the cut-off, for those who missed a payment: what nobody may see before it."""
    import numpy

    who = numpy.repeat(numpy.flatnonzero(missed), 2)
    day = _DAYS_BEFORE + random.integers(10, _DAYS_AFTER, len(who))
    return _events(random, who, day, numpy.full(len(who), -3_500.0), "late fee", hours=(0, 1))


def _events(random: Generator, who: Any, day: Any, cents: Any, category: str, hours: tuple[int, int]) -> Events:
    import numpy

    kept = day < _DAYS
    who, day, cents = who[kept], day[kept], cents[kept]
    second = day * 86_400 + random.integers(hours[0] * 3_600, hours[1] * 3_600, len(who))
    return who, second, cents.astype(numpy.int64), numpy.full(len(who), category, dtype=object)


def _together(*parts: Events) -> Events:
    import numpy

    who, second, cents, category = (numpy.concatenate(column) for column in zip(*parts, strict=True))
    return who, second, cents, category


def _balances(who: Any, cents: Any, habits: Mapping[str, Any]) -> Any:
    """The balance after each transaction, in cents; customers and their times are in order."""
    import numpy

    total = numpy.cumsum(cents)
    first = numpy.flatnonzero(numpy.r_[True, who[1:] != who[:-1]])
    before = numpy.repeat(total[first] - cents[first], numpy.diff(numpy.r_[first, len(who)]))
    opening = (habits["income"] * _squashed(habits["buffer"], 0.2, 6.0)).astype(numpy.int64)
    return total - before + opening[who]
