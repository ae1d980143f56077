"""The customers of a preparation: who gets a row, as of which day, and what is carried along beside the features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from finbehave.data.engine import quoted
from finbehave.data.reading.columns import plan_columns
from finbehave.data.reading.plans import ColumnPlan
from finbehave.data.reading.source import Source, list_names, open_source
from finbehave.data.roles import NAMES, as_written, match
from finbehave.domain.manifest import FeatureKind
from finbehave.errors import DataRefused
from finbehave.progress import Progress

CUTOFF_NAMES = (
    "cutoff", "cutoff_date", "cut_off", "cut_off_date", "as_of", "as_of_date", "observation_date", "snapshot_date",
    "reference_date",
)  # fmt: skip


@dataclass(frozen=True)
class People:
    """A file of customers, read into the table ``people`` of the transactions' connection.

    The table has ``place`` (the row of the file), ``customer``, ``cutoff`` (a DATE; NULL where the file has none) and
    the other columns as c0, c1, …, which ``carried`` maps to their names. ``customer`` is the column of the file that
    names the customer, ``cutoff`` the one of the days, if there is one.
    """

    path: Path
    customer: str
    cutoff: str | None
    carried: Mapping[str, str]
    notes: tuple[str, ...]


def list_people(source: Source, path: Path, key: ColumnPlan, *, memory: str, progress: Progress) -> People:
    """Read a file of customers beside the open transactions.

    Args:
        key: The column of the transactions that names the customer.

    Raises:
        DataRefused: no column of customers; a customer twice, or missing.
    """
    exported = source.folder / "people.parquet"
    with open_source(path, memory=memory, progress=progress) as file:
        plans = plan_columns(file)
        at = match(file.names, (key.name, *NAMES["customer"]))
        if at is None:
            raise DataRefused(
                f"{path}: no column is known to name the customer; there are {list_names(file.names, 12)}",
                remedy=f"call it {key.name!r}, as in {source.path}",
            )
        dated = match(file.names, CUTOFF_NAMES)
        day = "NULL::DATE" if dated is None else _day_sql(path, plans[dated])
        file.query(
            f"COPY (SELECT row_number() OVER () AS place, {as_written(file, at).sql} AS customer, {day} AS cutoff, "
            f"{_values_sql(file, plans)} FROM raw) TO {quoted(exported)} (FORMAT parquet)"
        )
        carried = {f"c{plan.place}": plan.name for plan in plans if plan.place not in (at, dated)}
        name = None if dated is None else file.names[dated]
        people = People(path, file.names[at], name, carried, tuple(f"{path.name}: {note}" for note in file.notes))
    kind = "BIGINT" if key.kind is FeatureKind.INTEGER else "VARCHAR"
    source.query(
        f"CREATE TABLE people AS SELECT * REPLACE (try_cast(customer AS {kind}) AS customer) "
        f"FROM read_parquet({quoted(exported)})"
    )
    _refuse_bad_rows(source, people)
    return people


def _day_sql(path: Path, plan: ColumnPlan) -> str:
    if plan.kind is not FeatureKind.DATE:
        raise DataRefused(
            f"{path}: column {plan.name!r} should hold cut-off dates and is {plan.kind.value}",
            remedy="write its dates as YYYY-MM-DD, or rename it if it is something else",
        )
    return f"CAST({plan.sql} AS DATE)"


def _values_sql(file: Source, plans: Sequence[ColumnPlan]) -> str:
    """Every column by its plan; times that are all midnight as dates."""
    dates = [plan for plan in plans if plan.kind is FeatureKind.DATE]
    whole: set[int] = set()
    if dates:
        asked = ", ".join(f"bool_and(coalesce({plan.sql} = date_trunc('day', {plan.sql}), true))" for plan in dates)
        answers = file.query(f"SELECT {asked} FROM raw")[0]
        whole = {plan.place for plan, is_whole in zip(dates, answers, strict=True) if is_whole}
    return ", ".join(
        f"CAST({plan.sql} AS DATE) AS c{plan.place}" if plan.place in whole else f"{plan.sql} AS c{plan.place}"
        for plan in plans
    )


def _refuse_bad_rows(source: Source, people: People) -> None:
    unnamed = source.query("SELECT min(place) FROM people WHERE customer IS NULL")[0][0]
    if unnamed is not None:
        raise DataRefused(
            f"{people.path} row {unnamed:,}: {people.customer!r} is missing, or is no identifier like those of the "
            f"transactions",
            remedy=f"complete {people.customer!r} or delete the row",
        )
    twice = source.query(
        "SELECT CAST(customer AS VARCHAR), min(place), max(place) FROM people GROUP BY customer "
        "HAVING count(*) > 1 ORDER BY min(place) LIMIT 1"
    )
    if twice:
        name, first, last = twice[0]
        raise DataRefused(
            f"{people.path}: customer {name!r} is there twice, in rows {first:,} and {last:,}",
            remedy="delete one of the rows",
        )


def settle_cutoff(source: Source, people: People, day: date | None) -> date | None:
    """Give every customer a day: the same for all, or the file's own (``day`` is None).

    Returns:
        The day that all have in common, or None.

    Raises:
        DataRefused: the file has days, and one is missing.
    """
    if day is not None:
        source.query(f"UPDATE people SET cutoff = DATE '{day.isoformat()}'")
        return day
    undated = source.query("SELECT min(place) FROM people WHERE cutoff IS NULL")[0][0]
    if undated is not None:
        raise DataRefused(
            f"{people.path} row {undated:,}: {people.cutoff!r} is missing",
            remedy="complete it, or give one day for all with --cutoff",
        )
    days = source.query("SELECT DISTINCT cutoff FROM people LIMIT 2")
    return days[0][0] if len(days) == 1 else None
