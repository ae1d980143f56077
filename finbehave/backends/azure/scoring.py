"""A client of an endpoint on Azure: asks over HTTP as any other, and turns refusals into errors of ours.

The SDK's own ``invoke`` is not used: it keeps the deployment of one call for all later ones, and hides the status. Its
transport is, so that proxies and certificates are those of every other request to Azure.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from finbehave.backends.azure.translate import Dropped
from finbehave.backends.wire import body_of, model_ms
from finbehave.domain.endpoint import Answer
from finbehave.errors import AccessDenied, FinbehaveError, GateFailed, InputInvalid, NotFound, TimedOut, Unavailable

DEPLOYMENT_HEADER = "azureml-model-deployment"
MODEL_STATUS = "ms-azureml-model-error-statuscode"
SCORE_ACTION = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action"
_PAUSE = 0.5

Opener = Literal["key", "aml_token", "aad_token"]
"""What an endpoint takes: one of its keys, a token of Azure ML, or one of Microsoft Entra."""


@dataclass(frozen=True)
class Door:
    """Where to ask, and with what: a key, or a token. A request may take ``longest`` seconds there."""

    endpoint: str
    uri: str
    key: str
    opener: Opener = "key"
    longest: float = 0.0


def ask(door: Door, rows: Sequence[Mapping[str, Any]], *, deployment: str | None, timeout: float) -> Answer:
    """Ask about rows, by header where a deployment is named; too busy is asked again while there is time.

    Raises:
        InputInvalid, AccessDenied, NotFound, Unavailable, TimedOut, GateFailed: by what was answered, if anything was.
    """
    body = body_of(rows)
    deadline = time.monotonic() + timeout
    pause = _PAUSE
    while True:
        started = time.monotonic()
        after: float | None = None
        try:
            status, headers, content = _post(door, body, deployment, max(deadline - started, 1.0))
        except Dropped:  # scoring has no effects
            if time.monotonic() + pause > deadline:
                raise
        else:
            if status == 200:
                return _answer(door, content, headers, (time.monotonic() - started) * 1000)
            after = _after(headers)
            if status not in (429, 502, 503) or time.monotonic() + max(after, pause) > deadline:
                raise _refusal(door, deployment, status, headers, content)
        time.sleep(max(after or 0.0, pause))
        pause *= 2


def _after(headers: Mapping[str, str]) -> float:
    said = headers.get("retry-after", "")
    return float(said) if said.isdigit() else 0.0


def _post(door: Door, body: bytes, deployment: str | None, timeout: float) -> tuple[int, Mapping[str, str], bytes]:
    from azure.core.exceptions import AzureError
    from azure.core.pipeline.transport import RequestsTransport
    from azure.core.rest import HttpRequest

    headers = {
        "Authorization": f"Bearer {door.key}",
        "Content-Type": "application/json",
        "x-ms-client-request-id": uuid.uuid4().hex,
    }
    if deployment:
        headers[DEPLOYMENT_HEADER] = deployment
    request = HttpRequest("POST", door.uri, headers=headers, content=body)
    try:
        with RequestsTransport() as transport:
            response = transport.send(request, connection_timeout=min(timeout, 15.0), read_timeout=timeout)
            return response.status_code, {k.lower(): v for k, v in response.headers.items()}, response.read()
    except AzureError as error:
        if "timed out" in str(error).lower() and "connect" not in str(error).lower():
            raise TimedOut(
                f"{door.endpoint} did not answer within {timeout:.0f} s",
                remedy=f"finbehave troubleshoot --endpoint {door.endpoint} --backend azure",
            ) from None
        kind = Dropped if re.search("aborted|reset|Remote end closed|broken", str(error)) else Unavailable
        raise kind(
            f"{door.endpoint} cannot be reached at {door.uri}: {' '.join(str(error).split())[:200]}",
            remedy="check the network and HTTPS_PROXY; an endpoint without public access is asked from its own network",
        ) from error


def _answer(door: Door, content: bytes, headers: Mapping[str, str], latency_ms: float) -> Answer:
    try:
        said = json.loads(content)
        said = json.loads(said) if isinstance(said, str) else said
        probabilities = said.get("probabilities")
        return Answer(
            predictions=tuple(said["predictions"]),
            probabilities=None if probabilities is None else tuple(probabilities),
            model=said["model"],
            deployment=headers.get(DEPLOYMENT_HEADER) or said["deployment"],
            request_id=headers.get("x-request-id", ""),
            latency_ms=round(latency_ms, 3),
            model_ms=model_ms(headers.get("server-timing", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        error = _failed_in_words(content)
        raise error or GateFailed(
            f"{door.endpoint} answers otherwise than finbehave's scoring script: {_words(content)}",
            remedy=f"finbehave status --endpoint {door.endpoint} --backend azure",
        ) from None


def _failed_in_words(content: bytes) -> FinbehaveError | None:
    """Servers before 1.0 say 200 to a refused row as well."""
    try:
        said = json.loads(content)["error"]
    except (ValueError, KeyError, TypeError):
        return None
    return InputInvalid(str(said.get("message")), remedy="mend the rows; finbehave models show lists the features")


def _refusal(door: Door, named: str | None, status: int, headers: Mapping[str, str], content: bytes) -> FinbehaveError:
    """By the model's own status where the platform wraps it in a 424."""
    endpoint = door.endpoint
    told = headers.get(MODEL_STATUS, "")
    own = int(told) if status == 424 and told.isdigit() else status
    message, where = _words(content), f"--endpoint {endpoint} --backend azure"
    logs = f"finbehave logs {where} --explain"
    if own in (400, 413, 422):
        return InputInvalid(
            f"{endpoint} refuses the request: {message}",
            remedy="mend the rows; finbehave models show lists the features",
        )
    if own in (401, 403) and door.opener != "key":
        return AccessDenied(
            f"{endpoint} refuses the token: {message}",
            remedy="ask the workspace's owner for the role AzureML Data Scientist, which holds "
            f"{SCORE_ACTION}; then finbehave doctor --backend azure",
        )
    if own in (401, 403):
        return AccessDenied(f"{endpoint} refuses the key: {message}", remedy=f"finbehave keys show {where}")
    if own == 404 and named:
        return NotFound(f"{endpoint} has no deployment {named}: {message}", remedy=f"finbehave status {where}")
    if own == 404:
        return Unavailable(
            f"no deployment of {endpoint} holds traffic: {message}",
            remedy=f"finbehave start {where}, or finbehave deploy",
        )
    if own in (408, 504):
        return TimedOut(f"{endpoint} took too long: {message}", remedy=logs)
    if own in (429, 502, 503):
        return Unavailable(
            f"{endpoint} cannot answer now (status {own}): {message}", remedy=f"finbehave status {where}"
        )
    return GateFailed(f"{endpoint} answered {status}: {message}", remedy=logs)


def _words(content: bytes) -> str:
    try:
        said = json.loads(content)
        error = said.get("error", said) if isinstance(said, dict) else said
        return str(error.get("message", error) if isinstance(error, dict) else error)[:300]
    except ValueError:
        return " ".join(content[:300].decode("utf-8", "replace").split()) or "nothing"
