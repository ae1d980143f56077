"""The leakage guard: which columns may be learnt from, and why not the others.

Identifiers and personal data are told from names and values here; what gives the target away is found by
``finbehave/guest/leakage.py``, in this Python, since it judges data and not a model.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from finbehave.data.load import Table
from finbehave.data.target import Target
from finbehave.environments.guests import run_guest
from finbehave.errors import LeakageSuspected
from finbehave.progress import QUIET, Progress
from finbehave.training.identity import identities
from finbehave.training.rows import rows_of

_SECONDS = 1800.0


@dataclass(frozen=True)
class Suspicion:
    """Columns that a person has to decide on, and why."""

    columns: tuple[str, ...]
    detail: str


@dataclass(frozen=True)
class Ruling:
    """``dropped`` maps columns to reasons; ``suspicions`` stop a training; ``warnings`` are only told."""

    dropped: dict[str, str]
    suspicions: tuple[Suspicion, ...]
    warnings: tuple[str, ...]


def rule(
    table: Table,
    target: Target,
    columns: Sequence[str],
    *,
    allowed: Collection[str] = (),
    ordered: bool = False,
    seed: int = 42,
    progress: Progress = QUIET,
) -> Ruling:
    """Judge the columns.

    Args:
        columns: Those that are meant as features.
        allowed: Those of them that pass unjudged.
        ordered: The rows are to be put in order by time, so that their order in the file means nothing.
        seed: Of the rows that are drawn and of the folds.
    """
    dropped = identities(table, [name for name in columns if name not in allowed])
    left = [name for name in columns if name not in dropped]
    if not left:
        return Ruling(dropped, (), ())
    rows = rows_of(table, target, left)
    with tempfile.TemporaryDirectory(prefix="finbehave-") as place:
        arrays = Path(place) / "rows.npz"
        rows.save(arrays)
        request = {
            **rows.described, "arrays": str(arrays), "task": target.task.value, "allowed": sorted(allowed),
            "ordered": ordered, "seed": seed,
        }  # fmt: skip
        found = run_guest(Path(sys.executable), "leakage.py", request, timeout=_SECONDS, progress=progress)
    return _ruling(dropped, found["findings"], frozenset(allowed))


def _ruling(dropped: dict[str, str], findings: Sequence[dict[str, object]], allowed: frozenset[str]) -> Ruling:
    suspicions, warnings = [], []
    for finding in findings:
        names = [str(name) for name in finding["columns"]]  # type: ignore[attr-defined]
        detail = str(finding["detail"])
        if finding["level"] == "drop":
            for name in names:
                if name not in allowed:
                    dropped.setdefault(name, f"leakage: {detail}")
        elif finding["level"] == "flag":
            suspicions.append(Suspicion(tuple(names), detail))
        else:
            warnings.append(detail)
    return Ruling(dropped, tuple(suspicions), tuple(warnings))


def refuse(ruling: Ruling, target: str) -> None:
    """Stop where a person has to decide.

    Raises:
        LeakageSuspected: there are suspicions; the first is told, all columns are named in the remedy.
    """
    if not ruling.suspicions:
        return
    first = ruling.suspicions[0]
    columns = list(dict.fromkeys(name for one in ruling.suspicions for name in one.columns))
    shown = " and ".join(map(repr, first.columns))
    more = f" ({len(ruling.suspicions) - 1} more of the kind)" if len(ruling.suspicions) > 1 else ""
    listed = ",".join(columns)
    raise LeakageSuspected(
        f"{shown} may give {target!r} away: {first.detail}{more}. Is it known before the outcome?",
        columns=tuple(columns),
        remedy=f"if it is, add --allow-leakage {listed!r}; if not, add --drop {listed!r}",
    )
