"""What a malformed, slow or silent client can hold of the gateway: not for long, and not much.

A real server on a real socket; only the clock by which clients are looked after is set forward.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from finbehave.backends.local.gateway.http import (
    HEAD_BYTES,
    HEAD_SECONDS,
    LINGER_SECONDS,
    MESSAGE_SECONDS,
    READING_SECONDS,
    GuardedProtocol,
    look_after,
)

PATIENCE = 5.0
LONG_ANSWER = 8 << 20


async def app(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """Says what it was asked; ``/long`` is answered at length."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    said = json.dumps([scope["method"], scope["path"], body.decode()]).encode()
    said = b" " * LONG_ANSWER if scope["path"] == "/long" else said
    length = (b"content-length", str(len(said)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": said})


class Client:
    """One connection."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Until the server has it, or has closed."""
        before = self._server.received
        self._writer.write(data)
        while self._server.received < before + len(data) and self._server.state.connections:
            await asyncio.sleep(0.001)

    def finish(self) -> None:
        self._writer.write_eof()

    async def said(self) -> bytes:
        """Everything until the server closes."""
        return await asyncio.wait_for(self._reader.read(), PATIENCE)

    async def answer(self) -> Any:
        """One answer, of a connection that stays open."""
        head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), PATIENCE)
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        assert head.startswith(b"HTTP/1.1 200"), head
        return json.loads(await asyncio.wait_for(self._reader.readexactly(length), PATIENCE))


class Server:
    """``GuardedProtocol`` with ``app`` behind it."""

    def __init__(self) -> None:
        self.state = ServerState()
        self._config = uvicorn.Config(app, ws="none", lifespan="off", interface="asgi3", log_config=None)
        self._config.load()
        self.received = 0
        self.accepted = 0

    async def listen(self) -> asyncio.Server:
        loop, server = asyncio.get_running_loop(), self

        class Counting(GuardedProtocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                server.accepted += 1

            def data_received(self, data: bytes) -> None:
                super().data_received(data)
                server.received += len(data)

        self._listening = await loop.create_server(
            lambda: Counting(config=self._config, server_state=self.state, app_state={}, _loop=loop), "127.0.0.1", 0
        )
        return self._listening

    async def connect(self) -> Client:
        port = self._listening.sockets[0].getsockname()[1]
        before = self.accepted
        client = Client(self, *await asyncio.open_connection("127.0.0.1", port))
        while self.accepted == before:
            await asyncio.sleep(0)
        return client

    def later(self, seconds: float) -> None:
        """Look after every connection as if so much time had passed."""
        look_after(self.state.connections, asyncio.get_running_loop().time() + seconds)


def told(story: Callable[[Server], Awaitable[None]]) -> None:
    async def run() -> None:
        server = Server()
        async with await server.listen():
            await story(server)

    asyncio.run(run())


def refusal(said: bytes) -> tuple[int, str]:
    """Status and code, of an answer that closes its connection."""
    head, _, body = said.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    return int(head.split()[1]), json.loads(body)["error"]["code"]


def test_a_client_that_says_nothing_is_let_go() -> None:
    async def story(server: Server) -> None:
        client = await server.connect()
        server.later(HEAD_SECONDS - 1)
        assert len(server.state.connections) == 1
        server.later(HEAD_SECONDS + 1)
        assert await client.said() == b""

    told(story)


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        (b"POST /sc", HEAD_SECONDS),
        (b"POST /score HTTP/1.1\r\nHost: x\r\nX-Slow: ", HEAD_SECONDS),
        (b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n", MESSAGE_SECONDS),
        (b"POST /score HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nslow\r\n", MESSAGE_SECONDS),
    ],
)
def test_a_client_that_does_not_finish_its_request_is_told_and_let_go(sent: bytes, seconds: float) -> None:
    async def story(server: Server) -> None:
        client = await server.connect()
        await client.send(sent)
        server.later(seconds - 1)
        await asyncio.sleep(0)
        assert len(server.state.connections) == 1
        server.later(seconds + 1)
        assert refusal(await client.said()) == (408, "request-timeout")

    told(story)


def test_dribbling_does_not_buy_time() -> None:
    async def story(server: Server) -> None:
        client = await server.connect()
        await client.send(b"POST /score HTTP/1.1\r\n")
        for number in range(5):
            await client.send(b"X-%d: y\r\n" % number)
        server.later(HEAD_SECONDS)
        assert refusal(await client.said()) == (408, "request-timeout")

    told(story)


