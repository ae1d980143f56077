"""A cache of its own for environments, and what is needed of the machine's Pythons."""

import pytest

from finbehave.environments.interpreters import installed_python


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _needed_interpreter(request):
    marker = request.node.get_closest_marker("interpreter")
    if marker and installed_python(marker.args[0]) is None:
        pytest.skip(f"this machine has no Python {marker.args[0]}")
