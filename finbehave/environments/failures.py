"""What uv and the operating system say when an environment cannot be built, turned into errors of ours.

The knowledge is a table: a pattern of the tool's words, and the error that it means. The words were read from uv 0.5
to 0.13; a sentence that no row knows becomes an ``UnexpectedError`` with the tool's own last words.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from finbehave.errors import (
    AccessDenied,
    ConfigurationError,
    DiskFull,
    EnvironmentImpossible,
    FinbehaveError,
    NoNetwork,
    Unavailable,
    UnexpectedError,
)

_NETWORK_REMEDY = (
    "connect to the network and run the command again, or point UV_INDEX_URL at a package index (or UV_FIND_LINKS at "
    "a folder of wheels) that this machine can reach"
)
_NO_WHEEL = re.compile(r"no usable wheels|no wheels with a matching|no matching distribution|building from source is")
_BECAUSE = re.compile(r"Because .*", re.DOTALL)
_CONCLUSION = re.compile(r",? ?we can conclude that (?:your requirements|the requirements) are unsatisfiable\.?")
_DECORATION = re.compile(r"[╰─▶│×├]")

Pattern = tuple[re.Pattern[str], Callable[[str, str], FinbehaveError]]


def os_failure(error: OSError, path: Path) -> FinbehaveError:
    """The error of ours for a file or folder of the cache that could not be written or read."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _disk_full("", str(path))
    return ConfigurationError(
        f"{error.filename or path} cannot be used: {error.strerror or error}",
        remedy="make the folder writable, or name another one with FINBEHAVE_CACHE",
    )


def uv_failure(stderr: str, origin: str, requirements: Sequence[str], python: str) -> FinbehaveError:
    """The error of ours for a failed ``uv`` run.

    Args:
        stderr: What uv said.
        origin: What a person calls the environment.
        requirements: Its lines; the one that uv's reason is about is named.
        python: The Python version it was meant for.
    """
    words = " ".join(_DECORATION.sub(" ", stderr).split())
    for pattern, error in _PATTERNS:
        if pattern.search(words):
            return error(words, origin)
    if because := _BECAUSE.search(words):
        return _impossible(because[0], origin, requirements, python)
    return UnexpectedError(f"uv could not build {_named(origin)}: {words[-300:]}")


def _impossible(because: str, origin: str, requirements: Sequence[str], python: str) -> EnvironmentImpossible:
    reason = re.split(r"\s*\bhint:", because)[0]
    reason = _CONCLUSION.sub("", reason).replace("and you require", "and it asks for").strip(" ,.")
    pin = next((line for line in requirements if _mentions(reason, line)), None)
    named = f" ({pin})" if pin else ""
    if _NO_WHEEL.search(because):
        remedy = (
            f"pin a version that has a wheel for Python {python}, change the Python, or put a wheel built from "
            "source into a folder that UV_FIND_LINKS names: finbehave installs wheels only"
        )
    else:
        remedy = f"change the pin{named} in {origin} so that all of them can be met at once"
    return EnvironmentImpossible(f"{origin} cannot exist on Python {python}{named}: {reason[:380]}", remedy=remedy)


def _mentions(reason: str, line: str) -> bool:
    name = re.match(r"[A-Za-z0-9._-]+", line)
    if name is None:
        return False
    normalised = re.escape(re.sub(r"[-_.]+", "-", name[0]).lower())
    return re.search(rf"(?<![\w-]){normalised}(?![\w-])", reason.lower()) is not None


def _named(origin: str) -> str:
    """The environment in words; a package's own is called so already."""
    return origin if origin.startswith("the environment of ") else f"the environment of {origin}"


def _no_network(words: str, origin: str) -> NoNetwork:
    reason = re.search(r"(?:Failed to (?:fetch|download)\S* \S+|network was disabled)", words)
    return NoNetwork(
        f"{_named(origin)} is not built yet and the package index cannot be reached"
        + (f" ({reason[0].strip()[:160]})" if reason else ""),
        remedy=_NETWORK_REMEDY,
    )


def _offline(_words: str, origin: str) -> NoNetwork:
    return NoNetwork(
        f"{_named(origin)} is not built yet, and offline nothing may be fetched",
        remedy="run the command once without FINBEHAVE_OFFLINE where the package index can be reached",
    )


def _denied(_words: str, origin: str) -> AccessDenied:
    return AccessDenied(
        f"the package index refuses to hand out the packages of {origin}",
        remedy="put the index's user and token into UV_INDEX_URL, or into the file that NETRC names",
    )


def _index_down(words: str, origin: str) -> Unavailable:
    status = re.search(r"HTTP status server error \([^)]*\)", words)
    return Unavailable(
        f"the package index answers with an error while {_named(origin)} is built"
        + (f": {status[0]}" if status else ""),
        remedy="wait a minute and run the command again",
    )


def _disk_full(_words: str, origin: str) -> DiskFull:
    return DiskFull(
        f"no space is left on the disk to build {_named(origin)}",
        remedy="free some space, or name a folder on another disk with FINBEHAVE_CACHE",
    )


def _not_writable(words: str, origin: str) -> ConfigurationError:
    which = re.search(r"(?:file|directory|path|at) `([^`]+)`", words)
    return ConfigurationError(
        f"{_named(origin)} cannot be written{f' to {which[1]}' if which else ''}: permission denied",
        remedy="make the folder writable, or name others with FINBEHAVE_CACHE and UV_CACHE_DIR",
    )


def _unreadable(words: str, origin: str) -> ConfigurationError:
    return ConfigurationError(
        f"{origin} has a line that is no requirement: {words[:200]}", remedy=f"mend the line in {origin}"
    )


_PATTERNS: tuple[Pattern, ...] = (
    (re.compile(r"os error 28\b|No space left on device|Disk quota exceeded"), _disk_full),
    (re.compile(r"os error 13\b|Permission denied|os error 30\b|Read-only file system"), _not_writable),
    (re.compile(r"network was disabled|network connectivity is disabled"), _offline),
    (re.compile(r"HTTP status client error \(40[137]\b"), _denied),
    (re.compile(r"HTTP status server error"), _index_down),
    (re.compile(r"client error \(Connect\)|dns error|sending request|timed out|request or response body"), _no_network),
    (re.compile(r"Couldn't parse requirement"), _unreadable),
)  # fmt: skip
"""First match wins: a full disk or a dead network also leaves a sentence about requirements behind."""
