"""One live endpoint for each file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Finbehave
from tests.local.live import Live


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, package: Path) -> Iterator[Live]:
    """Every test leaves it as it found it: running, with blue alone."""
    program = Finbehave(tmp_path_factory.mktemp("live"))
    try:
        yield Live(program, package)
    finally:
        program.end()
