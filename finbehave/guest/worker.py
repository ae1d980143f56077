"""The worker of a local deployment: loads a package once, then answers the gateway over a Unix socket.

Started by the supervisor under the model's interpreter. It listens only when the model has answered a golden row, so a
connection that is greeted means ready. It answers whoever connects, batch by batch: a gateway, and for a moment also
the one before it. Standard input is a lifeline: it ends when the supervisor is gone, and the worker then serves its
gateways as long as one lives, and ends with the last.

A frame is its length in four bytes, then its payload; numbers are big-endian. Once connected the worker sends a frame
with a JSON object that says who it is. Then each batch is answered by one frame:

    batch    count (2 bytes); per body flags (1: bit 0 asks for a sample) and length (4); the bodies
    answers  count (2 bytes); per body status (2), rows (4), length (4), length of its sample (4), microseconds that the
             model computed (4); answers and samples

Python 3.8 and later.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import socket
import struct
import sys
from typing import Any

PROTOCOL = 2
LIMIT = 1 << 28
"""A frame that claims to be longer than this many bytes is no frame."""

ORPHAN_SECONDS = 2.0
"""Without a supervisor, so long a wait for a gateway that is still there."""

LIFELINE = 0
"""Standard input."""

_LENGTH = struct.Struct(">I")
_COUNT = struct.Struct(">H")
_BODY = struct.Struct(">BI")
_ANSWER = struct.Struct(">HIIII")


def main() -> None:
    """Load, rehearse, listen, answer until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("package", "socket", "model", "deployment"):
        parser.add_argument("--" + name, required=True)
    arguments = parser.parse_args()
    from stamping import stamp_output

    stamp_output()
    worker = Worker(arguments.model, arguments.deployment)
    signal.signal(signal.SIGTERM, worker.stop)
    worker.load(arguments.package)
    with _listening(arguments.socket) as listener:
        print(f"worker {os.getpid()} of {arguments.deployment} is ready: {arguments.model}", flush=True)
        worker.serve(listener)


def _listening(path: str) -> socket.socket:
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    os.chmod(path, 0o600)
    listener.listen(8)
    return listener


class Worker:
    """One model behind one socket. Told to stop, it still serves the gateways that it has, until they let it go."""

    def __init__(self, model: str, deployment: str) -> None:
        self._hello: dict[str, Any] = {
            "protocol": PROTOCOL,
            "pid": os.getpid(),
            "model": model,
            "deployment": deployment,
        }
        self._scorer: Any = None
        self._gateways: dict[int, tuple[socket.socket, Any]] = {}
        """By descriptor: the connection, and what reads from it."""
        self._stopping = False

    def load(self, package: str) -> None:
        """Load the model and let it answer its golden rows; whatever it raises ends the process."""
        from answers import Scorer
        from model import Model, limit_threads

        limit_threads()
        model = Model.open(package)
        with open(os.path.join(package, "golden.json"), encoding="utf-8") as file:
            golden = json.load(file)["rows"]
        self._scorer = Scorer(model, self._hello["model"], self._hello["deployment"], golden)

    def stop(self, *_: Any) -> None:
        """Stop now, or when the gateways have let go: they may have taken requests that only this worker can answer."""
        self._stopping = True
        if not self._gateways:
            raise SystemExit(0)

    def serve(self, listener: socket.socket) -> None:
        """Answer gateways until the last one is gone and there is nobody to wait for."""
        listening, supervised = listener.fileno(), True
        while self._gateways or not self._stopping:
            awaited = [listening, *self._gateways, *([LIFELINE] if supervised else [])]
            patience = None if supervised or self._gateways else ORPHAN_SECONDS
            ready, _, _ = select.select(awaited, [], [], patience)
            if not ready:
                return
            supervised = supervised and LIFELINE not in ready
            if listening in ready:
                self._greet(listener.accept()[0])
            for descriptor in ready:
                if descriptor in self._gateways:
                    self._serve_once(descriptor)

    def _greet(self, connection: socket.socket) -> None:
        # what is read ahead never holds a second batch: a gateway waits for the answer to its first
        self._gateways[connection.fileno()] = connection, connection.makefile("rb", buffering=1 << 18)
        try:
            connection.sendall(_framed(json.dumps(self._hello).encode()))
        except OSError as error:
            self._let_go(connection.fileno(), error)

    def _serve_once(self, descriptor: int) -> None:
        """Answer one batch, or let a gateway go that is gone."""
        connection, reader = self._gateways[descriptor]
        try:
            head = reader.read(_LENGTH.size)
            if len(head) < _LENGTH.size:
                self._let_go(descriptor)
                return
            bodies, sampled = unpack(reader.read(_length(head)))
            connection.sendall(_framed(pack(self._scorer.answer(bodies, sampled))))
        except OSError as error:
            self._let_go(descriptor, error)

    def _let_go(self, descriptor: int, error: Any = None) -> None:
        if error:
            print(f"the gateway is gone: {error}", file=sys.stderr, flush=True)
        for each in self._gateways.pop(descriptor):
            each.close()


def _length(head: bytes) -> int:
    length: int = _LENGTH.unpack(head)[0]
    if length > LIMIT:
        raise ConnectionError(f"a frame of {length} bytes")
    return length


def _framed(payload: bytes) -> bytes:
    return _LENGTH.pack(len(payload)) + payload


def unpack(payload: bytes) -> tuple[list[bytes], list[bool]]:
    """The bodies of a batch, and which of them are to be sampled. Raises ConnectionError for what is no batch."""
    try:
        (count,) = _COUNT.unpack_from(payload)
        heads = [_BODY.unpack_from(payload, _COUNT.size + index * _BODY.size) for index in range(count)]
    except struct.error:
        raise ConnectionError("a batch that is cut off") from None
    start = _COUNT.size + count * _BODY.size
    bodies = []
    for _, length in heads:
        bodies.append(payload[start : start + length])
        start += length
    if start != len(payload):
        raise ConnectionError("a batch that is cut off")
    return bodies, [bool(flags & 1) for flags, _ in heads]


def pack(answers: Any) -> bytes:
    """The payload that carries answers."""
    parts = [_COUNT.pack(len(answers))]
    parts += [_ANSWER.pack(one.status, one.rows, len(one.body), len(one.sample), one.micros) for one in answers]
    for _, body, _, sample, _ in answers:
        parts += (body, sample)
    return b"".join(parts)


if __name__ == "__main__":
    main()
