"""A disk without space. /dev/full takes nothing, as such a disk does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from finbehave.disk import unwritable
from finbehave.errors import ConfigurationError, DiskFull
from tests.conftest import Finbehave


def test_a_log_that_finds_no_space_is_not_talked_about(finbehave: Finbehave) -> None:
    logs = finbehave.workspace / "logs"
    logs.mkdir(parents=True)
    (logs / "finbehave.jsonl").symlink_to("/dev/full")
    done = finbehave("models", "list")
    assert (done.code, done.err) == (0, ""), str(done)


def test_want_of_space_is_told_as_such_also_where_a_copy_kept_only_the_words(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "model.joblib").write_bytes(b"x" * 100)
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "model.joblib").symlink_to("/dev/full")
    with pytest.raises(shutil.Error) as copied:
        shutil.copytree(tmp_path / "from", tmp_path / "to", dirs_exist_ok=True, copy_function=shutil.copyfile)
    told = unwritable(tmp_path / "to", copied.value, after="nothing was registered")
    assert isinstance(told, DiskFull)
    assert told.message.endswith("nothing was registered")
    with pytest.raises(IsADirectoryError) as other:
        tmp_path.write_text("x")
    assert isinstance(unwritable(tmp_path, other.value), ConfigurationError)
