"""Azure's own inference server on this machine: an environment that has it, and a run of it on scoring code."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from finbehave.domain.environment import EnvironmentSpec, Interpreter
from finbehave.environments.guests import guest_environment
from finbehave.environments.isolated import ensure_environment
from finbehave.progress import Progress
from finbehave.settings import Settings

SERVER = "azureml-inference-server-http"
SCRIPT = "score.py"
_LOG_BYTES = 1 << 18

_START = """
import azureml_inference_server_http.constants as constants
constants.DEFAULT_HOST = "127.0.0.1"
from azureml_inference_server_http.amlserver import run
run()
"""
"""The server as its own command starts it, listening on this machine alone."""


@dataclass(frozen=True)
class InferenceServer:
    """One that was started; it is ended where its ``with`` ends."""

    process: subprocess.Popen[bytes]
    port: int
    log_file: Path

    @property
    def running(self) -> bool:
        """Whether its process has not ended."""
        return self.process.poll() is None

    @property
    def log(self) -> str:
        """The end of what it has said."""
        with self.log_file.open("rb") as file:
            file.seek(max(0, self.log_file.stat().st_size - _LOG_BYTES))
            return file.read().decode("utf-8", errors="replace")

    def answers_probe(self, timeout: float) -> bool:
        """Whether the path that a managed endpoint probes answers 200 within so many seconds."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def with_server(spec: EnvironmentSpec, settings: Settings, progress: Progress) -> Interpreter:
    """The environment, with the inference server in it that Azure's image would have.

    Raises:
        IncompatibleModel: there is none for its Python.
        Unavailable, ConfigurationError, EnvironmentImpossible: it cannot be built.
    """
    from finbehave.backends.azure.environment import with_scoring_server

    full = replace(spec, requirements=with_scoring_server(spec))
    return ensure_environment(full, cache=settings.cache, offline=settings.offline, progress=progress)


def scoring_code(home: Path) -> Path:
    """The folder ``home/app`` with the scoring code as it is uploaded to Azure."""
    from finbehave.backends.azure.staging import FILES, copy_code

    app = home / "app"
    app.mkdir()
    copy_code(FILES, app)
    return app


@contextlib.contextmanager
def inference_server(interpreter: Interpreter, app: Path, model: Path, home: Path) -> Iterator[InferenceServer]:
    """Start it with one worker on ``app/score.py``; it logs to ``home/log``.

    Args:
        interpreter: One that has the server.
        app: The folder of the scoring code.
        model: What ``AZUREML_MODEL_DIR`` names.
        home: Its working folder, for this run alone.
    """
    port = _free_port()
    words = [str(interpreter.path), "-s", "-E", "-c", _START]
    words += ["--entry_script", str(app / SCRIPT), "--model_dir", str(model.resolve())]
    words += ["--port", str(port), "--worker_count", "1"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            words, cwd=app, env={**guest_environment(home), "AML_APP_ROOT": str(app)}, stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        yield InferenceServer(process, port, home / "log")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
