"""How far what takes long has come."""

from __future__ import annotations

import threading
import uuid

from tests.azure.stand_in.names import MANAGER, Answer, Call, missing
from tests.azure.stand_in.state import Azure

RUNNING = {"status": "InProgress"}
LOOK_MS, LOOK_RUNNING_MS = 20, 100
"""After how many milliseconds a client is to look again."""


def begin(azure: Azure) -> str:
    """One that runs; its path."""
    path = f"/operations/{uuid.uuid4().hex}"
    azure.operations[path] = RUNNING
    return path


def end(azure: Azure, path: str, fault: tuple[str, str] | None = None) -> None:
    """It has succeeded, or failed with a code and words."""
    if fault is None:
        azure.operations[path] = {"status": "Succeeded"}
    else:
        azure.operations[path] = {"status": "Failed", "error": {"code": fault[0], "message": fault[1]}}


def followed(path: str) -> dict[str, str]:
    """The headers of an answer that tells of it."""
    return {"Azure-AsyncOperation": f"https://{MANAGER}{path}", "retry-after-ms": str(LOOK_MS)}


def ended(azure: Azure) -> dict[str, str]:
    """The headers of one that has succeeded already, unless a test lets it take long."""
    path = begin(azure)
    if azure.takes_seconds:
        later = threading.Timer(azure.takes_seconds, end, (azure, path))
        later.daemon = True
        later.start()
    elif not azure.holding:
        end(azure, path)
    return followed(path)


def look(azure: Azure, call: Call) -> Answer:
    """What is known of one."""
    if call.path not in azure.operations:
        return missing(call.path)
    state = azure.operations[call.path]
    return Answer(200, state, {"retry-after-ms": str(LOOK_RUNNING_MS if state is RUNNING else LOOK_MS)})


ROUTES = (("GET", r"/operations/[^/]+", look),)
