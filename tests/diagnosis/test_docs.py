"""The troubleshooting page shows what the program says today."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from finbehave.diagnosis.signatures.form import CAUSE_CODES

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"


def test_the_page_shows_what_each_command_answers(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    logs = re.findall(r"```log (\S+)\n(.*?)```", text, re.DOTALL)
    shown = re.findall(r"```console\n\$ finbehave (.*?)\n(.*?)```", text, re.DOTALL)
    assert len(logs) == len(shown) > 4
    for name, log in logs:
        (tmp_path / name).write_text(log, encoding="utf-8")
    environment = os.environ | {"FINBEHAVE_WORKSPACE": str(tmp_path / "workspace"), "COLUMNS": "120"}
    for words, output in shown:
        done = subprocess.run(
            [sys.executable, "-m", "finbehave", *words.split()],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout == output


def test_the_page_lists_every_code_in_the_order_in_which_to_mend_them() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## The codes")[2]
    assert tuple(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == CAUSE_CODES
