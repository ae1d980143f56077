"""What pip installs: the program with the code that runs in models' environments, and nothing of its tests."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

from finbehave.environments.tool import find_uv

ROOT = Path(__file__).parents[1]


def test_the_wheel_holds_the_guest_code_and_no_tests(tmp_path: Path) -> None:
    subprocess.run(
        [find_uv(), "build", "--wheel", "--quiet", "--out-dir", tmp_path, ROOT], check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entry = next(name for name in names if name.endswith("entry_points.txt"))
        assert "finbehave = finbehave.cli.app:main" in archive.read(entry).decode()
    inside = {name for name in names if not name.split("/")[0].endswith(".dist-info")}
    assert {name.split("/")[0] for name in inside} == {"finbehave"}
    guest = {f"finbehave/guest/{path.name}" for path in (ROOT / "finbehave" / "guest").glob("*.py")}
    assert guest <= inside
    assert {"finbehave/data/sample.py", "finbehave/py.typed", "finbehave/backends/local/gateway/__main__.py"} <= inside
