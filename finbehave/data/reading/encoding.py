"""How the bytes of a text file are read as text: found from the bytes, said, or refused; never guessed into mojibake.

UTF-8 and UTF-16 prove themselves. Anything else is taken for Windows-1252 (the Western European code page that Excel
writes) only where the words it gives are words that some Western European language could write; otherwise the file
is refused with the line and the byte.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

from finbehave.data.reading.formats import refuse_stranger
from finbehave.data.reading.western import could_be_western
from finbehave.errors import DataRefused
from finbehave.progress import Progress

_BLOCK = 1 << 20
_TAIL = 1 << 16

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_GARBLED = re.compile(rb"[A-Za-z]*(?:\xc3\x83\xc2[\x80-\xbf]|\xc3\xa2\xe2\x82\xac\S)[A-Za-z]*")
"""UTF-8 that was once read as Windows-1252 and saved as UTF-8 again: Ã with a symbol after it, or â€ with one."""
_SUSPECT_SHARE = 0.1
_WORDS_KEPT = 20_000


@dataclass(frozen=True)
class Survey:
    """What one pass over the bytes found.

    ``encoding`` is a Python codec; ``tail`` the last bytes; ``quotes`` the number of double quotes in all of the file;
    ``examples`` words that show how bytes beyond ASCII were read, where that had to be decided; ``garbled`` a word that
    was garbled before the file was written, if there is one.
    """

    sha256: str
    encoding: str
    tail: bytes
    quotes: int
    examples: tuple[str, ...] = ()
    garbled: str = ""


class _Hashing(io.RawIOBase):
    """A file that hashes what is read from it, so that a gzipped file is read once for both."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.hash = hashlib.sha256()
        self.done = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        count = self.file.readinto(buffer)  # type: ignore[attr-defined]
        self.hash.update(memoryview(buffer)[:count])
        self.done += count
        return int(count)


def survey(path: Path, *, gzipped: bool, progress: Progress) -> Survey:
    """Read every byte once: hash the file, find its encoding, keep its end.

    Raises:
        DataRefused: a damaged gzip, zero bytes, bytes of no encoding that can be told, naming line and byte.
    """
    total = path.stat().st_size
    with path.open("rb") as file:
        hashing = _Hashing(file)
        whole: BinaryIO = io.BufferedReader(hashing, _BLOCK)  # type: ignore[type-var]
        stream = gzip.GzipFile(fileobj=whole) if gzipped else whole
        block = _read(path, stream)
        refuse_stranger(path, block[:512])
        named = _by_first_bytes(block)
        scan = _Scan(codecs.getincrementaldecoder(named or "utf-8")(), zeros_allowed=named is not None)
        while block:
            scan.take(block)
            progress.advance(f"reading {path.name}", hashing.done, total + 1)
            block = _read(path, stream)
        scan.end()
    progress.advance(f"reading {path.name}", 1, 1)
    sha256 = hashing.hash.hexdigest()
    if scan.valid:
        return Survey(sha256, named or "utf-8", scan.tail, scan.quotes, garbled=scan.garbled)
    if named:
        _refuse_at_first_fault(path, gzipped, named)
    return Survey(sha256, "cp1252", scan.tail, scan.quotes, _as_windows_1252(path, gzipped))


class _Scan:
    """What is kept of the blocks that went by."""

    def __init__(self, decoder: codecs.IncrementalDecoder, *, zeros_allowed: bool) -> None:
        self.decoder = decoder
        self.zeros_allowed = zeros_allowed
        self.valid = True
        self.tail = b""
        self.quotes = 0
        self.garbled = ""

    def take(self, block: bytes) -> None:
        self.valid = self.valid and self._decodes(block) and (self.zeros_allowed or b"\0" not in block)
        self.quotes += block.count(b'"')
        if not self.garbled and not block.isascii() and (found := _GARBLED.search(block)):
            self.garbled = found[0].decode("utf-8", "replace")
        self.tail = (self.tail + block)[-_TAIL:] if len(block) < _TAIL else block[-_TAIL:]

    def end(self) -> None:
        self.valid = self.valid and self._decodes(b"", final=True)

    def _decodes(self, block: bytes, *, final: bool = False) -> bool:
        try:
            self.decoder.decode(block, final)
        except UnicodeDecodeError:
            return False
        return True


def _read(path: Path, stream: BinaryIO | gzip.GzipFile) -> bytes:
    try:
        return stream.read(_BLOCK)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataRefused(
            f"{path} is a gzip file that is cut off or damaged ({error})", remedy="copy or download the file again"
        ) from None


