"""Silence around the Azure SDK: its dots, bars, warnings and loggers reach neither stream.

``--output json`` stays one document and a person reads our words only; with ``--debug`` everything is let through.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

_ALONE = threading.RLock()
"""Streams are the process's own: one call of the SDK at a time may have them turned away."""


@contextmanager
def quiet(*, debug: bool) -> Iterator[None]:
    """Run a block with the SDK's words turned away from stdout, and from stderr unless ``debug``."""
    with _ALONE:
        if debug:
            import sys

            with redirect_stdout(sys.stderr):  # one document on stdout even so
                yield
            return
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            yield


def hush() -> None:
    """Take the handlers away that the SDK's modules have given their loggers on import."""
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] in ("azure", "msal", "msrest"):
            logger = logging.getLogger(name)
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(logging.NOTSET)
    for name in ("azure", "msal", "msrest"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def without_dots() -> None:
    """Its pollers print a dot a round from threads of their own, which outlive the call that a block can guard."""
    from azure.ai.ml._utils import _azureml_polling

    _azureml_polling.print = _nothing  # type: ignore[attr-defined]


def _nothing(*words: object, **how: object) -> None:
    """Takes the place of ``print`` in that one module."""
