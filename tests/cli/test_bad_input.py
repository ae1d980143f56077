"""What a person gets wrong, and what a machine does to them: a clear error, the right exit status, nothing lost."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Finbehave


def refused(program: Finbehave, *words: str, code: int, error: str, env: dict[str, str] | None = None) -> str:
    """Run a command that must fail in this way; its message."""
    done = program(*words, "-o", "json", env=env)
    assert (done.code, done.error["code"]) == (code, error), str(done)
    assert done.error["remedy"]
    assert len(done.error["message"]) <= 600
    assert "Traceback" not in done.out + done.err
    return str(done.error["message"])


HEADER_ONLY = "income,late\n"
TWICE = "income,income,late\n1,2,0\n3,4,1\n"
INFINITE = "income,late\n1,0\ninf,1\n3,0\n4,1\n"
CONSTANT = "income,late\n" + "".join(f"{number},1\n" for number in range(30))
GAPS = "income,late\n" + "".join(f"{number * 7 % 5},{'' if number == 9 else number % 2}\n" for number in range(30))
ONLY_IDS = "id,late\n" + "".join(f"{1000 + number},{number % 2}\n" for number in range(60))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        (HEADER_ONLY, "a header and no rows"),
        (TWICE, "both named 'income'"),
        (INFINITE, "line 3.*column 'income'.*infinite"),
        (CONSTANT, "is '1' in every row"),
        (GAPS, "missing in 1 of 30 rows"),
        (ONLY_IDS, "no column is left"),
        ("income,other\n1,2\n2,3\n", "no column 'late'"),
    ],
)
def test_data_that_cannot_be_trained_on(finbehave: Finbehave, content: str, says: str) -> None:
    (finbehave.folder / "data.csv").write_text(content)
    message = refused(finbehave, "train", "--data", "data.csv", "--target", "late", code=4, error="data-refused")
    assert re.search(says, message), message
    assert not (finbehave.folder / "models").exists()


def test_a_file_that_is_not_there(finbehave: Finbehave) -> None:
    refused(finbehave, "train", "--data", "nowhere.csv", "--target", "late", code=3, error="not-found")


def test_a_package_with_a_byte_changed_or_without_its_manifest(
    finbehave: Finbehave, package: Path, tmp_path: Path
) -> None:
    for number, spoil in enumerate(("model.joblib", "manifest.json")):
        copy = tmp_path / f"copy{number}"
        shutil.copytree(package, copy)
        if number:
            (copy / spoil).unlink()
        else:
            content = bytearray((copy / spoil).read_bytes())
            content[len(content) // 2] ^= 1
            (copy / spoil).write_bytes(content)
        for verb in ("register", "check-compat"):
            refused(finbehave, verb, str(copy), code=6, error="tampered-package")


@pytest.mark.parametrize("name", ["a/b", "x" * 300, "../up", "a b"])
def test_a_model_name_that_is_none(finbehave: Finbehave, package: Path, name: str) -> None:
    refused(finbehave, "register", str(package), "--name", name, code=2, error="usage")
    assert finbehave.ok("models", "list")["models"] == []


@pytest.mark.parametrize("name", ["a/b", "x" * 300, "ab", "-a-b", "name.with.dots"])
def test_an_endpoint_name_that_is_none(finbehave: Finbehave, package: Path, name: str) -> None:
    finbehave.ok("register", str(package))
    refused(finbehave, "deploy", "late-payers", f"--endpoint={name}", code=2, error="usage")


def test_a_workspace_that_cannot_be_written(finbehave: Finbehave, package: Path) -> None:
    where = ("--workspace", "/proc/nowhere")
    refused(finbehave, "register", str(package), *where, code=2, error="configuration")


def test_no_network_and_nothing_in_the_cache(finbehave: Finbehave, package: Path, tmp_path: Path) -> None:
    env = {"FINBEHAVE_CACHE": str(tmp_path / "cache"), "FINBEHAVE_OFFLINE": "1", "UV_CACHE_DIR": str(tmp_path / "uv")}
    message = refused(finbehave, "check-compat", str(package), code=9, error="no-network", env=env)
    assert "offline" in message
    finbehave.ok("register", str(package), env=env)
    refused(finbehave, "deploy", "late-payers", code=9, error="no-network", env=env)
    assert finbehave.ok("status")["endpoints"] == []


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, package: Path) -> Iterator[Finbehave]:
    program = Finbehave(tmp_path_factory.mktemp("live"))
    try:
        program.ok("register", str(package))
        program.ok("deploy", "late-payers")
        yield program
    finally:
        program.end()


@pytest.fixture(scope="module")
def row(package: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((package / "golden.json").read_text())["rows"][0]
    return found


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"shoe_size": 43}, "'shoe_size'"),
        ({"income": "plenty"}, "'income'.*not a number"),
        ({"income": None}, ""),
        ({"account": "never seen before"}, ""),
    ],
)
def test_a_row_that_does_not_fit(live: Finbehave, row: dict[str, object], change: dict[str, object], says: str) -> None:
    words = ("invoke", "--data", json.dumps({**row, **change}))
    if not says:
        assert len(live.ok(*words)["predictions"]) == 1
    else:
        assert re.search(f"row 0.*{says}", refused(live, *words, code=4, error="input-invalid"))


def test_json_that_is_no_row(live: Finbehave) -> None:
    for text in ("12", '"text"', "[]", "{", "null"):
        refused(live, "invoke", "--data", text, code=4, error="input-invalid")


def test_a_missing_column(live: Finbehave, row: dict[str, object]) -> None:
    less = {name: value for name, value in row.items() if name != "age"}
    assert "'age'" in refused(live, "invoke", "--data", json.dumps(less), code=4, error="input-invalid")


def test_a_wrong_key(live: Finbehave, row: dict[str, object]) -> None:
    words = ("invoke", "--data", json.dumps(row))
    refused(live, *words, code=8, error="access-denied", env={"FINBEHAVE_KEY": "guessed"})


@pytest.mark.parametrize("words", [("status",), ("models", "list"), ("traffic", "ledger"), ("logs",), ("config",)])
def test_a_terminal_of_forty_columns(live: Finbehave, words: tuple[str, ...]) -> None:
    done = live(*words, env={"COLUMNS": "40"})
    assert done.code == 0, str(done)
    assert done.out.strip()
    assert "…" not in done.out  # nothing is cut off


def test_a_narrow_terminal_shows_what_a_wide_one_does(live: Finbehave) -> None:
    wide, narrow = (live("status", env={"COLUMNS": columns}).out for columns in ("120", "40"))
    facts = {word for word in re.findall(r"[\w.:%/]+", wide) if not re.fullmatch(r"[\d.]+", word)}
    assert {"deployment", "model", "traffic"} < facts
    assert not {fact for fact in facts if fact not in narrow}


@pytest.mark.parametrize("words", ["logs", "config", "models list -o json"])
def test_output_that_nobody_reads_to_its_end(live: Finbehave, words: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m finbehave {words} | head -1"], env=live.environment(), cwd=live.folder,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr == ""


def test_no_control_character_of_a_server_reaches_the_terminal(live: Finbehave, row: dict[str, object]) -> None:
    hostile = "\x1b[2J\x07evil"
    done = live("invoke", "--data", json.dumps({**row, hostile: 1}))
    assert done.code == 4
    assert not set("\x1b\x07") & set(done.out + done.err)
