"""What the reasons in a ledger say, and which earlier split a rollback goes back to.

The ledger is append-only, so going back is an entry too. Read in order it is a stack: a release pushes its split, a
rollback or an undone release takes everything off that came after the revision it went back to. The steps of a canary
lie between two releases and are none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from finbehave.domain.endpoint import LedgerEntry
from finbehave.errors import NotFound
from finbehave.workflows.split import shares

_BACK = re.compile(r"(?:rollback|undone, back) to revision (\d+)\b")
_STEP = re.compile(r"deploy (?P<model>\S+) on (?P<deployment>\S+), canary at \d+ %(?:; .*)?", re.DOTALL)
_HELD = re.compile(r"undone, back to revision \d+: release of (?P<model>\S+), held at ")


def released(model: str, deployment: str, share: int, decided: str = "") -> str:
    """The reason of a deploy's traffic write; below 100 % it is a step on the way. ``decided``: why it was taken."""
    step = f", canary at {share} %" if share < 100 else ""
    return f"deploy {model} on {deployment}{step}" + (f"; {decided}" if decided else "")


def rolled_back(revision: int) -> str:
    """The reason of a rollback to what ``revision`` wrote."""
    return f"rollback to revision {revision}"


def undone(revision: int, what: str) -> str:
    """The reason of a write that puts back what ``revision`` wrote, since ``what`` failed."""
    return f"undone, back to revision {revision}: {what}"


def by_hand(why: str = "") -> str:
    """The reason of a split that a person chose."""
    return f"set by hand: {why}" if why else "set by hand"


def serves(entry: LedgerEntry) -> dict[str, tuple[str, int]]:
    """Deployment -> (model, percent), of those that held traffic after this entry."""
    return {name: (entry.models.get(name, ""), share) for name, share in shares(entry.traffic).items()}


def entry_at(ledger: Sequence[LedgerEntry], revision: int) -> LedgerEntry:
    """The entry of a revision.

    Raises:
        NotFound: no such revision, or one without traffic to go back to.
    """
    found = next((entry for entry in ledger if entry.revision == revision), None)
    if found is None or not serves(found):
        what = "is not in the ledger" if found is None else "left the endpoint without traffic"
        raise NotFound(f"revision {revision} {what}", remedy="finbehave traffic ledger shows every revision")
    return found


def previous(ledger: Sequence[LedgerEntry]) -> LedgerEntry:
    """The split to go back to: the newest release under the current one that served something else.

    Raises:
        NotFound: nothing lies under the current split.
    """
    if ledger:
        current = serves(ledger[-1])
        for entry in reversed(_releases(ledger)):
            if serves(entry) and serves(entry) != current:
                return entry
    raise NotFound("there is no earlier release to go back to", remedy="finbehave traffic ledger shows every revision")


def unfinished(ledger: Sequence[LedgerEntry]) -> tuple[str, str | None] | None:
    """Model and deployment of a release that stopped on its way, if the ledger ends with one.

    One that was held has no traffic, and is named without its deployment.
    """
    reason = ledger[-1].reason if ledger else ""
    if step := _STEP.fullmatch(reason):
        return step["model"], step["deployment"]
    if held := _HELD.match(reason):
        return held["model"], None
    return None


@dataclass(frozen=True)
class UnderWay:
    """A release between two steps of its traffic: its deployment holds ``percent`` since a time, by somebody's command.

    Whether that command still runs is not known.
    """

    model: str
    deployment: str
    percent: int
    since: str
    actor: str


def under_way(ledger: Sequence[LedgerEntry]) -> UnderWay | None:
    """The release that the ledger ends in the middle of; None where it ends with no such one."""
    step = _STEP.fullmatch(ledger[-1].reason) if ledger else None
    if step is None:
        return None
    name, last = step["deployment"], ledger[-1]
    return UnderWay(step["model"], name, last.traffic.get(name, 0), last.time, last.actor)


def ways_on(endpoint: str) -> str:
    """What may be done about a release that is under way and that no command carries on."""
    return (
        f"finbehave deploy --resume --endpoint {endpoint} goes on with it, finbehave rollback --endpoint {endpoint} "
        "goes back"
    )


def beneath(ledger: Sequence[LedgerEntry]) -> LedgerEntry | None:
    """What stood before the release that the ledger ends in the middle of; None where it ends with no such one."""
    if not ledger or not _STEP.fullmatch(ledger[-1].reason):
        return None
    return _releases(ledger)[-1] if _releases(ledger) else None


def _releases(ledger: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """What is left of the ledger when every way back is walked; the newest last."""
    stack: list[LedgerEntry] = []
    for entry in ledger:
        if back := _BACK.match(entry.reason):
            stack = [one for one in stack if one.revision < int(back[1])]
        if not _STEP.fullmatch(entry.reason):
            stack.append(entry)
    return stack
