"""The registry: a version never changes, never doubles, and is whole or not there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from finbehave.backends.local.registry import LocalRegistry
from finbehave.domain.model import ModelRef
from finbehave.errors import NotFound, TamperedPackage, UsageError
from finbehave.packaging.package import copy_package, read_package, seal
from tests.conftest import Finbehave

REGISTER = "import sys; from pathlib import Path; from finbehave.backends.local.registry import LocalRegistry; "
REGISTER += "print(LocalRegistry(Path(sys.argv[1])).register(Path(sys.argv[2]), 'm').model.version)"


def another(package: Path, into: Path, note: int) -> Path:
    """The same model with another figure in its manifest: other content."""
    shutil.copytree(package, into)
    manifest = read_package(into).manifest
    seal(into, type(manifest)(**{**vars(manifest), "metrics": {"roc_auc": note / 1000}}))
    return into


@pytest.fixture
def registry(tmp_path: Path) -> LocalRegistry:
    return LocalRegistry(tmp_path / "workspace")


def test_versions_go_up_by_number_and_not_by_letter(registry: LocalRegistry, package: Path, tmp_path: Path) -> None:
    for number in range(11):
        registry.register(another(package, tmp_path / str(number), number), "m", bump="minor")
    assert [one.version for one in registry.list("m")][-2:] == ["1.9.0", "1.10.0"]
    assert registry.get(ModelRef("m")).version == "1.10.0"
    assert registry.register(another(package, tmp_path / "x", 50), "m", bump="major").model.version == "2.0.0"
    assert registry.register(another(package, tmp_path / "y", 51), "m").model.version == "2.0.1"


def test_the_same_content_again_is_the_version_that_is_there(registry: LocalRegistry, package: Path) -> None:
    first = registry.register(package, "m")
    again = registry.register(package, "m", bump="major")
    assert (first.created, again.created) == (True, False)
    assert again.model == first.model


def test_a_version_that_is_taken_by_other_content_is_refused(
    registry: LocalRegistry, package: Path, tmp_path: Path
) -> None:
    registry.register(package, "m", version="3.0.0")
    with pytest.raises(UsageError, match=r"3\.0\.0 is taken by other content"):
        registry.register(another(package, tmp_path / "other", 1), "m", version="3.0.0")


def test_two_that_register_at_once_get_two_versions(tmp_path: Path, package: Path) -> None:
    packages = [another(package, tmp_path / str(number), number) for number in range(6)]
    running = [
        subprocess.Popen([sys.executable, "-c", REGISTER, str(tmp_path / "w"), str(one)], stdout=subprocess.PIPE)
        for one in packages
    ]
    versions = sorted(process.communicate(timeout=60)[0].decode().strip() for process in running)
    assert versions == [f"1.0.{number}" for number in range(6)]


def test_a_registration_that_is_killed_leaves_no_half_version(tmp_path: Path, package: Path) -> None:
    workspace = tmp_path / "w"
    large = tmp_path / "large"
    shutil.copytree(package, large)
    (large / "report.html").write_bytes(os.urandom(64 << 20))
    seal(large, read_package(package).manifest)
    process = subprocess.Popen([sys.executable, "-c", REGISTER, str(workspace), str(large)], stdout=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while not list(workspace.glob("models/m/.staging-*/package/report.html")) and time.monotonic() < deadline:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    registry = LocalRegistry(workspace)
    assert registry.list("m") == ()
    assert registry.register(package, "m").model.version == "1.0.0"
    assert not list(workspace.glob("models/m/.staging-*"))


def test_an_archived_version_is_out_of_sight_and_comes_back(
    registry: LocalRegistry, package: Path, tmp_path: Path
) -> None:
    registry.register(package, "m")
    registry.register(another(package, tmp_path / "other", 1), "m")
    registry.archive(ModelRef("m", "1.0.1"))
    assert registry.get(ModelRef("m")).version == "1.0.0"
    assert registry.get(ModelRef("m", "1.0.1")).archived
    assert [one.version for one in registry.list()] == ["1.0.0"]
    registry.archive(ModelRef("m", "1.0.1"), archived=False)
    assert registry.get(ModelRef("m")).version == "1.0.1"


def test_what_is_downloaded_is_what_was_registered(registry: LocalRegistry, package: Path, tmp_path: Path) -> None:
    digest = registry.register(package, "m").model.digest
    copy_package(registry.package(ModelRef("m")), tmp_path / "copy")
    assert read_package(tmp_path / "copy").digest == digest
    with pytest.raises(UsageError, match="not empty"):
        copy_package(registry.package(ModelRef("m")), tmp_path / "copy")


def test_a_package_that_somebody_changed_is_not_given_out(registry: LocalRegistry, package: Path) -> None:
    registry.register(package, "m")
    stored = registry.package(ModelRef("m"))
    with (stored / "model.joblib").open("ab") as file:
        file.write(b"x")
    with pytest.raises(TamperedPackage, match=r"model\.joblib"):
        registry.package(ModelRef("m"))


@pytest.mark.parametrize("name", ["../escape", "a/b", "", "name with spaces", "m:1.0.0"])
def test_a_name_that_is_none_is_refused(registry: LocalRegistry, package: Path, name: str) -> None:
    with pytest.raises(UsageError):
        registry.register(package, name)


def test_the_verbs_tell_what_there_is(finbehave: Finbehave, package: Path) -> None:
    made = finbehave.ok("register", str(package))
    assert made["created"]
    assert (made["name"], made["version"]) == ("late-payers", "1.0.0")
    assert not finbehave.ok("register", str(package), "--bump", "major")["created"]
    (listed,) = finbehave.ok("models", "list")["models"]
    assert listed["digest"] == made["digest"]
    assert listed["trained_with"]["python"]
    assert finbehave.ok("models", "show", "late-payers")["manifest"]["target"] == "late"
    finbehave.ok("models", "archive", "late-payers:1.0.0")
    assert finbehave.ok("models", "list")["models"] == []
    missing = finbehave("models", "show", "late-payers", "-o", "json")
    assert (missing.code, missing.error["code"]) == (3, "not-found")
    assert "archived" in missing.error["message"]


def test_a_tampered_package_is_not_registered(finbehave: Finbehave, package: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(package, changed)
    (changed / "golden.json").write_text(json.dumps({"rows": []}))
    refused = finbehave("register", str(changed), "-o", "json")
    assert (refused.code, refused.error["code"]) == (6, "tampered-package"), str(refused)
    assert finbehave.ok("models", "list")["models"] == []


def test_nothing_there_is_told_as_such(registry: LocalRegistry) -> None:
    with pytest.raises(NotFound, match="no model nobody"):
        registry.get(ModelRef("nobody"))