def test_a_client_between_two_requests_is_left_alone() -> None:
    async def story(server: Server) -> None:
        client = await server.connect()
        for path in ("/a", "/b"):
            await client.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert await client.answer() == ["GET", path, ""]
            server.later(MESSAGE_SECONDS + READING_SECONDS)
        assert len(server.state.connections) == 1

    told(story)


def test_a_client_that_does_not_take_its_answer_is_let_go() -> None:
    async def story(server: Server) -> None:
        client = await server.connect()
        await client.send(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
        server.later(READING_SECONDS - 1)
        await asyncio.sleep(0)
        assert len(server.state.connections) == 1
        server.later(READING_SECONDS + 1)
        try:
            said = await client.said()
        except ConnectionResetError:
            return
        assert len(said) < LONG_ANSWER

    told(story)


@pytest.mark.parametrize("piece", [1000, HEAD_BYTES * 2])
def test_a_head_without_end_is_refused(piece: int) -> None:
    async def story(server: Server) -> None:
        client = await server.connect()
        await client.send(b"GET / HTTP/1.1\r\nX-Large: ")
        for _ in range(-(-HEAD_BYTES // piece) + 1):
            await client.send(b"y" * piece)
        assert refusal(await client.said()) == (431, "headers-too-large")
        await client.send(b"y" * HEAD_BYTES)
        server.later(LINGER_SECONDS + 1)
        while server.state.connections:
            await asyncio.sleep(0)

    told(story)


def test_more_connections_than_can_be_held_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GuardedProtocol, "most_connections", 1)

    async def story(server: Server) -> None:
        first = await server.connect()
        second = await server.connect()
        assert refusal(await second.said()) == (503, "too-many-connections")
        await first.send(b"GET /still HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await first.answer() == ["GET", "/still", ""]
        first.finish()

    told(story)


@pytest.mark.parametrize("connection", ["Upgrade, HTTP2-Settings", "upgrade", "keep-alive, Upgrade"])
@pytest.mark.parametrize("split", [False, True])
def test_who_asks_for_another_protocol_is_answered_in_this_one(connection: str, split: bool) -> None:
    async def story(server: Server) -> None:
        client = await server.connect()
        for body in ("one", "two"):
            request = f"POST /score HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\nUpgrade: h2c\r\n"
            request += f"HTTP2-Settings: AAMAAABk\r\nContent-Length: 3\r\n\r\n{body}"
            pieces = [request[:40], request[40:-2], request[-2:]] if split else [request]
            for piece in pieces:
                await client.send(piece.encode())
            assert await client.answer() == ["POST", "/score", body]

    told(story)


def test_many_who_ask_for_another_protocol_are_answered_in_their_order() -> None:
    async def story(server: Server) -> None:
        client = await server.connect()
        request = b"GET /%d HTTP/1.1\r\nHost: x\r\nConnection: upgrade, close\r\nUpgrade: h2c\r\n\r\n"
        keep = request.replace(b", close", b"")
        await client.send(b"".join(keep % number for number in range(1500)) + request % 1500)
        for number in range(1501):
            assert await client.answer() == ["GET", f"/{number}", ""]
        assert await client.said() == b""

    told(story)


def test_nobody_is_connected_to_elsewhere() -> None:
    async def story(server: Server) -> None:
        client = await server.connect()
        await client.send(b"CONNECT elsewhere:80 HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert refusal(await client.said()) == (400, "malformed-http")

    told(story)


def test_a_client_that_closes_its_half_is_answered_and_one_that_breaks_off_is_not() -> None:
    async def story(server: Server) -> None:
        client = await server.connect()
        await client.send(b"POST /whole HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none")
        client.finish()
        assert (await client.said()).endswith(b'["POST", "/whole", "one"]')
        client = await server.connect()
        await client.send(b"POST /half HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\none")
        client.finish()
        assert await client.said() == b""

    told(story)


def test_malformed_requests_are_refused_after_the_answers_to_those_before() -> None:
    async def story(server: Server) -> None:
        client = await server.connect()
        await client.send(b"GET /fine HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n")
        said = await client.said()
        assert said.startswith(b"HTTP/1.1 200")
        assert b'["GET", "/fine", ""]' in said

    told(story)
