"""doctor: is this machine, this project and this account ready?

Every check says what it needs and what mends it; all of them run, so that one visit is enough.
"""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from finbehave.backends.base import Serving, open_backend
from finbehave.domain.check import Check, CheckGroup, CheckStatus
from finbehave.domain.endpoint import DeploymentSpec, EndpointState
from finbehave.environments.interpreters import installed_python
from finbehave.environments.tool import run_uv
from finbehave.errors import ConfigurationError, FinbehaveError, GateFailed, NoNetwork
from finbehave.progress import QUIET, OpenCheck, Progress, checking
from finbehave.settings import Settings, load_settings
from finbehave.version import __version__
from finbehave.workflows.colours import COLOURS, idle_colour
from finbehave.workflows.terms import asked_terms

LITTLE_SPACE = 2 << 30
"""Free bytes below which it is worth a warning: an environment with scikit-learn takes half a gigabyte."""

PYTHONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
"""Those that models of scikit-learn 1.0 to 1.9 were trained on."""

ACCOUNT = "Azure account"

SMALL_PACKAGE = "threadpoolctl"
"""Asked of the package index: scikit-learn needs it, and it is small."""


@dataclass(frozen=True)
class DoctorResult:
    """``ready`` when no check failed; ``missing`` names those that did."""

    ready: bool
    missing: tuple[str, ...]
    version: str
    python: str
    platform: str


def doctor(*, settings: Settings | None = None, progress: Progress = QUIET) -> DoctorResult:
    """Check everything that the other commands need.

    Raises:
        ConfigurationError: something is missing; it carries the result.
    """
    settings = settings or load_settings()
    rounds = _Rounds(settings, progress)
    missing = rounds.run()
    result = DoctorResult(not missing, missing, __version__, platform.python_version(), platform.platform())
    if missing:
        raise ConfigurationError(
            f"not ready: {', '.join(missing)}", remedy="mend what the failed checks say, then finbehave doctor",
            result=result,
        )  # fmt: skip
    return result


