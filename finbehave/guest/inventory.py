"""What is installed beside this interpreter, and what a set of distributions needs. Standard library only.

Request: ``{"names": null | [...]}``; with names the answer holds their closure only.
Result: ``{"python", "implementation", "platform", "packages": {normalised name: version}}``.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import sys
from typing import Any, Iterable

from markers import holds


def normalised(name: str) -> str:
    """A distribution's name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions() -> dict[str, importlib.metadata.Distribution]:
    """Every distribution that can be imported, by normalised name; the first on the path wins, as for imports."""
    found: dict[str, importlib.metadata.Distribution] = {}
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(normalised(name), distribution)
    return found


def packages() -> dict[str, str]:
    """Normalised name -> version, sorted."""
    return {name: distribution.version for name, distribution in sorted(distributions().items())}


def closure(names: Iterable[str]) -> dict[str, str]:
    """Normalised name -> version of the named distributions and of all they need here, sorted.

    Names may ask for extras (``uvicorn[standard]``). What is not installed is left out: a distribution may require
    what its user chose not to install.
    """
    installed = distributions()
    waiting = [_split(name) for name in names]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen or name not in installed:
            continue
        seen.add((name, extras))
        for line in installed[name].requires or []:
            requirement, _, marker = line.partition(";")
            if not marker.strip() or any(holds(marker, extra) for extra in extras | {""}):
                waiting.append(_split(requirement))
    return {name: installed[name].version for name in sorted({name for name, _ in seen})}


def _split(requirement: str) -> tuple[str, frozenset[str]]:
    """The normalised name and the extras of a requirement line."""
    match = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?", requirement)
    if match is None:
        return "", frozenset()
    extras = frozenset(normalised(extra.strip()) for extra in (match[2] or "").split(",") if extra.strip())
    return normalised(match[1]), extras


def inventory(names: Iterable[str] | None = None) -> dict[str, Any]:
    """Python, platform and packages: all of them, or the closure of ``names``."""
    return {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "platform": f"{sys.platform}-{os.uname().machine}",
        "packages": packages() if names is None else closure(names),
    }


if __name__ == "__main__":
    from protocol import answer

    answer(lambda request, events: inventory(request.get("names")))
