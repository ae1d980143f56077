"""Columns that say who somebody is, or nothing at all: told from names and values alone, without a model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from finbehave.data.load import Table
from finbehave.domain.manifest import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandas import Series

PERSONAL_NAMES = re.compile(
    r"""(?x) (?:^|_) (?:
        (?:first|last|middle|full|given|family|maiden|nick|customer|client|holder|cardholder|person|owner)_?names?
        | name | surname | forename | vorname | nachname | prenom | nom
        | e_?mail (?:_?address)? | (?:tele|mobile_?|cell_?)?phone (?:_?(?:no|number|nr))? | mobile | telefon
        | (?:street_?|home_?|postal_?|billing_?|mail_?)?address (?:_?line)?_?\d? | adresse | street | strasse
        | passport (?:_?(?:no|number|nr))? | ssn | social_security (?:_?(?:no|number))? | iban | national_id
        | ip (?:_?address)?
    ) $"""
)
"""Names of columns that hold personal data, where they hold many different texts; compared in snake case."""

IDENTIFIER_NAMES = re.compile(
    r"(?:^|_)(?:id|ids|uuid|guid|key|code|number|no|nr|num|index|idx|ref|reference|iban|ssn|account|row|unnamed)(?:_\d+)?$"
)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
TELEPHONE = re.compile(r"\+?(?:[\s().\-/]*\d){7,15}")

PERSONAL_SHARE = 0.5
"""Of the different texts, so many must be e-mail addresses or telephone numbers."""

MANY_VALUES = 20
UNIQUE_SHARE = 0.98
TEXT_SHARE = 0.2
"""Of the rows: that many different texts are free text or identifiers; no class of behaviour has so many."""

LONG_NUMBER = 8
"""Digits, all numbers having as many: account, card and telephone numbers, not amounts."""

_LOOKED_AT = 2000


def identities(table: Table, columns: Iterable[str]) -> dict[str, str]:
    """Column -> why it is no feature, for those that are none."""
    reasons = {name: _reason(name, table.frame[name], table.kinds[name]) for name in columns}
    return {name: reason for name, reason in reasons.items() if reason}


def _reason(name: str, values: Series[Any], kind: FeatureKind) -> str:
    present = values.dropna()
    distinct = int(present.nunique())
    if not len(present):
        return "empty: no row has a value"
    if distinct == 1 and len(present) == len(values):
        return "constant: every row has the same value"
    if kind is FeatureKind.CATEGORY:
        return _personal(name, present, distinct) or _text(distinct, len(present))
    if kind is FeatureKind.INTEGER and distinct >= UNIQUE_SHARE * len(present) and distinct > MANY_VALUES:
        return _identifier(name, present, distinct)
    return ""


def _personal(name: str, present: Series[Any], distinct: int) -> str:
    sample = present.drop_duplicates().iloc[:_LOOKED_AT]
    for pattern, what in ((EMAIL, "e-mail addresses"), (TELEPHONE, "telephone numbers")):
        if sum(bool(pattern.fullmatch(text.strip())) for text in sample) >= PERSONAL_SHARE * len(sample):
            return f"personal data: {what}"
    many = distinct > MANY_VALUES or distinct > PERSONAL_SHARE * len(present)
    return "personal data, by its name" if many and PERSONAL_NAMES.search(snake(name)) else ""


def _text(distinct: int, rows: int) -> str:
    if distinct > MANY_VALUES and distinct > TEXT_SHARE * rows:
        return f"identifier or free text: {distinct:,} different texts in {rows:,} rows"
    return ""


def _identifier(name: str, present: Series[Any], distinct: int) -> str:
    """Whole numbers of which nearly each is another. An amount is that too, so there must be a second sign."""
    lowest, highest = int(present.min()), int(present.max())
    dense = highest - lowest < 1.5 * len(present)
    long = lowest > 0 and len(str(lowest)) == len(str(highest)) >= LONG_NUMBER
    if dense or long or bool(present.is_monotonic_increasing) or IDENTIFIER_NAMES.search(snake(name)):
        return f"identifier: {distinct:,} different numbers in {len(present):,} rows"
    return ""


def snake(name: str) -> str:
    """``Account Holder``, ``accountHolder`` and ``ACCOUNT-HOLDER`` as ``account_holder``; ``TransactionID`` too."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[\W_]+", "_", apart).strip("_").lower()
