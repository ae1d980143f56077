"""Computing the features of many customers in little memory: in groups of them, one after the other.

An aggregation keeps the sums of every customer it has met. With too many at once DuckDB spills partial sums, most of
them of a single transaction (measured on 50 million transactions of 500,000 customers under 2 GB: 131 s at once, 50 s
in groups, of which writing the groups takes 14 s).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from finbehave.data.engine import bytes_of, identifier, our_words, quoted, run
from finbehave.data.features import Feature
from finbehave.data.reading.source import Source
from finbehave.progress import Progress

_BYTES_A_CUSTOMER = 12_000
"""Sums of one customer in the tables of all threads, with room to grow (measured: 4 to 6 KB)."""
_MOST_GROUPS = 256
_ROWS_HELD = 2_000_000
_TASK = "preparing features"


def compute(source: Source, wanted: Sequence[Feature], customers: int, memory: str, progress: Progress) -> None:
    """Make the table ``behaviour``: one row per customer in ``past``, with the features by name."""
    groups = min(_MOST_GROUPS, 1 + customers * _BYTES_A_CUSTOMER // bytes_of(memory))
    picked = ", ".join(f"{each.sql} AS {identifier(each.name)}" for each in wanted)
    with our_words(), _unordered(source):
        steps = groups + (groups > 1)
        pasts = ["past"] if groups == 1 else _split(source, groups, steps, progress)
        for step, past in enumerate(pasts, start=steps - groups):
            verb = "INSERT INTO behaviour" if step > steps - groups else "CREATE TABLE behaviour AS"
            sql = f"{verb} SELECT customer, {picked} FROM {past} GROUP BY customer"
            run(source.connection, sql, progress, _TASK, (step, steps))


@contextmanager
def _unordered(source: Source) -> Iterator[None]:
    """Keeping rows in the order of the file costs memory, and nothing here depends on it."""
    source.connection.execute("SET preserve_insertion_order = false")
    try:
        yield
    finally:
        source.connection.execute("SET preserve_insertion_order = true")


def _split(source: Source, groups: int, steps: int, progress: Progress) -> list[str]:
    """Write the past to temporary files, a group of customers in each."""
    folder = source.folder / "past"
    source.connection.execute(f"SET partitioned_write_flush_threshold = {max(2048, _ROWS_HELD // groups)}")
    sql = (
        f"COPY (SELECT *, hash(customer) % {groups} AS part FROM past) TO {quoted(folder)} "
        f"(FORMAT parquet, PARTITION_BY (part))"
    )
    run(source.connection, sql, progress, _TASK, (0, steps))
    parts = [folder / f"part={number}" for number in range(groups)]
    return [f"read_parquet({quoted(part / '*.parquet')}, hive_partitioning = false)" for part in parts if part.exists()]
