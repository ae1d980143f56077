"""Python tracebacks in a log: their frames, what was raised, and how one exception led to the next.

Reads them as they are found: in the middle of other lines, without their head or their tail, without indentation,
as exception groups, and with lines of other containers between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from finbehave.diagnosis.reader import Line

_HEADER = "Traceback (most recent call last)"
_DIRECT = "The above exception was the direct cause of the following exception"
_DURING = "During handling of the above exception, another exception occurred"
_FRAME = re.compile(r"\s{0,40}File \"([^\"]{0,1000})\", line (\d{1,9})(?:, in (.{1,300}))?\s*$")
_RAISED = re.compile(r"\s?([A-Za-z_][\w.]{0,200})(?::(?: (.*))?)?$", re.DOTALL)
_EXCEPTION_NAME = re.compile(
    r"(?:\w+\.)*(?:\w*(?:Error|Exception|Warning|Timeout|Interrupt|Exit|Fault|NotFound|Invalid|Refused|Missing|Failed)"
    r"|StopIteration|UserScript\w*)$"
)
_GROUP = re.compile(r"\s{0,40}(?:\| ?|\+[-+ ]*(?=Exception Group|\+|-|$))")
_MOST_FRAMES, _LONGEST_MESSAGE = 2000, 60


class Link(str, Enum):
    """How an exception came from the one before it."""

    FIRST = "first"
    DIRECT = "direct"
    DURING = "during"


@dataclass(frozen=True)
class Frame:
    """One call. ``source`` is empty where the log does not show it."""

    file: str
    function: str
    source: str

    def __str__(self) -> str:
        return f"{self.file}:{self.function}:{self.source}"


@dataclass(frozen=True)
class Raised:
    """One exception: ``at`` is the index of the line that names it, ``end`` that of the last line of its message."""

    kind: str
    message: str
    at: int
    end: int
    frames: tuple[Frame, ...]
    link: Link


@dataclass(frozen=True)
class Chain:
    """Exceptions that led to one another, in the order in which they were raised.

    ``start`` and ``end`` are indices of lines; ``intro`` is what introduces it; ``level`` is the level at which it was
    logged.
    """

    raised: tuple[Raised, ...]
    start: int
    end: int
    intro: str
    level: str


def find_chains(lines: Sequence[Line]) -> list[Chain]:
    """Every traceback, each container by itself, in the order of the log."""
    streams: dict[str, list[int]] = {}
    for index, line in enumerate(lines):
        streams.setdefault(line.stream, []).append(index)
    found = [chain for indices in streams.values() for chain in _Reader(lines, indices).chains()]
    return sorted(found, key=lambda chain: chain.start)


class _Reader:
    """Walks the lines of one container once."""

    def __init__(self, lines: Sequence[Line], indices: Sequence[int]) -> None:
        self.lines = lines
        self.indices = indices
        self.at = 0

    def body(self, at: int) -> str:
        if at >= len(self.indices):
            return ""
        body = self.lines[self.indices[at]].body
        if body.lstrip()[:1] in ("|", "+"):
            body = _GROUP.sub("", body)
        return body

    def chains(self) -> Iterator[Chain]:
        while self.at < len(self.indices):
            body = self.body(self.at)
            if _HEADER in body or _FRAME.match(body) or _link(body):
                chain = self._chain()
                if chain:
                    yield chain
            else:
                self.at += 1

    def _chain(self) -> Chain | None:
        start = self.at
        raised: list[Raised] = []
        link: Link | None = _link(self.body(self.at))
        if link is not None:  # its first part was cut off above
            orphan = self._before(self.at)
            raised += [orphan] if orphan else []
            self.at += 1
        while True:
            one = self._raised(link or Link.FIRST)
            if one:
                raised.append(one)
            link = self._next_link()
            if link is None:
                break
        if not raised:
            return None
        intro, level = self._intro(start)
        first = min(self.indices[start], raised[0].at)
        return Chain(tuple(raised), first, raised[-1].end, intro, level)

    def _before(self, at: int) -> Raised | None:
        back = next((step for step in range(1, 4) if at - step >= 0 and self.body(at - step).strip()), None)
        if back is None:
            return None
        match = _RAISED.match(self.body(at - back))
        if not match or not _EXCEPTION_NAME.match(match[1]):
            return None
        index = self.indices[at - back]
        return Raised(match[1], match[2] or "", index, index, (), Link.FIRST)

    def _next_link(self) -> Link | None:
        ahead = self.at
        while ahead < len(self.indices) and ahead - self.at < 3 and not self.body(ahead).strip():
            ahead += 1
        link = _link(self.body(ahead))
        if link is not None:
            self.at = ahead + 1
        return link

    def _raised(self, link: Link) -> Raised | None:
        """Frames, then the line that names the exception, then the rest of its message."""
        while self.at < len(self.indices) and not self.body(self.at).strip():
            self.at += 1
        if _HEADER in self.body(self.at):
            self.at += 1
        frames = self._frames()
        match = self._exception(frames)
        if match is None:
            return None
        at = self.at
        self.at += 1
        end = self._message_end()
        rest = [self.body(index) for index in range(at + 1, end + 1)]
        message = "\n".join([match[2] or "", *rest])
        return Raised(match[1], message, self.indices[at], self.indices[end], tuple(frames), link)

    def _exception(self, frames: Sequence[Frame]) -> re.Match[str] | None:
        body = self.body(self.at)
        match = _RAISED.match(body) if self.at < len(self.indices) and not body[:2].isspace() else None
        if match is None or (not frames and not _EXCEPTION_NAME.match(match[1])):
            return None
        return match

    def _frames(self) -> list[Frame]:
        frames: list[Frame] = []
        flat = False
        while self.at < len(self.indices) and len(frames) < _MOST_FRAMES:
            body = self.body(self.at)
            match = _FRAME.match(body)
            if match:
                flat = not body[:1].isspace()
                source = self._source(self.at + 1, flat=flat)
                frames.append(Frame(match[1], match[3] or "", source.strip()))
                self.at += 2 if source else 1
            elif body[:1].isspace() or (frames and self._is_filler(body, flat=flat)):
                self.at += 1
            else:
                break
        return frames

    def _is_filler(self, body: str, *, flat: bool) -> bool:
        """Whether a line among frames says nothing: a mark below the source, a count, a stray empty line."""
        if body:
            return body.startswith("[Previous line repeated") or (flat and body.startswith(("~", "^")))
        following = self.body(self.at + 1)
        match = _RAISED.match(following)
        return bool(_FRAME.match(following) or (match and _EXCEPTION_NAME.match(match[1])))

    def _source(self, at: int, *, flat: bool) -> str:
        body = self.body(at)
        if _FRAME.match(body) or not body.strip():
            return ""
        if body[:1].isspace():
            return body
        if not flat or self.lines[self.indices[at]].record or _HEADER in body:
            return ""
        match = _RAISED.match(body)
        return "" if match and _EXCEPTION_NAME.match(match[1]) else body

    def _message_end(self) -> int:
        """The position of the last line of a message; ``self.at`` is moved behind it."""
        first = self.at
        while self.at < len(self.indices) and self.at - first < _LONGEST_MESSAGE:
            body = self.body(self.at)
            record = self.lines[self.indices[self.at]].record
            if not body.strip() or record or _HEADER in body or _link(body) or _FRAME.match(body):
                break
            self.at += 1
        return self.at - 1

    def _intro(self, start: int) -> tuple[str, str]:
        """What the log says about a traceback that begins here, and the level at which it was logged.

        That is the header's own record, or the line above where the header begins a line of its own (unless that line
        is about something that went well).
        """
        header = self.lines[self.indices[start]]
        if header.record or start == 0:
            return header.body, header.level
        above = self.lines[self.indices[start - 1]]
        return f"{above.body}\n{header.body}", above.level if above.level in ("warning", "error") else ""


def _link(body: str) -> Link | None:
    if _DIRECT in body:
        return Link.DIRECT
    if _DURING in body:
        return Link.DURING
    return None
