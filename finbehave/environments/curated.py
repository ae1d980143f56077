"""Azure ML's curated scikit-learn images: what they pin, as data.

Source of each row: the image's published conda file in the azureml registry, as read on 25 November 2026. A tilde pin
is what the image asks for; a Python that changed within a name is that of its latest version.
"""

from __future__ import annotations

import difflib
import re

from finbehave.domain.environment import EnvironmentSpec
from finbehave.errors import NotFound

_OLD = ("numpy~=1.21", "scipy~=1.7", "pandas~=1.3")

CURATED: dict[str, tuple[str, tuple[str, ...]]] = {
    "sklearn-0.24-ubuntu18.04-py37-cpu": (
        "3.7", ("scikit-learn==0.24.1", "numpy>=1.10,<1.20", "scipy~=1.5.0", "pandas~=1.1.0", "joblib"),
    ),
    "sklearn-1.0-ubuntu20.04-py38-cpu": ("3.8", ("scikit-learn~=1.0.0", *_OLD, "joblib")),
    "sklearn-1.1-ubuntu20.04-py38-cpu": ("3.8", ("scikit-learn~=1.1.0", *_OLD, "joblib")),
    "sklearn-1.0": (
        "3.9", ("scikit-learn~=1.0.0", "numpy~=1.22", "scipy~=1.7", "pandas~=1.3.0", "joblib~=1.2.0"),
    ),
    "sklearn-1.1": (
        "3.9", ("scikit-learn~=1.1.0", "numpy~=1.22", "scipy~=1.7", "pandas~=1.3.0", "joblib~=1.2.0"),
    ),
    "sklearn-1.5": (
        "3.10", ("scikit-learn~=1.5.0", "numpy~=1.22.0", "scipy~=1.10.0", "pandas~=1.5.3", "joblib~=1.2.0"),
    ),
}  # fmt: skip
"""Name -> Python and requirements."""

_NAME = re.compile(
    r"(?:azureml://registries/azureml/environments/)?(?:AzureML-)?(?P<name>sklearn-[\w.-]+?)"
    r"(?:/versions/\d+|/labels/\w+|:\d+|@latest)?"
)


def looks_curated(text: str) -> bool:
    """Whether a person means a curated image by this."""
    return _NAME.fullmatch(text) is not None


def curated_environment(text: str) -> EnvironmentSpec:
    """The environment of a curated image, however its name is written. Raises NotFound with the nearest names."""
    match = _NAME.fullmatch(text)
    name = match["name"] if match else text
    if name not in CURATED:
        near = difflib.get_close_matches(name, CURATED, n=2, cutoff=0.3) or list(CURATED)
        raise NotFound(f"there is no curated image {name}", remedy=f"name one of: {', '.join(near)}")
    python, requirements = CURATED[name]
    return EnvironmentSpec(name, python, requirements)
