"""The bytes of a model file: compression taken away, read forward, never more in memory than a chunk.

Limits are on what the file makes us do, not on what it says: a length beyond the end is an error at once where the
size is known, and decompression stops at ``MOST_BYTES`` or when ``deadline`` has passed.
"""

from __future__ import annotations

import bz2
import functools
import gzip
import io
import lzma
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

CHUNK = 1 << 18
MOST_BYTES = 64 << 30
SECONDS = 20.0
HEAD = 1 << 14
"""A blob keeps this much of its beginning …"""
MOST_HEADS = 1 << 22
"""… until all of them together hold this much; from then on ``SHORT_HEAD``."""
SHORT_HEAD = 64


class Broken(Exception):
    """The file does not hold what it should. ``code`` is stable; the text is for a person."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


COMPRESSIONS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x5d\x00", "lzma"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"ZF0x", "zfile"),
    (b"\x78\x01", "zlib"),
    (b"\x78\x5e", "zlib"),
    (b"\x78\x9c", "zlib"),
    (b"\x78\xda", "zlib"),
)
"""First bytes -> how joblib compresses (``zfile``: joblib up to 0.9)."""


def compression_of(head: bytes) -> str | None:
    """The compression that the first bytes show."""
    return next((name for magic, name in COMPRESSIONS if head.startswith(magic)), None)


class _Inflating(io.RawIOBase):
    """A zlib stream as a file (the standard library has none). Holds one chunk of either side."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._inflater = zlib.decompressobj()
        self._pending = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            if self._inflater.eof:
                return 0
            if not self._pending:
                self._pending = self._file.read(CHUNK)
                if not self._pending:
                    raise EOFError("the compressed data ends early")
            data = self._inflater.decompress(self._pending, len(buffer))
            self._pending = self._inflater.unconsumed_tail
            if data:
                buffer[: len(data)] = data
                return len(data)


def _zfile(file: IO[bytes]) -> IO[bytes]:
    file.read(2 + 19)  # "ZF", the length in hexadecimal, padded
    if file.read(1) != b" ":
        file.seek(-1, io.SEEK_CUR)
    return io.BufferedReader(_Inflating(file), CHUNK)


def _lz4(file: IO[bytes]) -> IO[bytes]:
    try:
        import lz4.frame
    except ImportError:
        raise Broken("lz4-missing", "it is compressed with lz4, and the lz4 package is not installed here") from None
    opened: IO[bytes] = lz4.frame.open(file)
    return opened


_OPENERS: dict[str, Callable[[IO[bytes]], Any]] = {
    "gzip": lambda file: gzip.GzipFile(fileobj=file),
    "bz2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
    "lzma": functools.partial(lzma.LZMAFile, format=lzma.FORMAT_ALONE),
    "zlib": lambda file: io.BufferedReader(_Inflating(file), CHUNK),
    "zfile": _zfile,
    "lz4": _lz4,
}

_DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError, RuntimeError, ValueError)
"""What the decompressors raise on damaged data."""


class Source:
    """A forward reader with a position. Everything raises ``Broken``.

    ``packed`` says whether whoever loads the file unpacks it by its first bytes, as joblib does and numpy does not.
    """

    def __init__(self, path: Path, *, seconds: float = SECONDS, packed: bool = True) -> None:
        self._file = path.open("rb")
        self.path = path
        self.stored_bytes = path.stat().st_size
        self.compression = compression_of(self._file.read(8)) if packed else None
        self._file.seek(0)
        self._data: Any = _OPENERS[self.compression](self._file) if self.compression else self._file
        self._deadline = time.monotonic() + seconds
        self._heads = 0
        self.position = 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def head(self, count: int) -> bytes:
        """The first bytes, for sniffing; then start anew."""
        data = self._some(count)
        self._data.seek(0) if self.compression not in ("zlib", "zfile") else self._reopen()
        return data

    def _reopen(self) -> None:
        self._file.seek(0)
        self._data = _OPENERS[self.compression or ""](self._file)

    def _some(self, count: int) -> bytes:
        try:
            parts = []
            while count > 0 and (part := self._data.read(count)):
                parts.append(part)
                count -= len(part)
            return b"".join(parts)
        except _DAMAGED as error:
            raise Broken("model-corrupt", f"the {self.compression or ''} data is damaged: {error}") from None

    def read(self, count: int) -> bytes:
        """Exactly that many bytes (few: for lengths that the file names use ``blob``)."""
        data: bytes = self._data.read(count) if not self.compression else self._some(count)
        if len(data) != count:
            raise _cut(self.position)
        self.position += count
        return data

    def line(self) -> bytes:
        """A line without its end, cut to ``LONGEST_TEXT`` bytes and more where it is longer."""
        kept, length = b"", 0
        while True:
            try:
                part = self._data.readline(CHUNK)
            except _DAMAGED as error:
                raise Broken("model-corrupt", f"the {self.compression or ''} data is damaged: {error}") from None
            if not part:
                raise _cut(self.position)
            length += len(part)
            self.position += len(part)
            if len(kept) < HEAD:
                kept += part[: HEAD - len(kept)]
            if part.endswith(b"\n"):
                return kept.rstrip(b"\n") if length <= len(kept) else kept
            self.check_time()

    def blob(self, count: int) -> bytes:
        """Pass over that many bytes and return how they begin."""
        wanted = HEAD if self._heads < MOST_HEADS else SHORT_HEAD
        if not self.compression and count > self.stored_bytes - self.position:
            raise Broken(
                "model-corrupt",
                f"at byte {self.position} it announces {count} bytes, and {self.stored_bytes - self.position} are left",
            )
        head = self.read(min(count, wanted))
        if len(head) > SHORT_HEAD:
            self._heads += len(head)
        self.skip(count - len(head))
        return head

    def skip(self, count: int) -> None:
        """Pass over bytes."""
        if not self.compression:
            self._data.seek(count, io.SEEK_CUR)
            self.position += count
            return
        while count > 0:
            part = self._some(min(count, CHUNK))
            if not part:
                raise _cut(self.position)
            self.position += len(part)
            count -= len(part)
            self.check_time()

    def at_end(self) -> bool:
        """Whether nothing follows."""
        try:
            return not self._some(1)
        except Broken:
            return False

    def check_time(self) -> None:
        """Give up on what takes too long."""
        if time.monotonic() > self._deadline or self.position > MOST_BYTES:
            raise Broken("too-much-to-read", f"reading it was given up after {self.position} bytes")


def _cut(position: int) -> Broken:
    return Broken("model-corrupt", f"it ends at byte {position}, in the middle: the file was cut off")
