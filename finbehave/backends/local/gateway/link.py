"""The connection to one worker: found again when it restarts, one batch at a time.

The frames are described in ``finbehave/guest/worker.py``, the other end.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple, Protocol, cast

PROTOCOL = 2
FRAME_LIMIT = 1 << 28
"""A frame that claims to be longer than this many bytes is no frame."""

RETRY_FIRST, RETRY_MOST = 0.02, 0.25
"""Seconds between two attempts to reach a worker that does not listen."""

_LENGTH = struct.Struct(">I")
_COUNT = struct.Struct(">H")
_BODY = struct.Struct(">BI")
_ANSWER = struct.Struct(">HIIII")

_log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """What a worker says to one body: ``body`` is JSON; ``sample`` is for the prediction log, or empty.

    ``micros`` is the processor time that the model took for it, in microseconds; 0 where no model was asked.
    """

    status: int
    body: bytes
    rows: int
    sample: bytes
    micros: int = 0


class Owner(Protocol):
    """Who uses a link; called on the event loop."""

    model: str
    name: str

    def link_ready(self, link: Link) -> None:
        """The worker has loaded its model and takes a batch."""

    def link_answered(self, link: Link, answers: Sequence[Answer]) -> None:
        """The batch is answered, in its order; the worker takes the next."""

    def link_lost(self, link: Link) -> None:
        """The worker is gone; a batch under way is not answered."""


class Link(asyncio.Protocol):
    """A worker at ``path``. ``worker`` is the pid it greeted with, None while there is none."""

    def __init__(self, path: str, owner: Owner) -> None:
        self.path = path
        self.worker: int | None = None
        self._owner = owner
        self._transport: asyncio.WriteTransport | None = None
        self._received = bytearray()
        self._gone = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Look for the worker until ``close``."""
        self._keeper = asyncio.get_running_loop().create_task(self._keep())

    def close(self) -> None:
        """Let go of the worker, which then serves whoever comes next."""
        if self._keeper is not None:
            self._keeper.cancel()
        if self._transport is not None:
            self._transport.abort()

    async def _keep(self) -> None:
        pause = RETRY_FIRST
        while True:
            self._gone.clear()
            try:
                await asyncio.get_running_loop().create_unix_connection(lambda: self, self.path)
            except OSError:
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, RETRY_MOST)
                continue
            await self._gone.wait()
            if self.worker is not None:
                pause = RETRY_FIRST
            self.worker = None
            await asyncio.sleep(pause)

    def send(self, bodies: Sequence[tuple[bytes, bool]]) -> None:
        """Give the worker a batch: raw bodies, each with whether a sample of it is wanted."""
        assert self._transport is not None
        heads = [_BODY.pack(sampled, len(body)) for body, sampled in bodies]
        parts = [_COUNT.pack(len(bodies)), *heads, *(body for body, _ in bodies)]
        self._transport.write(b"".join([_LENGTH.pack(sum(map(len, parts))), *parts]))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the greeting."""
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is none by its class
        self._received.clear()

    def data_received(self, data: bytes) -> None:
        """Take the frames that are whole."""
        self._received += data
        try:
            for payload in self._frames():
                if self.worker is None:
                    self._greeted(payload)
                else:
                    self._owner.link_answered(self, unpack_answers(payload))
        except ValueError as error:
            _log.error("the worker at %s broke the protocol: %s", self.path, error)
            self.close_connection()

    def _frames(self) -> Iterable[bytes]:
        while len(self._received) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._received)
            if length > FRAME_LIMIT:
                raise ValueError(f"a frame of {length} bytes")
            end = _LENGTH.size + length
            if len(self._received) < end:
                return
            payload = bytes(self._received[_LENGTH.size : end])
            del self._received[:end]
            yield payload

    def _greeted(self, payload: bytes) -> None:
        """Who answers at this path may be the worker of a deployment that is being replaced.

        One that was started before finbehave was upgraded is ended: its supervisor starts one that is understood.
        """
        hello = json.loads(payload)
        found = (hello.get("model"), hello.get("deployment"))
        if found != (self._owner.model, self._owner.name):
            raise ValueError(f"expected {self._owner.model} of {self._owner.name}, found {found}")
        if hello.get("protocol") != PROTOCOL:
            if hello.get("protocol", 0) < PROTOCOL:  # else it is this gateway that is to be succeeded
                with suppress(ProcessLookupError):
                    os.kill(hello["pid"], signal.SIGTERM)
            raise ValueError(f"it speaks version {hello.get('protocol')}, not {PROTOCOL}")
        self.worker = hello["pid"]
        self._owner.link_ready(self)

    def close_connection(self) -> None:
        """Drop the worker that is there and look for one again."""
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell the owner, then look for the worker again."""
        self._transport = None
        if self.worker is not None:
            self._owner.link_lost(self)
        self._gone.set()


def unpack_answers(payload: bytes) -> list[Answer]:
    """The answers of a frame. Raises ValueError for what is none."""
    try:
        (count,) = _COUNT.unpack_from(payload)
        heads = [_ANSWER.unpack_from(payload, _COUNT.size + index * _ANSWER.size) for index in range(count)]
    except struct.error:
        raise ValueError("answers that are cut off") from None
    start = _COUNT.size + count * _ANSWER.size
    answers = []
    for status, rows, length, sampled, micros in heads:
        middle, end = start + length, start + length + sampled
        answers.append(Answer(status, payload[start:middle], rows, payload[middle:end], micros))
        start = end
    if start != len(payload):
        raise ValueError("answers that are cut off")
    return answers
