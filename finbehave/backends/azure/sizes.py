"""Machine sizes: what they have, how much quota they take, and how many workers they carry.

Sources, both in Azure's public documentation: names, cores and families of "Managed online endpoints SKU list", 18
October 2025, which has no Dsv3; memory of the pages of the series Dsv2, Dasv4, Esv3 and Fsv2.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass

from finbehave.errors import UsageError


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

RESERVE = 1.2
"""Azure keeps 20 % of the machines free for its own upgrades, in whole machines (Azure ML, managed endpoint quota)."""

WORKER_GIB = 1.0
"""Memory that one worker with a model of tables, its libraries and a batch of rows is given."""


def size_of(instance_type: str) -> Size | None:
    """What a machine has; None where this table does not know it, which is no error: Azure has more, some with GPUs."""
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
