"""The one way the host runs guest code: another process, in the model's interpreter, under limits, without our secrets.

The protocol is described in ``finbehave/guest/protocol.py``, the other end.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from finbehave.disk import is_full
from finbehave.errors import DiskFull, GuestFailed
from finbehave.progress import QUIET, Progress

GUEST = Path(__file__).parent.parent / "guest"
_LOG_BYTES = 64 * 1024
"""Of what a guest prints, its last so many bytes are kept."""


def guest_environment(home: Path, threads: int = 1) -> dict[str, str]:
    """The variables of a process that runs a model: where programs are, a home of its own, and how many threads.

    More OpenMP threads than cores make boosted trees many times slower beside another busy process.
    """
    limits = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    # Of the machine, not settings of ours: how to find programs and libraries, and which BLAS kernel runs here.
    kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        **dict.fromkeys(limits, str(threads)),
        "HOME": str(home),
        "TMPDIR": str(home),
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
    }


def run_guest(
    interpreter: Path,
    script: str,
    request: Mapping[str, Any],
    *,
    timeout: float = 600,
    memory_bytes: int | None = None,
    threads: int = 1,
    progress: Progress = QUIET,
) -> dict[str, Any]:
    """Run a guest script to its end and return its result.

    Args:
        script: A file of ``finbehave/guest``.
        request: What the script is asked; JSON.
        timeout: Seconds after which the guest and its children are killed.
        memory_bytes: Cap of its address space.
        threads: Of its numerical libraries.

    Raises:
        GuestFailed: it raised, crashed, was killed or took too long; what is known of it is in the error.
    """
    with tempfile.TemporaryDirectory(prefix="finbehave-guest-") as folder:
        home = Path(folder)
        envelope = {"schema_version": 1, "memory_bytes": memory_bytes, "request": dict(request)}
        (home / "request.json").write_text(json.dumps(envelope), encoding="utf-8")
        status, timed_out = _run(interpreter, script, home, timeout, threads, progress)
        return _outcome(home, script, status, timed_out=timed_out, timeout=timeout)


def _run(
    interpreter: Path, script: str, home: Path, timeout: float, threads: int, progress: Progress
) -> tuple[int, bool]:
    """Start it, pass on its events, wait; the whole process group ends whatever happens to us."""
    events, told = os.pipe()
    with (home / "log").open("wb") as log, os.fdopen(events, encoding="utf-8", errors="replace") as reader:
        try:
            process = subprocess.Popen(
                [str(interpreter), "-s", "-E", str(GUEST / script), "request.json", "response.json", str(told)],
                cwd=home, env=guest_environment(home, threads), stdin=subprocess.PIPE, stdout=log,
                stderr=subprocess.STDOUT, pass_fds=(told,), start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(told)
        listener = threading.Thread(target=_listen, args=(reader, progress), daemon=True)
        listener.start()
        try:
            return _wait(process, timeout)
        finally:
            _end(process)
            listener.join(timeout=5)


def _wait(process: subprocess.Popen[bytes], timeout: float) -> tuple[int, bool]:
    try:
        return process.wait(timeout), False
    except subprocess.TimeoutExpired:
        return -signal.SIGKILL, True


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the group: the guest, and whatever a model started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    except PermissionError:  # macOS answers so for a group of zombies
        process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _listen(reader: Any, progress: Progress) -> None:
    for line in reader:
        pass_on(line, progress)


def pass_on(line: str, progress: Progress) -> None:
    """Tell what an event of a guest says. A line that is none is no reason to fail: a model may write there too."""
    try:
        event = json.loads(line)
        if event["event"] == "progress":
            done, total = float(event["done"]), event.get("total")
            told = partial(progress.advance, str(event["task"]), done, None if total is None else float(total))
        elif event["event"] == "note":
            told = partial(progress.note, str(event["text"]))
        else:
            return
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    told()


def _outcome(home: Path, script: str, status: int, *, timed_out: bool, timeout: float) -> dict[str, Any]:
    log = _tail(home / "log")
    if timed_out:
        raise GuestFailed(f"{script} did not end within {timeout:g} s", kind="timeout", log=log)
    result = read_response(home / "response.json", script, log)
    if result is None:
        raise _crash(script, status, log)
    return result


def read_response(path: Path, script: str, log: str) -> dict[str, Any] | None:
    """What a guest answered; None where it wrote nothing.

    Args:
        log: The end of what it printed, for the error.

    Raises:
        GuestFailed: it raised, or its answer is none.
    """
    try:
        response = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise GuestFailed(f"{script} wrote an answer that is no JSON: {error}", kind="crashed", log=log) from error
    if "error" in response:
        raised = response["error"]
        if raised["type"] == "OSError" and is_full(OSError(raised["message"])):
            raise DiskFull(f"no space left on the disk: {script} could not write what it made")
        raise GuestFailed(
            f"{raised['type']}: {raised['message']}", kind="exception", error_type=raised["type"],
            traceback=raised["traceback"], log=log,
        )  # fmt: skip
    result: dict[str, Any] = response["result"]
    return result


def _crash(script: str, status: int, log: str) -> GuestFailed:
    if status < 0:
        name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
        return GuestFailed(f"{script} was killed by {name}", kind="crashed", signal=name, log=log)
    last = log.strip().splitlines()[-1:] or ["it printed nothing"]
    return GuestFailed(f"{script} ended with status {status}: {last[0][:300]}", kind="crashed", log=log)


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _LOG_BYTES))
        return file.read().decode("utf-8", errors="replace")
