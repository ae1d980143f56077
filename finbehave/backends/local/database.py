"""The SQLite file of an endpoint: its tables, opening it, and what its errors mean."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from finbehave.errors import Busy, ConfigurationError, DiskFull, NotFound, UnexpectedError

DATABASE = "endpoint.sqlite"
SCHEMA_VERSION = 1
BUSY_SECONDS = 10.0
"""How long a write waits for another one; each takes milliseconds."""

_SCHEMA = """
CREATE TABLE endpoint (
    id INTEGER PRIMARY KEY CHECK (id = 1), host TEXT NOT NULL, port INTEGER NOT NULL,
    running INTEGER NOT NULL, runtime TEXT NOT NULL, generation INTEGER NOT NULL
);
CREATE TABLE key (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE deployment (
    name TEXT PRIMARY KEY, generation INTEGER NOT NULL, model TEXT NOT NULL, digest TEXT NOT NULL,
    interpreter TEXT NOT NULL, package TEXT NOT NULL, instance_type TEXT NOT NULL, instance_count INTEGER NOT NULL,
    environment TEXT NOT NULL, created TEXT NOT NULL, state TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE TABLE ledger (
    revision INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,
    traffic TEXT NOT NULL, models TEXT NOT NULL
);
CREATE TRIGGER ledger_keeps BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_stays BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""


_ADDED = """
CREATE TABLE IF NOT EXISTS front (id INTEGER PRIMARY KEY CHECK (id = 1), value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS scale (generation INTEGER PRIMARY KEY, value TEXT NOT NULL);
"""
"""What a newer version has beside the tables of an older one, which does not mind it."""


def create_database(endpoint_dir: Path, host: str, port: int, runtime: Path) -> bool:
    """Create the state of an endpoint with fresh keys: two for clients, and our own.

    False when it is there already, and stays as it is.
    """
    path = endpoint_dir / DATABASE
    with translated(path):
        endpoint_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("PRAGMA user_version").fetchone()[0]:
                connection.execute("ROLLBACK")
                return False
            _fill(connection, host, port, runtime)
            connection.execute("COMMIT")
        finally:
            connection.close()
    return True


def _fill(connection: sqlite3.Connection, host: str, port: int, runtime: Path) -> None:
    for statement in _statements(_SCHEMA):
        connection.execute(statement)
    connection.execute("INSERT INTO endpoint VALUES (1, ?, ?, 1, ?, 0)", (host, port, str(runtime)))
    for name in ("primary", "secondary", "own"):
        connection.execute("INSERT INTO key VALUES (?, ?)", (name, new_key()))
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _statements(script: str) -> Iterator[str]:
    """One by one, because ``executescript`` commits on its own."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def new_key() -> str:
    """A key that nobody guesses: 256 bits."""
    return secrets.token_urlsafe(32)


def connect(endpoint_dir: Path) -> sqlite3.Connection:
    """Open the state of an endpoint.

    Raises:
        NotFound: there is no such endpoint.
        ConfigurationError: the file is no state of this version's.
    """
    path = endpoint_dir / DATABASE
    if not path.is_file():
        raise _no_endpoint(endpoint_dir.name)
    with translated(path):
        connection = sqlite3.connect(f"{path.as_uri()}?mode=rw", timeout=BUSY_SECONDS, isolation_level=None, uri=True)
        try:
            # FULL: a split that was acknowledged survives the machine's power; a write takes a few ms more
            connection.execute("PRAGMA synchronous = FULL")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version == SCHEMA_VERSION:
                for statement in _statements(_ADDED):
                    connection.execute(statement)
        except BaseException:
            connection.close()
            raise
    if version == SCHEMA_VERSION:
        return connection
    connection.close()
    if version == 0:  # killed while it was created
        raise _no_endpoint(endpoint_dir.name)
    raise ConfigurationError(
        f"{path} was written by another version of finbehave: its format is {version}, not {SCHEMA_VERSION}",
        remedy="use that version of finbehave, or name another --workspace",
    )


def _no_endpoint(name: str) -> NotFound:
    return NotFound(
        f"there is no endpoint {name}", remedy="finbehave status lists the endpoints; finbehave deploy creates one"
    )


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say about the file into errors of ours."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise _error(str(error), path) from error


def _error(words: str, path: Path) -> Exception:
    lowered = words.lower()
    if "is full" in lowered or "no space" in lowered or "quota" in lowered:
        return DiskFull(f"no space left to write {path}")
    if "locked" in lowered:
        return Busy(f"{path} is locked by another program", remedy="run the command again when that one is done")
    if any(sign in lowered for sign in ("readonly", "read-only", "permission", "unable to open", "not a directory")):
        return ConfigurationError(
            f"{path} cannot be written: {words}", remedy="make it writable, or name another --workspace"
        )
    if "not a database" in lowered or "malformed" in lowered:
        return ConfigurationError(
            f"{path} is damaged: {words}", remedy=f"finbehave delete --endpoint {path.parent.name} --yes, then deploy"
        )
    return UnexpectedError(f"{path} cannot be used: {words}")
