"""A thousand clients at once."""

from __future__ import annotations

import asyncio
import json
import resource
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.gateway.conftest import Asked

CROWD = 1000
PATIENCE = 60.0


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CROWD
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this machine lets a process open {hard} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_descriptors")
def test_a_thousand_connections_that_are_open_at_once_are_all_answered(asked: Asked) -> None:
    body = json.dumps(asked.row).encode()
    head = (
        f"POST /score HTTP/1.1\r\nhost: here\r\nauthorization: Bearer {asked.keys['primary']}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(head.encode() + body)
        status = (await reader.readline()).split()[1]
        writer.close()
        return status

    async def run() -> Counter[bytes]:
        opened = await asyncio.gather(*(asyncio.open_connection(*asked.address) for _ in range(CROWD)))
        assert asked.get("/health").status_code == 200  # nor is anybody else kept out
        return Counter(await asyncio.gather(*(ask(*connection) for connection in opened)))

    assert asyncio.run(asyncio.wait_for(run(), PATIENCE)) == {b"200": CROWD}
