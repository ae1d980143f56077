"""Answers of one deployment, by the body that asked for them. A deployment's model never changes, so none gets old."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b

from finbehave.backends.local.gateway.link import Answer

LONGEST_BODY = 16 * 1024
"""Of longer requests the same one hardly comes twice."""

MOST_BYTES = 64 * 1024 * 1024


class Remembered:
    """As many answers as ``most``; those that were not asked for the longest go first."""

    def __init__(self) -> None:
        self.most = 0
        self.hits = 0
        self.misses = 0
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()
        self._bytes = 0

    def find(self, body: bytes, *, sampled: bool) -> Answer | None:
        """The answer to exactly this body; with its sample, where one is wanted."""
        if not self.most or len(body) > LONGEST_BODY:
            return None
        digest = _digest(body)
        answer = self._answers.get(digest)
        if answer is None or (sampled and not answer.sample):
            self.misses += 1
            return None
        self.hits += 1
        self._answers.move_to_end(digest)
        return answer

    def keep(self, body: bytes, answer: Answer) -> None:
        """Remember a good answer."""
        if not self.most or len(body) > LONGEST_BODY or answer.status != 200:
            return
        digest = _digest(body)
        if (before := self._answers.pop(digest, None)) is not None:
            self._bytes -= _size(before)
        self._answers[digest] = answer._replace(micros=0)  # given again, it costs nothing
        self._bytes += _size(answer)
        self.shrink()

    def shrink(self) -> None:
        """Back to what may be kept."""
        while self._answers and (len(self._answers) > self.most or self._bytes > MOST_BYTES):
            _, gone = self._answers.popitem(last=False)
            self._bytes -= _size(gone)


def _size(answer: Answer) -> int:
    return len(answer.body) + len(answer.sample)


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=16).digest()
