"""Environment markers of requirements (PEP 508), evaluated for this interpreter with the standard library alone.

An environment of a model need not hold ``packaging``. Comparisons follow PEP 440 as far as markers use it: release
numbers compared as numbers, and anything else as text.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from typing import Callable

_TOKENS = re.compile(
    r"""\s*(?:(?P<text>'[^']*'|"[^"]*") | (?P<operator>===|==|~=|!=|<=|>=|<|>|\(|\)) | (?P<word>[A-Za-z_][\w.]*))""",
    re.VERBOSE,
)
_COMPARISONS: dict[str, Callable[[int], bool]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    "==": lambda order: order == 0,
    "===": lambda order: order == 0,
    "!=": lambda order: order != 0,
    ">=": lambda order: order >= 0,
    ">": lambda order: order > 0,
}


def holds(marker: str, extra: str = "") -> bool:
    """Whether a marker is true here. One that cannot be read counts as true: better a line too many than too few."""
    try:
        return _Reader(marker, extra).read()
    except (ValueError, IndexError):
        return True


def variables(extra: str = "") -> dict[str, str]:
    """The variables of PEP 508 and their values here."""
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": platform.python_version(),
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": "{}.{}".format(*sys.version_info[:2]),
        "sys_platform": sys.platform,
        "extra": extra,
    }


class _Reader:
    """Reads ``or`` over ``and`` over comparisons, from left to right."""

    def __init__(self, marker: str, extra: str) -> None:
        self.tokens = _tokens(marker)
        self.at = 0
        self.values = variables(extra)

    def read(self) -> bool:
        value = self._any()
        if self.at != len(self.tokens):
            raise ValueError("words after the end of a marker")
        return value

    def _next(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def _follows(self, word: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == word:
            self.at += 1
            return True
        return False

    def _any(self) -> bool:
        value = self._all()
        while self._follows("or"):
            value = self._all() or value
        return value

    def _all(self) -> bool:
        value = self._one()
        while self._follows("and"):
            value = self._one() and value
        return value

    def _one(self) -> bool:
        if self._follows("("):
            value = self._any()
            if not self._follows(")"):
                raise ValueError("a bracket that is not closed")
            return value
        left, operator, right = self._next(), self._next(), self._next()
        if operator == "not":
            operator, right = "not in", self._next()
        return _compare(self._value(left), operator, self._value(right))

    def _value(self, token: str) -> str:
        if token[0] in "'\"":
            return token[1:-1]
        if token not in self.values:
            raise ValueError(f"{token} is not a variable of a marker")
        return self.values[token]


def _tokens(marker: str) -> list[str]:
    tokens, at = [], 0
    marker = marker.strip()
    while at < len(marker):
        match = _TOKENS.match(marker, at)
        if match is None:
            raise ValueError(f"{marker[at:]!r} is not part of a marker")
        tokens.append(match[0].strip())
        at = match.end()
    return tokens


def _compare(left: str, operator: str, right: str) -> bool:
    if operator == "in":
        return left in right
    if operator == "not in":
        return left not in right
    if operator == "~=":
        prefix = right.rsplit(".", 1)[0]
        return _compare(left, ">=", right) and _compare(left, "==", prefix + ".*")
    if right.endswith(".*") and operator in ("==", "!="):
        wanted = right[:-2].split(".")
        return (left.split(".")[: len(wanted)] == wanted) is (operator == "==")
    if operator not in _COMPARISONS:
        raise ValueError(f"{operator} is not a comparison")
    return _COMPARISONS[operator](_order(left, right))


def _order(left: str, right: str) -> int:
    numbers = _release(left), _release(right)
    if numbers[0] is None or numbers[1] is None:
        return (left > right) - (left < right)
    return (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])


def _release(text: str) -> list[int] | None:
    """The numbers of a version without the zeros at its end; None for what is no version."""
    match = re.match(r"\d+(?:\.\d+)*", text)
    if match is None:
        return None
    numbers = [int(part) for part in match[0].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers
