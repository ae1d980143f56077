"""How a column writes its numbers: the decimal sign, thousands, currency, percent, and how a minus is shown.

A cell is looked at as its *shape*: the text in small letters with every digit written as 9 (a leading 0 stays 0).
A column has few shapes, so that the whole column is judged and not a sample.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

_CURRENCY_SIGNS = "$€£¥₹₽₺₩₪฿₫₴₦"
_CURRENCY_WORDS = (
    "usd", "eur", "gbp", "chf", "jpy", "czk", "pln", "sek", "nok", "dkk", "huf", "cad", "aud", "nzd", "inr", "cny",
    "brl", "mxn", "zar", "try", "rub", "us$", "r$", "a$", "c$", "kč", "zł", "kr", "rs", "lei", "ft",
)  # fmt: skip
_SPACES = " \u00a0\u202f\u2009"
_APOSTROPHES = "'’"
_MINUS = r"\-−–"
_MOST_DIGITS = 15
"""A float holds every whole number of 15 digits; a longer one is an identifier, not an amount."""

_CURRENCY = f"(?:[{re.escape(_CURRENCY_SIGNS)}]|{'|'.join(re.escape(word) for word in _CURRENCY_WORDS)})"
_SHAPE = re.compile(
    rf"(?P<open>\()?(?P<sign>[+{_MINUS}])?[{_SPACES}]*(?P<before>{_CURRENCY})?[{_SPACES}]*(?P<inner>[+{_MINUS}])?"
    rf"(?P<core>[09][09.,{_SPACES}{_APOSTROPHES}]*|[.,]9+)(?P<power>e[+-]?[09]9*)?"
    rf"[{_SPACES}]*(?P<percent>%)?[{_SPACES}]*(?P<after>{_CURRENCY})?(?P<trailing>[{_MINUS}])?(?P<close>\))?"
)


@dataclass(frozen=True)
class NumberShape:
    """A shape read as a number.

    ``point`` and ``comma`` say what it is where that sign marks decimals: None (no number), or whether it has a
    fraction. They differ for ``9,999``: one thousand and more, or one and a fraction. ``marks`` are the points,
    commas, spaces and apostrophes among its digits; ``spaced`` is whether there are spaces beside them.
    """

    point: bool | None
    comma: bool | None
    currency: str
    percent: bool
    marks: str
    spaced: bool
    padded: bool
    digits: int
    power: bool
    negative: str

    @property
    def certain(self) -> str | None:
        """The decimal sign that this shape proves, if it does."""
        if self.point is not None and self.comma is None:
            return "."
        if self.comma is not None and self.point is None:
            return ","
        return None

    @property
    def ambiguous(self) -> bool:
        """Whether it is another number under each decimal sign."""
        return self.point is not None and self.comma is not None and self.point != self.comma


@cache
def read_number(shape: str) -> NumberShape | None:
    """A shape as a number, or None where it is none."""
    found = _SHAPE.fullmatch(shape)
    if found is None or bool(found["open"]) != bool(found["close"]) or (found["before"] and found["after"]):
        return None
    signs = [each for each in (found["sign"], found["inner"], found["trailing"], found["open"]) if each]
    if len(signs) > 1:
        return None
    core = found["core"].rstrip(_SPACES)
    point, comma = _fraction(core, ".", ","), _fraction(core, ",", ".")
    if found["power"]:
        point, comma = (None if part is None else True for part in (point, comma))
    if point is None and comma is None:
        return None
    return NumberShape(
        point,
        comma,
        currency=found["before"] or found["after"] or "",
        percent=bool(found["percent"]),
        marks="".join(sorted(set(core) - set("09"))),
        spaced=bool(set(shape.replace(found["core"], core)) & set(_SPACES)) and not set(core) & set(_SPACES),
        padded=bool(re.fullmatch(r"0[09]+", core)),
        digits=sum(letter in "09" for letter in core) if point is False or comma is False else 0,
        power=bool(found["power"]),
        negative="(" if found["open"] else "trailing" if found["trailing"] else found["sign"] or found["inner"] or "",
    )


def _fraction(core: str, decimal: str, group: str) -> bool | None:
    """Whether a number has a fraction when ``decimal`` marks it and ``group`` may mark thousands; None: no number."""
    whole, mark, fraction = core.partition(decimal)
    if (mark and not re.fullmatch(r"9*|[09]9*", fraction)) or not (whole or fraction):
        return None
    separators = {letter for letter in whole if letter not in "09"}
    if not separators:
        return bool(fraction)
    if len(separators) > 1 or not separators <= {group, *_SPACES, *_APOSTROPHES}:
        return None
    groups = whole.split(separators.pop())
    sizes = [len(each) for each in groups]
    if whole.startswith("0") or not 1 <= sizes[0] <= 3 or sizes[-1] != 3:
        return None
    if set(sizes[1:-1]) <= {3} or (set(sizes[1:-1]) == {2} and sizes[0] <= 2):
        return bool(fraction)
    return None


@dataclass(frozen=True)
class NumberStyle:
    """How to turn the texts of a column into numbers."""

    decimal: str
    whole: bool
    groups: str = ""
    spaced: bool = False
    currencies: frozenset[str] = frozenset()
    percent: bool = False
    negatives: frozenset[str] = frozenset()

    def sql(self, text: str) -> str:
        """An SQL expression for the number that the SQL expression ``text`` holds; NULL where it holds none."""
        words = sorted((each for each in self.currencies if len(each) > 1 or each.isalpha()), key=len, reverse=True)
        if words:
            text = f"regexp_replace({text}, '{'|'.join(re.escape(word) for word in words)}', '', 'gi')"
        gone = self.groups + ("%" if self.percent else "")
        gone += "".join(sorted(each for each in self.currencies if len(each) == 1 and not each.isalpha()))
        if "(" in self.negatives:
            text, gone = f"CASE WHEN {text} LIKE '(%' THEN '-' || {text} ELSE {text} END", gone + "()"
        if "trailing" in self.negatives:
            text = (
                f"CASE WHEN right(trim({text}), 1) IN ('-', '−', '–') THEN '-' || rtrim({text}, ' -−–') ELSE {text} END"
            )
        if gone or self.currencies or self.spaced:
            gone += "".join(each for each in _SPACES if each not in gone)
            text = f"translate({text}, '{gone.replace(chr(39), chr(39) * 2)}', '')"
        if self.negatives & {"−", "–"}:
            text = f"translate({text}, '−–', '--')"
        if self.decimal == ",":
            text = f"replace({text}, ',', '.')"
        return f"try_cast({text} AS {'BIGINT' if self.whole else 'DOUBLE'})"

    @property
    def plain(self) -> bool:
        """Whether the texts are numbers as programs write them."""
        return self.decimal == "." and not (
            self.groups or self.currencies or self.percent or self.negatives - set("+-")
        )


def decide_decimal(shapes: Iterable[NumberShape]) -> tuple[str | None, bool]:
    """The decimal sign of a column, and whether it is proved.

    ``(".", True)``, ``(",", True)``, ``(None, True)`` where cells contradict each other, ``(None, False)`` where none
    proves anything.
    """
    proofs = {shape.certain for shape in shapes} - {None}
    if len(proofs) == 1:
        return proofs.pop(), True
    return None, bool(proofs)


def style_of(shapes: Iterable[NumberShape], decimal: str) -> NumberStyle:
    """The style of a column whose decimal sign is known."""
    kept = list(shapes)
    return NumberStyle(
        decimal=decimal,
        whole=not any(shape.point if decimal == "." else shape.comma for shape in kept),
        groups="".join(sorted({mark for shape in kept for mark in shape.marks} - {decimal})),
        spaced=any(shape.spaced for shape in kept),
        currencies=frozenset(shape.currency for shape in kept) - {""},
        percent=any(shape.percent for shape in kept),
        negatives=frozenset(shape.negative for shape in kept) - {""},
    )


def why_text(shapes: Mapping[NumberShape, int], style: NumberStyle) -> str | None:
    """Why cells that are all numbers are better kept as text; None where they are not."""
    if style.whole and any(shape.padded for shape in shapes):
        return "has leading zeros"
    if style.whole and any(shape.digits > _MOST_DIGITS for shape in shapes):
        return f"has numbers of more than {_MOST_DIGITS} digits, which are identifiers"
    if len(style.currencies) > 1:
        return f"mixes currencies ({', '.join(sorted(style.currencies))})"
    if style.percent and not all(shape.percent for shape in shapes):
        return "has percent signs in some cells and none in others"
    return None
