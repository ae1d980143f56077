"""Each cause that can be brought about on this machine is, and its log is then read: the name must be right.

A worker is started on a package that is spoiled as it happens to people, in the environment that it meets.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from finbehave.backends.base import Backend, open_backend
from finbehave.diagnosis.engine import diagnose
from finbehave.domain.endpoint import DeploymentSpec
from finbehave.environments.files import read_environment
from finbehave.environments.isolated import ensure_environment
from finbehave.errors import TimedOut
from finbehave.packaging.package import manifest_from, read_package, seal
from finbehave.progress import QUIET
from finbehave.settings import load_settings
from tests.conftest import Finbehave
from tests.drills.spoiling import (
    Spoil,
    cut_short,
    fails_on_large_numbers,
    left_alone,
    missing,
    pickled,
    pointer,
    sign_in_page,
    started,
)


@dataclass(frozen=True)
class Drill:
    """``environment`` is where the worker runs; None is the package's own."""

    code: str
    how: str
    spoil: Spoil
    environment: str | None = None
    asks: dict[str, Any] | None = None


DRILLS = (
    Drill("sklearn-mismatch", "an older scikit-learn", left_alone, "scikit-learn==1.2.2"),
    Drill(
        "missing-package", "a wrapper of a library that is not there", pickled(b"cxgboost.sklearn\nXGBClassifier\n.")
    ),
    Drill("missing-class", "a module of the author's own", pickled(b"cour_features\nRatios\n.")),
    Drill("missing-class", "a class of the notebook", pickled(b"c__main__\nRatios\n.")),
    Drill("model-not-found", "a model file that was not uploaded", missing("model.joblib")),
    Drill("model-corrupt", "an upload that was cut short", cut_short),
    Drill("model-is-pointer", "a pointer to a large file", pointer),
    Drill("model-is-pointer", "a page to sign in", sign_in_page),
    Drill("init-failed", "a model whose loading raises", pickled(b"cbuiltins\nint\n(S'x'\ntR.")),
    Drill(
        "out-of-memory", "a model that is larger than memory", pickled(b"cbuiltins\nbytearray\n(I1099511627776\ntR.")
    ),
    Drill("segfault", "compiled code that reads where nothing is", pickled(b"cctypes\nstring_at\n(I0\ntR.")),
    Drill("run-failed", "a row that the model was not made for", fails_on_large_numbers, asks={"age": 100_000}),
)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drills")


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: f"{drill.code}: {drill.how}")
def test_the_cause_is_named_from_what_the_process_said(drill: Drill, package: Path, tmp_path: Path) -> None:
    spoiled = tmp_path / "package"
    shutil.copytree(package, spoiled)
    drill.spoil(spoiled)
    settings = load_settings()
    spec = read_environment(drill.environment) if drill.environment else read_package(package).environment
    interpreter = ensure_environment(spec, cache=settings.cache, offline=settings.offline).path
    request = None
    if drill.asks:
        row = json.loads((package / "golden.json").read_text())["rows"][0]
        request = json.dumps({**row, **drill.asks}).encode()
    log = started(interpreter, spoiled, tmp_path, request=request)
    causes = diagnose(log)
    assert causes, f"nothing was recognised in:\n{log}"
    assert causes[0].code == drill.code, log
    assert causes[0].remedy
    assert causes[0].evidence


@pytest.fixture
def backend(finbehave: Finbehave) -> Iterator[Backend]:
    """The local backend as workflows see it, in the program's workspace."""
    yield open_backend(load_settings({"workspace": finbehave.workspace}))


def test_a_model_that_takes_too_long_to_load(finbehave: Finbehave, backend: Backend, package: Path) -> None:
    """Asked of the backend itself: deploy would refuse this file, which calls something, before it is loaded."""
    spoiled = finbehave.folder / "slow"
    shutil.copytree(package, spoiled)
    pickled(b"ctime\nsleep\n(I600\ntR.")(spoiled)
    seal(spoiled, manifest_from(json.loads((spoiled / "manifest.json").read_text())))
    model = backend.models.register(spoiled, "slow").model
    backend.serving.ensure_endpoint("slow-ep", QUIET)
    backend.serving.create_deployment(
        "slow-ep", DeploymentSpec("blue", str(model.ref), model.digest, "Standard_F4s_v2", 1), QUIET
    )
    with pytest.raises(TimedOut):
        backend.serving.wait_ready("slow-ep", "blue", 1.0, QUIET)
    explained = finbehave.ok("logs", "--endpoint", "slow-ep", "--explain")
    assert [cause["code"] for cause in explained["causes"]] == ["init-timeout"]


def test_a_live_endpoint_whose_faults_are_brought_about(finbehave: Finbehave, package: Path) -> None:
    def causes(code: int) -> list[str]:
        done = finbehave("troubleshoot", "-o", "json")
        assert done.code == code, str(done)
        return [cause["code"] for cause in done.result["causes"]]

    nothing = finbehave("troubleshoot", "-o", "json")
    assert (nothing.code, nothing.error["code"]) == (3, "not-found")
    finbehave.ok("register", str(package))
    finbehave.ok("deploy", "late-payers")
    assert causes(0) == []
    finbehave.ok("traffic", "set", "blue=0")
    assert causes(7) == ["no-traffic"]
    finbehave.ok("traffic", "set", "blue=100")
    assert causes(0) == []
