"""Ways to spoil a package, each as it happens to people, and a worker that is started on the result."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from finbehave.environments.guests import GUEST, guest_environment

PATIENCE = 60.0

Spoil = Callable[[Path], None]


def pickled(program: bytes) -> Spoil:
    """A model file that is this program for the pickle machine."""
    return lambda package: (package / "model.joblib").write_bytes(program) and None


def missing(name: str) -> Spoil:
    """A file that was not uploaded."""
    return lambda package: (package / name).unlink()


def cut_short(package: Path) -> None:
    """An upload that was interrupted."""
    file = package / "model.joblib"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def pointer(package: Path) -> None:
    """A repository that was cloned without its large files."""
    digest = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 12345\n"
    (package / "model.joblib").write_text(text)


def sign_in_page(package: Path) -> None:
    """A download that needed a login."""
    (package / "model.joblib").write_text("<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>\n")


def left_alone(package: Path) -> None:
    """Nothing is wrong with the package itself."""


def fails_on_large_numbers(package: Path) -> None:
    """A step that looks a value up in a table that is too short, which no golden record shows."""
    import functools
    import operator

    import joblib
    import numpy
    import pandas
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    golden = json.loads((package / "golden.json").read_text())
    rows = pandas.DataFrame(golden["rows"]).fillna({"age": 0})
    whole = FunctionTransformer(operator.methodcaller("astype", "int64"))
    look_up = FunctionTransformer(functools.partial(numpy.take, numpy.arange(200.0)))
    model = make_pipeline(ColumnTransformer([("age", make_pipeline(whole, look_up), ["age"])]), LogisticRegression())
    model.fit(rows, [number % 2 for number in range(len(rows))])
    joblib.dump(model, package / "model.joblib")


def started(interpreter: Path, package: Path, home: Path, *, request: bytes | None = None) -> str:
    """The log of a worker on a package: until it ends, or, with a request, until that is answered."""
    socket_path, log = home / "socket", home / "log"
    command = [
        str(interpreter), "-s", "-E", str(GUEST / "worker.py"), "--package", str(package), "--socket",
        str(socket_path), "--model", "late-payers:1.0.0", "--deployment", "blue",
    ]  # fmt: skip
    with log.open("wb") as file:
        worker = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=file, stderr=file, env=guest_environment(home), cwd=home
        )
        try:
            deadline = time.monotonic() + PATIENCE
            while worker.poll() is None and not socket_path.exists():
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.02)
            if request is not None:
                _ask(socket_path, request)
        finally:
            worker.kill()
            worker.wait()
    return log.read_text(encoding="utf-8", errors="replace")


def _ask(socket_path: Path, body: bytes) -> bytes:
    """One request, as the gateway frames it; see finbehave/guest/worker.py."""
    batch = struct.pack(">H", 1) + struct.pack(">BI", 0, len(body)) + body
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(str(socket_path))
        reader = connection.makefile("rb")
        for frame in (b"", batch):
            if frame:
                connection.sendall(struct.pack(">I", len(frame)) + frame)
            (length,) = struct.unpack(">I", reader.read(4))
            answer = reader.read(length)
    return answer
