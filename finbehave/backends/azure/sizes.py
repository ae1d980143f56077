"""Machine sizes: what they have, how many quota they take, what they cost, and how many workers they carry.

The sizes are those of Azure's published series pages. The prices are a rough, dated guide: whoever has a contract names
a table of his own with ``FINBEHAVE_PRICES``.
"""

from __future__ import annotations

import difflib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finbehave.errors import ConfigurationError, UsageError


@dataclass(frozen=True)
class Size:
    """A machine: processors, memory in GiB, and the family that its quota is counted in."""

    cores: int
    memory: float
    family: str


SIZES: dict[str, Size] = {
    "Standard_DS1_v2": Size(1, 3.5, "standardDSv2Family"),
    "Standard_DS2_v2": Size(2, 7, "standardDSv2Family"),
    "Standard_DS3_v2": Size(4, 14, "standardDSv2Family"),
    "Standard_DS4_v2": Size(8, 28, "standardDSv2Family"),
    "Standard_DS5_v2": Size(16, 56, "standardDSv2Family"),
    "Standard_D2s_v3": Size(2, 8, "standardDSv3Family"),
    "Standard_D4s_v3": Size(4, 16, "standardDSv3Family"),
    "Standard_D8s_v3": Size(8, 32, "standardDSv3Family"),
    "Standard_D2as_v4": Size(2, 8, "standardDASv4Family"),
    "Standard_D4as_v4": Size(4, 16, "standardDASv4Family"),
    "Standard_D8as_v4": Size(8, 32, "standardDASv4Family"),
    "Standard_E2s_v3": Size(2, 16, "standardESv3Family"),
    "Standard_E4s_v3": Size(4, 32, "standardESv3Family"),
    "Standard_E8s_v3": Size(8, 64, "standardESv3Family"),
    "Standard_F2s_v2": Size(2, 4, "standardFSv2Family"),
    "Standard_F4s_v2": Size(4, 8, "standardFSv2Family"),
    "Standard_F8s_v2": Size(8, 16, "standardFSv2Family"),
    "Standard_F16s_v2": Size(16, 32, "standardFSv2Family"),
    "Standard_F32s_v2": Size(32, 64, "standardFSv2Family"),
}

PRICES: dict[str, Any] = {
    "as_of": "2024-11",
    "currency": "USD",
    "what": "pay as you go, Linux, East US, rounded, without storage and traffic",
    "hourly": {
        "Standard_D2s_v3": 0.096, "Standard_D4s_v3": 0.192, "Standard_D8s_v3": 0.384,
        "Standard_D2as_v4": 0.096, "Standard_D4as_v4": 0.192, "Standard_D8as_v4": 0.384,
        "Standard_E2s_v3": 0.126, "Standard_E4s_v3": 0.252, "Standard_E8s_v3": 0.504,
        "Standard_F2s_v2": 0.085, "Standard_F4s_v2": 0.169, "Standard_F8s_v2": 0.338, "Standard_F16s_v2": 0.677,
        "Standard_F32s_v2": 1.353,
    },
}  # fmt: skip
"""Noted by hand from the public price list, not fetched; a size that is not here has no price said."""

HOURS_A_MONTH = 730
RESERVE = 1.2
"""Azure keeps 20 % of the machines free for its own upgrades, in whole machines (Azure ML, managed endpoint quota)."""

WORKER_GIB = 1.0
"""Memory that one worker with a model of tables, its libraries and a batch of rows is given."""


def size_of(instance_type: str) -> Size | None:
    """What a machine has; None where this table does not know it, which is no error: Azure has hundreds."""
    return {name.lower(): size for name, size in SIZES.items()}.get(instance_type.lower())


def checked_type(instance_type: str) -> str:
    """The type as Azure spells it. Raises UsageError for what cannot be one."""
    known = {name.lower(): name for name in SIZES}
    if instance_type.lower() in known:
        return known[instance_type.lower()]
    if not instance_type.startswith("Standard_"):
        near = difflib.get_close_matches(instance_type, SIZES, n=1, cutoff=0.3)
        raise UsageError(
            f"{instance_type} is no machine of Azure: their names begin with Standard_",
            remedy=f"--instance-type {near[0] if near else 'Standard_F4s_v2'}",
        )
    return instance_type


def workers(instance_type: str) -> int:
    """Workers of the scoring server: one a core, as the model computes on one, and no more than the memory carries."""
    size = size_of(instance_type)
    if size is None:
        return 1
    return max(1, min(size.cores, int((size.memory - 1) / WORKER_GIB)))


def quota_cores(instance_type: str, instances: int) -> int | None:
    """Cores of quota that a deployment takes, the service's reserve included."""
    size = size_of(instance_type)
    return size.cores * math.ceil(instances * RESERVE) if size else None


def monthly_cost(instance_type: str, instances: int, prices: Path | None) -> str:
    """What so many machines cost in a month, in words with the table's date."""
    table = _table(prices)
    hourly = {name.lower(): price for name, price in table["hourly"].items()}.get(instance_type.lower())
    machines = f"{instances} × {instance_type}"
    if hourly is None:
        return f"{machines}; its price is not in the table of {table['as_of']}"
    cost = hourly * HOURS_A_MONTH * instances
    return f"{machines}, about {cost:,.0f} {table['currency']} a month ({table['what']}, as of {table['as_of']})"


def _table(path: Path | None) -> dict[str, Any]:
    if path is None:
        return PRICES
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        hourly = {str(name): float(price) for name, price in read["hourly"].items()}
        return {
            "what": f"prices of {path.name}",
            "currency": "USD",
            **read,
            "as_of": str(read["as_of"]),
            "hourly": hourly,
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"{path} is no table of prices: {error}",
            remedy='write {"as_of": "2026-11", "currency": "EUR", "hourly": {"Standard_F4s_v2": 0.2}}',
        ) from error
