"""Who answers which request: by host, and in the resource manager by method and path."""

from __future__ import annotations

import re
import time

from tests.azure.stand_in import (
    assets,
    blobs,
    deployments,
    endpoints,
    jobs,
    login,
    neighbours,
    operations,
    scoring,
)
from tests.azure.stand_in.names import API, LOGIN, MANAGER, STORE, Answer, Call, missing, refusal
from tests.azure.stand_in.state import Azure

ROUTES = (
    *operations.ROUTES, *neighbours.ROUTES, *deployments.ROUTES, *endpoints.ROUTES, *jobs.ROUTES, *assets.ROUTES,
)  # fmt: skip
"""Method, path, and who answers; the first that matches."""


def handle(azure: Azure, call: Call) -> Answer:
    """Answer as the service does, or as a test has ordered."""
    with azure.lock:
        azure.asked.append((call.method, call.path))
        orders = azure.ordered(call.method, call.path)
        for one in orders:
            if one.before:
                one.before()
    if not orders or orders[-1].before:
        return _answer(azure, call)
    order = orders[-1]
    own = _answer(azure, call) if order.heeded else Answer(0)
    time.sleep(order.seconds)
    return (order.answer or own)._replace(part=order.part)


def _answer(azure: Azure, call: Call) -> Answer:
    if call.host == LOGIN:
        return login.answer(azure, call)
    if call.host == STORE:
        return blobs.answer(azure, call)
    if call.host not in (MANAGER, API):
        return scoring.answer(azure, call)
    with azure.lock:
        return jobs.history(azure, call) if call.host == API else _managed(azure, call)


def _managed(azure: Azure, call: Call) -> Answer:
    if call.headers.get("Authorization") != f"Bearer {azure.tokens[MANAGER]}":
        return refusal(401, "InvalidAuthenticationToken", "The access token is not for the resource manager")
    for method, path, room in ROUTES:
        if call.method == method and re.fullmatch(path, call.path, re.IGNORECASE):
            return room(azure, call)
    return Answer(204) if call.method == "DELETE" else missing(call.path)
