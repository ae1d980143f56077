"""From transactions to one row per customer of behaviour features, never looking past the cut-off date.

DuckDB does the work under a memory cap and spills to a temporary folder, so that files of any size pass through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from finbehave.data.behaviour import compute
from finbehave.data.engine import DEFAULT_MEMORY, identifier
from finbehave.data.features import Feature, features
from finbehave.data.past import (
    Facts,
    count_facts,
    day_after_last,
    pick_categories,
    view_past,
    view_transactions,
)
from finbehave.data.people import People, list_people, settle_cutoff
from finbehave.data.reading.source import Source, open_source
from finbehave.data.roles import Roles, find_roles
from finbehave.data.writing import check_target, write_table
from finbehave.errors import DataRefused
from finbehave.progress import QUIET, Progress


@dataclass(frozen=True)
class Prepared:
    """What came out.

    ``columns`` maps each role (customer, time, amount, …) to the column it was read from; ``carried`` are the columns
    of the customers file behind the features; ``cutoff`` is None where customers have days of their own;
    ``transactions`` were used, ``left_out`` counts the others by reason.
    """

    out: Path
    rows: int
    features: tuple[str, ...]
    carried: tuple[str, ...]
    cutoff: date | None
    transactions: int
    left_out: dict[str, int]
    columns: dict[str, str]
    categories: tuple[str, ...]
    assumptions: tuple[str, ...]


def prepare_features(
    raw: Path,
    out: Path,
    *,
    customers: Path | None = None,
    cutoff: date | None = None,
    columns: Mapping[str, str | None] | None = None,
    categories: Sequence[str] | None = None,
    memory: str = DEFAULT_MEMORY,
    progress: Progress = QUIET,
) -> Prepared:
    """Write one row of features per customer.

    Args:
        raw: Transactions, CSV (also gzipped) or Parquet.
        out: ``.csv`` or ``.parquet``; written whole or not at all.
        customers: Who gets a row (else everybody with a transaction before the cut-off); its other columns, the
            target among them, are carried along; a column ``cutoff`` gives each customer a day of its own.
        cutoff: The day; what happens on it or later is not seen. Without one: the customers' own, else the day after
            the last transaction.
        columns: Role -> column, where the names are not recognised.
        categories: Those that get a share of their own, as in an earlier preparation; else the twelve most frequent.
        memory: Cap of the whole process, as ``2GB``.

    Raises:
        NotFound, DataRefused: a file is not there or cannot be used.
        UsageError: ``out`` has another suffix, or is one of the inputs.
    """
    check_target(out, [raw, *([customers] if customers else [])])
    with open_source(raw, memory=memory, progress=progress) as source:
        roles = find_roles(source, columns or {})
        view_transactions(source, roles)
        people = None
        if customers is not None:
            people = list_people(source, customers, roles.plans["customer"], memory=memory, progress=progress)
        day, day_said = _cutoff(source, people, cutoff)
        facts = count_facts(source, roles, people, day)
        direction = view_past(source, roles, people, day, facts)
        picked, picked_said = pick_categories(source, roles, categories)
        wanted = features(times=facts.times, categories=picked, balance="balance" in roles)
        sql = _result_sql(roles, people, day, wanted)
        compute(source, wanted, facts.customers, memory, progress)
        rows = write_table(source.connection, sql, out, progress, f"writing {out.name}")
        notes = [*source.notes, *(people.notes if people else ()), _told(roles), direction]
        notes += [*day_said, *picked_said, *_told_facts(facts)]
    for note in notes:
        progress.note(note)
    return Prepared(
        out=out,
        rows=rows,
        features=tuple(each.name for each in wanted),
        carried=tuple(people.carried.values()) if people else (),
        cutoff=day,
        transactions=facts.used,
        left_out=facts.left_out,
        columns=roles.names,
        categories=tuple(picked),
        assumptions=tuple(notes),
    )


def _cutoff(source: Source, people: People | None, said: date | None) -> tuple[date | None, list[str]]:
    """The day for all customers, or None where each has its own; and what to say about it."""
    notes = []
    if said is None and (people is None or people.cutoff is None):
        said = day_after_last(source)
        notes.append(f"No cut-off was given: it is {said}, the day after the last transaction.")
    return (settle_cutoff(source, people, said) if people else said), notes


def _result_sql(roles: Roles, people: People | None, day: date | None, wanted: Sequence[Feature]) -> str:
    """One row per customer: the identifier, the day where it differs, the features, and what is carried along."""
    customer = people.customer if people else roles.plans["customer"].name
    carried = dict(people.carried) if people else {}
    _refuse_twins([customer, *(each.name for each in wanted), *carried.values()])
    shown = ", ".join(f"coalesce({identifier(each.name)}, {each.none}) AS {identifier(each.name)}" for each in wanted)
    if people is None:
        return f"SELECT customer AS {identifier(customer)}, {shown} FROM behaviour ORDER BY customer"
    cutoff = f"people.cutoff AS {identifier(people.cutoff or 'cutoff')}, " if day is None else ""
    beside = "".join(f", people.{column} AS {identifier(name)}" for column, name in carried.items())
    return (
        f"SELECT people.customer AS {identifier(customer)}, {cutoff}{shown}{beside} "
        "FROM people LEFT JOIN behaviour ON people.customer = behaviour.customer ORDER BY people.place"
    )


def _refuse_twins(names: Sequence[str]) -> None:
    for place, name in enumerate(names):
        if name in names[:place]:
            raise DataRefused(
                f"the customers file has a column {name!r}, which is the name of a feature",
                remedy=f"rename {name!r} in the customers file",
            )


def _told(roles: Roles) -> str:
    return "Columns: " + ", ".join(f"{name!r} is the {role}" for role, name in roles.names.items()) + "."


def _told_facts(facts: Facts) -> list[str]:
    said = [f"Left out: {count:,} transactions {reason}." for reason, count in facts.left_out.items()]
    return said if facts.times else [*said, "Transactions have no time of day: there are no night shares."]
