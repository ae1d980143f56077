"""Requests to an endpoint: who may ask, which deployment answers, and what the platform makes of its answer."""

from __future__ import annotations

import http.client
import re
import time
import uuid
from typing import Any

from tests.azure.stand_in.containers import Container
from tests.azure.stand_in.metrics import Request
from tests.azure.stand_in.names import SCORING, Answer, Call, W
from tests.azure.stand_in.state import Azure

HEADER = "azureml-model-deployment"
MODEL_STATUS = "ms-azureml-model-error-statuscode"


def answer(azure: Azure, call: Call) -> Answer:
    """What the deployment answers; another status than 200 becomes 424, with the model's own beside it."""
    endpoint = call.host.removesuffix(SCORING)
    with azure.lock:
        if f"{W}/onlineEndpoints/{endpoint}" not in azure.resources:
            # believed: the name of an endpoint that was deleted is resolved for a while
            return Answer(404, {"message": "no such endpoint"})
        if not _opened(azure, endpoint, call):
            return Answer(401, {"message": f"{azure.takes(endpoint)} auth failed"})
        name = call.headers.get(HEADER) or _drawn(azure, endpoint)
        path = f"{W}/onlineEndpoints/{endpoint}/deployments/{name}"
        one = azure.resources.get(path)
        if one is None or one["properties"]["provisioningState"] != "Succeeded":
            # believed: the words
            return Answer(404, {"message": f"there is no deployment {name!r} that can answer"})
        container = azure.containers[path]
    started = time.monotonic()
    model, answered = _asked(container, call, _seconds(one["properties"]))
    azure.answered.append(Request(name, answered.status, model, (time.monotonic() - started) * 1000))
    return answered._replace(headers={**answered.headers, HEADER: name, "x-request-id": uuid.uuid4().hex})


def _asked(container: Container, call: Call, seconds: float) -> tuple[int, Answer]:
    """The model's own status, 0 where it gives no answer; and what the platform makes of it."""
    kind = {"Content-Type": call.headers.get("Content-Type", "application/json")}
    try:
        model, said = container.score(call.content, kind, seconds)
    except TimeoutError:
        return 0, Answer(408, {"message": "upstream request timeout"})
    except (OSError, http.client.HTTPException):
        # believed: a server that is gone is a 502 until its container was started again
        return 0, Answer(502, {"message": "upstream connect error"})
    if model == 200:
        return model, Answer(200, said)
    return model, Answer(424, said, {MODEL_STATUS: str(model), "ms-azureml-model-error-reason": "model_error"})


def _opened(azure: Azure, endpoint: str, call: Call) -> bool:
    tokens = {"AMLToken": [azure.tokens["endpoint"]], "AADToken": [azure.tokens["ml.azure.com"]]}
    good = tokens.get(azure.takes(endpoint), list(azure.keys[endpoint].values()))
    return call.headers.get("Authorization", "").removeprefix("Bearer ") in good


def _drawn(azure: Azure, endpoint: str) -> str:
    split = azure.traffic(endpoint)
    return azure.chance.choices(list(split), list(split.values()))[0] if split else ""


def _seconds(asked: dict[str, Any]) -> float:
    """The request timeout, of an ISO 8601 duration."""
    said = (asked.get("requestSettings") or {}).get("requestTimeout") or "PT5S"
    units = {"M": 60.0, "S": 1.0}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+)([MS])", said))