@dataclass
class _Rounds:
    """One visit."""

    settings: Settings
    progress: Progress

    def __post_init__(self) -> None:
        self.failed: list[str] = []

    def run(self) -> tuple[str, ...]:
        """The names of the checks that failed."""
        for name, work in self._checks().items():
            try:
                with checking(_Noting(self.progress, self.failed), name, CheckGroup.ENVIRONMENT) as check:
                    work(check)
            except FinbehaveError:
                continue  # reported by ``checking``, and counted
        if self.settings.backend == "azure" and ACCOUNT not in self.failed:
            self._release()
        return tuple(self.failed)

    def _release(self) -> None:
        """What a release of the settings would need there; the first thing that is missing ends it."""
        said = self.settings
        watching, before = _Noting(self.progress, self.failed), len(self.failed)
        try:
            spec = DeploymentSpec(
                self._colour(), said.model_name, "", said.instance_type, said.instance_count,
                terms=asked_terms(said, {}),
            )  # fmt: skip
            self.serving.preflight(said.endpoint, spec, watching)
        except FinbehaveError as error:
            if len(self.failed) == before:  # not within a check of its own
                watching.check(
                    Check("release", CheckGroup.ENVIRONMENT, CheckStatus.FAILED, error.message, 0.0, error.remedy)
                )

    def _colour(self) -> str:
        """Which a release would take; in the middle of a canary, the first."""
        there = self.settings.endpoint in self.serving.endpoints()
        try:
            return idle_colour(self.serving.endpoint(self.settings.endpoint) if there else None)
        except GateFailed:
            return COLOURS[0]

    @cached_property
    def serving(self) -> Serving:
        """Of the backend. Raises ConfigurationError where the settings do not say which."""
        return open_backend(self.settings, self.progress).serving

    def _checks(self) -> dict[str, Callable[[OpenCheck], None]]:
        shared = {
            "settings": self._settings,
            "workspace": self._workspace,
            "cache of environments": self._cache,
            "uv": self._uv,
            "Python versions": self._pythons,
            "package index": self._index,
        }
        if self.settings.backend == "azure":
            return {**shared, ACCOUNT: self._account}
        return {**shared, "endpoints": self._endpoints}

    # --- one check each -------------------------------------------------------------------------------------

    def _settings(self, check: OpenCheck) -> None:
        said = [name for name in Settings.model_fields if self.settings.origin(name) != "default"]
        check.detail = f"backend {self.settings.backend}; {len(said)} set" + (f": {', '.join(said)}" if said else "")

    def _workspace(self, check: OpenCheck) -> None:
        free = _usable(self.settings.workspace, "--workspace")
        check.detail = f"{self.settings.workspace}, {free / 1e9:.1f} GB free"
        _mark_space(check, free)

    def _cache(self, check: OpenCheck) -> None:
        free = _usable(self.settings.cache, "FINBEHAVE_CACHE")
        built = len(list(self.settings.cache.glob("environments/*/finbehave.json")))
        check.detail = f"{self.settings.cache}, {built} environments built, {free / 1e9:.1f} GB free"
        _mark_space(check, free)

    def _uv(self, check: OpenCheck) -> None:
        done = run_uv(["--version"], cwd=Path(tempfile.gettempdir()))
        if done.status != 0:
            raise ConfigurationError(f"uv does not run: {done.stderr.strip()[:200]}", remedy="pip install --upgrade uv")
        check.detail = done.stdout.strip()

    def _pythons(self, check: OpenCheck) -> None:
        there = [version for version in PYTHONS if installed_python(version)]
        absent = [version for version in PYTHONS if version not in there]
        check.detail = ", ".join(there) or "none"
        if absent:
            check.detail += f"; {', '.join(absent)} would be downloaded when an environment asks for it"

    def _index(self, check: OpenCheck) -> None:
        if self.settings.offline:
            check.status, check.detail = CheckStatus.SKIPPED, "offline: only what is in the cache can be built"
            return
        with tempfile.TemporaryDirectory(prefix="finbehave-doctor-") as folder:
            command = ["pip", "install", "--dry-run", "--no-deps", "--refresh", "--target", folder, SMALL_PACKAGE]
            done = run_uv(command, cwd=Path(folder), impatient=True)
        if done.status != 0:
            raise NoNetwork(
                f"the package index cannot be reached: {' '.join(done.stderr.split())[:300]}",
                remedy="check the network and the proxy (HTTPS_PROXY), or set FINBEHAVE_OFFLINE=1",
            )
        check.detail = "reached"

    def _endpoints(self, check: OpenCheck) -> None:
        found = [self.serving.endpoint(name) for name in self.serving.endpoints()]
        check.detail = ", ".join(f"{one.name} {one.state.value}" for one in found) or "none yet"
        dead = next((one.name for one in found if one.state is EndpointState.DEAD), None)
        if dead:
            check.status, check.remedy = CheckStatus.WARNING, f"finbehave start --endpoint {dead}"

    def _account(self, check: OpenCheck) -> None:
        check.detail = f"reached; endpoints: {', '.join(self.serving.endpoints()) or 'none yet'}"


@dataclass(frozen=True)
class _Noting:
    """Passes checks on, and keeps the names of those that failed."""

    progress: Progress
    failed: list[str]

    def check(self, check: Check) -> None:
        if check.status is CheckStatus.FAILED:
            self.failed.append(check.name)
        self.progress.check(replace(check))

    def note(self, text: str) -> None:
        self.progress.note(text)

    def advance(self, task: str, done: float, total: float | None = None) -> None:
        self.progress.advance(task, done, total)


def _usable(folder: Path, named_by: str) -> int:
    """The free bytes of a folder in which files can be written, locked and used by SQLite."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=folder) as trial:
            _try_files(Path(trial))
        return shutil.disk_usage(folder).free
    except (OSError, sqlite3.Error) as error:
        raise ConfigurationError(
            f"{folder} cannot be used: {error}", remedy=f"name another folder on a local disk with {named_by}"
        ) from error


def _try_files(folder: Path) -> None:
    import fcntl

    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.fsync(file.fileno())
    connection = sqlite3.connect(folder / "state.sqlite")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE trial (id INTEGER)")
    finally:
        connection.close()


def _mark_space(check: OpenCheck, free: int) -> None:
    if free < LITTLE_SPACE:
        check.status, check.remedy = CheckStatus.WARNING, "free some space: an environment takes half a gigabyte"
