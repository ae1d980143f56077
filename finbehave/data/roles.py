"""Which column of a transaction file is what: by its name and its kind, unless it is said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from finbehave.data.reading.columns import plan_columns
from finbehave.data.reading.plans import ColumnPlan
from finbehave.data.reading.source import Source, list_names
from finbehave.domain.manifest import FeatureKind
from finbehave.errors import DataRefused

NAMES: Mapping[str, tuple[str, ...]] = {
    "customer": (
        "customer_id", "customer", "client_id", "client", "cust_id", "user_id", "member_id", "account_id", "account",
        "account_number", "iban", "card_id", "card_number", "cc_num", "name_orig",
    ),
    "time": (
        "timestamp", "transaction_time", "transaction_datetime", "transaction_timestamp", "transaction_date",
        "datetime", "trans_date_trans_time", "booking_date", "booked_at", "posting_date", "posted_at", "value_date",
        "created_at", "date", "time",
    ),
    "amount": ("amount", "transaction_amount", "trans_amount", "amt", "value", "betrag", "montant"),
    "category": ("category", "merchant_category", "mcc", "mcc_code", "k_symbol", "transaction_category", "operation"),
    "balance": ("balance", "balance_after", "account_balance_after_transaction", "running_balance", "account_balance"),
    "direction": ("direction", "debit_credit", "credit_debit", "dc", "cr_dr", "dr_cr", "transaction_type", "type"),
}  # fmt: skip
"""Names that a column of each role goes by, the likeliest first; compared without case, blanks and underscores."""

REQUIRED = ("customer", "time", "amount")

INWARD = frozenset(
    {"credit", "cr", "c", "in", "inflow", "incoming", "deposit", "salary", "refund", "prijem", "příjem", "haben", "h"}
)
OUTWARD = frozenset(
    {
        "debit", "dr", "d", "out", "outflow", "outgoing", "withdrawal", "payment", "purchase", "transfer", "vydaj",
        "výdaj", "vyber", "výběr", "soll", "s",
    }
)  # fmt: skip
"""Words that say which way money went, where amounts have no sign."""

_KINDS: Mapping[str, frozenset[FeatureKind]] = {
    "time": frozenset({FeatureKind.DATE}),
    "amount": frozenset({FeatureKind.NUMBER, FeatureKind.INTEGER}),
    "balance": frozenset({FeatureKind.NUMBER, FeatureKind.INTEGER}),
}


@dataclass(frozen=True)
class Roles:
    """The plan of the column of each role; ``customer``, ``time`` and ``amount`` are always there."""

    plans: Mapping[str, ColumnPlan]

    def sql(self, role: str) -> str:
        """The SQL of a role's values over ``raw``."""
        return self.plans[role].sql

    def __contains__(self, role: str) -> bool:
        return role in self.plans

    @property
    def names(self) -> dict[str, str]:
        """Role -> column."""
        return {role: plan.name for role, plan in self.plans.items()}


def find_roles(source: Source, said: Mapping[str, str | None]) -> Roles:
    """Find the column of each role.

    Args:
        said: Role -> column, where a person named it.

    Raises:
        DataRefused: a named column that is not there or of another kind; no column for a role that has to be.
    """
    places = {role: _place(source, role, said.get(role)) for role in NAMES}
    wanted = {role: place for role, place in places.items() if place is not None}
    planned = plan_columns(source, sorted({place for role, place in wanted.items() if role in _KINDS}))
    by_place = {plan.place: plan for plan in planned}
    plans: dict[str, ColumnPlan] = {}
    for role, place in wanted.items():
        plan = by_place[place] if role in _KINDS else as_written(source, place)
        if role not in _KINDS or plan.kind in _KINDS[role]:
            plans[role] = plan
        elif said.get(role) or role in REQUIRED:
            raise DataRefused(
                f"{source.path}: column {plan.name!r} is {plan.kind.value}, not a {role}",
                remedy=f"name the column of the {role}: --{role}-column NAME, or correct its cells",
            )
    return Roles(plans)


def as_written(source: Source, place: int) -> ColumnPlan:
    """Identifiers and labels, without a look at their cells: trimmed text, whole numbers as they are."""
    name, kind = source.names[place], source.types[place]
    if kind.endswith(("INT", "INTEGER")):
        return ColumnPlan(place, name, FeatureKind.INTEGER, f"CAST(c{place} AS BIGINT)")
    cell = f"c{place}" if kind == "VARCHAR" else f"CAST(c{place} AS VARCHAR)"
    return ColumnPlan(place, name, FeatureKind.CATEGORY, f"nullif(trim({cell}), '')")


def _place(source: Source, role: str, said: str | None) -> int | None:
    if said is not None:
        if said in source.names:
            return source.names.index(said)
        raise DataRefused(
            f"{source.path} has no column {said!r}; it has {list_names(source.names, 12)}",
            remedy=f"name one of them with --{role}-column",
        )
    found = match(source.names, NAMES[role])
    if found is None and role in REQUIRED:
        raise DataRefused(
            f"{source.path}: no column is known to be the {role}; there are {list_names(source.names, 12)}",
            remedy=f"name it: --{role}-column NAME",
        )
    return found


def match(names: tuple[str, ...], wanted: tuple[str, ...]) -> int | None:
    """The place of the first wanted name among the names, compared without case, blanks and underscores."""
    plain = [re.sub(r"[\W_]+", "", name.lower()) for name in names]
    return next((plain.index(each.replace("_", "")) for each in wanted if each.replace("_", "") in plain), None)
