"""A package made of a bare model file: inspected, tried in the environment that is named, and asked made-up rows.

Nobody can say how good such a model is, so the package has no figures; its golden records hold what the model does.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from finbehave.domain.check import CheckGroup
from finbehave.domain.environment import Interpreter
from finbehave.domain.manifest import Manifest, Task
from finbehave.errors import GuestFailed, IncompatibleModel
from finbehave.packaging.package import MODEL, Package, read_package, seal, sha256_of
from finbehave.progress import Progress, checking
from finbehave.settings import Settings
from finbehave.training.packing import UNREGISTERED, features_of, write_golden, write_lock
from finbehave.workflows.judging import judge, refusal, try_file

UNKNOWN_TARGET = "prediction"
"""A model file does not say what it predicts."""


def wrap(file: Path, name: str, environment: str, folder: Path, settings: Settings, progress: Progress) -> Package:
    """Write a package of a model file into an empty folder.

    Args:
        environment: Where it is to run: a file, a curated image, versions.

    Raises:
        UnsafeModel, UnknownModel: it was not loaded.
        IncompatibleModel: it does not load there, or does not answer, or no package can be made of it.
    """
    from finbehave.environments.files import read_environment
    from finbehave.environments.isolated import ensure_environment

    report = judge(file, environment, probe=True, settings=settings, progress=progress)
    if (refused := refusal(str(file), report)) is not None:
        raise refused
    spec = read_environment(environment)
    interpreter = ensure_environment(spec, cache=settings.cache, offline=settings.offline, progress=progress)
    with checking(progress, "rows for it", CheckGroup.LOCAL_MODEL) as check:
        parts = _parts(file, interpreter, progress)
        check.detail = f"{len(parts['rows'])} made up from what the model says about its input, with its answers"
    shutil.copyfile(file, folder / MODEL)
    seal(folder, _manifest(folder, file, name, interpreter, parts))
    return read_package(folder)


def _parts(file: Path, interpreter: Interpreter, progress: Progress) -> dict[str, Any]:
    remedy = "save the whole fitted Pipeline alone, with joblib.dump, and register that"
    try:
        got = try_file(file, interpreter, progress=progress)
    except GuestFailed as error:
        raise IncompatibleModel(f"{file} could not be tried: {error.message}", remedy=remedy) from error
    if got["package"] is None:
        raise IncompatibleModel(
            f"no package can be made of {file}: {got['package_error'] or got['error']}", remedy=remedy
        )
    parts: dict[str, Any] = got["package"]
    return parts


def _manifest(folder: Path, file: Path, name: str, interpreter: Interpreter, parts: dict[str, Any]) -> Manifest:
    lock = write_lock(folder, name, interpreter.python, interpreter.packages)
    golden = write_golden(folder, parts)
    return Manifest(
        name=name,
        version=UNREGISTERED,
        task=Task(parts["task"]),
        target=UNKNOWN_TARGET,
        classes=tuple(parts["classes"]),
        features=features_of(parts["features"], golden),
        threshold=None,
        metrics={},
        estimator=parts["estimator"],
        python=interpreter.python,
        packages=lock,
        data={"model_file": sha256_of(file)},
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )
