"""The ledger of an endpoint, in the endpoint's own tags, so that any operator on any machine can roll back.

    finbehave-ledger-000012    ["2026-11-25T09:00:00Z","ana@host","deploy m:1.1.0 on green",{"green":[100,"m:1.1.0"]}]
    finbehave-ledger-000012-2  what did not fit
    finbehave-stopped          {"green":100}: the split that ``start`` gives back

Tags are written with the traffic in one request. Limits: 50 tags on a resource, 256 characters in a value (Azure
Resource Manager). Older entries are left out once there are too many.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from finbehave.domain.endpoint import LedgerEntry, Traffic

STOPPED = "finbehave-stopped"
OUTSIDE = "somebody outside finbehave"
OUTSIDE_REASON = "changed by other means, such as the portal"

LONGEST_VALUE = 256
MOST_TAGS = 50
KEPT_FREE = 6
"""Tags that are left to others on the same endpoint, at the least."""

_KEY = re.compile(r"finbehave-ledger-(\d{6,})(?:-(\d+))?", re.IGNORECASE)


def entries(tags: Mapping[str, str]) -> tuple[LedgerEntry, ...]:
    """What the tags hold, oldest first; an entry that somebody has damaged is left out."""
    parts: dict[int, dict[int, str]] = {}
    for key, value in tags.items():
        if match := _KEY.fullmatch(key):
            parts.setdefault(int(match[1]), {})[int(match[2] or 1)] = value
    found = (_read(revision, "".join(part for _, part in sorted(pieces.items()))) for revision, pieces in parts.items())
    return tuple(sorted((one for one in found if one), key=lambda one: one.revision))


def with_outside(known: Sequence[LedgerEntry], traffic: Traffic, models: Mapping[str, str]) -> tuple[LedgerEntry, ...]:
    """The ledger, and where the split is not what it says last, an entry for whoever changed it by other means."""
    last = known[-1].traffic if known else {}
    if _held(last) == _held(traffic):
        return tuple(known)
    revision = (known[-1].revision if known else 0) + 1
    return (*known, LedgerEntry(revision, "", OUTSIDE, OUTSIDE_REASON, _held(traffic), dict(models)))


def written(tags: Mapping[str, str], ledger: Sequence[LedgerEntry]) -> dict[str, str]:
    """The tags with this ledger in them: others' are kept, the newest entries first as far as there is room."""
    others = {key: value for key, value in tags.items() if not _KEY.fullmatch(key)}
    room = max(MOST_TAGS - KEPT_FREE - len(others), 2)
    kept: dict[str, str] = {}
    for entry in sorted(ledger, key=lambda one: -one.revision):
        more = _tags_of(entry)
        if len(kept) + len(more) > room:
            break
        kept.update(more)
    return others | kept


def _held(traffic: Traffic) -> Traffic:
    return {name: share for name, share in traffic.items() if share}


def _tags_of(entry: LedgerEntry) -> dict[str, str]:
    served = {name: [entry.traffic.get(name, 0), model] for name, model in entry.models.items()}
    served |= {name: [share, ""] for name, share in _held(entry.traffic).items() if name not in served}
    text = json.dumps([entry.time, entry.actor, entry.reason, served], separators=(",", ":"))
    pieces = [text[start : start + LONGEST_VALUE] for start in range(0, len(text), LONGEST_VALUE)]
    key = f"finbehave-ledger-{entry.revision:06d}"
    return {key + (f"-{number}" if number > 1 else ""): piece for number, piece in enumerate(pieces, start=1)}


def _read(revision: int, text: str) -> LedgerEntry | None:
    try:
        time, actor, reason, served = json.loads(text)
        traffic = {str(name): int(share) for name, (share, _) in served.items() if share}
        models = {str(name): str(model) for name, (_, model) in served.items() if model}
        return LedgerEntry(revision, str(time), str(actor), str(reason), traffic, models)
    except (ValueError, TypeError, AttributeError):
        return None
