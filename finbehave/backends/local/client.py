"""A client of a local endpoint: asks over HTTP with a key, as any other, and turns refusals into errors of ours."""

from __future__ import annotations

import http.client
import json
import ssl
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from finbehave.backends.wire import body_of, model_ms
from finbehave.domain.endpoint import Answer
from finbehave.errors import AccessDenied, GateFailed, InputInvalid, NotFound, TimedOut, Unavailable

DEPLOYMENT_HEADER = "azureml-model-deployment"
OWN_REQUEST = "finbehave-"
"""How the ids of requests begin that commands ask: gates, for one. They are not what clients ask."""

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""What is listened on -> where it can be reached from here."""


def reachable(host: str) -> str:
    """The host that a client on this machine connects to."""
    return _ANYWHERE.get(host, host)


def uri(host: str, port: int, scheme: str) -> str:
    """The address to score at."""
    shown = reachable(host)
    return f"{scheme}://[{shown}]:{port}/score" if ":" in shown else f"{scheme}://{shown}:{port}/score"


def ask(
    endpoint: str,
    address: tuple[str, int],
    tls: ssl.SSLContext | None,
    key: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    deployment: str | None,
    timeout: float,
) -> Answer:
    """Ask about rows, by header where a deployment is named.

    Raises:
        InputInvalid: rows that are refused.
        AccessDenied, NotFound, Unavailable, TimedOut, GateFailed: by what was answered, if anything was.
    """
    body = body_of(rows)
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "x-request-id": f"{OWN_REQUEST}{uuid.uuid4().hex}",
    }
    if deployment:
        headers[DEPLOYMENT_HEADER] = deployment
    connection = _connection(reachable(address[0]), address[1], tls, timeout)
    started = time.monotonic()
    try:
        connection.request("POST", "/score", body, headers)
        response = connection.getresponse()
        content = response.read()
    except TimeoutError:
        raise TimedOut(
            f"{endpoint} did not answer within {timeout:g} s", remedy=f"finbehave troubleshoot --endpoint {endpoint}"
        ) from None
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(
            f"{endpoint} does not answer at {address[0]}:{address[1]}: {error}",
            remedy=f"finbehave start --endpoint {endpoint}",
        ) from error
    finally:
        connection.close()
    if response.status != 200:
        raise _refusal(endpoint, response.status, content)
    return _answer(content, response, (time.monotonic() - started) * 1000)


def _connection(host: str, port: int, tls: ssl.SSLContext | None, timeout: float) -> http.client.HTTPConnection:
    if tls is None:
        return http.client.HTTPConnection(host, port, timeout=timeout)
    return http.client.HTTPSConnection(host, port, timeout=timeout, context=tls)


def _answer(content: bytes, response: http.client.HTTPResponse, latency_ms: float) -> Answer:
    said = json.loads(content)
    probabilities = said.get("probabilities")
    return Answer(
        predictions=tuple(said["predictions"]),
        probabilities=None if probabilities is None else tuple(probabilities),
        model=said["model"],
        deployment=said["deployment"],
        request_id=response.headers.get("x-request-id", ""),
        latency_ms=round(latency_ms, 3),
        model_ms=model_ms(response.headers.get("server-timing", "")),
    )


def _refusal(endpoint: str, status: int, content: bytes) -> Exception:
    try:
        message = str(json.loads(content)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = content[:200].decode("utf-8", "replace") or "nothing"
    logs = f"finbehave logs --endpoint {endpoint} --explain"
    if status in (400, 413, 422):
        return InputInvalid(
            f"{endpoint} refuses the request: {message}",
            remedy="mend the rows; finbehave models show lists the features",
        )
    if status in (401, 403):
        return AccessDenied(
            f"{endpoint} refuses the key: {message}", remedy=f"finbehave keys show --endpoint {endpoint}"
        )
    if status == 404:
        return NotFound(f"{endpoint}: {message}", remedy=f"finbehave status --endpoint {endpoint}")
    if status in (408, 504):
        return TimedOut(f"{endpoint} took too long: {message}", remedy=logs)
    if status in (429, 503):
        return Unavailable(f"{endpoint} cannot answer now: {message}", remedy=f"finbehave status --endpoint {endpoint}")
    return GateFailed(f"{endpoint} answered {status}: {message}", remedy=logs)
