"""Models of the scikit-learn that is installed, and what is needed to judge them quickly."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

from finbehave.environments.interpreters import installed_python
from finbehave.settings import Settings
from finbehave.workflows.judging import judge


@pytest.fixture(autouse=True)
def _needed_interpreter(request):
    marker = request.node.get_closest_marker("interpreter")
    if marker and installed_python(marker.args[0]) is None:
        pytest.skip(f"this machine has no Python {marker.args[0]}")


@pytest.fixture
def settings(tmp_path):
    return Settings(workspace=tmp_path / "workspace")


@pytest.fixture
def read(settings):
    """The verdict by reading alone: ``read(path, "scikit-learn==1.7.0")``; without one, in this Python."""

    def reading(path: Path, environment: str | None = None, **more):
        return judge(path, environment, probe=False, settings=settings, **more)

    return reading


@pytest.fixture(scope="session")
def rows():
    chance = numpy.random.default_rng(5)
    numbers = chance.normal(size=(200, 4))
    return numbers, (numbers[:, 0] + numbers[:, 1] > 0).astype(int)


@pytest.fixture(scope="session")
def pipeline(rows):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression()).fit(*rows)


@pytest.fixture(scope="session")
def forest(rows):
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=20, random_state=0).fit(*rows)
