"""The structured log of every run: JSON lines in the workspace, rotated, with secrets redacted."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import traceback as tracebacks
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from finbehave.redaction import redact

_LOGGER = logging.getLogger("finbehave")
_BYTES, _FILES = 2_000_000, 5


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        fields = {"time": moment, "level": record.levelname.lower(), "pid": os.getpid(), "event": record.getMessage()}
        return redact(json.dumps(fields | getattr(record, "fields", {}), default=str, ensure_ascii=False))


class _Kept(RotatingFileHandler):
    def handleError(self, _record: logging.LogRecord) -> None:
        """Say nothing: a log that finds no space is no reason to trouble whoever waits for the command."""


def open_log(workspace: Path, command: str, *, debug: bool) -> Path | None:
    """Log this run to ``WORKSPACE/logs/finbehave.jsonl``; None where that cannot be written.

    A workspace that cannot be written is reported by the command that needs it, not by its log.
    """
    _LOGGER.handlers.clear()
    _LOGGER.propagate = False
    _LOGGER.setLevel(logging.DEBUG if debug else logging.INFO)
    if debug:
        shown = logging.StreamHandler(sys.stderr)
        shown.setFormatter(_JsonLines())
        _LOGGER.addHandler(shown)
    path = workspace / "logs" / "finbehave.jsonl"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = _Kept(path, maxBytes=_BYTES, backupCount=_FILES, encoding="utf-8")
    except OSError:
        return None
    kept.setFormatter(_JsonLines())
    _LOGGER.addHandler(kept)
    record("started", command=command)
    return path


def record(event: str, **fields: Any) -> None:
    """Add one line."""
    _LOGGER.info(event, extra={"fields": fields})


def traceback(error: BaseException) -> Path | None:
    """Log the traceback; answer the file it is in."""
    lines = "".join(tracebacks.format_exception(error))
    _LOGGER.error("traceback", extra={"fields": {"traceback": lines}})
    for handler in _LOGGER.handlers:
        if isinstance(handler, RotatingFileHandler):
            return Path(handler.baseFilename)
    return None
