"""What goes up for a deployment: its scoring code, byte for byte, and an environment in which every line is pinned."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from finbehave.backends.azure.environment import BASE_IMAGE, built_environment
from finbehave.backends.azure.staging import FILES
from finbehave.environments.guests import GUEST
from finbehave.packaging.package import read_package
from tests.azure.conftest import Cloud
from tests.azure.stand_in import W
from tests.conftest import Finbehave

E = "fin-behavior-ep-fixed"
PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9.-]*)==[0-9][\w.+!]*")


def pinned(lines: list[str]) -> dict[str, str]:
    """Package -> line; every line has to name exactly one version."""
    found = {line: PIN.fullmatch(line) for line in lines}
    assert all(found.values()), [line for line, match in found.items() if not match]
    return {match["name"]: line for line, match in found.items() if match}


def test_versions_that_a_file_leaves_open_are_those_with_which_the_model_was_tried(cloud: Cloud, package: Path) -> None:
    sealed = read_package(package)
    sklearn = f"scikit-learn=={sealed.manifest.packages['scikit-learn']}"
    (cloud.folder / "loose.txt").write_text(f"{sklearn}\npandas>=2\n")
    for name in (".gitignore", ".amlignore"):
        (cloud.folder / name).write_text("*.py\n*.joblib\n")
    Finbehave(cloud.folder).ok("check-compat", str(package), "--environment", "loose.txt")  # builds it, with a network
    name = cloud.ok("register", str(package))["name"]
    cloud.ok("deploy", name, "--environment", "loose.txt")
    resources = cloud.azure.resources
    (environment,) = (one["properties"] for path, one in resources.items() if "/environments/" in path)
    assert environment["image"] == BASE_IMAGE
    python, pip, listed = yaml.safe_load(environment["condaFile"])["dependencies"]
    assert (re.fullmatch(r"python=3\.\d+", python) is not None, pip) == (True, "pip")
    pins = pinned(listed["pip"])
    assert pins["scikit-learn"] == sklearn
    assert {"pandas", "numpy", "scipy", "joblib", "azureml-inference-server-http"} <= set(pins)
    assert not {"pip", "setuptools", "wheel"} & set(pins)

    blue = resources[f"{W}/onlineEndpoints/{E}/deployments/blue"]["properties"]
    assert blue["environmentVariables"]["OMP_NUM_THREADS"] == "1"
    code = urlsplit(resources[blue["codeConfiguration"]["codeId"]]["properties"]["codeUri"]).path.rstrip("/") + "/"
    uploaded = {path.removeprefix(code): body for path, (body, _) in cloud.azure.blobs.items() if path.startswith(code)}
    assert uploaded == {one: (GUEST / one).read_bytes() for one in FILES}


def test_a_packages_own_environment_is_its_whole_lock_and_the_server(package: Path) -> None:
    own = read_package(package).environment
    (listed,) = (one["pip"] for one in built_environment(own).conda["dependencies"] if isinstance(one, dict))
    assert set(pinned(listed)) == {*pinned(list(own.requirements)), "azureml-inference-server-http"}


def test_an_image_that_moves_is_refused_before_anything_is_created(named: Cloud) -> None:
    refused = named("deploy", "late-payers", "--environment", "sklearn-1.5@latest", "--plan", "-o", "json")
    assert (refused.code, refused.error["code"]) == (2, "usage"), str(refused)
    assert "sklearn-1.5:50" in refused.error["remedy"]
    assert not any("/onlineEndpoints/" in path for path in named.azure.resources)
