"""The behaviour features of one customer, as SQL over ``past``: the transactions before the cut-off, nothing else.

``past`` has, per transaction: ``customer``; ``age`` (whole days before the cut-off, 1 is the day before it);
``inflow`` and ``outflow`` (whole ten-thousandths of the currency, at most one of them above 0); ``night`` and
``weekend`` (booleans); where there are such columns ``category`` (text) and ``balance`` (ten-thousandths, after the
transaction). Sums are of whole numbers, so that the order in which threads add
them changes no bit of the result.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from finbehave.data.engine import quoted

WINDOWS = (30, 90, 365)
MONTHS = 12
MONTH_DAYS = 30
UNIT = 10_000
"""Money is counted in ten-thousandths."""

_MONTH = f"(age - 1) // {MONTH_DAYS}"
_TREND_SCALE = sum((MONTHS - 1 - 2 * month) ** 2 for month in range(MONTHS)) / 2
"""Twice the sum of squares of the centred months: 286 for twelve."""


@dataclass(frozen=True)
class Feature:
    """A column of the result: its name and the SQL over ``past``, grouped by customer."""

    name: str
    sql: str

    @property
    def none(self) -> str:
        """What a customer without such transactions has: counts, sums and shares are 0, days and balances unknown."""
        unknown = self.name in ("recency_days", "tenure_days") or self.name.startswith("balance_")
        return "NULL" if unknown else "0"


def features(*, times: bool, categories: Sequence[str], balance: bool) -> list[Feature]:
    """Every feature that the columns allow, in the order of the result.

    Args:
        times: Whether transactions have a time of day; without it there is no night.
        categories: Names of the categories that get a share of their own.
        balance: Whether transactions have the balance after them.
    """
    found = [
        Feature("recency_days", "min(age)"),
        Feature("tenure_days", "max(age)"),
        Feature("active_days_30d", _distinct("(age - 1)", "age <= 30")),
        Feature("active_weeks_365d", _distinct("(age - 1) // 7", "age <= 365")),
    ]
    for days in WINDOWS:
        found += _flows(days)
        found += _habits(days, times=times)
        found += _balances(days) if balance else []
    found += [
        Feature("inflow_months_12m", _distinct(_MONTH, f"age <= {MONTHS * MONTH_DAYS} AND inflow > 0")),
        Feature("outflow_trend_12m", _trend("outflow")),
        Feature("inflow_trend_12m", _trend("inflow")),
    ]
    found += [
        Feature(f"share_{slug}_365d", _share(f"sum(outflow) {_within(365, f' AND category = {quoted(category)}')}"))
        for slug, category in zip(slugs(categories), categories, strict=True)
    ]
    return found


def slugs(categories: Sequence[str]) -> list[str]:
    """Categories as parts of column names: small letters, digits and underscores, each once."""
    found: list[str] = []
    for category in categories:
        slug = re.sub(r"\W+", "_", category.lower()).strip("_") or "blank"
        while slug in found:
            slug += "_2"
        found.append(slug)
    return found


def _within(days: int, extra: str = "") -> str:
    return f"FILTER (age <= {days}{extra})"


def _money(sql: str) -> str:
    return f"({sql})::DOUBLE / {UNIT}"


def _share(part: str) -> str:
    return f"({part})::DOUBLE / nullif(sum(outflow) {_within(365)}, 0)"


def _flows(days: int) -> list[Feature]:
    window = _within(days)
    inflow, outflow = f"coalesce(sum(inflow) {window}, 0)", f"coalesce(sum(outflow) {window}, 0)"
    return [
        Feature(f"transactions_{days}d", f"count(*) {window}"),
        Feature(f"inflow_{days}d", _money(inflow)),
        Feature(f"outflow_{days}d", _money(outflow)),
        Feature(f"net_flow_{days}d", _money(f"{inflow} - {outflow}")),
        Feature(f"outflow_share_{days}d", f"({outflow})::DOUBLE / nullif({inflow} + {outflow}, 0)"),
        Feature(f"largest_outflow_{days}d", _money(f"max(outflow) {window}")),
    ]


def _habits(days: int, *, times: bool) -> list[Feature]:
    window, count = _within(days), f"nullif(count(*) {_within(days)}, 0)"
    night = [Feature(f"night_share_{days}d", f"(count(*) {_within(days, ' AND night')})::DOUBLE / {count}")]
    return [
        Feature(f"average_outflow_{days}d", _money(f"sum(outflow) {window}") + f" / nullif({_outflows(days)}, 0)"),
        *(night if times else []),
        Feature(f"weekend_share_{days}d", f"(count(*) {_within(days, ' AND weekend')})::DOUBLE / {count}"),
    ]


def _outflows(days: int) -> str:
    return f"count(*) {_within(days, ' AND outflow > 0')}"


def _balances(days: int) -> list[Feature]:
    """Mean, least and standard deviation (the volatility), and how often the account was overdrawn.

    The deviation is the sample's, sqrt((n Σb² - (Σb)²) / n (n - 1)), exact up to the root; 0 for one transaction.
    """
    window = _within(days)
    count, total = f"count(balance) {window}", f"sum(balance) {window}"
    squares = f"sum(balance::HUGEINT * balance) {window}"
    spread = f"({count} * {squares} - ({total}) * ({total}))::DOUBLE"
    pairs = f"(({count})::DOUBLE * (({count}) - 1))"
    return [
        Feature(f"balance_mean_{days}d", f"({total})::DOUBLE / nullif({count}, 0) / {UNIT}"),
        Feature(f"balance_least_{days}d", _money(f"min(balance) {window}")),
        Feature(
            f"balance_volatility_{days}d",
            f"CASE WHEN {count} = 1 THEN 0 WHEN {count} > 1 THEN sqrt({spread} / {pairs}) / {UNIT} END",
        ),
        Feature(
            f"overdrawn_share_{days}d",
            f"(count(*) {_within(days, ' AND balance < 0')})::DOUBLE / nullif({count}, 0)",
        ),
    ]


def _distinct(number: str, which: str) -> str:
    """How many different numbers below 60 there are among some transactions: one bit for each, no set is kept."""
    return f"bit_count(bit_or(1::UBIGINT << least({number}, 60)::UBIGINT) FILTER ({which}))"


def _trend(flow: str) -> str:
    """Slope of the least-squares line through twelve monthly sums, in mean months a month; above 0 is growth."""
    window = f"FILTER (age <= {MONTHS * MONTH_DAYS})"
    weight = f"({MONTHS - 1} - 2 * ({_MONTH}))"
    slope = f"(sum({flow} * {weight}) {window})::DOUBLE / {_TREND_SCALE}"
    return f"{slope} / nullif((sum({flow}) {window})::DOUBLE / {MONTHS}, 0)"
