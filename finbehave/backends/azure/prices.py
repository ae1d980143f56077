"""What machines cost in a month: by a dated table of list prices, or by a table of one's own (``FINBEHAVE_PRICES``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from finbehave.errors import ConfigurationError

PRICES: dict[str, Any] = {
    "as_of": "2026-06-18",
    "currency": "USD",
    "what": "list price, pay as you go, Linux, East US, without storage and traffic",
    "hourly": {
        "Standard_DS1_v2": 0.073, "Standard_DS2_v2": 0.146, "Standard_DS3_v2": 0.293, "Standard_DS4_v2": 0.585,
        "Standard_DS5_v2": 1.17,
        "Standard_D2as_v4": 0.096, "Standard_D4as_v4": 0.192, "Standard_D8as_v4": 0.384,
        "Standard_E2s_v3": 0.126, "Standard_E4s_v3": 0.252, "Standard_E8s_v3": 0.504,
        "Standard_F2s_v2": 0.0846, "Standard_F4s_v2": 0.169, "Standard_F8s_v2": 0.338, "Standard_F16s_v2": 0.677,
        "Standard_F32s_v2": 1.353,
    },
}  # fmt: skip
"""Source: answers of Azure's retail prices interface, fetched at 2026-06-18T03:43:41Z, as kept in the public repository
Azure/karpenter-provider-azure, ``pkg/providers/pricing/zz_generated.pricing.go`` at commit 2b431da1 of 16 July 2026.
Endpoints cost what their machines do; a size that is not here has no price said."""

HOURS_A_MONTH = 730


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
