"""What a deployment runs: Azure's own inference server on the uploaded code, on loopback.

Its interpreter is of an environment with what the conda file names, and nothing of the tests' own. The server is
started as the image does it, but for the address that it listens on.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml

from finbehave.domain.environment import EnvironmentSpec
from finbehave.environments.curated import curated_environment
from finbehave.environments.isolated import ensure_environment
from finbehave.settings import load_settings

START = """
import azureml_inference_server_http.constants as constants
constants.DEFAULT_HOST = "127.0.0.1"
from azureml_inference_server_http.amlserver import run
run()
"""
PROBE_EVERY, PROBE_SECONDS = 0.1, 5.0


def interpreter_of(conda_file: str) -> Path:
    """The Python of an environment that holds what a conda file names, built now if need be.

    Raises:
        FinbehaveError: it cannot be built.
    """
    dependencies = yaml.safe_load(conda_file)["dependencies"]
    (python,) = [one.partition("=")[2].lstrip("=") for one in dependencies if str(one).startswith("python")]
    pins = next(one["pip"] for one in dependencies if isinstance(one, dict))
    return built(EnvironmentSpec("the image", python, tuple(pins)))


def curated_interpreter(reference: str) -> Path:
    """The same for one of the curated images, as far as its pins are known."""
    spec = curated_environment(reference)
    # believed: which server a version of the image holds
    return built(EnvironmentSpec(spec.origin, spec.python, (*spec.requirements, "azureml-inference-server-http")))


def built(spec: EnvironmentSpec) -> Path:
    """The Python of an environment, built now if need be, in the cache that commands use too."""
    settings = load_settings()
    return ensure_environment(spec, cache=settings.cache, offline=settings.offline).path


class Container:
    """One of a deployment. ``home`` is a folder of its own."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True)
        self.home = home
        self.events: list[str] = []
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._ended = False

    def start(self, interpreter: Path, code: Path, script: str, model: Path, variables: Mapping[str, str]) -> bool:
        """Start it and wait until the probe's path answers 200. False: it has ended before."""
        self._port = _free_port()
        words = [str(interpreter), "-c", START, "--entry_script", script, "--port", str(self._port)]
        environment = {
            "PATH": f"{interpreter.parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "AML_APP_ROOT": str(code),
            "AZUREML_ENTRY_SCRIPT": script,
            "AZUREML_MODEL_DIR": str(model),
            **variables,
        }
        with self._lock:
            if self._ended:
                return False
            with (self.home / "log").open("wb") as log:
                self._process = subprocess.Popen(
                    words, cwd=code, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                    start_new_session=True,
                )  # fmt: skip
        self.event("Started", "Started container inference-server")
        # believed: the waits between probes and the restarts of what has crashed are not played
        while self._process.poll() is None:
            if self._answers_probe():
                return True
            time.sleep(PROBE_EVERY)
        return False

    def _answers_probe(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return bool(self._ask("GET", "/", b"", {}, PROBE_SECONDS).status == 200)
        return False

    def score(self, body: bytes, headers: Mapping[str, str], timeout: float) -> tuple[int, bytes]:
        """What the server answers: status and body.

        Raises:
            TimeoutError: not within so many seconds.
            OSError, HTTPException: it does not run any more.
        """
        response = self._ask("POST", "/score", body, headers, timeout)
        return response.status, response.content

    def _ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=timeout)
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers))
            response: Any = connection.getresponse()
            response.content = response.read()
            return response

    def event(self, name: str, message: str, kind: str = "Normal") -> None:
        """What the platform notes about it."""
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.events.append(f"Kind: Pod, Name: {name}, Type: {kind}, Time: {now}, Message: {message}")

    def saw(self, name: str) -> bool:
        """Whether an event of this name was noted."""
        return any(f"Name: {name}," in event for event in self.events)

    @property
    def log(self) -> str:
        """What the server has said, and how it ended."""
        file = self.home / "log"
        said = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
        status = self._process.poll() if self._process else None
        if not status or status < 0:
            return said
        now = datetime.now(timezone.utc).isoformat()
        return f"{said}{now} - gunicorn/finish {status} 0\n{now} - Exit code {status} is not normal. Killing image.\n"

    def end(self) -> None:
        """With every worker."""
        with self._lock:
            self._ended = True
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
