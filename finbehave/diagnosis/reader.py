"""Logs as people paste them, made into lines that can be matched.

Colours, carriage returns and control characters go; answers wrapped in JSON are unwrapped; the container, time, level
and logger that stand before a message are set apart from it. Line numbers stay those of the log as it was given; of a
log that came as one JSON text, those of the text inside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

LONGEST_LINE = 20_000
"""Characters of one line that are looked at; beyond it is data, not a message."""

LONGEST_LOG = 32 << 20
"""Bytes of a log that are read; of a longer one, its end."""

_ANSI = re.compile(
    r"(?:\x1b|\x9b|␛|\^\[|\\x1b|\\u001b|\\033)\[[0-9;?]{0,40}[ -/]?[@-~]"  # colours, also where ESC became visible
    r"|\x1b\][^\x07\x1b]{0,400}(?:\x07|\x1b\\)"  # titles and links
    r"|\[\d{1,3}(?:;\d{1,3}){0,4}m"  # colours whose ESC was lost on the way
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_ESCAPED = re.compile(r"(?:\\r)?\\n")
_TEXT_KEYS = ("text", "log", "Log", "content", "message", "Message", "msg", "line", "MESSAGE")
_LEVEL_KEYS = ("level", "levelname", "severity", "lvl")
_STREAM_KEYS = ("deployment", "container", "pod", "ContainerName")


@dataclass(frozen=True)
class Line:
    """One line: ``text`` as it can be shown, ``body`` the message in it (indentation kept).

    ``level`` is ``error``, ``warning``, ``info``, ``debug`` or empty; ``record`` says that a logger wrote the line, and
    that it therefore begins a message. ``stream`` tells containers of one paste apart.
    """

    number: int
    text: str
    body: str
    level: str = ""
    record: bool = False
    stream: str = ""


class Logged(Protocol):
    """A line that a backend answered."""

    @property
    def text(self) -> str:
        """What was written."""

    @property
    def deployment(self) -> str:
        """Who wrote it."""


@dataclass(frozen=True)
class _Raw:
    number: int
    text: str
    stream: str = ""
    level: str = ""


def read_text(log: str | bytes) -> tuple[Line, ...]:
    """The lines of a log in one piece: plain, JSON lines, or wrapped in JSON as a whole."""
    text = log if isinstance(log, str) else decode(log)
    return tuple(_lines(_unwrapped(text)))


def read_lines(lines: Iterable[str | Logged]) -> tuple[Line, ...]:
    """The lines of a log that came as lines; each keeps its place as its number."""
    raw = [
        _Raw(number, line) if isinstance(line, str) else _Raw(number, line.text, line.deployment)
        for number, line in enumerate(lines, 1)
    ]
    return tuple(_lines(raw))


def decode(data: bytes) -> str:
    """Bytes to text: UTF-16 where they look like it (a log that PowerShell redirected), else UTF-8, never an error."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    head = data[:4096]
    if head.count(0) > len(head) // 4:
        return data.decode("utf-16-le", "replace")
    return data.decode("utf-8-sig", "replace")


def read_tail(stream: BinaryIO, limit: int = LONGEST_LOG) -> tuple[bytes, int]:
    """The last ``limit`` bytes of a stream, from the beginning of a line on, and how many lines were left out before.

    Reads in chunks, so that memory stays bounded whatever comes.
    """
    kept, left_out = bytearray(), 0
    while chunk := stream.read(1 << 20):
        kept += chunk
        if len(kept) > 2 * limit:
            left_out += _shorten(kept, limit)
    if len(kept) > limit:
        left_out += _shorten(kept, limit)
    return bytes(kept), left_out


def _shorten(kept: bytearray, limit: int) -> int:
    """Drop whole lines from the front until at most ``limit`` bytes are left; answer how many lines."""
    cut = kept.find(b"\n", len(kept) - limit - 1) + 1 or len(kept) - limit
    dropped = kept.count(b"\n", 0, cut)
    del kept[:cut]
    return dropped


# --- JSON around a log ------------------------------------------------------------------------------------


def _unwrapped(text: str) -> Iterable[_Raw]:
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start in ('"', "{", "["):
        inner = _inside(text)
        if inner is not None:
            return inner
        if text.strip().count("\n") < 3 and _ESCAPED.search(text):  # the wrapping was cut off with the tail
            return _numbered(_unescaped(text))
    return _numbered(text)