def _by_first_bytes(head: bytes) -> str | None:
    """The encoding that a byte order mark names, or that zero bytes in every second place show; else None."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    start = head[:4096]
    if len(start) >= 8 and b"\0" in start:
        even, odd = start[::2].count(0), start[1::2].count(0)
        if odd > 0.3 * len(start) / 2 and not even:
            return "utf-16-le"
        if even > 0.3 * len(start) / 2 and not odd:
            return "utf-16-be"
    return None


@contextmanager
def open_bytes(path: Path, *, gzipped: bool) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked where it is gzipped."""
    with path.open("rb") as file:
        if gzipped:
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield unpacked  # type: ignore[misc]
        else:
            yield file


@contextmanager
def open_text(path: Path, *, gzipped: bool, encoding: str) -> Iterator[TextIO]:
    """The text of a file, line ends as they are."""
    with open_bytes(path, gzipped=gzipped) as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
        yield text


def _refuse_at_first_fault(path: Path, gzipped: bool, encoding: str) -> None:
    """Find the first place that does not decode and refuse it."""
    decoder = codecs.getincrementaldecoder(encoding)()
    read, lines = 0, 1
    with open_bytes(path, gzipped=gzipped) as stream:
        while block := stream.read(_BLOCK):
            try:
                lines += decoder.decode(block, len(block) < _BLOCK).count("\n")
            except UnicodeDecodeError as error:
                lines += error.object[: error.start].decode(encoding, "ignore").count("\n")
                raise DataRefused(
                    f"{path} line {lines:,}: the bytes from {read + error.start:,} on are not {encoding} "
                    f"({error.reason})",
                    remedy="copy or download the file again, or save it as UTF-8",
                ) from None
            read += len(block)
    raise DataRefused(f"{path} is not {encoding} text to its end", remedy="copy or download the file again")


# --- Windows-1252, or no answer ---------------------------------------------------------------------------


_WORD = re.compile(r"[^\s\x00-\x40\x5b-\x60\x7b-\x7f]+")


def _as_windows_1252(path: Path, gzipped: bool) -> tuple[str, ...]:
    """Words beyond ASCII that Windows-1252 gives; refuse the file where that cannot be its encoding."""
    words: dict[str, int] = {}
    utf8_line: tuple[int, bytes] | None = None
    other: tuple[int, bytes] | None = None
    with open_bytes(path, gzipped=gzipped) as stream:
        for number, line in enumerate(stream, start=1):
            if b"\0" in line:
                raise _refusal(path, number, line, line.index(0), "is a zero byte: the file is no text")
            if line.isascii():
                continue
            if _is_utf8(line):
                utf8_line = utf8_line or (number, line)
                continue
            other = other or (number, line)
            for word in _WORD.findall(_western(path, number, line)):
                if not word.isascii() and len(words) < _WORDS_KEPT:
                    words.setdefault(word, number)
    if utf8_line and other:
        place = next(place for place, byte in enumerate(other[1]) if byte > 127)
        raise _refusal(path, *other, place, f"is not UTF-8, while line {utf8_line[0]:,} is")
    _refuse_doubtful(path, words)
    return tuple(sorted(words, key=lambda word: words[word])[:3])


def _western(path: Path, number: int, line: bytes) -> str:
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError as error:
        raise _refusal(path, number, line, error.start, "is neither UTF-8 nor Windows-1252") from None


def _refuse_doubtful(path: Path, words: dict[str, int]) -> None:
    doubtful = [word for word in words if not could_be_western(word)]
    if len(doubtful) <= _SUSPECT_SHARE * len(words):
        return
    word = doubtful[0]
    first = next(letter for letter in word if not letter.isascii())
    raise DataRefused(
        f"{path} line {words[word]:,}: not UTF-8, and byte 0x{first.encode('cp1252')[0]:02x} read as Windows-1252 "
        f"gives {word!r}, which looks like text in another encoding",
        remedy=f"save it as UTF-8; with its encoding in place of WINDOWS-1250: "
        f"iconv -f WINDOWS-1250 -t UTF-8 {path} > utf8.csv",
    )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _refusal(path: Path, number: int, line: bytes, place: int, why: str) -> DataRefused:
    return DataRefused(
        f"{path} line {number:,}: byte 0x{line[place]:02x} (the {place + 1:,}th of the line) {why}",
        remedy=f"save it as UTF-8, for example: iconv -f WINDOWS-1252 -t UTF-8 {path} > utf8.csv",
    )
