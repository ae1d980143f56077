"""How a column writes its dates: told from the shapes of all its cells, and from which of day and month exceeds 12.

Every date becomes a time without a zone, in UTC where a zone was given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache


class Order(str, Enum):
    """Which part comes first; the value is how a person would say it."""

    ISO = "year first"
    DAY_FIRST = "day first"
    MONTH_FIRST = "month first"
    DAY_FIRST_SHORT = "day first, with two digits of the year"
    MONTH_FIRST_SHORT = "month first, with two digits of the year"
    NAMED = "with the month's name"
    NAMED_SHORT = "with the month's name and two digits of the year"
    COMPACT = "written YYYYMMDD"
    COMPACT_SHORT = "written YYMMDD"
    MONTHS = "months, taken as their first day"


RIVALS = {Order.DAY_FIRST: Order.MONTH_FIRST, Order.DAY_FIRST_SHORT: Order.MONTH_FIRST_SHORT}
DIGITS_ONLY = frozenset({Order.COMPACT, Order.COMPACT_SHORT})

_D = "[09]"
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_MONTH_LONG = "(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_TIME = rf"(?P<time>(?:t| ){_D}{{1,2}}:{_D}{{2}}(?P<seconds>:{_D}{{2}})?)?"
_HALF = r"(?P<half> ?[ap]m)?"
_ZONE = rf"(?P<fraction>\.{_D}{{1,9}})?(?P<zone> ?(?:z|utc|gmt|[+-]{_D}{{2}}:?{_D}{{2}}|[+-]{_D}{{2}}))?"

_ISO = re.compile(rf"{_D}{{4}}([-/]){_D}{{1,2}}\1{_D}{{1,2}}(?:(?:t| +){_D}{{1,2}}:{_D}{{2}}(?::{_D}{{2}}{_ZONE})?)?")
_NUMERIC = re.compile(rf"{_D}{{1,2}}(?P<mark>[-/.]){_D}{{1,2}}(?P=mark)(?P<year>{_D}{{4}}|{_D}{{2}}){_TIME}{_HALF}")
_YEAR_DOTS = re.compile(rf"{_D}{{4}}\.{_D}{{1,2}}\.{_D}{{1,2}}{_TIME}{_HALF}")
_DAY_NAME = re.compile(
    rf"{_D}{{1,2}}(?P<mark>[- /])(?P<month>{_MONTH_LONG}|{_MONTH})(?P=mark)(?P<year>{_D}{{4}}|{_D}{{2}}){_TIME}{_HALF}"
)
_NAME_DAY = re.compile(rf"(?P<month>{_MONTH_LONG}|{_MONTH}) {_D}{{1,2}}(?P<comma>,?) {_D}{{4}}{_TIME}{_HALF}")


@dataclass(frozen=True)
class DateFormat:
    """One way to read a shape: the order, and the strptime format; None where the text is ISO 8601.

    ``zoned`` is whether it names a zone, which a plain cast does not heed in every version of DuckDB.
    """

    order: Order
    format: str | None = None
    zoned: bool = False

    def sql(self, text: str) -> str:
        """An SQL expression for the time that the SQL expression ``text`` holds; NULL where it holds none."""
        if self.format is None and not self.zoned:
            return f"try_cast({text} AS TIMESTAMP)"
        if self.format is None:
            return f"timezone('UTC', try_cast(upper({text}) AS TIMESTAMPTZ))"
        return f"try_strptime({text}, '{self.format}')"


@cache
def read_date(shape: str) -> tuple[DateFormat, ...]:
    """The ways in which a shape can be read as a date; none where it is no date."""
    if found := _ISO.fullmatch(shape):
        return (DateFormat(Order.ISO, zoned=bool(found["zone"])),)
    if re.fullmatch(rf"{_D}{{8}}", shape):
        return (DateFormat(Order.COMPACT, "%Y%m%d"),)
    if re.fullmatch(rf"{_D}{{6}}", shape):
        return (DateFormat(Order.COMPACT_SHORT, "%y%m%d"),)
    if re.fullmatch(rf"{_D}{{14}}", shape):
        return (DateFormat(Order.COMPACT, "%Y%m%d%H%M%S"),)
    if re.fullmatch(rf"{_D}{{4}}-{_D}{{2}}", shape):
        return (DateFormat(Order.MONTHS, "%Y-%m"),)
    if found := _YEAR_DOTS.fullmatch(shape):
        return (DateFormat(Order.ISO, "%Y.%m.%d" + _clock(found)),)
    if found := _NUMERIC.fullmatch(shape):
        return _numeric(found)
    return _with_name(shape)


def _numeric(found: re.Match[str]) -> tuple[DateFormat, ...]:
    mark, clock = found["mark"], _clock(found)
    day_first, month_first = (f"{pair}{mark}" for pair in (f"%d{mark}%m", f"%m{mark}%d"))
    if len(found["year"]) == 4:
        return (
            DateFormat(Order.DAY_FIRST, f"{day_first}%Y{clock}"),
            DateFormat(Order.MONTH_FIRST, f"{month_first}%Y{clock}"),
        )
    return (
        DateFormat(Order.DAY_FIRST_SHORT, f"{day_first}%y{clock}"),
        DateFormat(Order.MONTH_FIRST_SHORT, f"{month_first}%y{clock}"),
    )


def _with_name(shape: str) -> tuple[DateFormat, ...]:
    if found := _DAY_NAME.fullmatch(shape):
        month = "%b" if len(found["month"]) == 3 else "%B"
        mark, long = found["mark"], len(found["year"]) == 4
        order = Order.NAMED if long else Order.NAMED_SHORT
        return (DateFormat(order, f"%d{mark}{month}{mark}{'%Y' if long else '%y'}{_clock(found)}"),)
    if found := _NAME_DAY.fullmatch(shape):
        month = "%b" if len(found["month"]) == 3 else "%B"
        return (DateFormat(Order.NAMED, f"{month} %d{found['comma']} %Y{_clock(found)}"),)
    return ()


def _clock(found: re.Match[str]) -> str:
    """The format of the time of day behind a date."""
    if not found["time"]:
        return ""
    mark = "T" if found["time"].startswith("t") else " "
    seconds = ":%S" if found["seconds"] else ""
    if found["half"]:
        return f"{mark}%I:%M{seconds}{' ' if found['half'].startswith(' ') else ''}%p"
    return f"{mark}%H:%M{seconds}"


def sql_of(formats: frozenset[DateFormat], text: str) -> str:
    """An SQL expression that reads a text by the first of the formats that fits."""
    if any(each.zoned for each in formats):  # what reads zones reads times without one too
        formats = frozenset(each for each in formats if each.format or each.zoned)
    parts = [each.sql(text) for each in sorted(formats, key=lambda each: each.format or "")]
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"
