"""DuckDB under a memory cap: it spills to a temporary folder, never reaches for the network, and fails in our words."""

from __future__ import annotations

import errno
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finbehave.errors import ConfigurationError, DiskFull, Unavailable
from finbehave.progress import Progress

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DEFAULT_MEMORY = "2GB"
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_LEAST = 512 * 10**6
_OURS = 150 * 10**6
"""What the process takes beside DuckDB's buffers (measured: 120 to 140 MB over the limit given to it)."""
_POLL_SECONDS = 0.1


def bytes_of(memory: str) -> int:
    """``2GB``, ``500 MB``, ``2GiB`` in bytes.

    Raises:
        ConfigurationError: it is no amount of memory, or less than 512 MB.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]i?)?b?\s*", memory.lower())
    if found is None:
        raise ConfigurationError(f"memory: {memory!r} is no amount of memory", remedy="write it as --memory 2GB")
    amount = int(float(found[1]) * _UNITS[found[2] or ""])
    if amount < _LEAST:
        raise ConfigurationError(
            f"memory: {memory} is too little to work in; 512MB is the least", remedy="write --memory 512MB or more"
        )
    return amount


@contextmanager
def engine(memory: str = DEFAULT_MEMORY) -> Iterator[tuple[DuckDBPyConnection, Path]]:
    """A connection whose whole process should stay below ``memory``, and its temporary folder; both go at the end."""
    import duckdb

    limit = bytes_of(memory) - _OURS
    with tempfile.TemporaryDirectory(prefix="finbehave-", ignore_cleanup_errors=True) as folder:
        connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": f"{limit // 10**6}MB",
                "temp_directory": folder,
                "autoinstall_known_extensions": False,
            },
        )
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = true")
        connection.execute("SET enable_progress_bar_print = false")
        try:
            yield connection, Path(folder)
        finally:
            connection.close()


@contextmanager
def our_words(folder: Path | None = None) -> Iterator[None]:
    """Turn failures of the machine into ours: out of memory, no space, interrupted.

    Args:
        folder: Where the work writes; None means its temporary files.
    """
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        if "offload" in str(error) or "temp_directory" in str(error):
            raise disk_full(None) from None
        raise Unavailable(
            "the memory cap is too small for this file: " + first_line(error),
            remedy="give more: --memory 4GB (or FINBEHAVE_MEMORY)",
        ) from None
    except duckdb.IOException as error:
        if "no space" in str(error).lower():
            raise disk_full(folder) from None
        raise
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise disk_full(folder) from None
        raise
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except RuntimeError as error:  # what Ctrl-C becomes in a statement of the main thread
        if "interrupted" in str(error).lower():
            raise KeyboardInterrupt from None
        raise


def disk_full(folder: Path | None) -> DiskFull:
    """No space where the work writes."""
    if folder is not None:
        return DiskFull(
            f"no space is left in {folder}; nothing was written", remedy="make room there, or write elsewhere"
        )
    temporary = tempfile.gettempdir()
    return DiskFull(
        f"no space is left in {temporary} for temporary files",
        remedy="make room there, or set TMPDIR to a folder with room",
    )


def first_line(error: Exception) -> str:
    """What an error of DuckDB says, without its advice."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def run(
    connection: DuckDBPyConnection, sql: str, progress: Progress, task: str, part: tuple[int, int] = (0, 1)
) -> list[Any]:
    """Run a long statement, telling how far it is; Ctrl-C stops it. Returns its rows.

    Args:
        part: Which statement of how many of the task this is, counted from 0.
    """
    outcome: list[list[Any] | BaseException] = []
    ended = threading.Event()  # not the thread's own state: a join that Ctrl-C breaks off marks it as ended

    def work() -> None:
        try:
            outcome.append(connection.execute(sql).fetchall())
        except BaseException as error:  # handed to the thread that waits
            outcome.append(error)
        finally:
            ended.set()

    threading.Thread(target=work, daemon=True).start()
    try:
        while not ended.wait(_POLL_SECONDS):
            done = max(0.0, min(99.0, connection.query_progress()))
            progress.advance(task, part[0] * 100 + done, part[1] * 100)
    except BaseException:
        connection.interrupt()
        ended.wait()
        raise
    finally:
        progress.advance(task, (part[0] + 1) * 100, part[1] * 100)
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def quoted(value: Any) -> str:
    """A text as an SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
