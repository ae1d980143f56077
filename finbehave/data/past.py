"""The transactions before the cut-off, as the view ``past`` that the features are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from finbehave.data.engine import quoted
from finbehave.data.features import UNIT
from finbehave.data.people import People
from finbehave.data.reading.source import Source, list_names
from finbehave.data.roles import INWARD, OUTWARD, Roles
from finbehave.errors import DataRefused

_MOST_CATEGORIES = 12
_MOST_MONEY = 10**12
"""Above this, sums of squares of ten-thousandths could leave 128 bits."""


@dataclass(frozen=True)
class Facts:
    """What one pass over the transactions showed; all but ``left_out`` is about those before the cut-off.

    ``customers`` is an estimate (HyperLogLog, within a few per cent).
    """

    used: int
    customers: int
    left_out: dict[str, int]
    times: bool
    signed: bool


def view_transactions(source: Source, roles: Roles) -> None:
    """Make the view ``transactions``: the columns that have a role, under its name.

    Parquet is read where it lies. CSV is parsed once, into a temporary Parquet file, since several passes follow.
    """
    columns = ", ".join(f"{plan.sql} AS {role}_" for role, plan in roles.plans.items())
    picked = f"SELECT {columns} FROM raw"
    if source.text is not None:
        parsed = source.folder / "transactions.parquet"
        source.query(f"COPY ({picked}) TO {quoted(parsed)} (FORMAT parquet)")
        picked = f"SELECT * FROM read_parquet({quoted(parsed)})"
    source.query(f"CREATE VIEW transactions AS {picked}")


def day_after_last(source: Source) -> date:
    """The first day that sees every transaction.

    Raises:
        DataRefused: no transaction has a time.
    """
    last = source.query("SELECT CAST(max(time_) AS DATE) FROM transactions")[0][0]
    if last is None:
        raise DataRefused(f"{source.path}: no transaction has a time", remedy="name its column with --time-column")
    return last + timedelta(days=1)  # type: ignore[no-any-return]


def _joined(people: People | None) -> str:
    return "transactions LEFT JOIN people ON customer_ = people.customer" if people else "transactions"


def _day(people: People | None, cutoff: date | None) -> str:
    return "people.cutoff" if people or cutoff is None else f"DATE '{cutoff.isoformat()}'"


def count_facts(source: Source, roles: Roles, people: People | None, cutoff: date | None) -> Facts:
    """Count what can be used and what cannot, and why; see how amounts and times are written.

    Raises:
        DataRefused: nothing is left to use, or amounts are too large to be money.
    """
    seen = f"time_ < {_day(people, cutoff)}"
    complete = "customer_ IS NOT NULL AND time_ IS NOT NULL AND amount_ IS NOT NULL"
    listed = "people.customer IS NOT NULL" if people else "true"
    used = f"{complete} AND {listed} AND {seen}"
    balance = "max(abs(balance_))" if "balance" in roles else "0"
    row = source.query(
        f"SELECT count(*) FILTER ({used}), count(*) FILTER (NOT ({complete})), "
        f"count(*) FILTER ({complete} AND NOT {listed}), count(*) FILTER ({complete} AND {listed} AND NOT {seen}), "
        f"bool_or(time_ <> date_trunc('day', time_)) FILTER ({used}), bool_or(amount_ < 0) FILTER ({used}), "
        f"approx_count_distinct(customer_) FILTER ({used}), max(abs(amount_)), {balance} FROM {_joined(people)}"
    )[0]
    reasons = ("without customer, time or amount", "of customers that are not listed", "on or after the cut-off")
    left_out = {reason: count for reason, count in zip(reasons, row[1:4], strict=True) if count}
    if not row[0]:
        why = ", ".join(f"{count:,} {reason}" for reason, count in left_out.items())
        raise DataRefused(
            f"{source.path}: no transaction can be used ({why})", remedy="check --cutoff and the identifiers"
        )
    for role, most in zip(("amount", "balance"), row[7:], strict=True):
        if most is not None and most > _MOST_MONEY:
            raise DataRefused(
                f"{source.path}: column {roles.plans[role].name!r} holds {most:,.0f}, which is more than any money",
                remedy=f"name the column of the {role}: --{role}-column NAME, or correct its cells",
            )
    return Facts(row[0], row[6], left_out, bool(row[4]), bool(row[5]))


def view_past(source: Source, roles: Roles, people: People | None, cutoff: date | None, facts: Facts) -> str:
    """Make the view ``past``, and say which way money goes.

    Raises:
        DataRefused: a column that should say so holds words that do not.
    """
    inward, said = _inward(source, roles, people, cutoff, facts)
    units = f"CAST(round(abs(amount_) * {UNIT}) AS BIGINT)"
    optional = ", category_ AS category" if "category" in roles else ""
    optional += f", CAST(round(balance_ * {UNIT}) AS BIGINT) AS balance" if "balance" in roles else ""
    join = _joined(people).replace("LEFT JOIN", "JOIN")
    day = _day(people, cutoff)
    source.query(
        f"CREATE VIEW past AS SELECT customer_ AS customer, CAST({day} - CAST(time_ AS DATE) AS INTEGER) AS age, "
        f"CASE WHEN {inward} THEN {units} ELSE 0 END AS inflow, CASE WHEN {inward} THEN 0 ELSE {units} END AS outflow, "
        f"hour(time_) NOT BETWEEN 6 AND 21 AS night, isodow(time_) > 5 AS weekend{optional} "
        f"FROM {join} WHERE time_ < {day} AND customer_ IS NOT NULL AND amount_ IS NOT NULL"
    )
    return said


def _inward(source: Source, roles: Roles, people: People | None, cutoff: date | None, facts: Facts) -> tuple[str, str]:
    """The SQL of whether a transaction brings money in, and the same in words."""
    amount = roles.plans["amount"].name
    if facts.signed:
        return "amount_ > 0", f"{amount}: above 0 is money in, below 0 is money out."
    words = _words(source, roles, people, cutoff)
    if not words or any(word not in INWARD | OUTWARD for word in words):
        why = f"{roles.plans['direction'].name} does not say" if "direction" in roles else "no column says"
        told = f"{amount}: no amount is below 0, and {why} which way money went; all of it is taken as going out."
        return "false", told
    inward, outward = ([word for word in words if word in known] for known in (INWARD, OUTWARD))
    told = f"{roles.plans['direction'].name}: {', '.join(inward) or 'nothing'} is money in, "
    told += f"{', '.join(outward) or 'nothing'} is money out."
    return f"lower(direction_) IN ({', '.join(map(quoted, inward)) or 'NULL'})", told


def _words(source: Source, roles: Roles, people: People | None, cutoff: date | None) -> list[str]:
    if "direction" not in roles:
        return []
    rows = source.query(
        f"SELECT DISTINCT lower(direction_) FROM {_joined(people)} "
        f"WHERE time_ < {_day(people, cutoff)} AND direction_ IS NOT NULL ORDER BY 1 LIMIT 40"
    )
    return [row[0] for row in rows]


def pick_categories(source: Source, roles: Roles, said: Sequence[str] | None) -> tuple[list[str], list[str]]:
    """The categories with a share of their own, and a note: those that were said, else the most frequent."""
    if "category" not in roles:
        if said:
            raise DataRefused(
                f"{source.path}: no column is known to hold the category", remedy="name it: --category-column NAME"
            )
        return [], []
    if said:
        return list(said), []
    rows = source.query(
        "SELECT category FROM past WHERE category IS NOT NULL AND outflow > 0 "
        f"GROUP BY category ORDER BY count(*) DESC, category LIMIT {_MOST_CATEGORIES}"
    )
    found = sorted(row[0] for row in rows)
    return found, [f"Categories with a share of their own: {list_names(found, _MOST_CATEGORIES)}."] if found else []
