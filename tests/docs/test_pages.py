"""What the documentation shows is what the program says and does now."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "docs" / script), "--check"], capture_output=True, text=True, check=False
    )


def test_the_reference_lists_the_commands_and_options_there_are() -> None:
    assert run("commands.py").returncode == 0, "python docs/commands.py writes it anew"


def test_the_tour_prints_what_the_readme_shows() -> None:
    done = run("tour.py")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", sorted(["README.md", *(f"docs/{one.name}" for one in (ROOT / "docs").glob("*.md"))]))
def test_every_link_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        assert "://" in target or (ROOT / page).parent.joinpath(target).exists(), target
