"""The endpoint's HTTP interface: scoring, health, readiness, metrics, and its own description.

Plain ASGI: between the server and the model there is one function, since each layer costs more than a row.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, MutableMapping
from pathlib import Path
from typing import Any, Protocol

from finbehave.backends.local.gateway.exposition import exposition
from finbehave.backends.local.gateway.link import Answer
from finbehave.backends.local.gateway.mirroring import Mirroring
from finbehave.backends.local.gateway.openapi import description
from finbehave.backends.local.gateway.pool import Pool, Refused
from finbehave.backends.local.gateway.rate_limits import RateLimits
from finbehave.backends.local.gateway.records import Records
from finbehave.backends.local.gateway.routing import Switchboard, Table
from finbehave.backends.local.gateway.waiting import Job

BODY_BYTES = 32 << 20
"""A longer body is refused with 413; ten thousand rows of forty columns take a quarter of it."""

REQUEST_SECONDS = 30.0
"""From a request's last byte to its answer; Azure's longest is 180, its default 5."""

_JSON = (b"content-type", b"application/json")
_CLOSE = (b"connection", b"close")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")

Headers = list[tuple[bytes, bytes]]
Scope = MutableMapping[str, Any]


class Receive(Protocol):
    """The next part of a request."""

    async def __call__(self) -> MutableMapping[str, Any]:
        """Wait for it."""


class Send(Protocol):
    """Takes the next part of an answer."""

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        """Send it."""


class App:
    """Answers HTTP with what the switchboard knows. ``letting_go``: each answer closes its connection."""

    def __init__(self, switchboard: Switchboard, records: Records, endpoint_dir: Path) -> None:
        self._switchboard = switchboard
        self._records = records
        self._name = endpoint_dir.name
        self.refused: Counter[int] = Counter()
        self.letting_go = False
        self._rate_limits = RateLimits()
        self._mirroring = Mirroring()
        self._pages: dict[str, Callable[[], tuple[int, bytes, bytes]]] = {
            "/health": self._health,
            "/ready": self._ready,
            "/metrics": self._metrics,
            "/swagger.json": self._swagger,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path, method = scope["path"], scope["method"]
        if path == "/score":
            if method == "POST":
                await self._score(scope["headers"], receive, send)
            else:
                await self._refuse(send, Refused(405, "method-not-allowed", "POST rows to /score"), b"POST")
        elif path not in self._pages:
            await self._refuse(send, Refused(404, "not-found", "POST rows to /score; see /swagger.json"))
        elif method not in ("GET", "HEAD"):
            await self._refuse(send, Refused(405, "method-not-allowed", f"GET {path}"), b"GET, HEAD")
        else:
            status, kind, body = self._pages[path]()
            await _respond(send, status, body, [(b"content-type", kind)])

    async def _refuse(self, send: Send, refused: Refused, allowed: bytes | None = None) -> None:
        """Before a deployment was chosen."""
        self.refused[refused.status] += 1
        headers = [(b"allow", allowed)] if allowed else []
        await _respond(send, refused.status, _error(refused), [_JSON, *headers])

    # --- scoring --------------------------------------------------------------------------------------------

    async def _score(self, headers: Iterable[tuple[bytes, bytes]], receive: Receive, send: Send) -> None:
        authorization, named, request_id, length = _read(headers)
        table = self._switchboard.table
        own = [(b"x-request-id", request_id), _JSON]
        if self.letting_go:
            own.append(_CLOSE)
        try:
            self._admit(table, authorization, length)
            body = await _body(receive)
            if body is None:
                return
            pool = self._switchboard.table.choose(named)  # the body may have taken its time
        except Refused as refused:
            self.refused[refused.status] += 1
            await _respond(send, refused.status, _error(refused), [*own, *_beside(refused)])
            self._record_refusal(request_id.decode(), "", refused.status, _error(refused))
            return
        started = time.monotonic()
        sampled = self._records.wants(pool.name, started)
        job = Job(body, started + REQUEST_SECONDS, sampled, asyncio.get_running_loop().create_future(), started)
        extra: Headers = []
        try:
            answer = await self._answer(pool, job)
            if answer.micros:
                extra.append((b"server-timing", b"model;dur=%.3f" % (answer.micros / 1000)))
        except Refused as refused:
            answer, extra = Answer(refused.status, _error(refused), 0, b""), _beside(refused)
        seconds = time.monotonic() - started
        pool.metrics.answered(answer.status, seconds, answer.rows)
        await _respond(send, answer.status, answer.body, [*own, pool.header, *extra])
        if table.mirror is not None and named is None:
            self._mirroring.copy(table.mirror, table.mirror_percent, body, answer)
        if answer.status >= 400:
            self._record_refusal(request_id.decode(), pool.name, answer.status, answer.body)
        elif sampled:
            self._record(request_id.decode(), pool.name, answer, seconds)

    def _admit(self, table: Table, authorization: bytes, length: int) -> None:
        """Raises Refused without a key, for a key that asks too often, and for a body that is too large."""
        key = table.key_of(authorization)
        if key is None:
            raise Refused(401, "auth-key", "the key is missing or wrong: Authorization: Bearer KEY")
        if table.rate_limit and key != table.own_key:
            wait = self._rate_limits.take(key, table.rate_limit, time.monotonic())
            if wait:
                self._rate_limits.keep(table.keys)
                raise Refused(429, "throttled", f"a key may ask {table.rate_limit:g} times a second", wait=wait)
        if length > BODY_BYTES:
            raise _too_large()

    async def _answer(self, pool: Pool, job: Job) -> Answer:
        """By the deployment, or as it has answered the same before."""
        known = pool.remembered.find(job.body, sampled=job.sampled)
        if known is not None:
            return known
        pool.submit(job)
        answer = await job.future
        pool.remembered.keep(job.body, answer)
        return answer

    def _record_refusal(self, request_id: str, deployment: str, status: int, body: bytes) -> None:
        if self._records.wants(deployment, time.monotonic(), failed=True):
            self._records.refusal(request_id, deployment, status, json.loads(body)["error"])

    def _record(self, request_id: str, deployment: str, answer: Answer, seconds: float) -> None:
        self._records.request(request_id, deployment, answer.status, seconds * 1000, answer.rows)
        if answer.sample:
            self._records.sample(request_id, deployment, answer.sample)

    # --- pages ----------------------------------------------------------------------------------------------

    def _health(self) -> tuple[int, bytes, bytes]:
        return 200, _JSON[1], b'{"status": "alive"}'

    def _ready(self) -> tuple[int, bytes, bytes]:
        if self._switchboard.table.ready:
            return 200, _JSON[1], b'{"status": "ready"}'
        return 503, _JSON[1], _error(Refused(503, "not-ready", "no deployment with traffic can answer"))

    def _metrics(self) -> tuple[int, bytes, bytes]:
        text = exposition(self._switchboard, self.refused, self._records.dropped)
        return 200, b"text/plain; version=0.0.4; charset=utf-8", text.encode()

    def _swagger(self) -> tuple[int, bytes, bytes]:
        return 200, _JSON[1], description(self._name, self._switchboard).encode()


def _read(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes | None, bytes, int]:
    """Authorization, the deployment that is named, the request's id, and how long its body says it is."""
    authorization, named, request_id, length = b"", None, b"", 0
    for name, value in headers:
        if name == b"authorization":
            authorization = value
        elif name == b"azureml-model-deployment":
            named = value
        elif name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            request_id = value
        elif name == b"content-length":
            length = int(value)
    return authorization, named, request_id or uuid.uuid4().hex.encode(), length


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None when the client has gone before it was sent."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        return body
    parts, size = [], 0
    while message["type"] == "http.request":
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_BYTES:
            raise _too_large()
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()
    return None


def _too_large() -> Refused:
    return Refused(413, "too-large", f"a body may have {BODY_BYTES >> 20} MiB; send the rows in several requests")


def _beside(refused: Refused) -> Headers:
    """What a refusal says in headers. A body that was not read to its end cannot be followed by another request."""
    if refused.status in (429, 503):
        return [(b"retry-after", str(math.ceil(refused.wait)).encode())]
    if refused.status == 401:
        return [(b"www-authenticate", b"Bearer")]
    return [_CLOSE] if refused.status == 413 else []


def _error(refused: Refused) -> bytes:
    return json.dumps({"error": {"code": refused.code, "message": refused.message}}).encode()


async def _respond(send: Send, status: int, body: bytes, headers: Headers) -> None:
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
