"""What a process prints, with the time in front of each line. Standard library only; Python 3.8 and later.

The process writes to the log file itself: nobody has to be alive to take it, and a disk that is full ends nothing.
"""

from __future__ import annotations

import datetime
import faulthandler
import io
import os
import sys
import threading


class StampedLines(io.TextIOBase):
    """A text stream over a file descriptor; each line is one write."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._line = ""
        self._lock = threading.Lock()

    def writable(self) -> bool:
        """Yes."""
        return True

    def fileno(self) -> int:
        """Where the lines go."""
        return self._descriptor

    def write(self, text: str) -> int:
        """Write the lines that are whole and keep the rest."""
        with self._lock:
            *lines, self._line = (self._line + text).split("\n")
            for line in lines:
                self._put(line)
        return len(text)

    def flush(self) -> None:
        """Write what is no whole line yet."""
        with self._lock:
            line, self._line = self._line, ""
            if line:
                self._put(line)

    def _put(self, line: str) -> None:
        moment = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
        stamped = f"{moment.replace('+00:00', 'Z')} {line}\n"
        try:
            os.write(self._descriptor, stamped.encode("utf-8", "backslashreplace"))
        except OSError:
            return  # a disk that is full costs the line, not the answer that was being given


def stamp_output() -> None:
    """From now on what this process prints has its time, and a crash in C code leaves the Python stack."""
    sys.stdout = StampedLines(1)
    sys.stderr = StampedLines(2)
    faulthandler.enable(file=2)
