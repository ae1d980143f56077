"""HTTP/1.1 as uvicorn speaks it, with bounds on what a malformed, slow or silent client can hold.

uvicorn itself limits neither the head of a request nor the time that a client takes to send one or to read its answer.
"""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 10.0
MESSAGE_SECONDS = 30.0
"""From the first byte of a request to its last."""
READING_SECONDS = 30.0
"""Without the client taking any of its answer."""
LINGER_SECONDS = 2.0
"""What a refused client still sends is thrown away for so long: closing on unread bytes would reset the connection,
and the client would never see why."""
KEEP_ALIVE_SECONDS = 75
"""Longer than what clients keep idle connections for, so that they are not closed under a request on its way."""
SPARE_DESCRIPTORS = 64
"""File descriptors that are not for clients: workers, logs, the state."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection. ``look_after`` has to be called now and then."""

    most_connections = 1000
    """Set at start from what the system allows; see ``allow_descriptors``."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept it, unless there are too many."""
        self._message_since: float | None = self.loop.time()
        self._writing_since: float | None = None
        self._refused_since: float | None = None
        self._in_head = True
        self._head_bytes = 0
        self._refusal = (400, "malformed-http", "this is no HTTP request")
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            self._refuse(503, "too-many-connections", "more connections than this endpoint can hold")

    def data_received(self, data: bytes) -> None:
        """Feed the parser, as long as the head stays within its bounds."""
        if self._refused_since is not None:
            return
        if self._message_since is None:
            self._message_since = self.loop.time()
            self._in_head = True
            self._head_bytes = 0
        if self._in_head:
            self._head_bytes += len(data)
        self._unset_keepalive_if_required()
        self._feed(data)
        if self._in_head and self._message_since is not None and self._head_bytes > HEAD_BYTES:
            self._refuse(431, "headers-too-large", f"the head of a request may have {HEAD_BYTES} bytes")

    def _feed(self, data: bytes) -> None:
        """As uvicorn does, but a wish for another protocol is passed over and the request answered in this one.

        Java's client asks for HTTP/2 with every first request. The parser stops after such a head and loses the body,
        so the head comes again without the wish.
        """
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                if self.parser.get_method() == b"CONNECT":
                    self._refuse(*self._refusal)
                    return
                data = self._head_without_upgrade() + data[upgrade.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
            except httptools.HttpParserError:
                self.send_400_response("")
                return
            else:
                return

    def _head_without_upgrade(self) -> bytes:
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        for name, value in self.headers:
            if name == b"connection":
                kept = [word for word in value.split(b",") if word.strip().lower() in (b"close", b"keep-alive")]
                lines += [b"connection: " + b",".join(kept)] if kept else []
            elif name != b"upgrade":
                lines.append(name + b": " + value)
        return b"\r\n".join([*lines, b"", b""])

    def eof_received(self) -> bool:  # type: ignore[override]
        """A client that has said all it wants to say still gets its answer; one that broke off gets none."""
        if (
            self._refused_since is not None
            or self.cycle is None
            or self.cycle.more_body
            or self.cycle.response_complete
        ):
            return False
        self.cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        """A request has begun."""
        self._message_since = self.loop.time()
        self._in_head = True
        self._head_bytes = 1  # something is there; the rest of what came with it may be other requests
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its head is there; a body may follow."""
        if self.parser.should_upgrade():
            return
        self._in_head = False
        if sum(len(name) + len(value) for name, value in self.headers) + len(self.url) > HEAD_BYTES:
            self._refusal = (431, "headers-too-large", f"the head of a request may have {HEAD_BYTES} bytes")
            raise ValueError(self._refusal[2])
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """It is there, whole."""
        if self.parser.should_upgrade():
            return
        self._message_since = None
        super().on_message_complete()

    def pause_writing(self) -> None:
        """The client does not read as fast as we write."""
        self._writing_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._writing_since = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - ours says it as the contract does
        """Say what is wrong with what cannot be parsed, after the answer to what came before it."""
        if self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body:
            self.cycle.keep_alive = False
            self.flow.pause_reading()
        else:
            self._refuse(*self._refusal)

    def _refuse(self, status: int, code: str, message: str) -> None:
        if self.transport.is_closing() or self._refused_since is not None:
            return
        body = json.dumps({"error": {"code": code, "message": message}}).encode()
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self._refused_since = self.loop.time()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def look_after(self, now: float) -> None:
        """Let go of a client that does not finish its request, does not take its answer, or does not take a no."""
        if self._refused_since is not None and now - self._refused_since > LINGER_SECONDS:
            self.transport.abort()
            return
        if self._writing_since is not None and now - self._writing_since > READING_SECONDS:
            self.transport.abort()
            return
        if self._message_since is None:
            return
        if self.flow.read_paused:  # it is we who do not read
            self._message_since = now
        elif now - self._message_since > (HEAD_SECONDS if self._in_head else MESSAGE_SECONDS):
            self._give_up()

    def _give_up(self) -> None:
        answered = self.cycle is not None and self.cycle.response_started
        if answered or (self._in_head and not self._head_bytes):
            self.transport.close()
        else:
            self._refuse(408, "request-timeout", "the request was not sent in time")


def look_after(connections: Iterable[Any], now: float) -> None:
    """Look after every connection that is open."""
    for connection in list(connections):
        connection.look_after(now)


def allow_descriptors() -> None:
    """Take as many file descriptors as the system gives, and leave some for what is not a client."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    GuardedProtocol.most_connections = max(SPARE_DESCRIPTORS, wanted - SPARE_DESCRIPTORS)
