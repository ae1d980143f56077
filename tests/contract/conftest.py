"""The same program on every backend: this machine, and a stand-in for Azure."""

from __future__ import annotations

import pytest

from tests.azure.conftest import cloud as cloud
from tests.azure.conftest import environments as environments
from tests.conftest import Finbehave


@pytest.fixture(params=["finbehave", "cloud"], ids=["local", "azure"])
def program(request: pytest.FixtureRequest) -> Finbehave:
    """In a fresh workspace, with nothing registered and no endpoint."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Finbehave)
    return found
