"""Names that Azure takes for endpoints and deployments, checked before anything is asked."""

from __future__ import annotations

import re

from finbehave.errors import UsageError

_NAME = re.compile(r"[A-Za-z](?:-?[A-Za-z0-9])*")
_SHORTEST, _LONGEST = 3, 32


def checked_name(name: str, what: str) -> str:
    """The name, when Azure would take it: 3 to 32 letters, digits and single dashes, a letter first, none dash last.

    Source: the rule that Azure ML documents for online endpoints and deployments; its SDK checks less.

    Raises:
        UsageError: it would not.
    """
    if not _NAME.fullmatch(name) or not _SHORTEST <= len(name) <= _LONGEST:
        shown = name if len(name) <= 40 else name[:39] + "…"
        option = "--endpoint" if "endpoint" in what else "--deployment"
        raise UsageError(
            f"{shown!r} cannot be the name of {what} on Azure: {_SHORTEST} to {_LONGEST} letters, digits and single "
            "dashes, a letter first and no dash last",
            remedy=f"{option} {suggested(name)}",
        )
    return name


def suggested(name: str) -> str:
    """The nearest name that fits."""
    near = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:_LONGEST].strip("-")
    if not near or not near[0].isalpha():
        near = f"ep-{near}"[:_LONGEST].strip("-")
    return near if len(near) >= _SHORTEST else f"{near}-ep"