def _inside(text: str) -> list[_Raw] | None:
    """The lines inside one JSON document; None where the text is none, or is better read as it stands."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    leaves = list(_leaves(value))
    one_line = text.strip().count("\n") == 0
    if not one_line and not any("\n" in leaf.text.rstrip() for leaf in leaves) and not _is_lines(value):
        return None
    lines = [leaf for raw in leaves for leaf in _split(raw)]
    return [_Raw(number, line.text, line.stream, line.level) for number, line in enumerate(lines, 1)]


def _is_lines(value: Any) -> bool:
    while isinstance(value, dict):
        value = next((value[key] for key in ("result", "lines", "value", "logs") if key in value), None)
    return isinstance(value, list)


def _leaves(value: Any, depth: int = 0) -> Iterator[_Raw]:
    if isinstance(value, str):
        yield _Raw(0, value)
    elif isinstance(value, list) and depth < 40:
        for item in value:
            yield from _leaves(item, depth + 1)
    elif isinstance(value, dict) and depth < 40:
        message = next((value[key] for key in _TEXT_KEYS if isinstance(value.get(key), str)), None)
        if message is not None:
            code = value.get("code")
            said = f"{code}: {message}" if isinstance(code, str) and code else message
            yield _Raw(0, said, _first(value, _STREAM_KEYS), _level(_first(value, _LEVEL_KEYS)))
        for key, item in value.items():
            if message is None or not isinstance(item, str):
                yield from _leaves(item, depth + 1) if not isinstance(item, str) else [_Raw(0, f"{key}: {item}")]


def _first(value: dict[str, Any], keys: Sequence[str]) -> str:
    return next((value[key] for key in keys if isinstance(value.get(key), str)), "")


def _split(raw: _Raw) -> Iterator[_Raw]:
    for line in raw.text.rstrip("\r\n").split("\n"):
        yield _Raw(raw.number, line, raw.stream, raw.level)


def _unescaped(text: str) -> str:
    plain = _ESCAPED.sub("\n", text.strip())
    return plain.replace('\\"', '"').replace("\\t", "\t").replace("\\\\", "\\").lstrip('"')


def _numbered(text: str) -> list[_Raw]:
    if "\n" not in text:
        text = text.replace("\r", "\n")
    raw = [_Raw(number, line) for number, line in enumerate(text.split("\n"), 1)]
    return [inner for line in raw for inner in _json_line(line)]


def _json_line(raw: _Raw) -> Iterable[_Raw]:
    """A line that is a JSON object with a message in it, as container runtimes and JSON loggers write them."""
    text = raw.text.strip()
    if not (text.startswith("{") and text.endswith("}") and len(text) <= LONGEST_LINE):
        return (raw,)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return (raw,)
    leaves = list(_leaves(value)) if isinstance(value, dict) and _first(value, _TEXT_KEYS) else [raw]
    return [_Raw(raw.number, line.text, line.stream, line.level) for leaf in leaves for line in _split(leaf)]


# --- what stands before the message -----------------------------------------------------------------------

_TIME = re.compile(
    r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?\]?(?:[:,]| -(?= )| \|(?= |$))?(?: |$)"
)
_POD = re.compile(r"\[((?:pod/)?[\w.-]{1,120}/[\w./-]{1,120})\] ?")
_COMPOSE = re.compile(r"([\w.-]{1,80}-\d{1,3})\s{0,40}\| ?")
_COLOUR = re.compile(r"(blue|green) (?! *=)")
_RUNIT = re.compile(r"[\w-]{1,40}/(?:run|finish)(?: \|)? ?")
_CRI = re.compile(r"(?:stdout|stderr) [FP] ")
_STEP = re.compile(r"#\d{1,4} (?:\d{1,6}\.\d{1,4} )?")
_AZML = re.compile(r"([DIWEC]) \[\d{1,9}\] [\w.]{1,120} - ")
_OLD_AZML = re.compile(r"[\w.]{1,120} \| (DEBUG|INFO|WARNING|ERROR|CRITICAL) \| ?")
_NAMED = re.compile(r"[\w.]{1,120} - (DEBUG|INFO|WARNING|ERROR|CRITICAL) - ?")
_WORD = re.compile(
    r"(?:\[\d{1,9}\] )?\[?(DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\]?(?::[\w.]{1,80}:|:| -| \||(?<=\])|\b)"
    r"(?: {1,5}|$|(?<=:))"
)
_UV = re.compile(r"(warning|error): ")
_MARKS = (_POD, _COMPOSE, _TIME, _CRI, _TIME, _COLOUR, _RUNIT, _STEP, _AZML, _OLD_AZML, _NAMED, _WORD, _UV)
_LEVELLED = frozenset([_AZML, _OLD_AZML, _NAMED, _WORD, _UV])
_STREAMED = frozenset([_POD, _COMPOSE, _COLOUR])
_LEVELS = {
    "d": "debug", "debug": "debug", "i": "info", "info": "info", "notice": "info", "w": "warning", "warn": "warning",
    "warning": "warning", "e": "error", "error": "error", "c": "error", "critical": "error", "fatal": "error",
}  # fmt: skip


def _level(word: str) -> str:
    return _LEVELS.get(word.lower(), "")


def _lines(raw: Iterable[_Raw]) -> Iterator[Line]:
    for one in raw:
        text = _clean(one.text)
        body, level, record, stream = _apart(text)
        yield Line(one.number, text, body, level or one.level, record or bool(one.level), one.stream or stream)


def _clean(text: str) -> str:
    text = text[:LONGEST_LINE].rstrip("\r\n").replace("\r", " ").replace("\n", " ")
    if not text.isascii() or not text.isprintable() or "[" in text or "\\" in text:
        text = _CONTROL.sub("", _ANSI.sub("", text))
    return text.rstrip()


def _apart(text: str) -> tuple[str, str, bool, str]:
    """Message, level, whether a logger wrote it, and the container, of one clean line."""
    level = stream = ""
    record = False
    at = 0
    left = list(_MARKS)
    while at < len(text) and not text[at].isspace():
        match = next(((mark, found) for mark in left if (found := mark.match(text, at))), None)
        if match is None or match[1].end() == at:
            break
        mark, found = match
        left.remove(mark)
        at = found.end()
        if mark in _LEVELLED:
            level, record = _level(found[1]), True
        elif mark in _STREAMED:
            stream = found[1]
    return text[at:], level, record, stream


def text_of(lines: Sequence[Line]) -> str:
    """The messages below one another, in small letters; as long as the messages themselves."""
    return "\n".join(line.body for line in lines).replace("\u0130", "i").lower()
