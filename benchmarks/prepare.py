"""Preparing features: finbehave beside pandas doing the same, on generated transactions.

    python benchmarks/prepare.py [--rows 10000000] [--keep DIR]

Makes a Parquet file of transactions (a hundred a customer, over two years), runs each in a process of its own, one
after the other, checks that they give the same features, and prints wall seconds, peak memory and ratios. The goal:
no slower than pandas, in a third of its memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CATEGORIES = (
    "groceries", "dining", "travel", "cash", "utilities", "rent", "health", "fees", "transfer", "insurance", "gambling",
    "shopping",
)  # fmt: skip
TOLERANCE = 1e-9


def generate(rows: int, path: Path) -> None:
    """Transactions in no order, the same for the same number of rows."""
    import duckdb

    words = ", ".join(f"'{word}'" for word in CATEGORIES)
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    connection.execute("SELECT setseed(0.42)")
    connection.execute(
        f"""COPY (
            SELECT 'C' || lpad(CAST(CAST(floor(random() * {rows} / 100) AS INTEGER) AS VARCHAR), 7, '0') AS customer_id,
                TIMESTAMP '2023-01-01' + to_seconds(CAST(floor(random() * 730 * 86400) AS BIGINT)) AS timestamp,
                round((CASE WHEN random() < 0.2 THEN 4 ELSE -1 END) * exp(random() * 5), 2) AS amount,
                ([{words}])[1 + CAST(floor(random() * {len(CATEGORIES)}) AS INTEGER)] AS category,
                round(2000 * random() - 200, 2) AS balance
            FROM range({rows})
        ) TO '{path}' (FORMAT parquet)"""
    )


def ours(raw: Path, out: Path) -> None:
    from finbehave.data.prepare import prepare_features

    prepare_features(raw, out)


def with_pandas(raw: Path, out: Path) -> None:
    """The same features, written as a careful user of pandas would: masks once, one grouping per window."""
    import pandas

    frame = pandas.read_parquet(raw)
    cutoff = frame["timestamp"].max().normalize() + pandas.Timedelta(days=1)
    frame["age"] = (cutoff - frame["timestamp"].dt.normalize()).dt.days.astype("int32")
    hour = frame["timestamp"].dt.hour
    frame["night"] = (hour < 6) | (hour > 21)
    frame["weekend"] = frame["timestamp"].dt.day_of_week > 4
    frame["inflow"] = frame["amount"].clip(lower=0)
    frame["outflow"] = (-frame["amount"]).clip(lower=0)
    frame["spends"] = frame["outflow"] > 0
    frame["overdrawn"] = frame["balance"] < 0
    frame = frame.drop(columns=["timestamp", "amount"])
    parts = [frame.groupby("customer_id")["age"].agg(recency_days="min", tenure_days="max")]
    parts += [_window(frame[frame["age"] <= days], days) for days in (30, 90, 365)]
    year = frame[frame["age"] <= 365]
    parts += [_regularity(year), _trends(year[year["age"] <= 360]), _shares(year)]
    found = pandas.concat(parts, axis=1)
    known = [name for name in found if not name.startswith("balance_")]
    found[known] = found[known].fillna(0)
    found.to_parquet(out)


def _window(frame, days):  # type: ignore[no-untyped-def]
    import pandas

    sums = frame.groupby("customer_id").agg(
        count=("age", "size"), inflow=("inflow", "sum"), outflow=("outflow", "sum"), largest=("outflow", "max"),
        spends=("spends", "sum"), night=("night", "sum"), weekend=("weekend", "sum"), mean=("balance", "mean"),
        least=("balance", "min"), deviation=("balance", "std"), overdrawn=("overdrawn", "sum"),
    )  # fmt: skip
    count = sums["count"]
    columns = {
        "transactions": count,
        "inflow": sums["inflow"],
        "outflow": sums["outflow"],
        "net_flow": sums["inflow"] - sums["outflow"],
        "outflow_share": sums["outflow"] / (sums["inflow"] + sums["outflow"]),
        "largest_outflow": sums["largest"],
        "average_outflow": sums["outflow"] / sums["spends"],
        "night_share": sums["night"] / count,
        "weekend_share": sums["weekend"] / count,
        "balance_mean": sums["mean"],
        "balance_least": sums["least"],
        "balance_volatility": sums["deviation"].fillna(0),
        "overdrawn_share": sums["overdrawn"] / count,
    }
    return pandas.DataFrame({f"{name}_{days}d": values for name, values in columns.items()})


def _regularity(year):  # type: ignore[no-untyped-def]
    import pandas

    def distinct(frame, number):  # type: ignore[no-untyped-def]
        pairs = pandas.DataFrame({"customer_id": frame["customer_id"], "number": number}).drop_duplicates()
        return pairs.groupby("customer_id").size()

    month, earned = year[year["age"] <= 30], year[(year["age"] <= 360) & (year["inflow"] > 0)]
    return pandas.DataFrame(
        {
            "active_days_30d": distinct(month, month["age"]),
            "active_weeks_365d": distinct(year, (year["age"] - 1) // 7),
            "inflow_months_12m": distinct(earned, (earned["age"] - 1) // 30),
        }
    )


def _trends(year):  # type: ignore[no-untyped-def]
    import pandas

    weight = 11 - 2 * ((year["age"] - 1) // 30)
    flows = pandas.DataFrame(
        {
            "customer_id": year["customer_id"],
            "outflow": year["outflow"],
            "inflow": year["inflow"],
            "weighted_outflow": year["outflow"] * weight,
            "weighted_inflow": year["inflow"] * weight,
        }
    )
    sums = flows.groupby("customer_id").sum()
    return pandas.DataFrame(
        {f"{flow}_trend_12m": sums[f"weighted_{flow}"] / 286 / (sums[flow] / 12) for flow in ("outflow", "inflow")}
    )


def _shares(year):  # type: ignore[no-untyped-def]
    spent = year.pivot_table(index="customer_id", columns="category", values="outflow", aggfunc="sum")
    return spent.div(spent.sum(axis=1), axis=0).add_prefix("share_").add_suffix("_365d")


WAYS = {"finbehave": ours, "pandas": with_pandas}


def run_child(way: str, raw: Path, out: Path) -> None:
    """In a process of its own: one preparation; prints its wall seconds without the imports, and its peak memory."""
    import duckdb  # noqa: F401
    import pandas  # noqa: F401

    started = time.perf_counter()
    WAYS[way](raw, out)
    seconds = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps({"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss * unit}))


def measure(way: str, raw: Path, out: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", way, str(raw), str(out)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def worst_difference(one: Path, other: Path) -> float:
    """The largest difference of two feature files, relative where values exceed 1; refuses other rows or columns."""
    import numpy
    import pandas

    left = pandas.read_parquet(one).set_index("customer_id").sort_index()
    right = pandas.read_parquet(other).sort_index()
    if set(left) != set(right) or not left.index.equals(right.index):
        raise SystemExit(f"not the same table: {sorted(set(left) ^ set(right))}, {len(left)} and {len(right)} rows")
    a, b = left.to_numpy(float), right[list(left)].to_numpy(float)
    if not (numpy.isnan(a) == numpy.isnan(b)).all():
        raise SystemExit("not the same table: values are missing in one of them only")
    return float(numpy.nanmax(numpy.abs(a - b) / numpy.maximum(1, numpy.abs(b))))


def compare(rows: int, folder: Path) -> int:
    raw = folder / f"{rows}.parquet"
    if not raw.exists():
        generate(rows, raw)
    outs = {way: folder / f"{way}.parquet" for way in WAYS}
    found = {way: measure(way, raw, out) for way, out in outs.items()}
    difference = worst_difference(outs["finbehave"], outs["pandas"])
    base = found["pandas"]
    print(f"{rows:,} transactions, {raw.stat().st_size / 2**20:,.0f} MiB of Parquet")
    print(f"{'':12}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}{'wall ratio':>12}{'memory ratio':>14}")
    for way, one in found.items():
        ratios = f"{one['seconds'] / base['seconds']:>12.2f}{one['peak'] / base['peak']:>14.2f}"
        print(f"{way:12}{one['seconds']:>9.2f}{one['cpu']:>9.2f}{one['peak'] / 2**20:>10,.0f}{ratios}")
    met = found["finbehave"]["seconds"] <= base["seconds"] and found["finbehave"]["peak"] * 3 <= base["peak"]
    print(f"largest difference of any feature: {difference:.1e}")
    print(f"no slower, in a third of the memory: {'yes' if met else 'no'}")
    return 0 if difference <= TOLERANCE else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--keep", type=Path, help="keep the files here, and use those that are there")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.child:
        run_child(said.child[0], Path(said.child[1]), Path(said.child[2]))
        return 0
    if said.keep:
        said.keep.mkdir(parents=True, exist_ok=True)
        return compare(said.rows, said.keep)
    with tempfile.TemporaryDirectory(prefix="finbehave-benchmark-") as folder:
        return compare(said.rows, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
