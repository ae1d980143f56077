"""A request for predictions and what comes with its answer, as the clients of every backend write and read them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

_MODEL_TIMING = re.compile(r"(?:^|,)\s*model\s*;\s*dur=([0-9.]+)")


def body_of(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows as a JSON body. What is no number is missing; what JSON has no word for, a date for one, is sent as text."""
    try:
        return to_json(list(rows), inf_nan_mode="null", fallback=str)
    except PydanticSerializationError:  # half a character, which JSON can only escape
        return json.dumps(list(rows), default=str).encode()


def model_ms(server_timing: str) -> float | None:
    """The model's share of the header ``Server-Timing``, in milliseconds (W3C, "Server Timing"); None without one."""
    found = _MODEL_TIMING.search(server_timing)
    return float(found[1]) if found else None
