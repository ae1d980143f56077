"""Where a training fits: on this machine, or on one of the backend's. The fit itself is the same guest code."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finbehave.backends.base import FitSpec, Fitting, Machines
from finbehave.domain.check import CheckGroup
from finbehave.domain.environment import EnvironmentSpec, Interpreter
from finbehave.errors import DataRefused, FinbehaveError, GuestFailed, UsageError
from finbehave.progress import Progress, checking
from finbehave.settings import Settings

if TYPE_CHECKING:
    from finbehave.training.rows import Rows

LONGEST_FIT = 12 * 3600.0
MOST_WORKERS = 4
"""Fits side by side: each has a copy of its rows."""

_INVENTORY_SECONDS = 120.0
_NEEDED = ("scikit-learn", "pandas", "joblib")
"""Of this Python's packages, what a fit uses; with all that these need."""


@dataclass(frozen=True)
class Elsewhere:
    """Machines that were asked for and may be used."""

    fitting: Fitting
    machines: Machines


def asked_machines(compute: str | None, spot: bool, settings: Settings, progress: Progress) -> Elsewhere | None:
    """What ``--compute`` and ``--spot`` ask for; None for this machine.

    Raises:
        UsageError: the backend has no machines to fit on, or none of that kind.
        NotFound: there is no such compute.
    """
    if compute is None and not spot:
        return None
    from finbehave.backends.base import open_backend

    options = " and ".join(["--compute"] * (compute is not None) + ["--spot"] * spot)
    fitting = open_backend(settings, progress).fitting
    if fitting is None:
        raise UsageError(
            f"{options} {'are' if ' ' in options else 'is'} of Azure's machines; this one is the only machine here",
            remedy="leave it out, or name --backend azure",
        )
    with checking(progress, "machine", CheckGroup.ENVIRONMENT) as check:
        machines = Machines(compute, spot)
        check.detail = fitting.preflight(machines)
    return Elsewhere(fitting, machines)


def fit(
    interpreter: Interpreter,
    rows: Rows,
    choices: dict[str, Any],
    model: Path,
    *,
    elsewhere: Elsewhere | None,
    timeout: float,
    progress: Progress,
) -> tuple[dict[str, Any], str | None]:
    """Run ``guest/fit.py`` and put the fitted pipeline at ``model``.

    Args:
        interpreter: Of the model's environment, on this machine; with no packages where it is this Python.
        choices: The request without its rows and paths.
        timeout: Seconds.

    Returns:
        What it answered, and the name of the job where it ran elsewhere.

    Raises:
        DataRefused: rows that cannot be learnt from.
        GuestFailed: it failed otherwise. Unavailable, TimedOut: no machine, or not in time.
    """
    from finbehave.environments.guests import run_guest

    with tempfile.TemporaryDirectory(prefix="finbehave-") as place:
        arrays = Path(place) / "rows.npz"
        rows.save(arrays)
        request = {**rows.described, **choices}
        try:
            if elsewhere is None:
                asked = {**request, "arrays": str(arrays), "model": str(model.resolve())}
                return run_guest(interpreter.path, "fit.py", asked, timeout=timeout, progress=progress), None
            spec = FitSpec({**request, "workers": MOST_WORKERS}, arrays, _environment(interpreter), elsewhere.machines)
            fitted = elsewhere.fitting.fit(spec, model, timeout=timeout, progress=progress)
        except GuestFailed as error:
            raise _explained(error, diagnosed=elsewhere is not None) from error
    return fitted.result, fitted.job


def _environment(interpreter: Interpreter) -> EnvironmentSpec:
    """Every package of the environment here, pinned, so that the fit there uses the same versions."""
    from finbehave.environments.guests import run_guest

    names = None if interpreter.packages else list(_NEEDED)
    found = run_guest(interpreter.path, "inventory.py", {"names": names}, timeout=_INVENTORY_SECONDS)
    return EnvironmentSpec.locked("the environment here", found["python"], found["packages"])


def _explained(error: GuestFailed, *, diagnosed: bool) -> FinbehaveError:
    """What the guest refused is about the data; of a fit elsewhere the log says more than its last line."""
    if error.error_type == "Refused":
        return DataRefused(
            error.message.removeprefix("Refused: "), remedy="bring rows of each class, or leave out --time-column"
        )
    if not diagnosed:
        return error
    from finbehave.diagnosis.engine import diagnose

    causes = diagnose(error.log)
    if not causes:
        return error
    return GuestFailed(
        f"{causes[0].title} ({causes[0].code}): {error.message}", kind=error.kind, error_type=error.error_type,
        traceback=error.traceback, log=error.log, remedy=causes[0].remedy,
    )  # fmt: skip
