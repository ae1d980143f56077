"""Only the program speaks: what the SDK prints, draws and warns of while it polls reaches neither stream."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.azure.conftest import Cloud

MARKS = ("✓ ", "! ", "- ", "· ", "  → ")
"""How the program's own lines begin."""

LOOKS = 8


@pytest.mark.parametrize("debug", [False, True], ids=["", "with --debug"])
def test_json_is_one_document_however_long_azure_takes(cloud: Cloud, package: Path, debug: bool) -> None:
    azure = cloud.azure
    cloud.ok("register", str(package))
    azure.held.add("blue")
    made = 0

    def look() -> None:
        nonlocal made
        made += "blue" in azure.making
        if made == LOOKS:
            azure.release("blue")
        else:
            azure.meanwhile("GET", "/operations/", look)

    azure.meanwhile("GET", "/operations/", look)
    words = ("deploy", "late-payers", "--instance-type", "Standard_F2s_v2", "-o", "json")  # the SDK warns of that size
    done = cloud(*words, *(["--debug"] if debug else []), env={"COLUMNS": "2000"})
    assert done.code == 0, str(done)
    assert made == LOOKS
    assert json.loads(done.out)["result"]["traffic"] == {"blue": 100}
    assert done.out.count("\n") == 1
    if not debug:
        strange = [line for line in done.err.splitlines() if not line.startswith(MARKS)]
        assert strange == []

    removed = cloud("delete", "--yes", "-o", "json")
    assert (removed.code, removed.out.count("\n"), removed.err) == (0, 1, "")
