"""``/metrics``: what the gateway counts, in Prometheus' text form. Labels are deployments, models and statuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

from finbehave.backends.local.gateway.metrics import Histogram, family, sample
from finbehave.backends.local.gateway.pool import Pool
from finbehave.backends.local.gateway.routing import Switchboard
from finbehave.version import __version__


def exposition(switchboard: Switchboard, refused: Mapping[int, int], dropped: int) -> str:
    """Every family with its samples."""
    pools = switchboard.pools
    shares = switchboard.table.shares

    def each(name: str, value: Callable[[Pool], float]) -> list[str]:
        return [sample(name, _labels(pool), value(pool)) for pool in pools]

    def histograms(name: str, of: Callable[[Pool], Histogram]) -> list[str]:
        return list(chain.from_iterable(of(pool).samples(name, _labels(pool)) for pool in pools))

    families = [
        ("finbehave_build_info", "gauge", "The version that answers.",
         [sample("finbehave_build_info", {"version": __version__}, 1)]),
        ("finbehave_ledger_revision", "gauge", "The newest change of traffic that requests follow.",
         [sample("finbehave_ledger_revision", {}, switchboard.table.revision)]),
        ("finbehave_requests_total", "counter", "Requests that a deployment was chosen for, by status.",
         list(chain.from_iterable(map(_statuses, pools)))),
        ("finbehave_refused_total", "counter", "Requests that were refused before a deployment was chosen.",
         [sample("finbehave_refused_total", {"code": code}, count) for code, count in sorted(refused.items())]),
        ("finbehave_rows_total", "counter", "Rows that were answered.",
         each("finbehave_rows_total", lambda pool: pool.metrics.rows)),
        ("finbehave_retried_total", "counter", "Requests that were given to a second worker.",
         each("finbehave_retried_total", lambda pool: pool.metrics.retried)),
        ("finbehave_request_seconds", "histogram", "From a request's last byte to its answer.",
         histograms("finbehave_request_seconds", lambda pool: pool.metrics.latency)),
        ("finbehave_queue_seconds", "histogram", "From a request's last byte to a worker.",
         histograms("finbehave_queue_seconds", lambda pool: pool.metrics.queueing)),
        ("finbehave_batch_requests", "histogram", "Requests answered by one call of the model.",
         histograms("finbehave_batch_requests", lambda pool: pool.metrics.batches)),
        ("finbehave_cache_hits_total", "counter", "Requests that were answered as an equal one before.",
         each("finbehave_cache_hits_total", lambda pool: pool.remembered.hits)),
        ("finbehave_cache_misses_total", "counter", "Requests whose answer was looked for and not remembered.",
         each("finbehave_cache_misses_total", lambda pool: pool.remembered.misses)),
        ("finbehave_mirrored_total", "counter", "Copies of requests that a deployment without traffic was asked.",
         list(chain.from_iterable(map(_mirrored, pools)))),
        ("finbehave_workers", "gauge", "Workers that are ready.",
         each("finbehave_workers", lambda pool: sum(pid is not None for pid in pool.workers.values()))),
        ("finbehave_waiting_requests", "gauge", "Requests that no worker has yet.",
         each("finbehave_waiting_requests", lambda pool: pool.waiting)),
        ("finbehave_traffic_percent", "gauge", "Share of the requests that name no deployment.",
         each("finbehave_traffic_percent", lambda pool: shares.get(pool.name, 0))),
        ("finbehave_dropped_records_total", "counter", "Lines about requests that were not written down.",
         [sample("finbehave_dropped_records_total", {}, dropped)]),
    ]  # fmt: skip
    return "".join(family(name, kind, meaning, samples) for name, kind, meaning, samples in families)


def _labels(pool: Pool) -> dict[str, str]:
    return {"deployment": pool.name, "model": pool.model}


def _mirrored(pool: Pool) -> Iterator[str]:
    for outcome, count in sorted(pool.mirrored.items()):
        yield sample("finbehave_mirrored_total", {**_labels(pool), "outcome": outcome}, count)


def _statuses(pool: Pool) -> Iterator[str]:
    for status, count in sorted(pool.metrics.statuses.items()):
        yield sample("finbehave_requests_total", {**_labels(pool), "code": status}, count)
