"""Where nothing names a Python, one is taken that everything pinned has wheels for."""

from __future__ import annotations

import pytest

from finbehave.environments.files import read_environment
from finbehave.environments.releases import python_for


@pytest.mark.parametrize(
    ("versions", "python"),
    [
        ("scikit-learn==1.5.2", "3.13"),
        ("scikit-learn==1.5.2 numpy==1.26.4", "3.12"),
        ("scikit-learn==1.5.2 numpy==1.22.4 pandas==1.5.3", "3.10"),
        ("scikit-learn==1.1.3 numpy==1.21.6 scipy==1.7.3 pandas==1.4.4", "3.10"),
        ("scikit-learn==0.24.2 pandas==1.1.5", "3.9"),
        ("scikit-learn==1.7.2 numpy>=2", "3.13"),
    ],
)
def test_the_newest_python_with_wheels_for_every_pin_is_taken(versions, python):
    assert python_for(read_environment(versions)) == python
